/**
 * The queue of messages. A taken row is leased: its holder renews it while it sends, and when the holder dies the lease
 * ends and another process takes the same row, with the same message_id. Leases count by the server's clock, the only
 * one that all holders share.
 */
import { randomUUID } from 'node:crypto';
import { coalesced } from './coalesce';
import { json, type Database, type Pools } from './database';
import { wakeChannel, type EpisodeKey } from './enqueue';
import { readFacts } from './facts';
import { listenFor } from './listen';
import type {
  Admission,
  DigestEnd,
  HeldBackMessages,
  Holder,
  NotificationFacts,
  NotificationOutcome,
  NotificationQueue,
  QueuedNotification,
  ReceiverFilter,
} from './port';
import { permittedTake } from './rate-limits';
import { admit, digestEnds, holdForDigest, type AskedAdmission } from './throttle';

/**
 * Nothing earlier waits for the same receiver of the same alert: messages of an alert arrive in order. A reminder that a
 * silence ends stands outside the line: what waits for that very end would hold it up. So does what a digest tells of.
 */
const FIRST_IN_LINE = (
  schema: string,
  n = 'n',
): string => `(${n}.step like 'silence-ends-%' or not ${n}.in_line or (
  select min(line.id) from ${schema}.notifications line where line.fingerprint = ${n}.fingerprint
    and line.receiver = ${n}.receiver and line.state = 'pending' and line.in_line
    and line.step not like 'silence-ends-%') = ${n}.id)`;

/** May be taken now, or so much later. */
const DUE = (n: string, later = ''): string => `${n}.state = 'pending' and ${n}.due_at <= now()${later}
  and (${n}.lease_until is null or (${n}.lease_until <= now() and ($6 or ${n}.taken_by = $3)))`;

const SAME_BUNDLE = (a: string, b: string): string =>
  `${a}.bundle = ${b}.bundle and ${a}.receiver = ${b}.receiver and ${a}.on_call_person is not distinct from ${b}.on_call_person`;

/** Whoever takes the first of a bundle takes all, so two processes never send one bundle as two messages. */
const FIRST_OF_BUNDLE = (schema: string): string => `(n.bundle is null or not exists (
  select 1 from ${schema}.notifications b where ${SAME_BUNDLE('b', 'n')} and b.id < n.id and ${DUE('b')}
    and ${FIRST_IN_LINE(schema, 'b')}))`;

/** Of receivers that cannot have all their messages now: what has waited for so long, and what is critical first. */
const WAITED = (n: string, ms: string): string =>
  `coalesce(${n}.first_due_at, ${n}.due_at) <= now() - ${ms} * interval '1 millisecond'`;
const URGENT_FIRST = (schema: string, n: string): string => `coalesce(
  (select lower(a.labels->>'severity') = 'critical' from ${schema}.alerts a where a.fingerprint = ${n}.fingerprint),
  (select lower(i.severity) = 'critical' from ${schema}.incidents i
   where i.id = substring(${n}.fingerprint from '^INC-([0-9]{1,18})$')::bigint), false) desc, `;

const MOST_AT_ONCE = 200;
/** What more there is of a bundle is another message. */
const MOST_FELLOWS = 1_000;
/** What of a bundle is due by then goes with what is due now. */
const SOON = `interval '2 seconds'`;

export function createQueue(
  { database, byDueDate, byKey }: Pools,
  onListenError: (error: unknown) => void,
): NotificationQueue {
  const holder = randomUUID();
  const settle = coalesced<Settled, void>((outcomes) => writeOutcomes(byKey, outcomes), MOST_AT_ONCE);
  const admission = coalesced<AskedAdmission, Admission | null>(
    (asked) => admit(database, asked),
    MOST_AT_ONCE,
  );
  const ending = coalesced<string, DigestEnd>((ids) => digestEnds(database, ids), MOST_AT_ONCE);
  const facts = coalesced<EpisodeKey, NotificationFacts | null>(
    (keys) => readFacts(database, keys),
    MOST_AT_ONCE,
  );
  return {
    take: (limit, leaseMs, receivers, orphans = true) =>
      take(byDueDate, holder, limit, leaseMs, orphans, receivers),
    renew: (ids, leaseMs) => renew(database, holder, ids, leaseMs),
    finish: (id, outcome) =>
      outcome.kind === 'retry'
        ? postpone(database, holder, id, outcome.afterMs, outcome.error)
        : outcome.kind === 'limited'
          ? putBack(database, holder, id, outcome.afterMs ?? 0)
          : outcome.kind === 'held'
            ? (outcome.digest === undefined ? hold : holdForDigest)(database, holder, id, outcome)
            : settle({ id, ...settled(outcome) }),
    digestEnd: ({ id }) => ending(id),
    admit: ({ id, receiver }, like) => admission({ id, receiver, like }),
    nextDueInMs: (receivers) => nextDueInMs(byDueDate, receivers),
    listen: (wake) => listenFor(database.url, wakeChannel(database.schema), wake, onListenError),
    facts: (fingerprint, episode) => facts({ fingerprint, episode }),
  };
}

