/** Forgets episodes that ended long ago, with all that belongs to them. An open episode is never forgotten. */
import type { Database } from './database';

const PARTS = ['timeline', 'notifications', 'remediations', 'artifacts'] as const;

/** Returns how many episodes went. `before` is the end of the newest that goes: 90 days ago by default policy. */
export async function forgetBefore(database: Database, before: Date): Promise<number> {
  const { schema } = database;
  return database.transaction('retention', async (run) => {
    const gone = await run<{ fingerprint: string; episode: number }>(
      `delete from ${schema}.episodes e
       where e.starts_at < $1 and coalesce(e.ended_at, e.life_ended_at) < $1
       returning fingerprint, episode`,
      [before],
    );
    const keys = [gone.map(({ fingerprint }) => fingerprint), gone.map(({ episode }) => episode)];
    for (const table of [...PARTS, 'alerts']) {
      await run(
        `delete from ${schema}.${table} t using unnest($1::text[], $2::bigint[]) as g (fingerprint, episode)
         where t.fingerprint = g.fingerprint and t.episode = g.episode`,
        keys,
      );
    }
    await run(`delete from ${schema}.silences where ends_at < $1`, [before]);
    return gone.length;
  });
}
