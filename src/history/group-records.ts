/**
 * What is on record of why people were told of an alert, or not: who held it back and when, what left, what waits, and by
 * which routes alerts go. What a look holds back is written when it has changed: alerts that are silenced for hours cost
 * one row each, however often their group is looked at.
 */
import { createHash } from 'node:crypto';
import { json, type Database, type Run } from './database';
import { goBy } from './peers';
import { LIMITED_UNTIL } from './rate-limits';
import type {
  AlertRecords,
  FlushedGroup,
  GroupRecords,
  HeldAlert,
  Holder,
  PendingMessage,
  RecordedDelivery,
  RecordedHold,
  RecordedMessage,
  RecordedRouting,
  RoutedBy,
} from './port';

export const HOLDS_MIGRATION = `
-- Of what the last look held back; null where that was nothing.
alter table {schema}.groups add column held text;

-- That nobody was told of an alert in a group, from when until when, and who decided so.
create table {schema}.holds (
  id bigint generated always as identity primary key,
  group_id text not null,
  group_key text not null,
  receiver text not null,
  fingerprint text not null,
  reason text not null,
  held_by text[] not null,
  details jsonb not null,
  began_at timestamptz not null,
  ended_at timestamptz
) with (fillfactor = 80);
create index holds_open on {schema}.holds (group_id) where ended_at is null;
create index holds_alert on {schema}.holds (fingerprint, began_at);
create index holds_ended on {schema}.holds (ended_at) where ended_at is not null;

-- By what alerts are routed; the newest is in effect.
create table {schema}.routings (
  digest text primary key,
  since timestamptz not null,
  routing jsonb not null
);
`;

const MOST_DELIVERIES = 200;
const MOST_HOLDS = 200;
const KEPT_ROUTINGS = 10;

export function createGroupRecords(database: Database): GroupRecords {
  return {
    of: (fingerprint, groups, since) => recordsOf(database, fingerprint, groups, since),
    keepRouting: (routing, by) => keepRouting(database, routing, by),
    routing: () => readRouting(database),
  };
}

interface OpenHold {
  id: number;
  group_id: string;
  fingerprint: string;
  reason: string;
  held_by: string[];
}

/** In the transaction of the looks. Groups that hold what they held before are left alone. */
export async function writeHeld(run: Run, schema: string, looks: readonly FlushedGroup[]): Promise<void> {
  const changed = looks.filter(({ held }) => held !== undefined);
  if (changed.length === 0) return;
  const open = await run<OpenHold>(
    `select id, group_id, fingerprint, reason, held_by from ${schema}.holds where group_id = any($1) and ended_at is null`,
    [changed.map(({ id }) => id)],
  );
  const known = new Map(open.map((hold) => [keyOf(hold.group_id, hold, hold.held_by), hold.id]));
  const begun: (HeldAlert & { groupId: string; groupKey: string; receiver: string; at: Date })[] = [];
  for (const { id, flushedAt, held } of changed) {
    for (const alert of held!.alerts) {
      if (known.delete(keyOf(id, alert, idsOf(alert.by)))) continue;
      const { groupKey, receiver } = held!;
      begun.push({ ...alert, ...{ groupId: id, groupKey, receiver, at: flushedAt } });
    }
  }
  await endHolds(run, schema, [...known.values()], changed[0]!.flushedAt);
  await beginHolds(run, schema, begun);
}

const idOf = (holder: Holder): string =>
  holder.kind === 'silence' ? holder.id : holder.kind === 'alert' ? holder.fingerprint : holder.name;
const idsOf = (by: readonly Holder[]): string[] => by.map(idOf);
const keyOf = (groupId: string, { fingerprint, reason }: Omit<HeldAlert, 'by'>, by: readonly string[]) =>
  [groupId, fingerprint, reason, ...by].join('\n');

async function endHolds(run: Run, schema: string, ids: readonly number[], at: Date): Promise<void> {
  if (ids.length === 0) return;
  await run(`update ${schema}.holds set ended_at = greatest($2, began_at) where id = any($1::bigint[])`, [
    ids,
    at,
  ]);
}

async function beginHolds(
  run: Run,
  schema: string,
  holds: readonly (HeldAlert & { groupId: string; groupKey: string; receiver: string; at: Date })[],
): Promise<void> {
  if (holds.length === 0) return;
  const silences = await silencesOf(run, schema, holds);
  const rows = holds.map((hold) => ({
    ...{ ...hold, heldBy: idsOf(hold.by) },
    by: hold.by.map((holder) =>
      holder.kind === 'silence' ? { ...holder, ...silences.get(holder.id) } : holder,
    ),
  }));
  await run(
    `insert into ${schema}.holds (group_id, group_key, receiver, fingerprint, reason, held_by, details, began_at)
     select "groupId", "groupKey", receiver, fingerprint, reason, "heldBy", by, at
     from jsonb_to_recordset($1::jsonb) as h ("groupId" text, "groupKey" text, receiver text, fingerprint text,
       reason text, "heldBy" text[], by jsonb, at timestamptz)`,
    [json(rows)],
  );
}

interface SilenceColumns {
  id: string;
  created_by: string;
  comment: string;
  ends_at: Date;
}

/** As they are now: later changes are of another time. */
async function silencesOf(run: Run, schema: string, holds: readonly HeldAlert[]) {
  const ids = holds.flatMap(({ by }) => by.flatMap((holder) => (holder.kind === 'silence' ? holder.id : [])));
  if (ids.length === 0) return new Map<string, object>();
  const rows = await run<SilenceColumns>(
    `select id, created_by, comment, ends_at from ${schema}.silences where id = any($1)`,
    [[...new Set(ids)]],
  );
  return new Map(
    rows.map(({ id, created_by: createdBy, comment, ends_at: endsAt }) => [
      id,
      { createdBy, comment, endsAt: endsAt.toISOString() },
    ]),
  );
}