interface TakenColumns {
  id: number;
  message_id: string;
  receiver: string;
  fingerprint: string;
  episode: number;
  step: string;
  due_at: Date;
  age_ms: number;
  waited_ms: number;
  detail: string | null;
  attempts: number;
  told: boolean;
  held_until: Date | null;
  on_call_person: string | null;
  unless_acknowledged: boolean;
  bundle: string | null;
  memories: QueuedNotification['memories'] | null;
}

async function take(
  { run, schema }: Database,
  holder: string,
  limit: number,
  leaseMs: number,
  orphans: boolean,
  receivers?: ReceiverFilter,
): Promise<QueuedNotification[]> {
  const { waitedMs = 0, urgentFirst = false, under } = heldBackBy(receivers);
  const values: unknown[] = [limit, leaseMs, holder, ...receiverValues(receivers), orphans];
  const which = waitedMs > 0 ? `and ${WAITED('n', `$${values.push(waitedMs)}::float8`)}` : '';
  const first = urgentFirst ? URGENT_FIRST(schema, 'n') : '';
  const permits = permittedTake(schema, under, values.length + 1);
  const rows = await run<TakenColumns>(
    `with ${permits.granting}due as (
       select n.id, n.bundle, n.receiver, n.on_call_person from ${schema}.notifications n
       where ${DUE('n')} and (n.receiver = any($4)) = $5 and ${FIRST_IN_LINE(schema)} and ${FIRST_OF_BUNDLE(schema)} ${which}
       order by ${first}n.due_at, n.id limit ${permits.most('$1::integer')} for update skip locked),
     fellows as (
       select n.id from (select * from due where bundle is not null) first
       join ${schema}.notifications n on ${SAME_BUNDLE('n', 'first')} and n.id <> first.id
       where ${DUE('n', ` + ${SOON}`)} and ${FIRST_IN_LINE(schema)} limit ${MOST_FELLOWS} for update of n skip locked)${permits.spending('due')}
     update ${schema}.notifications n
     set lease_until = now() + $2 * interval '1 millisecond', taken_by = $3, attempts = n.attempts + 1
     from (select id from due union all select id from fellows) taken where n.id = taken.id
     returning n.id, n.message_id, n.receiver, n.fingerprint, n.episode, n.step, n.due_at,
       extract(epoch from now() - greatest(n.created_at, n.held_until, n.resent_at, n.digest_at))::float8 * 1000 as age_ms,
       extract(epoch from now() - coalesce(n.first_due_at, n.due_at))::float8 * 1000 as waited_ms,
       n.attempts - 1 as attempts, case when n.first_due_at is not null then n.detail end as detail,
       exists (select 1 from ${schema}.notifications told where told.fingerprint = n.fingerprint
         and told.episode = n.episode and told.receiver = n.receiver
         and (told.state = 'sent' or (told.state = 'pending' and not told.in_line and told.taken_by is not null))) as told,
       n.held_until, n.on_call_person, n.unless_acknowledged, n.bundle, (
         select jsonb_object_agg(last.via, last.memory) from (
           select distinct on (kept.via) kept.via, kept.memory from ${schema}.notifications kept
           where kept.fingerprint = n.fingerprint and kept.episode = n.episode and kept.memory is not null
           order by kept.via, kept.sent_at desc, kept.id desc) last) as memories`,
    [...values, ...permits.values],
  );
  return rows
    .map(toQueued)
    .sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime() || Number(a.id) - Number(b.id));
}

