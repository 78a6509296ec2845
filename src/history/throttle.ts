/**
 * Whether a message may go out by itself, or has to wait for a digest: counted from the messages themselves, so all notifiers
 * count the same, whoever of them ends. What has been decided of a message stands in its row, and asking again changes nothing.
 *
 * A message counts from the moment it may leave: while it waits to be sent, and for the limit's time after it was sent. So no
 * span of that length has more of them than the limit, however late they were delivered.
 */
import { fnv1a64 } from '../domain/labels';
import { json, type Database, type Run } from './database';
import type { Admission, DigestEnd, Likeness, NotificationOutcome } from './port';

/**
 * `alike`: what it counts as. `digest_at`: the digest that it waits for, or left in. `in_line` is false where what follows to
 * the same receiver goes first, because the digest will tell of this one however it stands then.
 */
export const THROTTLE_MIGRATION = `
alter table {schema}.notifications
  add column alike text,
  add column digest_at timestamptz,
  add column in_line boolean not null default true;
create index notifications_alike on {schema}.notifications (receiver, alike, digest_at, sent_at)
  where alike is not null and state in ('pending', 'sent');
`;

export interface AskedAdmission {
  readonly id: string;
  readonly receiver: string;
  readonly like: Likeness;
}

interface AdmittedColumns {
  id: number;
  kind: Admission['kind'];
  told: number;
  digest_at: Date | null;
  in_ms: number | null;
  is_new: boolean;
}

/** Who waits longer for others that count has the message sent: better one too many. */
const LOCK_PATIENCE_MS = 2_000;
/** As what of a bundle is due by then goes with what is due now. */
const SOON = `interval '2 seconds'`;

/** One answer each, in their order; null where another process has settled the message. */
export async function admit(
  database: Database,
  asked: readonly AskedAdmission[],
): Promise<(Admission | null)[]> {
  const { schema } = database;
  const rows = await database.transaction(
    'throttle',
    async (run) => {
      await lockAll(run, schema, asked);
      return run<AdmittedColumns>(ADMIT(schema), [json(asked.map(given))]);
    },
    LOCK_PATIENCE_MS,
  );
  const found = new Map(rows.map((row) => [String(row.id), toAdmission(row)]));
  return asked.map(({ id }) => found.get(id) ?? null);
}

const given = ({ id, receiver, like }: AskedAdmission) => ({
  ...{ id, receiver, alike: like.key, most: like.limit },
  ...{ windowMs: like.windowMs, digestMs: like.digestAfterMs },
});

/** Two processes that count the same at once would both find room for the last one. In one order: nobody waits in a circle. */
async function lockAll(run: Run, schema: string, asked: readonly AskedAdmission[]): Promise<void> {
  const keys = asked.map(({ receiver, like }) => lockKey(`${schema} ${receiver} ${like.key}`));
  const sorted = [...new Set(keys)].sort();
  await run('select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key', [sorted]);
}

/** A key of 63 bits: advisory locks are signed. */
const lockKey = (text: string): string =>
  (BigInt(`0x${fnv1a64(`tocsin-throttle:${text}`)}`) & 0x7fffffffffffffffn).toString();

const ADMIT = (schema: string): string => `
  with given as (
    select g.*, n.digest_at, n.digest_at is null and n.alike is distinct from g.alike as is_new
    from jsonb_to_recordset($1::jsonb)
      as g (id bigint, receiver text, alike text, most integer, "windowMs" float8, "digestMs" float8)
    join ${schema}.notifications n using (id) where n.state = 'pending'),
  counted as (
    select k.*,
      (select count(*)::integer from ${schema}.notifications s
       where s.receiver = k.receiver and s.alike = k.alike and s.state in ('pending', 'sent') and s.digest_at is null
         and (s.sent_at is null or s.sent_at > statement_timestamp() - k."windowMs" * interval '1 millisecond')) as told,
      coalesce((select max(o.digest_at) from ${schema}.notifications o
         where o.receiver = k.receiver and o.alike = k.alike and o.state = 'pending' and o.sent_at is null
           and o.digest_at > statement_timestamp()),
        statement_timestamp() + k."digestMs" * interval '1 millisecond') as next_digest
    from (select distinct receiver, alike, "windowMs", "digestMs" from given) k),
  decided as (
    select g.id, g.alike, g.is_new,
      c.told + greatest(0, least(g.most - c.told,
        count(*) filter (where g.is_new) over (partition by g.receiver, g.alike)))::integer as told,
      case when not g.is_new then g.digest_at
        when c.told + row_number() over (partition by g.receiver, g.alike, g.is_new order by g.id) <= g.most then null
        else c.next_digest end as digest_at
    from given g join counted c using (receiver, alike, "windowMs", "digestMs")),
  noted as (
    update ${schema}.notifications n
    set alike = d.alike, digest_at = d.digest_at,
      bundle = case when d.digest_at is null then n.bundle
        else 'digest:' || d.alike || ':' || (extract(epoch from d.digest_at) * 1000)::bigint end
    from decided d where n.id = d.id and d.is_new)
  select id, told, digest_at, is_new,
    case when digest_at is null then 'single' when digest_at <= statement_timestamp() + ${SOON} then 'due' else 'digest' end as kind,
    extract(epoch from digest_at - statement_timestamp())::float8 * 1000 as in_ms
  from decided`;

function toAdmission({ kind, told, digest_at: at, in_ms: inMs, is_new: isNew }: AdmittedColumns): Admission {
  if (kind === 'single' || at === null) return { kind: 'single' };
  return kind === 'due' ? { kind, at } : { kind: 'digest', at, inMs: inMs ?? 0, told, isNew };
}

