/**
 * Forgets what ended long ago: episodes with all that belongs to them, incidents, silences, maintenances, overrides, the record
 * of acts, callbacks, drills, what groups told and held back. In small batches, so that nobody waits behind a delete; any number
 * of processes may do so at once. An alert that is open, and an episode of which a message still waits, are never forgotten.
 */
import type { Database, Run } from './database';
import { forgetDrills } from './drills';
import { forgetIncidents } from './incidents';

const PARTS = [
  'timeline',
  'notifications',
  'remediations',
  'artifacts',
  'undelivered',
  'alerts',
  'incident_alerts',
] as const;
/** Of each kind, in one transaction. */
const BATCH = 500;

/** Forgets one batch that ended before `before`; answers how many rows of each kind went together, 0 when none is left. */
export async function forgetBefore(database: Database, before: Date, batch = BATCH): Promise<number> {
  const { schema: s } = database;
  return database.transaction('retention', async (run) => {
    const episodes = await run<{ fingerprint: string; episode: number }>(
      `with old as (
         select e.fingerprint, e.episode from ${s}.episodes e
         where e.starts_at < $1 and coalesce(e.ended_at, e.life_ended_at) < $1
           and not exists (select from ${s}.alerts a
             where a.fingerprint = e.fingerprint and a.episode = e.episode and a.state <> 'RESOLVED')
           and not exists (select from ${s}.notifications n
             where n.fingerprint = e.fingerprint and n.episode = e.episode and n.state = 'pending')
         order by e.starts_at limit $2 for update skip locked)
       delete from ${s}.episodes e using old
       where e.fingerprint = old.fingerprint and e.episode = old.episode
       returning e.fingerprint, e.episode`,
      [before, batch],
    );
    const keys = [episodes.map(({ fingerprint }) => fingerprint), episodes.map(({ episode }) => episode)];
    for (const table of PARTS) {
      await run(
        `delete from ${s}.${table} t using unnest($1::text[], $2::bigint[]) as g (fingerprint, episode)
         where t.fingerprint = g.fingerprint and t.episode = g.episode`,
        keys,
      );
    }
    const silences = await run(
      `delete from ${s}.silences where id in
         (select id from ${s}.silences where ends_at < $1 limit $2 for update skip locked) returning 1`,
      [before, batch],
    );
    const maintenances = await run(
      `delete from ${s}.maintenances where id in
         (select id from ${s}.maintenances where ends_at < $1 limit $2 for update skip locked) returning 1`,
      [before, batch],
    );
    const overrides = await run(
      `delete from ${s}.oncall_overrides where id in
         (select id from ${s}.oncall_overrides where ends_at < $1 limit $2 for update skip locked) returning 1`,
      [before, batch],
    );
    const acts = await run(
      `delete from ${s}.remediation_acts where ctid in
         (select ctid from ${s}.remediation_acts where intent_at < $1 limit $2 for update skip locked) returning 1`,
      [before, batch],
    );
    const callbacks = await run(
      `delete from ${s}.callbacks where ctid in
         (select ctid from ${s}.callbacks where at < $1 limit $2 for update skip locked) returning 1`,
      [before, batch],
    );
    const groups = await forgetGroups(run, s, before, batch);
    const incidents = await forgetIncidents(run, s, before, batch);
    const drills = await forgetDrills(run, s, before, batch);
    const times = silences.length + maintenances.length + overrides.length;
    const rest = acts.length + callbacks.length + groups + incidents + drills;
    return episodes.length + times + rest;
  });
}

/** Each with when it is old; what a group that is open was told is renewed before it expires. */
const OF_GROUPS = [
  ['holds', 'ended_at < $1'],
  ['deliveries', 'at < $1'],
  ['group_messages', 'expires_at < $1'],
] as const;

async function forgetGroups(run: Run, schema: string, before: Date, batch: number): Promise<number> {
  let gone = 0;
  for (const [table, isOld] of OF_GROUPS) {
    const rows = await run(
      `delete from ${schema}.${table} where ctid in
         (select ctid from ${schema}.${table} where ${isOld} limit $2 for update skip locked) returning 1`,
      [before, batch],
    );
    gone += rows.length;
  }
  return gone;
}

export interface RetentionOptions {
  /** How long what has ended is kept, milliseconds. */
  readonly keepMs: number;
  /** Forgets one batch; 0 when nothing is left to forget. */
  readonly forget: (before: Date) => Promise<number>;
  readonly now: () => Date;
  readonly onForgotten: (count: number) => void;
  /** Called when it failed; the next round tries again. */
  readonly onError: (error: unknown) => void;
  /** The first round waits, since a process that starts has other work. Milliseconds. */
  readonly firstAfterMs?: number;
  readonly everyMs?: number;
}

/** Forgets round after round. `stop` resolves when the batch under way has ended. */
export function startRetention({
  firstAfterMs = 60_000,
  everyMs = 3_600_000,
  ...options
}: RetentionOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let round = Promise.resolve();
  let timer: NodeJS.Timeout;
  const plan = (afterMs: number): void => {
    timer = setTimeout(() => {
      round = forgetAll(options, stopping.signal).then(() => {
        if (!stopping.signal.aborted) plan(everyMs);
      });
    }, afterMs);
  };
  plan(firstAfterMs);
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await round;
    },
  };
}

/** Never rejects. */
async function forgetAll(
  { keepMs, forget, now, onForgotten, onError }: RetentionOptions,
  signal: AbortSignal,
): Promise<void> {
  let count = 0;
  try {
    const before = new Date(now().getTime() - keepMs);
    for (let gone = 1; gone > 0 && !signal.aborted; count += gone) gone = await forget(before);
  } catch (error) {
    onError(error);
  }
  if (count > 0) onForgotten(count);
}
