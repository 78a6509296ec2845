/** The timeline: events of an episode, each written once under its key. */
import type { TimelineEvent } from '../domain/life';
import { json, type Database, type Run } from './database';

export type PlacedEvent = TimelineEvent & { readonly fingerprint: string; readonly episode: number };

export async function writeTimeline(run: Run, schema: string, events: readonly PlacedEvent[]): Promise<void> {
  if (events.length === 0) return;
  await run(
    `insert into ${schema}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
     select fingerprint, episode, key, at, kind, actor, text, details
     from rows from (jsonb_to_recordset($1::jsonb) as (fingerprint text, episode bigint, key text, at timestamptz,
       kind text, actor text, text text, details jsonb)) with ordinality
     order by ordinality
     on conflict do nothing`,
    [json(events)],
  );
}

interface TimelineColumns extends Omit<TimelineEvent, 'at'> {
  at: Date;
  episode: number;
}

/** In the order of time; what happened at the same millisecond in the order of writing. */
export async function readTimeline(
  database: Database,
  fingerprint: string,
  episode?: number,
): Promise<(TimelineEvent & { episode: number })[]> {
  const rows = await database.run<TimelineColumns>(
    `select episode, key, at, kind, actor, text, details from ${database.schema}.timeline
     where fingerprint = $1 and ($2::bigint is null or episode = $2) order by at, id`,
    [fingerprint, episode ?? null],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