/** After the last of them is over, so that those which end in the same moment are brought together first. */
const TOGETHER = `interval '2 seconds'`;
/** Should the last end have been missed. */
const LOOK_AGAIN = `interval '15 minutes'`;

/** The digest that told of the alert whose end the message `n` is: its `fire` to the same receiver. */
const DIGEST_OF = (schema: string, n: string): string => `${schema}.notifications f
  on (f.fingerprint, f.episode, f.receiver) = (${n}.fingerprint, ${n}.episode, ${n}.receiver) and ${n}.step = 'resolved'
  and f.step = 'fire' and f.state = 'sent' and f.digest_at is not null`;

const TOLD_WITH = (schema: string, f: string): string => `${schema}.notifications m
  left join ${schema}.episodes e on (e.fingerprint, e.episode) = (m.fingerprint, m.episode)
  where m.receiver = ${f}.receiver and m.alike = ${f}.alike and m.digest_at = ${f}.digest_at and m.state = 'sent'`;

/** What has no row any more is long over. */
const OPEN = `e.fingerprint is not null and e.resolve_receivers is null`;

/** One answer each, in their order. Those of one digest become one bundle, which is due when none of it is open. */
export async function digestEnds({ run, schema }: Database, ids: readonly string[]): Promise<DigestEnd[]> {
  const rows = await run<{ id: number; open: number; is_new: boolean }>(
    `with ends as (
       select n.id, n.bundle as own, f.receiver, f.alike, f.digest_at, f.bundle || ':over' as bundle
       from ${schema}.notifications n join ${DIGEST_OF(schema, 'n')}
       where n.id = any($1::bigint[]) and n.state = 'pending'),
     digests as (
       select f.*, members, open from (select distinct receiver, alike, digest_at, bundle from ends) f
       cross join lateral (
         select count(*) as members, (count(*) filter (where ${OPEN}))::integer as open from ${TOLD_WITH(schema, 'f')}) c
       where members > 1),
     brought as (
       update ${schema}.notifications n set bundle = d.bundle, in_line = false
       from ends join digests d using (receiver, alike, digest_at, bundle)
       where n.id = ends.id and ends.own is distinct from d.bundle),
     released as (
       update ${schema}.notifications n set due_at = now() + ${TOGETHER} from digests d
       where n.bundle = d.bundle and n.receiver = d.receiver and n.state = 'pending' and d.open = 0
         and n.due_at > now() + ${TOGETHER} and n.id <> all($1::bigint[]))
     select ends.id, d.open, ends.own is distinct from d.bundle as is_new
     from ends join digests d using (receiver, alike, digest_at, bundle)`,
    [ids],
  );
  const found = new Map(rows.map((row) => [String(row.id), row]));
  return ids.map((id) => {
    const row = found.get(id);
    if (row === undefined) return { kind: 'none' };
    return row.open === 0 && !row.is_new ? { kind: 'due' } : { kind: 'waits', open: row.open };
  });
}

type Held = Extract<NotificationOutcome, { kind: 'held' }>;

/** Only by the holder. The timeline has it once. */
export async function holdForDigest(
  { run, schema }: Database,
  holder: string,
  id: string,
  { reason, detail, by = [], digest }: Held,
): Promise<void> {
  const held = digest?.of === 'end' ? HOLD_END(schema) : HOLD_FIRE(schema);
  await run(
    `with held as (${held})
     insert into ${schema}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
     select fingerprint, episode, 'held:' || step || ':' || receiver || ':digest', now(), 'not_notified', 'notifier',
       'did not tell ' || receiver || ' of ' || step || ' yet: ' || detail,
       jsonb_build_object('message_id', message_id, 'receiver', receiver, 'reason', $3::text, 'detail', $4::text,
         'by', $5::jsonb)
     from held where due_at > now() + ${TOGETHER} on conflict do nothing`,
    [id, holder, reason, detail, json(by), ...(digest?.of === 'end' ? [] : [digest?.isNew ?? false])],
  );
}

const PUT_BACK = `attempts = n.attempts - 1, detail = $3 || ': ' || $4, lease_until = null, taken_by = null`;

/**
 * Who looks at it before the digest is due does so because the episode is over or because something follows it: that does
 * not wait then, for the digest tells how it stands.
 */
const HOLD_FIRE = (schema: string): string => `
  update ${schema}.notifications n
  set due_at = n.digest_at, in_line = n.in_line and $6 and e.resolve_receivers is null, ${PUT_BACK}
  from (select 1) one left join ${schema}.episodes e on (e.fingerprint, e.episode) =
    (select fingerprint, episode from ${schema}.notifications where id = $1)
  where n.id = $1 and n.state = 'pending' and n.taken_by = $2 and n.digest_at is not null
  returning n.*`;

/** Counted anew: the last of them may have ended since. */
const HOLD_END = (schema: string): string => `
  update ${schema}.notifications n
  set due_at = now() + case when exists (select 1 from ${TOLD_WITH(schema, 'd')} and ${OPEN})
      then ${LOOK_AGAIN} else ${TOGETHER} end, ${PUT_BACK}
  from (select n.id, f.receiver, f.alike, f.digest_at from ${schema}.notifications n
        join ${DIGEST_OF(schema, 'n')} where n.id = $1) d
  where n.id = d.id and n.state = 'pending' and n.taken_by = $2
  returning n.*`;
