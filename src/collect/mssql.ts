/**
 * The collector of SQL Server 2016 and later, read from its dynamic management views with portable T-SQL. The login
 * needs VIEW SERVER STATE (from 2022 on VIEW SERVER PERFORMANCE STATE) and VIEW ANY DEFINITION. A view that the server
 * or edition lacks (no availability groups) leaves its metrics out and the others in.
 */
import type { ConnectionPool, config as MssqlConfig } from 'mssql';
import { TocsinError } from '../domain/errors';
import type { Row } from '../domain/runbook';
import { availabilityGroup } from './availability';
import type { Collector, Limits, MetricGroup, MetricSpec, Sample, Session, Unit, UpReason } from './port';
import { createRates, type Rates } from './rates';
import { chainOf, networkReason, textOf } from './reasons';
import { sample } from './samples';

const TOP_WAITS = 10;
const LONG_RUNNING_MS = 60_000;
const PAGE_BYTES = 8_192;
/** `user connections` 0 means the most that the server can do. */
const MOST_CONNECTIONS = 32_767;

interface Reading {
  query(text: string): Promise<readonly Row[]>;
  /** The rows, or none where the server has no such view or column, or does not grant it. */
  optional(text: string): Promise<readonly Row[]>;
  readonly rates: Rates;
  readonly at: number;
}

interface MssqlGroup extends MetricGroup {
  read(reading: Reading): Promise<readonly Sample[]>;
}

const spec = (
  name: string,
  unit: Unit,
  source: string,
  description: string,
  labels?: string[],
): MetricSpec =>
  labels === undefined ? { name, unit, source, description } : { name, unit, source, description, labels };

/** Text of a column without the blanks of nchar. */
const textIn = (row: Row, column: string): string => String(row[column] ?? '').trim();
const numberIn = (row: Row, column: string): number => Number(row[column] ?? NaN);

const availability: MssqlGroup = {
  ...availabilityGroup([
    spec('uptime_seconds', 'seconds', 'sys.dm_os_sys_info', 'Time since the server was started'),
  ]),
  async read({ query, optional }) {
    await query('select 1 as answer');
    const [row] = await optional(
      'select sqlserver_start_time as started, getdate() as now from sys.dm_os_sys_info',
    );
    // Both are the server's local time, so their difference is right in every time zone.
    return row === undefined ? [] : sample('uptime_seconds', secondsBetween(row, 'started', 'now'));
  },
};

function secondsBetween(row: Row, from: string, to: string): number | null {
  const [start, end] = [row[from], row[to]];
  if (!(start instanceof Date) || !(end instanceof Date)) return null;
  return Math.max(0, (end.getTime() - start.getTime()) / 1_000);
}

const SESSION_STATES = ['running', 'sleeping', 'dormant', 'preconnect'];

const connections: MssqlGroup = {
  name: 'connections',
  intervalMs: 15_000,
  metrics: [
    spec('connections_used', 'count', 'sys.dm_exec_sessions', 'User sessions, our own included'),
    spec('connections_max', 'count', 'sys.configurations', 'user connections; 32767 where it is not set'),
    spec(
      'connections_used_percent',
      'percent',
      'sys.dm_exec_sessions, sys.configurations',
      'connections_used of connections_max',
    ),
    spec(
      'connections',
      'count',
      'sys.dm_exec_sessions',
      `User sessions by status: ${SESSION_STATES.join(', ')}`,
      ['state'],
    ),
  ],
  async read({ query }) {
    const rows = await query(
      'select status, count(*) as n from sys.dm_exec_sessions where is_user_process = 1 group by status',
    );
    const [limit] = await query(
      "select cast(value_in_use as int) as n from sys.configurations where name = 'user connections'",
    );
    const byState = new Map(rows.map((row) => [textIn(row, 'status').toLowerCase(), numberIn(row, 'n')]));
    const used = [...byState.values()].reduce((sum, n) => sum + n, 0);
    const max = Number(limit?.['n'] ?? 0) || MOST_CONNECTIONS;
    return [
      { name: 'connections_used', value: used },
      { name: 'connections_max', value: max },
      { name: 'connections_used_percent', value: (100 * used) / max },
      ...SESSION_STATES.map((state) => ({
        name: 'connections',
        value: byState.get(state) ?? 0,
        labels: { state },
      })),
    ];
  },
};

