/**
 * Follows what becomes of alerts, for a process that keeps all of them in memory. Rows carry the transaction that changed
 * them; what is asked for are those of transactions that the last look could not see, so that none is missed in whatever
 * order transactions commit, and none is read again because of one that stays open for hours.
 *
 * A server that has taken another's place counts its transactions anew: then all is read as at the beginning.
 */
import { downTargetOf } from '../domain/target-down';
import type { Database, Run } from './database';
import { hearingColumns, toHearing, type HearingColumns } from './hearing';
import type { AlertChanges, AlertRow, ChangedAlert, ReadAlerts } from './port';

interface Columns extends HearingColumns {
  fingerprint: string | null;
  labels: ChangedAlert['labels'];
  annotations: ChangedAlert['annotations'];
  state: ChangedAlert['state'];
  episode: number;
  starts_at: Date;
  ends_at: Date | null;
  expires_at: Date | null;
  event_time: number;
  changed_at: Date;
  generator_url: string;
  acknowledgement: ChangedAlert['acknowledgement'];
  condition: AlertRow['condition'];
  server: string;
  snapshot: string;
}

const COLUMNS = `s.*, ${hearingColumns}, a.fingerprint, a.labels, a.annotations, a.state, a.episode, a.starts_at, a.ends_at,
  a.expires_at, a.event_time, a.changed_at, a.generator_url, a.acknowledgement,
  case when a.condition->>'metric' = 'up' then a.condition end as condition`;
/** Each server has begun at a time of its own; one that has begun anew costs a look at everything. */
const LOOK = `(select pg_postmaster_start_time()::text as server, pg_current_snapshot()::text as snapshot) s`;

/** One row at most; the planner has to know that. */
const HEARING = (schema: string): string => `left join (select * from ${schema}.hearing limit 1) h on true`;

/** What a look could not see: what has begun after it, and what was under way. */
interface Seen {
  readonly server: string;
  readonly end: bigint;
  readonly underWay: readonly string[];
}

export function followAlertChanges({ run, schema }: Pick<Database, 'run' | 'schema'>): AlertChanges {
  let seen: Seen | null = null;
  return {
    async next(wanted) {
      const changed = seen === null ? null : await changesSince(run, schema, seen);
      const rows = changed ?? (await readWhole(run, schema, await wanted()));
      seen = seenOf(rows[0]!);
      return read(rows, changed === null);
    },
  };
}

/** Null where that cannot be said: this is not the server that was asked last. */
async function changesSince(run: Run, schema: string, seen: Seen): Promise<Columns[] | null> {
  const rows = await run<Columns>(
    `select ${COLUMNS} from ${LOOK} ${HEARING(schema)}
     left join ${schema}.alerts a on a.changed_in >= $1::xid8 or a.changed_in = any($2::xid8[])`,
    [String(seen.end), seen.underWay],
  );
  const now = seenOf(rows[0]!);
  return now.server !== seen.server || now.end < seen.end ? null : rows;
}

const readWhole = (run: Run, schema: string, wanted: readonly string[]): Promise<Columns[]> =>
  run<Columns>(
    `select ${COLUMNS} from ${LOOK} ${HEARING(schema)}
     left join ${schema}.alerts a on a.state <> 'RESOLVED' or a.fingerprint = any($1)`,
    [wanted],
  );

/** A snapshot's text is `xmin:xmax:xid,xid,…`. */
function seenOf({ server, snapshot }: Columns): Seen {
  const [, end, underWay] = snapshot.split(':') as [string, string, string];
  return { server, end: BigInt(end), underWay: underWay === '' ? [] : underWay.split(',') };
}

function read(rows: readonly Columns[], isWhole: boolean): ReadAlerts {
  return {
    isWhole,
    hearing: toHearing(rows[0]!),
    alerts: rows.filter(({ fingerprint }) => fingerprint !== null).map(toChanged),
  };
}

function toChanged(row: Columns): ChangedAlert {
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