type Places = Parameters<GroupRecords['of']>[1];

async function recordsOf(
  database: Database,
  fingerprint: string,
  places: Places,
  since: Date,
): Promise<AlertRecords> {
  const { run, schema } = database;
  const holds = await readHolds(database, fingerprint);
  const messages = await readMessages(
    database,
    fingerprint,
    places.map(({ key }) => key),
  );
  const keys = [...places.map(({ key }) => key), ...[...holds, ...messages].map(({ groupKey }) => groupKey)];
  const [deliveries, groups] = await Promise.all([
    readDeliveries(database, fingerprint, [...new Set(keys)], since),
    run<{ id: string; due_at: Date; flushed_at: Date | null }>(
      `select id, due_at, flushed_at from ${schema}.groups where id = any($1)`,
      [places.map(({ id }) => id)],
    ),
  ]);
  return {
    groups: groups.map(({ id, due_at: dueAt, flushed_at: flushedAt }) => ({ id, dueAt, flushedAt })),
    messages,
    deliveries,
    holds,
  };
}

interface HoldColumns {
  group_id: string;
  group_key: string;
  receiver: string;
  fingerprint: string;
  reason: string;
  details: Holder[];
  began_at: Date;
  ended_at: Date | null;
}

async function readHolds({ run, schema }: Database, fingerprint: string): Promise<RecordedHold[]> {
  const rows = await run<HoldColumns>(
    `select group_id, group_key, receiver, fingerprint, reason, details, began_at, ended_at from ${schema}.holds
     where fingerprint = $1 order by began_at desc, id desc limit ${MOST_HOLDS}`,
    [fingerprint],
  );
  return rows.reverse().map((row) => ({
    ...{ groupId: row.group_id, groupKey: row.group_key, receiver: row.receiver },
    ...{ fingerprint: row.fingerprint, reason: row.reason, by: row.details },
    ...{ from: row.began_at, until: row.ended_at },
  }));
}

interface MessageColumns {
  group_key: string;
  integration: string;
  firing: string[];
  resolved: string[];
  told_at: Date | null;
  seq: number;
  pending: PendingMessage | null;
  due_at: Date | null;
  attempts: number;
  error: string | null;
  limited_until: Date | null;
}

/** Of a group that is no more, too, where it has told of the alert. */
async function readMessages(
  { run, schema }: Database,
  fingerprint: string,
  keys: readonly string[],
): Promise<RecordedMessage[]> {
  const rows = await run<MessageColumns>(
    `select group_key, integration, firing, resolved, told_at, seq, pending, due_at, attempts, error,
       ${LIMITED_UNTIL(schema, 'integration')} as limited_until
     from ${schema}.group_messages
     where group_key = any($1) or $2 = any(firing) or $2 = any(resolved) order by group_key, integration`,
    [keys, fingerprint],
  );
  return rows.map((row) => ({
    ...{ groupKey: row.group_key, integration: row.integration, firing: row.firing, resolved: row.resolved },
    ...{ toldAt: row.told_at, seq: row.seq, pending: row.pending },
    ...{ dueAt: row.due_at, attempts: row.attempts, error: row.error, limitedUntil: row.limited_until },
  }));
}

interface DeliveryColumns {
  group_key: string;
  integration: string;
  at: Date;
  outcome: RecordedDelivery['outcome'];
  reason: string;
  error: string | null;
  attempts: number;
  via: string | null;
  said: RecordedDelivery['said'];
}

async function readDeliveries(
  { run, schema }: Database,
  fingerprint: string,
  keys: readonly string[],
  since: Date,
): Promise<RecordedDelivery[]> {
  const rows = await run<DeliveryColumns>(
    `select group_key, integration, at, outcome, reason, error, attempts, via,
       case when $2 = any(firing) then 'firing' else 'resolved' end as said
     from ${schema}.deliveries
     where group_key = any($1) and at >= $3 and ($2 = any(firing) or $2 = any(resolved))
     order by at desc, id desc limit ${MOST_DELIVERIES}`,
    [keys, fingerprint, since],
  );
  return rows.reverse().map(({ group_key: groupKey, ...row }) => ({ groupKey, ...row }));
}

async function keepRouting(database: Database, routing: RecordedRouting, by?: RoutedBy): Promise<void> {
  const { schema } = database;
  const text = json(routing);
  const digest = createHash('sha1').update(text).digest('hex');
  await database.transaction('keep by which routes a process goes', async (run) => {
    await run(
      `with kept as (
         insert into ${schema}.routings as r (digest, since, routing) values ($1, clock_timestamp(), $2::jsonb)
         on conflict (digest) do update set since = case when $3 then excluded.since else r.since end)
       delete from ${schema}.routings where digest <> $1 and digest not in (
         select digest from ${schema}.routings order by since desc limit ${KEPT_ROUTINGS})`,
      [digest, text, by === undefined],
    );
    if (by !== undefined) await goBy(run, schema, digest, by);
  });
}

async function readRouting({ run, schema }: Database): Promise<RecordedRouting | null> {
  const [row] = await run<{ routing: RecordedRouting }>(
    `select routing from ${schema}.routings order by since desc limit 1`,
    [],
  );
  return row?.routing ?? null;
}