function toQueued(row: TakenColumns): QueuedNotification {
  return {
    id: String(row.id),
    messageId: row.message_id,
    receiver: row.receiver,
    fingerprint: row.fingerprint,
    episode: row.episode,
    step: row.step,
    dueAt: row.due_at,
    ageMs: row.age_ms,
    waitedMs: row.waited_ms,
    lastError: row.detail,
    attempts: row.attempts,
    told: row.told,
    heldUntil: row.held_until,
    onCallPerson: row.on_call_person,
    unlessAcknowledged: row.unless_acknowledged,
    bundle: row.bundle,
    memories: row.memories ?? {},
  };
}

async function renew(
  { run, schema }: Database,
  holder: string,
  ids: readonly string[],
  leaseMs: number,
): Promise<void> {
  if (ids.length === 0) return;
  await run(
    `update ${schema}.notifications set lease_until = now() + $2 * interval '1 millisecond'
     where id = any($1::bigint[]) and taken_by = $3 and state = 'pending'`,
    [ids, leaseMs, holder],
  );
}

type Final = Exclude<NotificationOutcome, { kind: 'retry' | 'held' | 'limited' }>;

interface Settled {
  readonly id: string;
  readonly state: 'sent' | 'dropped' | 'dead';
  readonly via: string | null;
  readonly reason: string | null;
  readonly detail: string;
  readonly memory: Readonly<Record<string, string>> | null;
  /** What the timeline says after the receiver's name. */
  readonly words: string;
  readonly by: readonly Holder[];
}

function settled(outcome: Final): Omit<Settled, 'id'> {
  if (outcome.kind === 'sent') {
    return {
      state: 'sent',
      via: outcome.via,
      reason: null,
      detail: outcome.detail,
      memory: outcome.memory ?? null,
      words: ` via ${outcome.via}`,
      by: [],
    };
  }
  if (outcome.kind === 'dead') {
    const words = `: ${outcome.error}`;
    return { state: 'dead', via: null, reason: null, detail: outcome.error, memory: null, words, by: [] };
  }
  const { reason, detail, by = [] } = outcome;
  return { state: 'dropped', via: null, reason, detail, memory: null, words: `: ${reason} (${detail})`, by };
}

/** Also by a holder that lost its lease: what has been sent has been sent. The first outcome of a row stays. */
async function writeOutcomes({ run, schema }: Database, outcomes: readonly Settled[]): Promise<void[]> {
  await run(
    `with given as (
       select distinct on (id) * from jsonb_to_recordset($1::jsonb)
         as g (id bigint, state text, via text, reason text, detail text, memory jsonb, words text, by jsonb) order by id),
     locked as (select id from ${schema}.notifications where id in (select id from given) order by id for update),
     finished as (
       update ${schema}.notifications n
       set state = g.state, via = g.via, reason = g.reason, detail = g.detail, memory = g.memory, lease_until = null,
         sent_at = case when g.state = 'sent' then now() end, dead_at = case when g.state = 'dead' then now() end
       from given g join locked using (id) where n.id = g.id and n.state = 'pending'
       returning n.*, g.words, g.by)
     insert into ${schema}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
     select fingerprint, episode,
       'notification:' || step || ':' || receiver || case when resends = 0 then '' else ':' || resends end, now(),
       case when state = 'sent' then 'notified' else 'not_notified' end, 'notifier',
       case when state = 'sent' then 'told ' else 'did not tell ' end || receiver || ' of ' || step || words,
       jsonb_build_object('message_id', message_id, 'receiver', receiver, 'via', via, 'reason', reason, 'detail', detail,
         'by', by)
     from finished order by id on conflict do nothing`,
    [json(outcomes)],
  );
  return outcomes.map(() => undefined);
}

/** Only by the holder: a lease that was lost belongs to whoever sends now. */
async function postpone(
  { run, schema }: Database,
  holder: string,
  id: string,
  afterMs: number,
  error: string,
): Promise<void> {
  await run(
    `update ${schema}.notifications set first_due_at = coalesce(first_due_at, due_at), due_at = now() + $2 * interval '1 millisecond', detail = $3,
       lease_until = null, taken_by = null
     where id = $1 and state = 'pending' and taken_by = $4`,
    [id, afterMs, error, holder],
  );
}