const sessions: MssqlGroup = {
  name: 'sessions',
  intervalMs: 15_000,
  metrics: [
    spec('requests_running', 'count', 'sys.dm_exec_requests', 'Requests of users in progress'),
    spec(
      'long_running_queries',
      'count',
      'sys.dm_exec_requests',
      'Requests that have been running for over 60 s',
    ),
    spec('longest_query_seconds', 'seconds', 'sys.dm_exec_requests', 'Age of the oldest request, 0 for none'),
    spec('blocked_sessions', 'count', 'sys.dm_exec_requests', 'Requests that another session blocks'),
    spec(
      'longest_blocked_seconds',
      'seconds',
      'sys.dm_exec_requests',
      'For how long the longest of them has waited, 0 for none',
    ),
    spec(
      'idle_in_transaction_sessions',
      'count',
      'sys.dm_exec_sessions',
      'Sleeping sessions with an open transaction',
    ),
    spec(
      'idle_in_transaction_longest_seconds',
      'seconds',
      'sys.dm_exec_sessions',
      'For how long the longest of them has been idle, 0 for none',
    ),
  ],
  async read({ query }) {
    const requests = await query(
      `select r.session_id as session, r.total_elapsed_time as elapsed, r.wait_time as wait, r.blocking_session_id as blocker
         from sys.dm_exec_requests r join sys.dm_exec_sessions s on s.session_id = r.session_id
        where s.is_user_process = 1 and r.session_id <> @@spid`,
    );
    const idle = await query(
      `select last_request_end_time as since, getdate() as now from sys.dm_exec_sessions
        where is_user_process = 1 and status = 'sleeping' and open_transaction_count > 0`,
    );
    const blocked = requests.filter((row) => numberIn(row, 'blocker') !== 0 && row['blocker'] !== null);
    const elapsed = requests.map((row) => numberIn(row, 'elapsed'));
    return [
      { name: 'requests_running', value: requests.length },
      { name: 'long_running_queries', value: elapsed.filter((ms) => ms > LONG_RUNNING_MS).length },
      { name: 'longest_query_seconds', value: Math.max(0, ...elapsed) / 1_000 },
      { name: 'blocked_sessions', value: blocked.length },
      {
        name: 'longest_blocked_seconds',
        value: Math.max(0, ...blocked.map((row) => numberIn(row, 'wait'))) / 1_000,
      },
      { name: 'idle_in_transaction_sessions', value: idle.length },
      {
        name: 'idle_in_transaction_longest_seconds',
        value: Math.max(0, ...idle.map((row) => secondsBetween(row, 'since', 'now') ?? 0)),
      },
    ];
  },
};

/** A counter of sys.dm_os_performance_counters: `object_name` ends with the object after the instance's prefix. */
interface Counter {
  readonly object: string;
  readonly counter: string;
  readonly instance?: string;
}

const COUNTERS = {
  batches: { object: 'SQL Statistics', counter: 'Batch Requests/sec' },
  compilations: { object: 'SQL Statistics', counter: 'SQL Compilations/sec' },
  hits: { object: 'Buffer Manager', counter: 'Buffer cache hit ratio' },
  hitsBase: { object: 'Buffer Manager', counter: 'Buffer cache hit ratio base' },
  pageLife: { object: 'Buffer Manager', counter: 'Page life expectancy' },
  grants: { object: 'Memory Manager', counter: 'Memory Grants Pending' },
  memory: { object: 'Memory Manager', counter: 'Total Server Memory (KB)' },
  memoryTarget: { object: 'Memory Manager', counter: 'Target Server Memory (KB)' },
  transactions: { object: 'Databases', counter: 'Transactions/sec', instance: '_Total' },
  deadlocks: { object: 'Locks', counter: 'Number of Deadlocks/sec', instance: '_Total' },
  lockWaits: { object: 'Locks', counter: 'Lock Waits/sec', instance: '_Total' },
} as const satisfies Record<string, Counter>;

