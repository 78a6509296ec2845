/** What a collector would read from a synthetic database: the groups and metrics of the catalogue, which a test compares. */
import type { TargetType } from '../port';
import type { Sample } from '../port';
import type { Conditions } from './conditions';

type Group = (now: Conditions) => Sample[];
type Values = Readonly<Record<string, number>>;

const GIB = 2 ** 30;
const MEMORY_BYTES = 32 * GIB;
const DISK_BYTES = 500 * GIB;
const SWAP_BYTES = 4 * GIB;
const CORES = 8;
const BOOTED_SECONDS = 12 * 86_400;
const DATABASE = 'orders';
const STATEMENT = '7264120911539417012';

const round = (value: number): number => Math.round(value * 1_000) / 1_000;

/** Samples of one label set. */
const of = (values: Values, labels?: Readonly<Record<string, string>>): Sample[] =>
  Object.entries(values).map(([name, value]) =>
    labels === undefined ? { name, value: round(value) } : { name, value: round(value), labels },
  );

/** Samples of one metric, a series for each value of a label. */
const by = (name: string, label: string, values: Values): Sample[] =>
  Object.entries(values).map(([key, value]) => ({ name, value: round(value), labels: { [label]: key } }));

const uptime = (now: Conditions): Sample[] => of({ uptime_seconds: BOOTED_SECONDS + now.elapsed });

const connectionsOf = (now: Conditions): Values => ({
  connections_used: now.connections,
  connections_max: now.connectionsMax,
  connections_used_percent: (100 * now.connections) / now.connectionsMax,
});

const locksOf = (now: Conditions): Values => ({
  locks_granted: 4 * now.active + 3 * now.idleInTransaction,
  locks_waiting: now.blocked,
});

const databaseBytes = (now: Conditions): number => 900 * now.totals.rows;

const postgresql: Readonly<Record<string, Group>> = {
  availability: uptime,
  connections: (now) => [
    ...of(connectionsOf(now)),
    ...by('connections', 'state', {
      active: now.active,
      idle: Math.max(0, now.connections - now.active - now.idleInTransaction),
      'idle in transaction': now.idleInTransaction,
      'idle in transaction (aborted)': 0,
      'fastpath function call': 0,
      disabled: 0,
      unknown: 0,
    }),
  ],
  sessions: (now) =>
    of({
      long_running_queries: now.longRunning,
      longest_query_seconds: now.longestQuery,
      longest_transaction_seconds: Math.max(now.longestQuery, now.idleInTransactionLongest),
      idle_in_transaction_sessions: now.idleInTransaction,
      idle_in_transaction_longest_seconds: now.idleInTransaction === 0 ? 0 : now.idleInTransactionLongest,
      blocked_sessions: now.blocked,
    }),
  transactions: (now) =>
    of(
      {
        transactions_per_second: 400 * now.load,
        rollbacks_per_second: 2 * now.load + now.deadlocks / now.step,
        rows_written_per_second: 150 * now.load,
        temp_bytes_per_second: 2e5 * now.load,
      },
      { database: DATABASE },
    ),
  cache: (now) =>
    of({ cache_hit_percent: 98.5, cache_hit_recent_percent: 100 * now.cacheHit }, { database: DATABASE }),
  locks: (now) => [
    ...of({ ...locksOf(now), lock_wait_longest_seconds: now.longestBlocked }),
    ...by('locks_by_mode', 'mode', {
      AccessShareLock: 3 * now.active,
      RowShareLock: 0,
      RowExclusiveLock: now.active + 3 * now.idleInTransaction,
      ShareUpdateExclusiveLock: 0,
      ShareLock: 0,
      ShareRowExclusiveLock: 0,
      ExclusiveLock: 0,
      AccessExclusiveLock: now.blocked > 0 ? 1 : 0,
    }),
  ],
  deadlocks: (now) =>
    of({ deadlocks_total: now.totals.deadlocks, deadlocks_new: now.deadlocks }, { database: DATABASE }),
  replication: (now) => [
    ...of({ replication_is_replica: 0, replicas_connected: 1, replication_slots_inactive: 0 }),
    ...of(
      { replication_lag_bytes: now.lagBytes, replication_lag_seconds: now.lag },
      { replica: 'replica-1@10.0.0.2' },
    ),
    ...of({ replication_slot_retained_bytes: now.lagBytes + 16 * 2 ** 20 }, { slot: 'replica_1' }),
  ],
  sizes: (now) => [
    ...of({ database_size_bytes: databaseBytes(now) }, { database: DATABASE }),
    ...of(
      {
        table_size_bytes: 0.7 * databaseBytes(now),
        table_live_rows: now.totals.rows,
        table_dead_rows: 0.01 * now.totals.rows,
      },
      { database: DATABASE, schema: 'public', table: 'orders' },
    ),
  ],
  vacuum: (now) => [
    ...of({ wraparound_percent: 8 + now.elapsed / 1e6 }, { database: DATABASE }),
    ...of({ autovacuum_workers: now.load > 0.4 ? 1 : 0 }),
  ],
  slow_queries: (now) => [
    ...of({
      slow_statements: now.statementMean > 1 ? 1 : 0,
      slowest_statement_mean_seconds: now.statementMean,
      statement_calls_per_second: 400 * now.load,
    }),
    ...of(
      { statement_mean_seconds: now.statementMean, statement_calls: Math.round(now.totals.statements) },
      { database: DATABASE, queryid: STATEMENT },
    ),
  ],
};

