/**
 * Follows what becomes of alerts, for a process that keeps all of them in memory. Rows carry the transaction that changed
 * them; what is asked for are those of transactions that had not ended by the last look, so that none is missed in
 * whatever order transactions commit. A row may come again.
 */
import { downTargetOf } from '../domain/target-down';
import type { Database } from './database';
import type { AlertChanges, AlertRow, KnownAlert } from './port';

interface Columns {
  fingerprint: string | null;
  labels: KnownAlert['labels'];
  annotations: KnownAlert['annotations'];
  state: KnownAlert['state'];
  episode: number;
  starts_at: Date;
  ends_at: Date | null;
  expires_at: Date | null;
  event_time: number;
  changed_at: Date;
  generator_url: string;
  acknowledgement: KnownAlert['acknowledgement'];
  condition: AlertRow['condition'];
  horizon: string;
}

const COLUMNS = `a.fingerprint, a.labels, a.annotations, a.state, a.episode, a.starts_at, a.ends_at, a.expires_at,
  a.event_time, a.changed_at, a.generator_url, a.acknowledgement,
  case when a.condition->>'metric' = 'up' then a.condition end as condition`;
/** The oldest transaction that has not ended: what it writes is not seen by this look, and is by a later one. */
const HORIZON = `(select pg_snapshot_xmin(pg_current_snapshot())::text as horizon) h`;

export function followAlertChanges({ run, schema }: Database): AlertChanges {
  let horizon: string | null = null;
  return {
    async next(fingerprints = []) {
      const rows =
        horizon === null
          ? await run<Columns>(
              `select h.horizon, ${COLUMNS} from ${HORIZON} left join ${schema}.alerts a
                 on a.state <> 'RESOLVED' or a.fingerprint = any($1)`,
              [fingerprints],
            )
          : await run<Columns>(
              `select h.horizon, ${COLUMNS} from ${HORIZON} left join ${schema}.alerts a on a.changed_in >= $1::xid8`,
              [horizon],
            );
      horizon = rows[0]!.horizon;
      return rows.filter(({ fingerprint }) => fingerprint !== null).map(toKnown);
    },
  };
}

function toKnown(row: Columns): KnownAlert {
  return {
    fingerprint: row.fingerprint!,
    labels: row.labels,
    annotations: row.annotations,
    state: row.state,
    episode: row.episode,
    startsAt: row.starts_at.getTime(),
    endsAt: row.ends_at?.getTime() ?? null,
    expiresAt: row.expires_at?.getTime() ?? null,
    updatedAt: row.event_time,
    changedAt: row.changed_at.getTime(),
    generatorUrl: row.generator_url,
    acknowledgement: row.acknowledgement,
    downTarget: downTargetOf(row.labels, row.condition),
  };
}