/** As if nobody had taken it. */
async function putBack(
  { run, schema }: Database,
  holder: string,
  id: string,
  afterMs: number,
): Promise<void> {
  await run(
    `update ${schema}.notifications
     set due_at = case when $3::float8 > 0 then now() + $3::float8 * interval '1 millisecond' else due_at end,
       first_due_at = case when $3::float8 > 0 then coalesce(first_due_at, due_at) else first_due_at end,
       attempts = attempts - 1, lease_until = null, taken_by = null
     where id = $1 and state = 'pending' and taken_by = $2`,
    [id, holder, afterMs],
  );
}

/** A silence may have been taken back between the verdict and the hold, with nothing held yet to be looked at again. */
const LOOK_AGAIN = `interval '1 minute'`;

/**
 * Only by the holder. One whose episode ends in this moment is looked at again at once, for what follows it to the same
 * receiver would wait behind it. The timeline tells each time until when it is held, once.
 */
async function hold(
  { run, schema }: Database,
  holder: string,
  id: string,
  { forMs, reason, detail, by = [] }: Extract<NotificationOutcome, { kind: 'held' }>,
): Promise<void> {
  await run(
    `with held as (
       update ${schema}.notifications n
       set due_at = case when e.resolve_receivers is null then least(u.until, now() + ${LOOK_AGAIN}) else now() end,
         held_until = u.until, first_due_at = null,
         attempts = n.attempts - 1, detail = $3 || ': ' || $4, lease_until = null, taken_by = null
       from (select now() + $2 * interval '1 millisecond' as until) u
         left join ${schema}.episodes e on (e.fingerprint, e.episode) =
           (select fingerprint, episode from ${schema}.notifications where id = $1)
       where n.id = $1 and n.state = 'pending' and n.taken_by = $5
       returning n.*)
     insert into ${schema}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
     select fingerprint, episode, 'held:' || step || ':' || receiver || ':' || md5(detail), now(), 'not_notified', 'notifier',
       'did not tell ' || receiver || ' of ' || step || ' yet: ' || detail,
       jsonb_build_object('message_id', message_id, 'receiver', receiver, 'reason', $3::text, 'detail', $4::text,
         'by', $6::jsonb)
     from held on conflict do nothing`,
    [id, forMs, reason, detail, holder, json(by)],
  );
}

/** The next that nobody holds, or the first lease that ends. */
async function nextDueInMs(database: Database, receivers?: ReceiverFilter): Promise<number | null> {
  const { run, schema } = database;
  const { waitedMs = 0 } = heldBackBy(receivers);
  if (waitedMs > 0) return nextWaitedInMs(database, waitedMs, receivers!);
  const waits = `n.state = 'pending' and (n.receiver = any($1)) = $2 and ${FIRST_IN_LINE(schema)}`;
  const [row] = await run<{ inMs: number | null }>(
    `select extract(epoch from least(
         (select n.due_at from ${schema}.notifications n
          where ${waits} and (n.lease_until is null or n.lease_until <= now()) order by n.due_at, n.id limit 1),
         (select min(n.lease_until) from ${schema}.notifications n
          where ${waits} and n.due_at <= now() and n.lease_until > now())) - now())::float8 * 1000 as "inMs"`,
    receiverValues(receivers),
  );
  return row?.inMs ?? null;
}

/** When the next will have waited for so long. */
async function nextWaitedInMs(
  { run, schema }: Database,
  waitedMs: number,
  receivers: ReceiverFilter,
): Promise<number | null> {
  const [row] = await run<{ inMs: number | null }>(
    `select extract(epoch from min(greatest(n.due_at, coalesce(n.first_due_at, n.due_at) + $3 * interval '1 millisecond',
       n.lease_until)) - now())::float8 * 1000 as "inMs"
     from ${schema}.notifications n
     where n.state = 'pending' and (n.receiver = any($1)) = $2 and ${FIRST_IN_LINE(schema)}`,
    [...receiverValues(receivers), waitedMs],
  );
  return row?.inMs ?? null;
}

const heldBackBy = (receivers: ReceiverFilter = { except: [] }): HeldBackMessages =>
  'only' in receivers ? receivers : {};

/** The names, and whether it is they or all but they. */
function receiverValues(receivers: ReceiverFilter = { except: [] }): [readonly string[], boolean] {
  return 'only' in receivers ? [receivers.only, true] : [receivers.except, false];
}