const mongodb: Readonly<Record<string, Group>> = {
  availability: uptime,
  connections: (now) => of({ ...connectionsOf(now), connections_active: now.active }),
  operations: (now) => [
    ...by('operations_per_second', 'operation', {
      insert: 60 * now.load,
      query: 300 * now.load,
      update: 80 * now.load,
      delete: 5 * now.load,
      getmore: 40 * now.load,
      command: 120 * now.load,
    }),
    ...by('queued_operations', 'kind', { readers: 0, writers: now.blocked }),
    ...of({
      commands_per_second: 600 * now.load,
      failed_commands_per_second: 0.5 * now.load,
      cursors_open: Math.round(40 * now.load),
      assertions_per_second: 0.4 * now.load,
      network_receive_bytes_per_second: 4e5 * now.load,
      network_transmit_bytes_per_second: 3e6 * now.load,
    }),
  ],
  memory: (now) =>
    of({
      memory_resident_bytes: Math.round(now.memory * MEMORY_BYTES),
      cache_used_percent: 80 + 10 * now.load,
      cache_dirty_percent: 2 + 4 * now.load,
      page_faults_per_second: 200 * (1 - now.cacheHit),
    }),
  slow_operations: (now) =>
    of({
      long_running_operations: now.longRunning,
      longest_operation_seconds: now.longestQuery,
      blocked_operations: now.blocked,
    }),
  replication: (now) => [
    ...of({ replication_is_replica: 0, replicas_connected: 1, replication_has_primary: 1 }),
    ...by('replication_member_healthy', 'member', { 'member-1:27017': 1, 'member-2:27017': 1 }),
    ...by('replication_lag_seconds', 'member', { 'member-2:27017': now.lag }),
  ],
  sizes: (now) =>
    of(
      {
        database_size_bytes: 0.5 * databaseBytes(now),
        database_data_bytes: databaseBytes(now),
        database_index_bytes: 0.1 * databaseBytes(now),
        database_objects: Math.round(now.totals.rows),
        database_collections: 24,
      },
      { database: DATABASE },
    ),
};

const mssql: Readonly<Record<string, Group>> = {
  availability: uptime,
  connections: (now) => [
    ...of(connectionsOf(now)),
    ...by('connections', 'state', {
      running: now.active,
      sleeping: Math.max(0, now.connections - now.active),
      dormant: 0,
      preconnect: 0,
    }),
  ],
  sessions: (now) =>
    of({
      requests_running: now.active,
      long_running_queries: now.longRunning,
      longest_query_seconds: now.longestQuery,
      blocked_sessions: now.blocked,
      longest_blocked_seconds: now.longestBlocked,
      idle_in_transaction_sessions: now.idleInTransaction,
      idle_in_transaction_longest_seconds: now.idleInTransaction === 0 ? 0 : now.idleInTransactionLongest,
    }),
  performance: (now) =>
    of({
      batch_requests_per_second: 500 * now.load,
      compilations_per_second: 30 * now.load,
      transactions_per_second: 400 * now.load,
      lock_waits_per_second: now.blocked,
      cache_hit_percent: 100 * now.cacheHit,
      page_life_expectancy_seconds: Math.max(20, 4_000 * (now.cacheHit - 0.3)),
      memory_grants_pending: 0,
      memory_used_bytes: Math.round(0.6 * MEMORY_BYTES),
      memory_target_bytes: Math.round(0.7 * MEMORY_BYTES),
    }),
  deadlocks: (now) => of({ deadlocks_total: now.totals.deadlocks, deadlocks_new: now.deadlocks }),
  waits: (now) =>
    by('wait_seconds_per_second', 'wait_type', {
      PAGEIOLATCH_SH: 0.4 * now.load,
      WRITELOG: 0.2 * now.load,
      LCK_M_X: now.blocked,
    }),
  locks: (now) => of(locksOf(now)),
  databases: (now) => [
    ...of({ databases_not_online: 0 }),
    ...by('database_online', 'database', { master: 1, [DATABASE]: 1 }),
    ...by('log_used_percent', 'database', { [DATABASE]: 100 * now.disk - 20 }),
  ],
  sizes: (now) =>
    of(
      { database_size_bytes: databaseBytes(now), log_size_bytes: 0.1 * databaseBytes(now) },
      { database: DATABASE },
    ),
  replication: (now) =>
    of(
      {
        replication_send_queue_bytes: 0.2 * now.lagBytes,
        replication_redo_queue_bytes: now.lagBytes,
        replication_synchronized: now.lag < 60 ? 1 : 0,
      },
      { database: DATABASE, replica: 'REPLICA-1' },
    ),
};

