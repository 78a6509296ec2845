/**
 * The metric groups of PostgreSQL 12 and later: what is read, from which view, and how it becomes samples. A login with
 * the role `pg_monitor` sees everything; a plain one sees other people's sessions as `unknown` and no sizes of
 * databases that it may not connect to.
 */
import type { Labels } from '../../domain/labels';
import type { Row } from '../../domain/runbook';
import { availabilityGroup } from '../availability';
import type { MetricGroup, MetricSpec, Sample, Unit } from '../port';
import type { Rates } from '../rates';
import { sample, samplesOf } from '../samples';

/** What a group reads with. */
export interface Reading {
  query(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  readonly rates: Rates;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface PostgresGroup extends MetricGroup {
  read(reading: Reading): Promise<readonly Sample[]>;
}

/** How many databases are reported, largest first. */
export const TOP_DATABASES = 20;
/** How many tables are reported, largest first. */
export const TOP_TABLES = 20;
/** How many statements of pg_stat_statements are reported, most time first. */
export const TOP_STATEMENTS = 5;
const LONG_RUNNING = "interval '60 seconds'";
const SLOW_STATEMENT_MS = 1_000;

const spec = (
  name: string,
  unit: Unit,
  source: string,
  description: string,
  labels?: string[],
): MetricSpec =>
  labels === undefined ? { name, unit, source, description } : { name, unit, source, description, labels };

const STATES = [
  'active',
  'idle',
  'idle in transaction',
  'idle in transaction (aborted)',
  'fastpath function call',
  'disabled',
  'unknown',
];

const availability: PostgresGroup = {
  ...availabilityGroup([
    spec('uptime_seconds', 'seconds', 'pg_postmaster_start_time()', 'Time since the server was started'),
  ]),
  async read({ query }) {
    return samplesOf(
      await query('select extract(epoch from now() - pg_postmaster_start_time())::float8 as uptime_seconds'),
    );
  },
};

const connections: PostgresGroup = {
  name: 'connections',
  intervalMs: 15_000,
  metrics: [
    spec('connections_used', 'count', 'pg_stat_activity', 'Client connections, our own included'),
    spec('connections_max', 'count', 'pg_settings', 'max_connections'),
    spec(
      'connections_used_percent',
      'percent',
      'pg_stat_activity, pg_settings',
      'connections_used of connections_max',
    ),
    spec('connections', 'count', 'pg_stat_activity', `Client connections by state: ${STATES.join(', ')}`, [
      'state',
    ]),
  ],
  async read({ query }) {
    const rows = await query(
      `select coalesce(state, 'unknown') as state, count(*)::float8 as n,
              (select setting::float8 from pg_settings where name = 'max_connections') as max
         from pg_stat_activity where backend_type = 'client backend' group by 1`,
    );
    const byState = new Map(rows.map((row) => [String(row['state']), Number(row['n'])]));
    const used = [...byState.values()].reduce((sum, n) => sum + n, 0);
    const max = Number(rows[0]?.['max']);
    return [
      { name: 'connections_used', value: used },
      ...sample('connections_max', max),
      ...sample('connections_used_percent', (100 * used) / max),
      // Every state has a value at all times, so that an alert on one state resolves when the state empties.
      ...STATES.map((state) => ({ name: 'connections', value: byState.get(state) ?? 0, labels: { state } })),
    ];
  },
};

const sessions: PostgresGroup = {
  name: 'sessions',
  intervalMs: 15_000,
  metrics: [
    spec(
      'long_running_queries',
      'count',
      'pg_stat_activity',
      'Statements that have been running for over 60 s',
    ),
    spec(
      'longest_query_seconds',
      'seconds',
      'pg_stat_activity',
      'Age of the oldest running statement, 0 for none',
    ),
    spec(
      'longest_transaction_seconds',
      'seconds',
      'pg_stat_activity',
      'Age of the oldest open transaction, 0 for none',
    ),
    spec(
      'idle_in_transaction_sessions',
      'count',
      'pg_stat_activity',
      'Sessions idle in a transaction, aborted ones included',
    ),
    spec(
      'idle_in_transaction_longest_seconds',
      'seconds',
      'pg_stat_activity',
      'For how long the longest of them has been idle, 0 for none',
    ),
    spec('blocked_sessions', 'count', 'pg_stat_activity', 'Sessions that wait for a lock'),
  ],
  async read({ query }) {
    const age = (column: string, where: string): string =>
      `greatest(0, coalesce(extract(epoch from max(clock_timestamp() - ${column}) filter (where ${where})), 0))::float8`;
    const idle = `state in ('idle in transaction', 'idle in transaction (aborted)')`;
    return samplesOf(
      await query(
        `select count(*) filter (where state = 'active' and clock_timestamp() - query_start > ${LONG_RUNNING})::float8 as long_running_queries,
                ${age('query_start', "state = 'active'")} as longest_query_seconds,
                ${age('xact_start', 'true')} as longest_transaction_seconds,
                count(*) filter (where ${idle})::float8 as idle_in_transaction_sessions,
                ${age('state_change', idle)} as idle_in_transaction_longest_seconds,
                count(*) filter (where wait_event_type = 'Lock')::float8 as blocked_sessions
           from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
      ),
    );
  },
};

const DATABASE_COUNTERS = `
  select datname as database, xact_commit::float8 as commits, xact_rollback::float8 as rollbacks, blks_read::float8 as read,
         blks_hit::float8 as hit, temp_bytes::float8 as temp, deadlocks::float8 as deadlocks,
         (tup_inserted + tup_updated + tup_deleted)::float8 as written
    from pg_stat_database where datname is not null and datname not in ('template0', 'template1')
   order by xact_commit + xact_rollback desc limit ${TOP_DATABASES}`;

const databaseOf = (row: Row): Labels => ({ database: String(row['database']) });

const transactions: PostgresGroup = {
  name: 'transactions',
  intervalMs: 30_000,
  metrics: [
    spec(
      'transactions_per_second',
      '1/s',
      'pg_stat_database',
      'Commits and rollbacks since the last collection',
      ['database'],
    ),
    spec('rollbacks_per_second', '1/s', 'pg_stat_database', 'Rollbacks since the last collection', [
      'database',
    ]),
    spec('rows_written_per_second', '1/s', 'pg_stat_database', 'Rows inserted, updated and deleted', [
      'database',
    ]),
    spec(
      'temp_bytes_per_second',
      'bytes/s',
      'pg_stat_database',
      'Written to temporary files: work_mem is too small',
      ['database'],
    ),
  ],
  async read({ query, rates, at }) {
    const rows = await query(DATABASE_COUNTERS);
    return rows.flatMap((row) => {
      const labels = databaseOf(row);
      const rate = (name: string, counter: number): Sample[] =>
        sample(name, rates.perSecond(`${name}|${labels['database']}`, counter, at), labels);
      return [
        ...rate('transactions_per_second', Number(row['commits']) + Number(row['rollbacks'])),
        ...rate('rollbacks_per_second', Number(row['rollbacks'])),
        ...rate('rows_written_per_second', Number(row['written'])),
        ...rate('temp_bytes_per_second', Number(row['temp'])),
      ];
    });
  },
};

const cache: PostgresGroup = {
  name: 'cache',
  intervalMs: 60_000,
  metrics: [
    spec(
      'cache_hit_percent',
      'percent',
      'pg_stat_database',
      'Block reads found in shared buffers since the statistics were reset',
      ['database'],
    ),
    spec(
      'cache_hit_recent_percent',
      'percent',
      'pg_stat_database',
      'The same since the last collection; none while nothing is read',
      ['database'],
    ),
  ],
  async read({ query, rates }) {
    const rows = await query(DATABASE_COUNTERS);
    return rows.flatMap((row) => {
      const labels = databaseOf(row);
      const [hit, read] = [Number(row['hit']), Number(row['read'])];
      const newHit = rates.increase(`hit|${labels['database']}`, hit);
      const newRead = rates.increase(`read|${labels['database']}`, read);
      const recent = newHit === null || newRead === null ? null : percentOf(newHit, newHit + newRead);
      return [
        ...sample('cache_hit_percent', percentOf(hit, hit + read), labels),
        ...sample('cache_hit_recent_percent', recent, labels),
      ];
    });
  },
};

const percentOf = (part: number, whole: number): number | null => (whole > 0 ? (100 * part) / whole : null);

const LOCK_MODES = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

const locks: PostgresGroup = {
  name: 'locks',
  intervalMs: 30_000,
  metrics: [
    spec('locks_granted', 'count', 'pg_locks', 'Locks that are held'),
    spec('locks_waiting', 'count', 'pg_locks', 'Locks that are waited for'),
    spec(
      'lock_wait_longest_seconds',
      'seconds',
      'pg_locks',
      'Age of the oldest wait (PostgreSQL 14 and later), 0 for none',
    ),
    spec('locks_by_mode', 'count', 'pg_locks', `Locks that are held, by mode: ${LOCK_MODES.join(', ')}`, [
      'mode',
    ]),
  ],
  async read({ query }) {
    // waitstart came with 14; to_jsonb answers null for a column that is not there.
    const rows = await query(
      `select mode, granted, count(*)::float8 as n,
              extract(epoch from max(clock_timestamp() - (to_jsonb(l) ->> 'waitstart')::timestamptz))::float8 as wait
         from pg_locks l where pid is distinct from pg_backend_pid() group by 1, 2`,
    );
    const sum = (granted: boolean, mode?: string): number =>
      rows
        .filter((row) => row['granted'] === granted && (mode === undefined || row['mode'] === mode))
        .reduce((total, row) => total + Number(row['n']), 0);
    return [
      { name: 'locks_granted', value: sum(true) },
      { name: 'locks_waiting', value: sum(false) },
      {
        name: 'lock_wait_longest_seconds',
        value: Math.max(0, ...rows.map((row) => Number(row['wait'] ?? 0))),
      },
      ...LOCK_MODES.map((mode) => ({ name: 'locks_by_mode', value: sum(true, mode), labels: { mode } })),
    ];
  },
};

const deadlocks: PostgresGroup = {
  name: 'deadlocks',
  intervalMs: 300_000,
  metrics: [
    spec('deadlocks_total', 'count', 'pg_stat_database', 'Deadlocks since the statistics were reset', [
      'database',
    ]),
    spec('deadlocks_new', 'count', 'pg_stat_database', 'Deadlocks since the last collection', ['database']),
  ],
  async read({ query, rates }) {
    const rows = await query(DATABASE_COUNTERS);
    return rows.flatMap((row) => {
      const labels = databaseOf(row);
      const total = Number(row['deadlocks']);
      return [
        { name: 'deadlocks_total', value: total, labels },
        ...sample('deadlocks_new', rates.increase(`deadlocks|${labels['database']}`, total), labels),
      ];
    });
  },
};

const replication: PostgresGroup = {
  name: 'replication',
  intervalMs: 30_000,
  metrics: [
    spec('replication_is_replica', '1', 'pg_is_in_recovery()', '1 on a replica, 0 on a primary'),
    spec('replicas_connected', 'count', 'pg_stat_replication', 'Replicas that stream from this server'),
    spec('replication_lag_bytes', 'bytes', 'pg_stat_replication', 'WAL that the replica has not replayed', [
      'replica',
    ]),
    spec(
      'replication_lag_seconds',
      'seconds',
      'pg_stat_replication',
      'replay_lag of the replica, 0 when it has caught up',
      ['replica'],
    ),
    spec(
      'replica_replay_lag_bytes',
      'bytes',
      'pg_last_wal_replay_lsn()',
      'On a replica: WAL received and not replayed',
    ),
    spec(
      'replica_replay_lag_seconds',
      'seconds',
      'pg_last_xact_replay_timestamp()',
      'On a replica: age of the last replayed transaction, 0 when all that was received is replayed',
    ),
    spec(
      'replica_receiving',
      '1',
      'pg_stat_wal_receiver',
      'On a replica: 1 while it streams from its primary',
    ),
    spec(
      'replication_slot_retained_bytes',
      'bytes',
      'pg_replication_slots',
      'WAL that the slot keeps from being removed',
      ['slot'],
    ),
    spec('replication_slots_inactive', 'count', 'pg_replication_slots', 'Slots that nobody reads from'),
  ],
  async read({ query }) {
    const [state] = await query(
      `select pg_is_in_recovery() as replica,
              (case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end)::text as lsn`,
    );
    const replica = state?.['replica'] === true;
    const lsn = state?.['lsn'];
    return [
      { name: 'replication_is_replica', value: replica ? 1 : 0 },
      ...(await replicasOf(query, lsn)),
      ...(await slotsOf(query, lsn)),
      ...(replica ? await ownLag(query) : []),
    ];
  },
};

async function replicasOf(query: Reading['query'], lsn: unknown): Promise<Sample[]> {
  // Two replicas may call themselves alike; they become one series, and the one further behind decides.
  const rows = await query(
    `select coalesce(nullif(application_name, ''), 'unnamed') || coalesce('@' || host(client_addr), '') as replica,
            count(*)::float8 as n,
            greatest(0, max(pg_wal_lsn_diff($1::pg_lsn, replay_lsn)))::float8 as replication_lag_bytes,
            extract(epoch from max(coalesce(replay_lag, interval '0')))::float8 as replication_lag_seconds
       from pg_stat_replication where state is distinct from 'backup' group by 1`,
    [lsn],
  );
  const connected = rows.reduce((sum, row) => sum + Number(row['n']), 0);
  const lags = samplesOf(rows, ['replica']).filter((each) => each.name !== 'n');
  return [{ name: 'replicas_connected', value: connected }, ...lags];
}

async function slotsOf(query: Reading['query'], lsn: unknown): Promise<Sample[]> {
  const rows = await query(
    `select slot_name as slot, active, greatest(0, pg_wal_lsn_diff($1::pg_lsn, restart_lsn))::float8 as retained
       from pg_replication_slots order by 3 desc nulls last limit 50`,
    [lsn],
  );
  return [
    { name: 'replication_slots_inactive', value: rows.filter((row) => row['active'] === false).length },
    ...rows.flatMap((row) =>
      sample('replication_slot_retained_bytes', row['retained'], { slot: String(row['slot']) }),
    ),
  ];
}

async function ownLag(query: Reading['query']): Promise<Sample[]> {
  return samplesOf(
    await query(
      `select greatest(0, pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()))::float8 as replica_replay_lag_bytes,
              (case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
                    else greatest(0, extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())) end)::float8
                as replica_replay_lag_seconds,
              (select count(*) from pg_stat_wal_receiver where status = 'streaming')::float8 as replica_receiving`,
    ),
  );
}

const sizes: PostgresGroup = {
  name: 'sizes',
  intervalMs: 300_000,
  metrics: [
    spec(
      'database_size_bytes',
      'bytes',
      'pg_database_size()',
      `Size on disk, of the ${TOP_DATABASES} largest`,
      ['database'],
    ),
    spec(
      'table_size_bytes',
      'bytes',
      'pg_total_relation_size()',
      `Size with indexes and TOAST, of the ${TOP_TABLES} largest tables of the connected database; a table that is being rewritten is left out`,
      ['database', 'schema', 'table'],
    ),
    spec('table_live_rows', 'count', 'pg_stat_user_tables', 'Estimated live rows of the same tables', [
      'database',
      'schema',
      'table',
    ]),
    spec('table_dead_rows', 'count', 'pg_stat_user_tables', 'Estimated dead rows: vacuum is behind', [
      'database',
      'schema',
      'table',
    ]),
  ],
  async read({ query }) {
    const databases = await query(
      `select datname as database, pg_database_size(oid)::float8 as database_size_bytes from pg_database
        where datallowconn and (has_database_privilege(oid, 'CONNECT') or pg_has_role('pg_read_all_stats', 'USAGE'))
        order by 2 desc limit ${TOP_DATABASES}`,
    );
    // Measuring a table waits for whoever holds it exclusively.
    const tables = await query(
      `select current_database() as database, s.schemaname as schema, s.relname as "table",
              pg_total_relation_size(s.relid)::float8 as table_size_bytes,
              s.n_live_tup::float8 as table_live_rows, s.n_dead_tup::float8 as table_dead_rows
         from pg_stat_user_tables s
        where not exists (select from pg_locks l where l.relation = s.relid and l.mode = 'AccessExclusiveLock'
                             and l.database = (select oid from pg_database where datname = current_database()))
        order by 4 desc nulls last limit ${TOP_TABLES}`,
    );
    return [...samplesOf(databases, ['database']), ...samplesOf(tables, ['database', 'schema', 'table'])];
  },
};

const vacuum: PostgresGroup = {
  name: 'vacuum',
  intervalMs: 300_000,
  metrics: [
    spec(
      'wraparound_percent',
      'percent',
      'pg_database',
      'Transaction ids used up since the oldest freeze; at 100 the server stops',
      ['database'],
    ),
    spec('autovacuum_workers', 'count', 'pg_stat_activity', 'Autovacuum workers that run'),
  ],
  async read({ query }) {
    const ages = await query(
      `select datname as database, (100.0 * age(datfrozenxid) / 2147483647)::float8 as wraparound_percent
         from pg_database order by 2 desc limit ${TOP_DATABASES}`,
    );
    const workers = await query(
      `select count(*)::float8 as autovacuum_workers from pg_stat_activity where backend_type = 'autovacuum worker'`,
    );
    return [...samplesOf(ages, ['database']), ...samplesOf(workers)];
  },
};

const STATEMENT_LABELS = ['database', 'queryid'];

const slowQueries: PostgresGroup = {
  name: 'slow_queries',
  intervalMs: 60_000,
  metrics: [
    spec('slow_statements', 'count', 'pg_stat_statements', 'Kinds of statements whose mean time is over 1 s'),
    spec(
      'slowest_statement_mean_seconds',
      'seconds',
      'pg_stat_statements',
      'The highest mean time of any kind of statement',
    ),
    spec(
      'statement_calls_per_second',
      '1/s',
      'pg_stat_statements',
      'Statements run since the last collection',
    ),
    spec(
      'statement_mean_seconds',
      'seconds',
      'pg_stat_statements',
      `Mean time, of the ${TOP_STATEMENTS} with the most time in all`,
      STATEMENT_LABELS,
    ),
    spec(
      'statement_calls',
      'count',
      'pg_stat_statements',
      'Calls of the same statements since the statistics were reset',
      STATEMENT_LABELS,
    ),
  ],
  async read({ query, rates, at }) {
    const view = await statementsView(query);
    if (view === null) return [];
    const [totals] = await query(
      `select count(*) filter (where ${view.mean} > ${SLOW_STATEMENT_MS})::float8 as slow_statements,
              coalesce(max(${view.mean}) / 1000, 0)::float8 as slowest_statement_mean_seconds, coalesce(sum(calls), 0)::float8 as calls
         from ${view.name}`,
    );
    const top = await query(
      `select d.datname as database, s.queryid::text as queryid, s.${view.mean} / 1000 as statement_mean_seconds, s.calls::float8 as statement_calls
         from ${view.name} s join pg_database d on d.oid = s.dbid where s.queryid is not null
        order by s.${view.total} desc limit ${TOP_STATEMENTS}`,
    );
    const { calls, ...rest } = totals ?? {};
    return [
      ...samplesOf([rest]),
      ...sample('statement_calls_per_second', rates.perSecond('statement_calls', Number(calls), at)),
      ...samplesOf(top, STATEMENT_LABELS),
    ];
  },
};

interface StatementsView {
  readonly name: string;
  readonly mean: string;
  readonly total: string;
}

/** The view's place and its columns' names, or null where the extension is not installed or not loaded. */
async function statementsView(query: Reading['query']): Promise<StatementsView | null> {
  const [found] = await query(
    `select format('%I.pg_stat_statements', n.nspname) as name,
            exists (select from pg_attribute where attrelid = c.oid and attname = 'mean_exec_time') as renamed
       from pg_extension e join pg_namespace n on n.oid = e.extnamespace
       join pg_class c on c.relnamespace = n.oid and c.relname = 'pg_stat_statements'
      where e.extname = 'pg_stat_statements'
        and (select count(*) from pg_settings where name = 'pg_stat_statements.max') = 1`,
  );
  if (found === undefined) return null;
  const infix = found['renamed'] === true ? '_exec' : '';
  return { name: String(found['name']), mean: `mean${infix}_time`, total: `total${infix}_time` };
}

export const POSTGRES_GROUPS: readonly PostgresGroup[] = [
  availability,
  connections,
  sessions,
  transactions,
  cache,
  locks,
  deadlocks,
  replication,
  sizes,
  vacuum,
  slowQueries,
];
