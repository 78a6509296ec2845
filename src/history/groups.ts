/**
 * Groups and what their receivers were told. A group's row is its durable timer; a message's row holds what an integration
 * was told last and what it is to be told. Whoever looks at a group or sends a message holds its row by a lease, so any
 * number of processes share the work and one that dies holds nothing up for longer. Leases count by the server's clock, and
 * each taking has a name of its own: who was too slow and has lost his, to whomever, writes nothing over what came after.
 */
import { randomUUID } from 'node:crypto';
import { coalesced } from './coalesce';
import { json, type Database, type Pools, type Run } from './database';
import { writeHeld } from './group-records';
import { listenFor } from './listen';
import { wakeChannel } from './enqueue';
import { isOutdated } from './peers';
import { permittedTake } from './rate-limits';
import type {
  DueGroup,
  FlushedGroup,
  GroupStore,
  HeldBackMessages,
  InheritedOfGroup,
  MessageOutcome,
  NewGroup,
  PendingMessage,
  TakenMessage,
  ToldOfGroup,
} from './port';

const MOST_AT_ONCE = 200;

export interface GroupStoreOptions {
  readonly peerId: string;
  readonly onListenError: (error: unknown) => void;
}

export function createGroupStore(
  { database, byDueDate, byKey }: Pools,
  { peerId, onListenError }: GroupStoreOptions,
): GroupStore {
  const { run, schema } = database;
  const settle = coalesced<readonly [TakenMessage, MessageOutcome], void>(
    (outcomes) => writeOutcomes(byKey, outcomes),
    MOST_AT_ONCE,
  );
  return {
    join: (groups) => joinGroups(run, schema, groups),
    retime: (groups) => retimeGroups(database, groups),
    takeDue: (now, limit, leaseMs) => takeDue(byDueDate, peerId, now, limit, leaseMs),
    keep: (groups, leaseMs) => keep(database, groups, leaseMs),
    nextDue: () => nextDue(byDueDate, peerId),
    routeIds: () => run(`select id, route_id as "routeId" from ${schema}.groups`, []),
    told: (groupKeys) => readTold(database, 'where group_key = any($1)', [groupKeys]),
    allTold: () => readTold(database, '', []),
    flushed: (results) => writeFlushed(database, peerId, results),
    takeMessages: (integrations, limit, leaseMs, heldBack) =>
      takeMessages(byDueDate, peerId, integrations, limit, leaseMs, heldBack),
    nextMessageDueInMs: (integrations, heldBack) =>
      nextMessageDueInMs(byDueDate, peerId, integrations, heldBack),
    renew: (messages, leaseMs) => renew(database, messages, leaseMs),
    finish: (message, outcome) => settle([message, outcome]),
    inherit: (told, keepUntil) => inherit(database, told, keepUntil),
    listen: (wake) => listenFor(database.url, wakeChannel(schema), wake, onListenError),
  };
}

/** One that is there keeps its time, unless nobody has looked at it yet and an alert asks for that sooner. */
export async function joinGroups(run: Run, schema: string, groups: readonly NewGroup[]): Promise<void> {
  if (groups.length === 0) return;
  await run(
    `with joined as (
       insert into ${schema}.groups as g (id, route_id, due_at)
       select id, "routeId", "dueAt" from jsonb_to_recordset($1::jsonb) as n (id text, "routeId" text, "dueAt" timestamptz)
       order by id
       on conflict (id) do update set joined = g.joined + 1,
         due_at = case when g.flushed_at is null then least(g.due_at, excluded.due_at) else g.due_at end)
     select pg_notify($2, '')`,
    [json(groups), wakeChannel(schema)],
  );
}

async function retimeGroups({ run, schema }: Database, groups: readonly NewGroup[]): Promise<void> {
  if (groups.length === 0) return;
  await run(
    `with retimed as (
       update ${schema}.groups g set due_at = n."dueAt" from jsonb_to_recordset($1::jsonb) as n (id text, "dueAt" timestamptz)
       where g.id = n.id)
     select pg_notify($2, '')`,
    [json(groups), wakeChannel(schema)],
  );
}

