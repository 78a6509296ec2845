/** Applies batches of transitions to the rows: a handful of statements however many alerts there are. */
import type { QueryResultRow } from 'pg';
import {
  alertRecords,
  ALERT_ASSIGNMENTS,
  ALERT_COLUMNS,
  ALERT_RECORD,
  toAlertRow,
  type AlertColumns,
} from './alert-row';
import { Collision, type Database, type Run } from './database';
import { enqueue, enqueueResolves } from './enqueue';
import { joinGroups } from './groups';
import { correlate } from './incidents';
import { mergeLives, moveToOpened } from './merge';
import type { AlertRow, GroupsOf, PagesStore } from './port';
import { writeTimeline } from './timeline';

/** `decide` has to be pure: it is asked again when another process has changed the rows meanwhile. */
export function createPages(database: Database, groupsOf: GroupsOf = () => []): PagesStore {
  const { schema } = database;
  return {
    apply: (fingerprints, decide) =>
      database.transaction('apply transitions', async (run) => {
        const known = await lockRows(run, schema, fingerprints);
        const change = decide(known);
        await writeRows(run, schema, change.rows, known, groupsOf);
        await writeTimeline(run, schema, change.timeline);
        await enqueue(run, schema, await correlate(run, schema, change));
        await enqueueResolves(run, schema, change.resolves);
        await joinGroups(run, schema, change.groups ?? []);
        return change;
      }),
  };
}

async function lockRows(
  run: Run,
  schema: string,
  fingerprints: readonly string[],
): Promise<Map<string, AlertRow>> {
  const rows = await run<AlertColumns>(
    `select ${ALERT_COLUMNS} from ${schema}.alerts where fingerprint = any($1) order by fingerprint for update`,
    [fingerprints],
  );
  return new Map(rows.map((row) => [row.fingerprint, toAlertRow(row)]));
}

type Known = ReadonlyMap<string, AlertRow>;

async function writeRows(
  run: Run,
  schema: string,
  rows: readonly AlertRow[],
  known: Known,
  groupsOf: GroupsOf,
): Promise<void> {
  if (rows.length === 0) return;
  const { alerts, lives } = await upsert(run, schema, rows, known);
  // A row that is there now and was not when we looked belongs to a decision that we have not seen.
  if (alerts !== rows.length) throw new Collision('another process has begun one of these alerts');
  if (!lives) return;
  const fingerprints = rows.map(({ fingerprint }) => fingerprint);
  await mergeLives(run, schema, fingerprints);
  await moveToOpened(run, schema, fingerprints, groupsOf);
}

interface Upserted extends QueryResultRow {
  /** How many rows were written. */
  alerts: number;
  /** Whether a life has spoken of one of these alerts. */
  lives: boolean;
}

/** Alerts and their episodes in one statement, since reading the batch is most of the work; alerts are locked first. */
async function upsert(run: Run, schema: string, rows: readonly AlertRow[], known: Known): Promise<Upserted> {
  const [upserted] = await run<Upserted>(
    `with given as materialized (select * from jsonb_to_recordset($1::jsonb) as r (${ALERT_RECORD})),
     alerts as (
       insert into ${schema}.alerts as a (${ALERT_COLUMNS}) select ${ALERT_COLUMNS} from given order by fingerprint
       on conflict (fingerprint) do update set ${ALERT_ASSIGNMENTS} where a.fingerprint = any($2)
       returning fingerprint, episode, starts_at, fire_count, value, threshold, event_time, correlation_id, state,
         ends_at, resolved_by),
     episodes as (
       insert into ${schema}.episodes as e
         (fingerprint, episode, starts_at, fire_count, value, threshold, event_time, correlation_id, ended_at, ended_by)
       select fingerprint, episode, starts_at, fire_count, value, threshold, event_time, correlation_id,
         case when state = 'RESOLVED' then coalesce(ends_at, to_timestamp(event_time / 1000.0)) end,
         case when state = 'RESOLVED' then resolved_by end
       from alerts
       on conflict (fingerprint, episode) do update set
         starts_at = excluded.starts_at, fire_count = excluded.fire_count, value = excluded.value,
         threshold = excluded.threshold, event_time = excluded.event_time, correlation_id = excluded.correlation_id,
         ended_at = excluded.ended_at, ended_by = excluded.ended_by
       returning life_seq)
     select count(*) as alerts, coalesce(bool_or(life_seq > 0), false)
       or exists (select 1 from ${schema}.episodes where opened_reason is not null
         and fingerprint in (select fingerprint from given)) as lives from episodes`,
    [alertRecords(rows), [...known.keys()]],
  );
  return upserted!;
}