const PERFORMANCE_COUNTERS = `
  select object_name, counter_name, instance_name, cntr_value from sys.dm_os_performance_counters
   where counter_name in (${[...new Set(Object.values(COUNTERS).map((each) => `'${each.counter}'`)), "'Percent Log Used'"].join(', ')})`;

/** The value of a counter; null when the server does not have it. */
function counterIn(rows: readonly Row[], wanted: Counter): number | null {
  const found = rows.find(
    (row) =>
      textIn(row, 'counter_name') === wanted.counter &&
      textIn(row, 'object_name').endsWith(`:${wanted.object}`) &&
      (wanted.instance === undefined || textIn(row, 'instance_name') === wanted.instance),
  );
  return found === undefined ? null : numberIn(found, 'cntr_value');
}

const performance: MssqlGroup = {
  name: 'performance',
  intervalMs: 30_000,
  metrics: [
    spec(
      'batch_requests_per_second',
      '1/s',
      'sys.dm_os_performance_counters',
      'Batches since the last collection',
    ),
    spec(
      'compilations_per_second',
      '1/s',
      'sys.dm_os_performance_counters',
      'SQL compilations since the last collection',
    ),
    spec(
      'transactions_per_second',
      '1/s',
      'sys.dm_os_performance_counters',
      'Transactions begun in all databases',
    ),
    spec('lock_waits_per_second', '1/s', 'sys.dm_os_performance_counters', 'Lock requests that had to wait'),
    spec('cache_hit_percent', 'percent', 'sys.dm_os_performance_counters', 'Pages found in the buffer cache'),
    spec(
      'page_life_expectancy_seconds',
      'seconds',
      'sys.dm_os_performance_counters',
      'How long a page stays in the buffer cache',
    ),
    spec(
      'memory_grants_pending',
      'count',
      'sys.dm_os_performance_counters',
      'Queries that wait for workspace memory',
    ),
    spec('memory_used_bytes', 'bytes', 'sys.dm_os_performance_counters', 'Memory that the server holds'),
    spec(
      'memory_target_bytes',
      'bytes',
      'sys.dm_os_performance_counters',
      'Memory that the server would like to hold',
    ),
  ],
  async read({ query, rates, at }) {
    const rows = await query(PERFORMANCE_COUNTERS);
    const value = (wanted: Counter): number | null => counterIn(rows, wanted);
    const rate = (name: string, wanted: Counter): Sample[] => {
      const counter = value(wanted);
      return counter === null ? [] : sample(name, rates.perSecond(name, counter, at));
    };
    const bytes = (wanted: Counter): number | null =>
      value(wanted) === null ? null : value(wanted)! * 1_024;
    const [hits, base] = [value(COUNTERS.hits), value(COUNTERS.hitsBase)];
    return [
      ...rate('batch_requests_per_second', COUNTERS.batches),
      ...rate('compilations_per_second', COUNTERS.compilations),
      ...rate('transactions_per_second', COUNTERS.transactions),
      ...rate('lock_waits_per_second', COUNTERS.lockWaits),
      ...sample('cache_hit_percent', hits === null || !base ? null : (100 * hits) / base),
      ...sample('page_life_expectancy_seconds', value(COUNTERS.pageLife)),
      ...sample('memory_grants_pending', value(COUNTERS.grants)),
      ...sample('memory_used_bytes', bytes(COUNTERS.memory)),
      ...sample('memory_target_bytes', bytes(COUNTERS.memoryTarget)),
    ];
  },
};

