/** Episodes of alerts with their labels, for whoever asks what a silence would mute or would have muted. */
import { json, type Database } from './database';
import type { EpisodeHistory, OpenAlert, PastEpisode } from './port';

interface PastColumns extends OpenAlert {
  starts_at: Date;
  ends_at: Date | null;
}

export function createEpisodeHistory({ run, schema }: Database): EpisodeHistory {
  return {
    open: () =>
      run<OpenAlert>(
        `select fingerprint, labels, episode from ${schema}.alerts
         where state <> 'RESOLVED' and (expires_at is null or expires_at > now()) order by starts_at desc, fingerprint`,
        [],
      ),
    async since(since, equal, limit) {
      const rows = await run<PastColumns>(
        `select e.fingerprint, a.labels, e.episode, e.starts_at, coalesce(e.ended_at, e.life_ended_at) as ends_at
         from ${schema}.episodes e join ${schema}.alerts a using (fingerprint)
         where a.labels @> $2::jsonb
           and (e.starts_at >= $1 or coalesce(e.ended_at, e.life_ended_at) >= $1
             or (a.episode = e.episode and a.state <> 'RESOLVED'))
         order by e.starts_at desc, e.fingerprint limit $3`,
        [since, json(equal), limit],
      );
      return rows.map(
        ({ fingerprint, labels, episode, starts_at: startsAt, ends_at: endsAt }): PastEpisode => ({
          ...{ fingerprint, labels, episode, startsAt, endsAt },
        }),
      );
    },
  };
}