const WAREHOUSE = { warehouse: 'REPORTS_WH' };

const snowflake: Readonly<Record<string, Group>> = {
  availability: () => [],
  warehouses: (now) =>
    of(
      {
        warehouse_running_queries: Math.min(8, now.active),
        warehouse_queued_queries: Math.max(0, now.connections - 120) + now.blocked,
        warehouse_clusters_started: 1,
        warehouse_started: 1,
      },
      WAREHOUSE,
    ),
  load: (now) =>
    of(
      {
        warehouse_load_running: 4 * now.load,
        warehouse_load_queued: Math.max(0, now.connections - 120) / 10,
        warehouse_load_blocked: now.blocked / 10,
      },
      WAREHOUSE,
    ),
  queries: (now) => [
    ...of(
      {
        queries: Math.round(2_000 * now.load),
        failed_queries: Math.round(6 * now.load),
        query_mean_seconds: 10 * now.statementMean,
        query_longest_seconds: 60 + now.longestQuery,
        query_queued_mean_seconds: Math.max(0, now.connections - 120) / 20,
        query_spilled_bytes: now.statementMean > 1 ? 3 * GIB : 0,
      },
      WAREHOUSE,
    ),
    ...of({ query_history_lag_seconds: 1_200 + (now.elapsed % 900) }),
  ],
  logins: (now) => of({ failed_logins: Math.round(3 * now.load) }),
  credits: (now) => of({ credits_used_last_day: 20 + 10 * now.load }, WAREHOUSE),
  storage: (now) =>
    of({
      storage_bytes: 40 * databaseBytes(now),
      stage_bytes: 2 * databaseBytes(now),
      failsafe_bytes: databaseBytes(now),
    }),
};

const host: Readonly<Record<string, Group>> = {
  availability: uptime,
  cpu: (now) =>
    of({
      cpu_usage_percent: 100 * now.cpu,
      cpu_user_percent: 75 * now.cpu,
      cpu_system_percent: 25 * now.cpu,
      cpu_steal_percent: 0.1,
      cpu_cores: CORES,
      load_average_1m: now.cpu > 0.9 ? 2.4 : 1.1 * now.cpu,
    }),
  memory: (now) =>
    of({
      memory_total_bytes: MEMORY_BYTES,
      memory_available_bytes: Math.round((1 - now.memory) * MEMORY_BYTES),
      memory_usage_percent: 100 * now.memory,
      swap_used_bytes: Math.round(now.swap * SWAP_BYTES),
      swap_usage_percent: 100 * now.swap,
    }),
  disk: (now) =>
    of(
      {
        disk_size_bytes: DISK_BYTES,
        disk_used_bytes: Math.round(now.disk * DISK_BYTES),
        disk_available_bytes: Math.round((1 - now.disk) * DISK_BYTES),
        disk_usage_percent: 100 * now.disk,
      },
      { mount: '/var/lib/data', device: '/dev/sdb1' },
    ),
  disk_io: (now) =>
    of({
      disk_read_bytes_per_second: 2e6 * now.load + 4e8 * (1 - now.cacheHit),
      disk_write_bytes_per_second: 8e6 * now.load,
      disk_reads_per_second: 200 * now.load + 4e4 * (1 - now.cacheHit),
      disk_writes_per_second: 500 * now.load,
    }),
  network: (now) =>
    of(
      {
        network_receive_bytes_per_second: 1e6 * now.load,
        network_transmit_bytes_per_second: 6e6 * now.load,
        network_errors_per_second: now.networkErrors,
        network_drops_per_second: now.networkErrors / 2,
      },
      { interface: 'eth0' },
    ),
};

export const MEASURED: Readonly<Record<TargetType, Readonly<Record<string, Group>>>> = {
  postgresql,
  mongodb,
  mssql,
  snowflake,
  host,
};