const deadlocks: MssqlGroup = {
  name: 'deadlocks',
  intervalMs: 300_000,
  metrics: [
    spec(
      'deadlocks_total',
      'count',
      'sys.dm_os_performance_counters',
      'Deadlocks since the server was started',
    ),
    spec('deadlocks_new', 'count', 'sys.dm_os_performance_counters', 'Deadlocks since the last collection'),
  ],
  async read({ query, rates }) {
    const total = counterIn(await query(PERFORMANCE_COUNTERS), COUNTERS.deadlocks);
    if (total === null) return [];
    return [
      { name: 'deadlocks_total', value: total },
      ...sample('deadlocks_new', rates.increase('deadlocks', total)),
    ];
  },
};

/** Waits of the server's own idle threads; they say nothing about anybody's work. */
const IDLE_WAITS =
  /SLEEP|IDLE|QUEUE|BROKER_|XE_|CLR_|WAITFOR|CHECKPOINT_QUEUE|REQUEST_FOR_DEADLOCK|LOGMGR|HADR_|DIRTY_PAGE_POLL|SP_SERVER_DIAGNOSTICS|FT_IFTS|QDS_|SOS_WORK_DISPATCHER|PREEMPTIVE_|PVS_|PWAIT_/;

const waits: MssqlGroup = {
  name: 'waits',
  intervalMs: 60_000,
  metrics: [
    spec(
      'wait_seconds_per_second',
      '1',
      'sys.dm_os_wait_stats',
      `Waiting sessions on average since the last collection, of the ${TOP_WAITS} wait types with the most; idle waits left out`,
      ['wait_type'],
    ),
  ],
  async read({ query, rates, at }) {
    const rows = await query(
      'select wait_type, wait_time_ms from sys.dm_os_wait_stats where wait_time_ms > 0',
    );
    return rows
      .filter((row) => !IDLE_WAITS.test(textIn(row, 'wait_type')))
      .flatMap((row) => {
        const wait_type = textIn(row, 'wait_type');
        const rate = rates.perSecond(wait_type, numberIn(row, 'wait_time_ms') / 1_000, at);
        return sample('wait_seconds_per_second', rate, { wait_type });
      })
      .sort((a, b) => b.value - a.value)
      .slice(0, TOP_WAITS);
  },
};

const locks: MssqlGroup = {
  name: 'locks',
  intervalMs: 30_000,
  metrics: [
    spec('locks_granted', 'count', 'sys.dm_tran_locks', 'Locks that are held'),
    spec('locks_waiting', 'count', 'sys.dm_tran_locks', 'Locks that are waited for'),
  ],
  async read({ query }) {
    const rows = await query(
      'select request_status, count(*) as n from sys.dm_tran_locks group by request_status',
    );
    const count = (accept: (status: string) => boolean): number =>
      rows
        .filter((row) => accept(textIn(row, 'request_status')))
        .reduce((sum, row) => sum + numberIn(row, 'n'), 0);
    return [
      { name: 'locks_granted', value: count((status) => status === 'GRANT') },
      { name: 'locks_waiting', value: count((status) => status === 'WAIT' || status === 'CONVERT') },
    ];
  },
};

const databases: MssqlGroup = {
  name: 'databases',
  intervalMs: 60_000,
  metrics: [
    spec('databases_not_online', 'count', 'sys.databases', 'Databases whose state is not ONLINE'),
    spec('database_online', '1', 'sys.databases', '1 when the database is ONLINE', ['database']),
    spec(
      'log_used_percent',
      'percent',
      'sys.dm_os_performance_counters',
      'Used part of the transaction log',
      ['database'],
    ),
  ],
  async read({ query }) {
    const rows = await query('select name, state_desc from sys.databases');
    const online = (row: Row): boolean => textIn(row, 'state_desc') === 'ONLINE';
    const logs = (await query(PERFORMANCE_COUNTERS)).filter(
      (row) =>
        textIn(row, 'counter_name') === 'Percent Log Used' &&
        !['_Total', 'mssqlsystemresource'].includes(textIn(row, 'instance_name')),
    );
    return [
      { name: 'databases_not_online', value: rows.filter((row) => !online(row)).length },
      ...rows.map((row) => ({
        name: 'database_online',
        value: online(row) ? 1 : 0,
        labels: { database: textIn(row, 'name') },
      })),
      ...logs.flatMap((row) =>
        sample('log_used_percent', row['cntr_value'], { database: textIn(row, 'instance_name') }),
      ),
    ];
  },
};

