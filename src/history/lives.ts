/**
 * What the alerts' lives have done, written by their workflows. A record may come again, late, or before its transition.
 * Records that come while others are being written are written together, by the same few statements.
 */
import type { QueryResultRow } from 'pg';
import { json, type Database, type Run } from './database';
import { enqueue, enqueueFollowUp, enqueueResolves, enqueueUpdate, release, type Release } from './enqueue';
import { mergeLives, moveToOpened } from './merge';
import type { GroupsOf, LifeRecord, LifeStore } from './port';
import { writeTimeline } from './timeline';
import { writtenTogether } from './together';

type Recorded = Awaited<ReturnType<LifeStore['record']>>;

const MOST_AT_ONCE = 50;

export function createLives(database: Database, groupsOf: GroupsOf = () => []): LifeStore {
  const { schema } = database;
  const together = writtenTogether<LifeRecord, Recorded>(database, {
    doing: 'record lives',
    alert: ({ fingerprint }) => fingerprint,
    write: (run, records) => writeRecords(run, schema, records, groupsOf),
    mostAtOnce: MOST_AT_ONCE,
  });
  return {
    async record(record) {
      if (!isTimelineOnly(record)) return together(record);
      await writeEvents(database.run, schema, [record]);
      return { closed: false, previousEndedAt: null };
    },
  };
}

/** Most steps change no state; they need neither a transaction nor a lock. A life's first record asks for `closed`. */
function isTimelineOnly(record: LifeRecord): boolean {
  const { fingerprint, episode, seq, timeline, ...effects } = record;
  return seq > 1 && Object.values(effects).every((effect) => effect === undefined);
}

/** Of different alerts. */
async function writeRecords(
  run: Run,
  schema: string,
  records: readonly LifeRecord[],
  groupsOf: GroupsOf,
): Promise<Recorded[]> {
  const fingerprintsOf = (some: readonly LifeRecord[]): string[] =>
    some.map(({ fingerprint }) => fingerprint);
  // The alerts' rows first, in one order, as all writers do; then nobody waits for us while we wait for them.
  await run(`select 1 from ${schema}.alerts where fingerprint = any($1) order by fingerprint for update`, [
    fingerprintsOf(records),
  ]);
  const pasts = await upsertEpisodes(run, schema, records);
  const found = records.map((record) => {
    const past = pasts.get(record.fingerprint)!;
    // One that is written again, because its answer was lost, is answered as before.
    const first = record.seq === 1 || past.seq === 0 || past.seq === record.seq;
    return { record, past, first, closed: first && past.ended };
  });
  await writeEvents(run, schema, records);
  await writeArtifacts(run, schema, records);
  const remediated = new Set<LifeRecord>();
  for (const record of records) if (await writeRemediation(run, schema, record)) remediated.add(record);
  const opening = records.filter(({ opens }) => opens !== undefined);
  if (opening.length > 0) await moveToOpened(run, schema, fingerprintsOf(opening), groupsOf);
  const changing = records.filter(changesState);
  if (changing.length > 0) await mergeLives(run, schema, fingerprintsOf(changing));
  await writeMessages(run, schema, found);
  return found.map(({ record, past, first, closed }) => ({
    closed,
    previousEndedAt: first ? (past.previousEndedAt?.toISOString() ?? null) : null,
    ...(remediated.has(record) && { remediated: true }),
  }));
}

/** What stood there before the record. */
interface Past extends QueryResultRow {
  fingerprint: string;
  /** The last record of this episode; 0 when there was none. */
  seq: number;
  /** Its condition ended, somebody resolved it, or a later episode has followed. */
  ended: boolean;
  previousEndedAt: Date | null;
}

interface Found {
  readonly record: LifeRecord;
  readonly past: Past;
  readonly closed: boolean;
}

const changesState = (record: LifeRecord): boolean =>
  [record.state, record.acknowledgement, record.resolvedBy, record.quietUntil].some(
    (part) => part !== undefined,
  );

async function upsertEpisodes(
  run: Run,
  schema: string,
  records: readonly LifeRecord[],
): Promise<Map<string, Past>> {
  const pasts = new Map<string, Past>();
  // What is set to null and what is left as it is look alike in a row, so they go in statements of their own.
  for (const acknowledges of [false, true])
    for (const quiets of [false, true]) {
      const alike = records.filter(
        ({ acknowledgement, quietUntil }) =>
          (acknowledgement !== undefined) === acknowledges && (quietUntil !== undefined) === quiets,
      );
      if (alike.length === 0) continue;
      for (const past of await upsertAlike(run, schema, alike, acknowledges, quiets))
        pasts.set(past.fingerprint, past);
    }
  return pasts;
}