interface GroupColumns {
  id: string;
  route_id: string;
  due_at: Date;
  flushed_at: Date | null;
  joined: number;
  held: string | null;
}

/** A first page comes before what follows on others; those have a quarter of what is taken at least, above the limit. */
async function takeDue(
  { run, schema }: Database,
  peerId: string,
  now: Date,
  limit: number,
  leaseMs: number,
): Promise<DueGroup[]> {
  const lease = randomUUID();
  const free = `due_at <= $1 and (lease_until is null or lease_until <= now()) and not ${isOutdated(schema, '$5')}`;
  const rows = await run<GroupColumns>(
    `with unheard as (
       select id from ${schema}.groups where flushed_at is null and ${free}
       order by due_at, id limit $2 for update skip locked),
     others as (
       select id from ${schema}.groups where flushed_at is not null and ${free}
       order by due_at, id limit greatest($2::integer - (select count(*) from unheard), ceil($2::integer / 4.0))
       for update skip locked),
     due as (select id from unheard union all select id from others)
     update ${schema}.groups g set lease_until = now() + $3 * interval '1 millisecond', taken_by = $4
     from due where g.id = due.id
     returning g.id, g.route_id, g.due_at, g.flushed_at, g.joined, g.held`,
    [now, limit, leaseMs, lease, peerId],
  );
  return rows
    .map((row) => ({
      ...{ id: row.id, lease },
      routeId: row.route_id,
      dueAt: row.due_at,
      flushedAt: row.flushed_at,
      joined: row.joined,
      heldDigest: row.held,
    }))
    .sort((a, b) => a.dueAt.getTime() - b.dueAt.getTime());
}

async function keep(
  { run, schema }: Database,
  groups: readonly Pick<DueGroup, 'id' | 'lease'>[],
  leaseMs: number,
): Promise<void> {
  await run(
    `update ${schema}.groups g set lease_until = now() + $3 * interval '1 millisecond'
     from unnest($1::text[], $2::text[]) as k (id, lease) where g.id = k.id and g.taken_by = k.lease`,
    [groups.map(({ id }) => id), groups.map(({ lease }) => lease), leaseMs],
  );
}

/** One that somebody holds is due again when its lease ends, if it is not looked at by then. None is for who is outdated. */
async function nextDue({ run, schema }: Database, peerId: string): Promise<Date | null> {
  const [row] = await run<{ next: Date | null }>(
    `select least(
       (select due_at from ${schema}.groups where flushed_at is null and lease_until is null order by due_at limit 1),
       (select due_at from ${schema}.groups where flushed_at is not null and lease_until is null order by due_at limit 1),
       (select min(greatest(lease_until, due_at)) from ${schema}.groups where lease_until is not null)) as next
     where not ${isOutdated(schema, '$1')}`,
    [peerId],
  );
  return row?.next ?? null;
}

interface ToldColumns {
  group_key: string;
  integration: string;
  firing: string[];
  resolved: string[];
  awaited: string[];
  told_at: Date | null;
  seq: number;
  pending: PendingMessage | null;
  is_taken: boolean;
  group_id: string | null;
}

async function readTold(
  { run, schema }: Database,
  which: string,
  values: readonly unknown[],
): Promise<ToldOfGroup[]> {
  const rows = await run<ToldColumns>(
    `select group_key, integration, firing, resolved, awaited, told_at, seq, pending, lease_until is not null as is_taken, group_id
     from ${schema}.group_messages ${which}`,
    values,
  );
  return rows.map((row) => ({
    groupKey: row.group_key,
    integration: row.integration,
    firing: row.firing,
    resolved: row.resolved,
    awaited: row.awaited,
    toldAt: row.told_at,
    seq: row.seq,
    pending: row.pending,
    isTaken: row.is_taken,
    groupId: row.group_id,
  }));
}