const sizes: MssqlGroup = {
  name: 'sizes',
  intervalMs: 300_000,
  metrics: [
    spec('database_size_bytes', 'bytes', 'sys.master_files', 'Size of the data files', ['database']),
    spec('log_size_bytes', 'bytes', 'sys.master_files', 'Size of the log files', ['database']),
  ],
  async read({ query }) {
    const rows = await query(
      `select d.name, f.type_desc, sum(cast(f.size as bigint)) as pages
         from sys.master_files f join sys.databases d on d.database_id = f.database_id group by d.name, f.type_desc`,
    );
    const metricOf: Readonly<Record<string, string>> = { ROWS: 'database_size_bytes', LOG: 'log_size_bytes' };
    return rows.flatMap((row) => {
      const name = metricOf[textIn(row, 'type_desc')];
      return name === undefined
        ? []
        : sample(name, numberIn(row, 'pages') * PAGE_BYTES, { database: textIn(row, 'name') });
    });
  },
};

const replication: MssqlGroup = {
  name: 'replication',
  intervalMs: 30_000,
  metrics: [
    spec(
      'replication_send_queue_bytes',
      'bytes',
      'sys.dm_hadr_database_replica_states',
      'Log not yet sent to the secondary',
      ['database', 'replica'],
    ),
    spec(
      'replication_redo_queue_bytes',
      'bytes',
      'sys.dm_hadr_database_replica_states',
      'Log not yet redone on the secondary',
      ['database', 'replica'],
    ),
    spec(
      'replication_synchronized',
      '1',
      'sys.dm_hadr_database_replica_states',
      '1 when SYNCHRONIZED, or SYNCHRONIZING without suspension',
      ['database', 'replica'],
    ),
  ],
  async read({ optional }) {
    const rows = await optional(
      `select d.name, r.replica_server_name, s.synchronization_state_desc, s.is_suspended, s.log_send_queue_size, s.redo_queue_size
         from sys.dm_hadr_database_replica_states s
         join sys.availability_replicas r on r.replica_id = s.replica_id
         join sys.databases d on d.database_id = s.database_id
        where s.is_primary_replica = 0`,
    );
    return rows.flatMap((row) => {
      const labels = { database: textIn(row, 'name'), replica: textIn(row, 'replica_server_name') };
      const state = textIn(row, 'synchronization_state_desc');
      const good = ['SYNCHRONIZED', 'SYNCHRONIZING'].includes(state) && !Number(row['is_suspended'] ?? 0);
      const kilobytes = (column: string): number | null =>
        row[column] === null ? null : numberIn(row, column) * 1_024;
      return [
        ...sample('replication_send_queue_bytes', kilobytes('log_send_queue_size'), labels),
        ...sample('replication_redo_queue_bytes', kilobytes('redo_queue_size'), labels),
        { name: 'replication_synchronized', value: good ? 1 : 0, labels },
      ];
    });
  },
};

const MSSQL_GROUPS: readonly MssqlGroup[] = [
  availability,
  connections,
  sessions,
  performance,
  deadlocks,
  waits,
  locks,
  databases,
  sizes,
  replication,
];

export const mssqlCollector: Collector = {
  type: 'mssql',
  groups: MSSQL_GROUPS,
  open: openMssql,
  classify: classifyMssql,
};