/** A lower seq than the last changes nothing here. The look back sees the rows as they were before the statement. */
function upsertAlike(
  run: Run,
  schema: string,
  records: readonly LifeRecord[],
  acknowledges: boolean,
  quiets: boolean,
): Promise<Past[]> {
  return run<Past>(
    `with given as materialized (
       select * from jsonb_to_recordset($1::jsonb) as g (fingerprint text, episode bigint, starts_at timestamptz, seq integer,
         state text, resolved_by text, ended_at timestamptz, acknowledgement jsonb, escalation_level integer,
         opened_reason text, quiet_until timestamptz, expires_at timestamptz, timed_out boolean)),
     written as (
       insert into ${schema}.episodes as e (fingerprint, episode, starts_at, life_seq, life_state, life_resolved_by,
         life_ended_at, acknowledgement, escalation_level, opened_reason, quiet_until, expires_at, timed_out)
       select fingerprint, episode, starts_at, seq, state, resolved_by, ended_at, acknowledgement, escalation_level,
         opened_reason, quiet_until, expires_at, timed_out
       from given order by fingerprint
       on conflict (fingerprint, episode) do update set
         life_seq = excluded.life_seq,
         life_state = coalesce(excluded.life_state, e.life_state),
         life_resolved_by = coalesce(excluded.life_resolved_by, e.life_resolved_by),
         life_ended_at = coalesce(excluded.life_ended_at, e.life_ended_at),
         acknowledgement = case when $2 then excluded.acknowledgement else e.acknowledgement end,
         escalation_level = coalesce(excluded.escalation_level, e.escalation_level),
         opened_reason = coalesce(e.opened_reason, excluded.opened_reason),
         expires_at = coalesce(e.expires_at, excluded.expires_at), timed_out = coalesce(e.timed_out, excluded.timed_out),
         quiet_until = case when $3 then excluded.quiet_until else e.quiet_until end
       where e.life_seq < excluded.life_seq)
     select g.fingerprint, coalesce(max(e.life_seq) filter (where e.episode = g.episode), 0) as seq,
       coalesce(bool_or(e.ended_at is not null or e.life_state = 'RESOLVED') filter (where e.episode = g.episode), false)
         or exists (select 1 from ${schema}.alerts a where a.fingerprint = g.fingerprint and a.episode > g.episode) as ended,
       max(coalesce(e.ended_at, e.life_ended_at)) filter (where e.episode < g.episode) as "previousEndedAt"
     from given g left join ${schema}.episodes e on e.fingerprint = g.fingerprint
     group by g.fingerprint, g.episode`,
    [json(records.map(episodeOf)), acknowledges, quiets],
  );
}

/** The columns of a record's episode, by their names in the statement. */
function episodeOf(record: LifeRecord) {
  const { fingerprint, episode, seq, state, opens, timeline } = record;
  return {
    fingerprint,
    episode,
    seq,
    state,
    starts_at: opens?.startsAt ?? new Date(episode).toISOString(),
    resolved_by: record.resolvedBy,
    ended_at: state === 'RESOLVED' ? (timeline.at(-1)?.at ?? new Date().toISOString()) : null,
    acknowledgement: record.acknowledgement,
    escalation_level: record.escalationLevel,
    opened_reason: opens?.reason,
    expires_at: opens?.expiresAt,
    timed_out: opens?.timedOut,
    quiet_until: record.quietUntil,
  };
}

async function writeEvents(run: Run, schema: string, records: readonly LifeRecord[]): Promise<void> {
  await writeTimeline(
    run,
    schema,
    records.flatMap(({ fingerprint, episode, timeline }) =>
      timeline.map((event) => ({ ...event, fingerprint, episode })),
    ),
  );
}

async function writeArtifacts(run: Run, schema: string, records: readonly LifeRecord[]): Promise<void> {
  const given = records.flatMap(({ fingerprint, episode, seq, artifacts = [] }) =>
    artifacts.map((artifact) => ({ fingerprint, episode, seq, artifact })),
  );
  if (given.length === 0) return;
  await run(
    `insert into ${schema}.artifacts as a (fingerprint, episode, seq, provider, type, artifact)
     select distinct on (fingerprint, artifact->>'provider', artifact->>'type')
       fingerprint, episode, seq, artifact->>'provider', artifact->>'type', artifact
     from rows from (jsonb_to_recordset($1::jsonb) as (fingerprint text, episode bigint, seq integer, artifact jsonb))
       with ordinality as given (fingerprint, episode, seq, artifact, place)
     order by fingerprint, artifact->>'provider', artifact->>'type', place desc
     on conflict (fingerprint, episode, provider, type) do update
       set artifact = excluded.artifact, seq = excluded.seq where a.seq < excluded.seq`,
    [json(given)],
  );
}

/** Whether the result had not stood there before. */
async function writeRemediation(run: Run, schema: string, record: LifeRecord): Promise<boolean> {
  if (!record.remediation) return false;
  const { fingerprint, episode, seq, remediation } = record;
  const [written] = await run<{ fresh: boolean }>(
    `insert into ${schema}.remediations as r (fingerprint, episode, seq, remediation_id, started_at, result)
       values ($1, $2, $3, $4, $5, $6)
       on conflict (fingerprint, episode, remediation_id) do update
         set result = excluded.result, started_at = excluded.started_at, seq = excluded.seq where r.seq < excluded.seq
       returning xmax = 0 as fresh`,
    [fingerprint, episode, seq, remediation.remediation_id, remediation.started_at, json(remediation)],
  );
  return written?.fresh === true;
}

/**
 * An episode that was over before its life spoke waits for nothing, and has nothing to say. An update depends on what has
 * left by now, so a record that comes again must not decide it again.
 */
async function writeMessages(run: Run, schema: string, found: readonly Found[]): Promise<void> {
  const open = found.filter(({ closed }) => !closed);
  for (const { record, past } of open) {
    const { updates, follows, seq } = record;
    if (updates && seq > past.seq) await enqueueUpdate(run, schema, record, updates.step, updates.receivers);
    if (follows && seq > past.seq)
      await enqueueFollowUp(run, schema, record, follows.step, follows.receivers);
  }
  const releases = found.flatMap(({ record: { fingerprint, episode, release: to }, closed }): Release[] =>
    closed
      ? [{ fingerprint, episode, receivers: null }]
      : to
        ? [{ fingerprint, episode, receivers: to }]
        : [],
  );
  await release(run, schema, releases);
  await enqueue(
    run,
    schema,
    open.flatMap(({ record }) => record.notifications ?? []),
  );
  const resolves = open.flatMap(({ record: { fingerprint, episode, resolves: to } }) =>
    to ? [{ fingerprint, episode, receivers: to.receivers, dueAt: new Date() }] : [],
  );
  await enqueueResolves(run, schema, resolves);
}