/**
 * All in one transaction: a message that is made and a group's next look belong together. A message that is replaced
 * while it is on its way is sent anew when that one is done; its `seq` tells the two apart. What was on its way when its
 * group was looked at, and has arrived since, has its group looked at again at once.
 */
async function writeFlushed(
  database: Database,
  peerId: string,
  results: readonly FlushedGroup[],
): Promise<void> {
  if (results.length === 0) return;
  const { schema } = database;
  const groups = json(
    results.map(({ messages: _, held, ...group }) => ({
      ...group,
      ...{ isHeldNew: held !== undefined, held: held?.digest ?? null },
    })),
  );
  await database.transaction('write what came of looks at groups', async (run) => {
    const held = await run<{ id: string }>(
      `select g.id from ${schema}.groups g join unnest($1::text[], $2::text[]) as n (id, lease) on g.id = n.id
       where g.taken_by = n.lease and not ${isOutdated(schema, '$3')} order by g.id for update of g`,
      [results.map(({ id }) => id), results.map(({ lease }) => lease), peerId],
    );
    if (held.length === 0) return;
    const mine = new Set(held.map(({ id }) => id));
    await run(
      `with given as materialized (select * from jsonb_to_recordset($1::jsonb) as g (id text, lease text, joined bigint,
         "dueAt" timestamptz, "flushedAt" timestamptz, "isHeldNew" boolean, held text, outrun text)),
       emptied as (
         delete from ${schema}.groups g using given n
         where g.id = n.id and g.taken_by = n.lease and n."dueAt" is null and g.joined = n.joined)
       update ${schema}.groups g
       set due_at = case when n.outrun is not null and not exists (${onItsWay(schema, 'n.outrun')}) then clock_timestamp()
           else coalesce(n."dueAt", g.due_at) end,
         is_outrun = n.outrun is not null, flushed_at = n."flushedAt", lease_until = null, taken_by = null,
         held = case when n."isHeldNew" then n.held else g.held end
       from given n where g.id = n.id and g.taken_by = n.lease and not (n."dueAt" is null and g.joined = n.joined)`,
      [groups],
    );
    const own = results.filter(({ id }) => mine.has(id));
    await writeHeld(run, schema, own);
    const messages = own.flatMap(({ id: groupId, routeId, lookAgainMs, flushedAt: at, messages: made }) =>
      made.map((message) => ({ ...message, groupId, routeId, lookAgainMs, at })),
    );
    if (messages.length > 0) await writeMessages(run, schema, messages);
  });
}

const onItsWay = (schema: string, groupKey: string): string =>
  `select from ${schema}.group_messages m where m.group_key = ${groupKey} and m.pending is not null and m.lease_until is not null`;

/**
 * Where the count of a group's messages begins. What a receiver was told is forgotten long after its last message, and the
 * next one must not have the key of one that it has heard.
 */
export const FIRST_SEQ = `(extract(epoch from clock_timestamp()) * 1000)::bigint`;

type Message = FlushedGroup['messages'][number] & {
  readonly groupId: string;
  readonly routeId: string;
  readonly lookAgainMs: number;
  readonly at: Date;
};

/**
 * Of what was told before and is not in the new message, the end has not been told. By hashes: compared one by one, the
 * tens of thousands of a large group took longer than a statement may, and nothing was ever written of their message.
 */
const stillAwaited = (before: string, message: string): string =>
  `array(select unnest(${before}.awaited || ${before}.firing)
           except select unnest(${message}.firing || ${message}.resolved) order by 1)`;