function openMssql(connection: string | null, limits: Limits): Session {
  if (connection === null)
    throw new TocsinError('TOC_CONFIG_INVALID', 'a SQL Server target needs a connection');
  const config = mssqlConfig(connection, limits);
  const rates = createRates();
  let connecting: Promise<ConnectionPool> | null = null;
  const connected = async (): Promise<ConnectionPool> => {
    connecting ??= openPool(config);
    try {
      return await connecting;
    } catch (error) {
      // The next collection tries anew.
      connecting = null;
      throw error;
    }
  };
  return {
    async collect(name, signal) {
      const group = MSSQL_GROUPS.find((each) => each.name === name);
      if (group === undefined) throw new TocsinError('TOC_USAGE', `SQL Server has no metric group "${name}"`);
      const pool = await connected();
      const query = (text: string): Promise<readonly Row[]> => cancellable(pool, text, signal);
      const optional = (text: string): Promise<readonly Row[]> => query(text).catch(noneWhereLacking);
      return await group.read({ query, optional, rates, at: Date.now() });
    },
    async close() {
      const open = connecting;
      connecting = null;
      const pool = await open?.catch(() => null);
      await pool?.close();
    },
  };
}

/** Only a process that watches a SQL Server loads its driver. */
async function openPool(config: MssqlConfig): Promise<ConnectionPool> {
  const mssql = await import('mssql');
  const pool = new mssql.ConnectionPool(config);
  // The error of an idle connection is no error of anybody's.
  pool.on('error', () => undefined);
  return await pool.connect();
}

async function cancellable(pool: ConnectionPool, text: string, signal: AbortSignal): Promise<readonly Row[]> {
  signal.throwIfAborted();
  const request = pool.request();
  const cancel = (): void => request.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return (await request.query<Row>(text)).recordset;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Invalid column, invalid object; object or server permission denied. */
const LACKS = new Set(['207', '208', '229', '300', '371']);

function noneWhereLacking(error: unknown): readonly Row[] {
  if (LACKS.has(textOf(error as object, 'number'))) return [];
  throw error;
}

/** `mssql://user:password@host:1433/database?encrypt=true&trustServerCertificate=false`; encrypted unless it says otherwise. */
export function mssqlConfig(connection: string, limits: Limits): MssqlConfig {
  const url = urlOf(connection);
  const flag = (name: string, standard: boolean): boolean =>
    url.searchParams.has(name) ? url.searchParams.get(name) !== 'false' : standard;
  return {
    server: url.hostname,
    port: url.port === '' ? 1433 : Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)) || 'master',
    connectionTimeout: limits.acquireMs,
    requestTimeout: limits.statementMs,
    // Asking every connection `SELECT 1` first would make the pool log in anew without end at a server that refuses.
    validateConnection: 'socket',
    pool: {
      min: limits.poolMin,
      max: limits.poolMax,
      idleTimeoutMillis: limits.idleMs,
      acquireTimeoutMillis: limits.acquireMs,
    },
    options: {
      appName: 'tocsin',
      encrypt: flag('encrypt', true),
      trustServerCertificate: flag('trustServerCertificate', false),
      readOnlyIntent: flag('readOnlyIntent', false),
    },
  };
}

function urlOf(connection: string): URL {
  try {
    return new URL(connection);
  } catch {
    // Without the cause: it would hold the secret.
    throw new TocsinError(
      'TOC_CONFIG_INVALID',
      'a SQL Server connection has the form mssql://user:password@host:1433/database',
    );
  }
}

/** Why a SQL Server target is not up, from the errors of mssql and tedious and the server's numbers. */
export function classifyMssql(error: unknown): UpReason {
  const parts = [...chainOf(error)];
  for (const part of parts) {
    if (textOf(part, 'code') === 'ELOGIN' || textOf(part, 'number') === '18456') return 'auth';
  }
  for (const part of parts) {
    const reason = networkReason(part);
    if (reason !== null) return reason;
  }
  for (const part of parts) {
    const [code, words] = [textOf(part, 'code'), `${textOf(part, 'name')} ${textOf(part, 'message')}`];
    if (/ENOTFOUND|EAI_AGAIN|getaddrinfo/.test(words)) return 'dns';
    if (code === 'ETIMEOUT' || /TimeoutError/.test(words)) return 'timeout';
    if (['ESOCKET', 'ECONNCLOSED', 'ENOTOPEN', 'EINSTLOOKUP'].includes(code)) return 'tcp';
  }
  return 'query';
}
