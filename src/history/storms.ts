/**
 * What waits to be told while a storm comes in, and the summary of it. A summary is a message like any other: whoever sends
 * messages takes it, first of all. Its row says when there was one last, so that of many processes one makes the next.
 */
import { json, type Database } from './database';
import { wakeChannel } from './enqueue';
import { FIRST_SEQ } from './groups';
import type { StormStore } from './port';

/** No group has this key: theirs begin with a brace. */
export const STORM_KEY = 'storm';

export function createStormStore({ run, schema }: Database): StormStore {
  return {
    waiting: (least) =>
      run(
        `select integration, count(*) as messages from ${schema}.group_messages
         where pending is not null and group_key <> $1 group by integration having count(*) >= $2 order by integration`,
        [STORM_KEY, least],
      ),
    async tell(integrations, summary, everyMs, keepUntil) {
      const pending = { reason: 'first notification', firing: [], resolved: [], summary };
      const told = await run(
        `with told as (
           insert into ${schema}.group_messages as o
             (group_key, integration, seq, pending, pending_since, due_at, expires_at)
           select $1, integration, ${FIRST_SEQ}, $3::jsonb, now(), 'epoch', $5
           from unnest($2::text[]) as integration order by integration
           on conflict (group_key, integration) do update set
             seq = o.seq + 1, pending = excluded.pending, pending_since = now(), due_at = excluded.due_at,
             attempts = 0, expires_at = excluded.expires_at
           where o.pending is null and o.pending_since < now() - $4 * interval '1 millisecond'
           returning integration)
         select pg_notify($6, '') from told`,
        [STORM_KEY, integrations, json(pending), everyMs, keepUntil, wakeChannel(schema)],
      );
      return told.length > 0;
    },
  };
}