async function writeMessages(run: Run, schema: string, messages: readonly Message[]): Promise<void> {
  const sorted = [...messages].sort((a, b) =>
    `${a.groupKey} ${a.integration}` < `${b.groupKey} ${b.integration}` ? -1 : 1,
  );
  await run(
    `with given as materialized (
       select *, array(select jsonb_array_elements_text(pending->'firing')) as firing,
         array(select jsonb_array_elements_text(pending->'resolved')) as resolved
       from jsonb_to_recordset($1::jsonb) as m ("groupKey" text, integration text, pending jsonb, told boolean,
         "keepUntil" timestamptz, at timestamptz, "groupId" text, "routeId" text, "lookAgainMs" float8)),
     written as (
       insert into ${schema}.group_messages as o
         (group_key, integration, firing, resolved, told_at, seq, told_seq, pending, pending_since, due_at, expires_at,
          group_id, route_id, look_again_ms)
       select "groupKey", integration, case when told then firing else '{}' end, case when told then resolved else '{}' end,
         case when told then at end, first.seq, case when told then first.seq else 0 end,
         case when told then null else nullif(pending, 'null') end, now(), now(), "keepUntil",
         "groupId", "routeId", "lookAgainMs"
       from given, (select ${FIRST_SEQ} as seq) first
       on conflict (group_key, integration) do update set
         awaited = case when excluded.told_at is null then o.awaited
           else ${stillAwaited('o', 'excluded')} end,
         firing = case when excluded.told_at is null then o.firing else excluded.firing end,
         resolved = case when excluded.told_at is null then o.resolved else excluded.resolved end,
         told_at = coalesce(excluded.told_at, o.told_at),
         pending = excluded.pending, seq = o.seq + 1,
         told_seq = case when excluded.told_at is null then o.told_seq else o.seq + 1 end,
         pending_since = case when o.pending is null then excluded.pending_since else o.pending_since end,
         due_at = excluded.due_at, attempts = case when o.pending is null then 0 else o.attempts end,
         expires_at = excluded.expires_at, group_id = excluded.group_id, route_id = excluded.route_id,
         look_again_ms = excluded.look_again_ms)
     select pg_notify($2, '')`,
    [json(sorted), wakeChannel(schema)],
  );
}

/** Of integrations that cannot have all their messages now. */
const URGENT_FIRST = (schema: string): string => `exists (
  select from ${schema}.alerts a join jsonb_array_elements_text(pending->'firing') f on a.fingerprint = f
  where lower(a.labels->>'severity') = 'critical') desc, `;

interface TakenColumns {
  group_key: string;
  integration: string;
  seq: number;
  attempts: number;
  age_ms: number;
  pending: PendingMessage;
  memory: TakenMessage['memory'];
}

async function takeMessages(
  { run, schema }: Database,
  peerId: string,
  integrations: readonly string[],
  limit: number,
  leaseMs: number,
  { waitedMs = 0, urgentFirst = false, under }: HeldBackMessages = {},
): Promise<TakenMessage[]> {
  const lease = randomUUID();
  const values: unknown[] = [integrations, limit, leaseMs, lease, peerId];
  const which =
    waitedMs > 0
      ? `and pending_since <= clock_timestamp() - $${values.push(waitedMs)}::float8 * interval '1 millisecond'`
      : '';
  const first = urgentFirst ? URGENT_FIRST(schema) : '';
  const permits = permittedTake(schema, under, values.length + 1);
  const rows = await run<TakenColumns>(
    `with ${permits.granting}due as (
       select group_key, integration from ${schema}.group_messages
       where pending is not null and due_at <= clock_timestamp() and integration = any($1)
         and (lease_until is null or lease_until <= now()) and not ${isOutdated(schema, '$5')} ${which}
       order by ${first}due_at limit ${permits.most('$2::integer')} for update skip locked)${permits.spending('due')}
     update ${schema}.group_messages m
     set lease_until = now() + $3 * interval '1 millisecond', taken_by = $4, attempts = m.attempts + 1
     from due where m.group_key = due.group_key and m.integration = due.integration
     returning m.group_key, m.integration, m.seq, m.attempts - 1 as attempts, m.pending, m.memory,
       extract(epoch from now() - m.pending_since)::float8 * 1000 as age_ms`,
    [...values, ...permits.values],
  );
  return rows.map((row) => ({
    ...{ groupKey: row.group_key, integration: row.integration, lease },
    seq: row.seq,
    attempts: row.attempts,
    ageMs: row.age_ms,
    pending: row.pending,
    memory: row.memory,
  }));
}

