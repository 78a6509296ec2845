/** What an alert's life has done, written by its workflow. A record may come again, late, or before its transition. */
import type { QueryResultRow } from 'pg';
import { json, type Database, type Run } from './database';
import { endWait, enqueue, enqueueResolves, enqueueUpdate, release } from './enqueue';
import { mergeLives, moveToOpened } from './merge';
import type { LifeRecord, LifeStore } from './port';
import { writeTimeline } from './timeline';

export function createLives(database: Database): LifeStore {
  return {
    async record(record) {
      if (isTimelineOnly(record)) {
        await writeEvents(database.run, database.schema, record);
        return { closed: false, previousEndedAt: null };
      }
      return database.transaction('record a life', (run) => writeRecord(run, database.schema, record));
    },
  };
}

/** Most steps change no state; they need neither a transaction nor a lock. A life's first record asks for `closed`. */
function isTimelineOnly(record: LifeRecord): boolean {
  const { fingerprint, episode, seq, timeline, ...effects } = record;
  return seq > 1 && Object.values(effects).every((effect) => effect === undefined);
}

async function writeRecord(run: Run, schema: string, record: LifeRecord): ReturnType<LifeStore['record']> {
  // The alert's row first, as all writers do; then nobody waits for us while we wait for them.
  await run(`select 1 from ${schema}.alerts where fingerprint = $1 for update`, [record.fingerprint]);
  const past = await upsertEpisode(run, schema, record);
  const first = record.seq === 1 || past.seq === 0;
  const closed = first && past.ended;
  await writeEvents(run, schema, record);
  await writeArtifacts(run, schema, record);
  const remediated = await writeRemediation(run, schema, record);
  if (record.opens) await moveToOpened(run, schema, [record.fingerprint]);
  if (changesState(record)) await mergeLives(run, schema, [record.fingerprint]);
  if (closed) await endWait(run, schema, record, null);
  else await writeMessages(run, schema, record, record.seq <= past.seq);
  const previousEndedAt = first ? (past.previousEndedAt?.toISOString() ?? null) : null;
  return { closed, previousEndedAt, ...(remediated && { remediated }) };
}

/** What stood there before the record. */
interface Past extends QueryResultRow {
  /** The last record of this episode; 0 when there was none. */
  seq: number;
  /** Its condition ended, somebody resolved it, or a later episode has followed. */
  ended: boolean;
  previousEndedAt: Date | null;
}

const changesState = (record: LifeRecord): boolean =>
  [record.state, record.acknowledgement, record.resolvedBy, record.quietUntil].some(
    (part) => part !== undefined,
  );

/** A lower seq than the last changes nothing here. The look back sees the rows as they were before the statement. */
async function upsertEpisode(run: Run, schema: string, record: LifeRecord): Promise<Past> {
  const startsAt = record.opens?.startsAt ?? new Date(record.episode).toISOString();
  const endedAt =
    record.state === 'RESOLVED' ? (record.timeline.at(-1)?.at ?? new Date().toISOString()) : null;
  const [past] = await run<Past>(
    `with written as (
     insert into ${schema}.episodes as e (fingerprint, episode, starts_at, life_seq, life_state, life_resolved_by,
       life_ended_at, acknowledgement, escalation_level, opened_reason, quiet_until)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $10, $11, $12)
     on conflict (fingerprint, episode) do update set
       life_seq = excluded.life_seq,
       life_state = coalesce(excluded.life_state, e.life_state),
       life_resolved_by = coalesce(excluded.life_resolved_by, e.life_resolved_by),
       life_ended_at = coalesce(excluded.life_ended_at, e.life_ended_at),
       acknowledgement = case when $9 then excluded.acknowledgement else e.acknowledgement end,
       escalation_level = coalesce(excluded.escalation_level, e.escalation_level),
       opened_reason = coalesce(e.opened_reason, excluded.opened_reason),
       quiet_until = case when $13 then excluded.quiet_until else e.quiet_until end
     where e.life_seq < excluded.life_seq)
     select coalesce(max(life_seq) filter (where episode = $2), 0) as seq,
       coalesce(bool_or(ended_at is not null or life_state = 'RESOLVED') filter (where episode = $2), false)
         or exists (select 1 from ${schema}.alerts where fingerprint = $1 and episode > $2) as ended,
       max(coalesce(ended_at, life_ended_at)) filter (where episode < $2) as "previousEndedAt"
     from ${schema}.episodes where fingerprint = $1`,
    [
      record.fingerprint,
      record.episode,
      startsAt,
      record.seq,
      record.state ?? null,
      record.resolvedBy ?? null,
      endedAt,
      record.acknowledgement ? json(record.acknowledgement) : null,
      record.acknowledgement !== undefined,
      record.escalationLevel ?? null,
      record.opens?.reason ?? null,
      record.quietUntil ?? null,
      record.quietUntil !== undefined,
    ],
  );
  return past!;
}

async function writeEvents(run: Run, schema: string, record: LifeRecord): Promise<void> {
  const { fingerprint, episode } = record;
  await writeTimeline(
    run,
    schema,
    record.timeline.map((event) => ({ ...event, fingerprint, episode })),
  );
}

async function writeArtifacts(run: Run, schema: string, record: LifeRecord): Promise<void> {
  const place = [record.fingerprint, record.episode, record.seq];
  if (record.artifacts && record.artifacts.length > 0) {
    await run(
      `insert into ${schema}.artifacts as a (fingerprint, episode, seq, provider, type, artifact)
       select distinct on (artifact->>'provider', artifact->>'type')
         $1, $2, $3, artifact->>'provider', artifact->>'type', artifact
       from jsonb_array_elements($4::jsonb) with ordinality as given (artifact, place)
       order by artifact->>'provider', artifact->>'type', place desc
       on conflict (fingerprint, episode, provider, type) do update
         set artifact = excluded.artifact, seq = excluded.seq where a.seq < excluded.seq`,
      [...place, json(record.artifacts)],
    );
  }
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

/** An update depends on what has left by now, so a record that comes again must not decide it again. */
async function writeMessages(run: Run, schema: string, record: LifeRecord, repeated: boolean): Promise<void> {
  const { fingerprint, episode, notifications, updates, resolves } = record;
  if (updates && !repeated) await enqueueUpdate(run, schema, record, updates.step, updates.receivers);
  if (record.release) await release(run, schema, record, record.release);
  if (notifications) await enqueue(run, schema, notifications);
  if (resolves) {
    await enqueueResolves(run, schema, [
      { fingerprint, episode, receivers: resolves.receivers, dueAt: new Date() },
    ]);
  }
}