async function nextMessageDueInMs(
  { run, schema }: Database,
  peerId: string,
  integrations: readonly string[],
  { waitedMs = 0 }: HeldBackMessages = {},
): Promise<number | null> {
  const waited = waitedMs > 0 ? `, pending_since + $3::float8 * interval '1 millisecond'` : '';
  const [row] = await run<{ inMs: number | null }>(
    `select extract(epoch from min(greatest(due_at, coalesce(lease_until, due_at)${waited})) - clock_timestamp())::float8 * 1000
       as "inMs" from ${schema}.group_messages where pending is not null and integration = any($1)
       and not ${isOutdated(schema, '$2')}`,
    [integrations, peerId, ...(waitedMs > 0 ? [waitedMs] : [])],
  );
  return row?.inMs ?? null;
}

type Place = Pick<TakenMessage, 'groupKey' | 'integration' | 'lease'>;

async function renew({ run, schema }: Database, messages: readonly Place[], leaseMs: number): Promise<void> {
  if (messages.length === 0) return;
  await run(
    `update ${schema}.group_messages m set lease_until = now() + $3 * interval '1 millisecond'
     from unnest($1::text[], $2::text[], $4::text[]) as g (group_key, integration, lease)
     where m.group_key = g.group_key and m.integration = g.integration and m.taken_by = g.lease`,
    [
      messages.map(({ groupKey }) => groupKey),
      messages.map(({ integration }) => integration),
      leaseMs,
      messages.map(({ lease }) => lease),
    ],
  );
}

/**
 * What has left counts as told, also where the group has been looked at again meanwhile: then a newer message waits, and
 * goes out if it says something else. It does not where a newer one has been told since: this one was overtaken. A group
 * may be gone by then, since all of its alerts ended while the message was on its way: it is there again, to be looked at,
 * whenever somebody was told that alerts fire or refused what it was told.
 *
 * Groups whose looks wait for these outcomes are locked before their messages, as looks lock them: a look that is written
 * has either seen what became of its message, or is seen here. One statement, since senders keep their places meanwhile.
 */
async function writeOutcomes(
  { run, schema }: Database,
  outcomes: readonly (readonly [TakenMessage, MessageOutcome])[],
): Promise<void[]> {
  await run(
    `with outcomes as materialized (select * from jsonb_to_recordset($1::jsonb) as g (${OUTCOME})),
     given as materialized (
       select distinct on (group_key, integration) * from outcomes order by group_key, integration, seq desc),
     grouped as materialized (
       select m.group_id, m.route_id, m.look_again_ms, g.kind, cardinality(g.firing) > 0 as fires
       from outcomes g join ${schema}.group_messages m using (group_key, integration) where m.group_id is not null),
     held as materialized (
       select o.id, o.is_outrun from ${schema}.groups o where o.id in (select group_id from grouped)
       order by o.id for update),
     outrun as (
       update ${schema}.groups o
       set due_at = least(o.due_at, clock_timestamp()), is_outrun = false, joined = o.joined + 1
       from held where o.id = held.id and held.is_outrun
       returning o.id),
     made as (
       insert into ${schema}.groups as o (id, route_id, due_at)
       select distinct on (group_id) group_id, route_id,
         clock_timestamp() + case when kind = 'sent' then 0 else look_again_ms end * interval '1 millisecond'
       from grouped
       where group_id not in (select id from outrun) and (kind = 'refused' or (kind = 'sent' and fires))
       order by group_id
       on conflict (id) do update set joined = o.joined + 1
       returning joined),
     locked as (
       select m.group_key, m.integration, coalesce(m.taken_by = given.lease, false) as is_own,
         given.kind = 'sent' and given.seq >= m.told_seq as is_news
       from ${schema}.group_messages m join given using (group_key, integration)
       where (select count(*) from made) >= 0
       order by m.group_key, m.integration for update of m),
     logged as (
       insert into ${schema}.deliveries
         (group_key, integration, seq, at, outcome, reason, error, attempts, firing, resolved, via)
       select group_key, integration, seq, coalesce(at, now()), kind, reason, coalesce(error, why), attempts, firing, resolved, via
       from given where kind in ('sent', 'refused')),
     written as (
       update ${schema}.group_messages m
       set lease_until = case when is_own then null else m.lease_until end,
         taken_by = case when is_own then null else m.taken_by end,
         error = case when is_own then g.error else m.error end,
         awaited = case when is_news then ${stillAwaited('m', 'g')} else m.awaited end,
         firing = case when is_news then g.firing else m.firing end,
         resolved = case when is_news then g.resolved else m.resolved end,
         told_at = case when is_news then g.at else m.told_at end,
         told_seq = case when is_news then g.seq else m.told_seq end,
         memory = case when is_news then coalesce(nullif(g.memory, 'null'), m.memory) else m.memory end,
         pending = case when m.seq = g.seq and (g.kind = 'sent' or (is_own and g.kind = 'refused')) then null
           else m.pending end,
         attempts = case when g.kind = 'retry' or not is_own then m.attempts else 0 end,
         due_at = case when m.seq = g.seq and is_own
           then clock_timestamp() + g.after_ms * interval '1 millisecond' else m.due_at end
       from given g join locked using (group_key, integration)
       where m.group_key = g.group_key and m.integration = g.integration)
     select pg_notify($2, '') where exists (select from outrun) or exists (select from made where joined = 1)`,
    [json(outcomes.map(([message, outcome]) => outcomeRow(message, outcome))), wakeChannel(schema)],
  );
  return outcomes.map(() => undefined);
}

const OUTCOME = `group_key text, integration text, lease text, seq bigint, attempts integer, kind text, firing text[], resolved text[],
  reason text, at timestamptz, error text, after_ms float8, memory jsonb, via text, why text`;

function outcomeRow(
  { groupKey, integration, lease, seq, attempts, pending }: TakenMessage,
  outcome: MessageOutcome,
): unknown {
  const isSent = outcome.kind === 'sent';
  return {
    ...{ group_key: groupKey, integration, lease, seq, attempts: attempts + 1, kind: outcome.kind },
    ...{ firing: pending.firing, resolved: pending.resolved, reason: pending.reason },
    at: isSent ? outcome.at : null,
    memory: isSent ? (outcome.memory ?? null) : null,
    via: isSent ? (outcome.instead?.via ?? null) : null,
    why: isSent ? (outcome.instead?.why ?? null) : null,
    error: 'error' in outcome ? outcome.error : null,
    after_ms: outcome.kind === 'retry' ? outcome.afterMs : 0,
  };
}

async function inherit(
  { run, schema }: Database,
  told: readonly InheritedOfGroup[],
  keepUntil: Date,
): Promise<void> {
  if (told.length === 0) return;
  await run(
    `insert into ${schema}.group_messages (group_key, integration, firing, resolved, awaited, told_at, seq, expires_at)
     select "groupKey", integration, firing, resolved, awaited, "toldAt", ${FIRST_SEQ}, $2 from jsonb_to_recordset($1::jsonb)
       as m ("groupKey" text, integration text, firing text[], resolved text[], awaited text[], "toldAt" timestamptz)
     on conflict do nothing`,
    [json(told), keepUntil],
  );
}
