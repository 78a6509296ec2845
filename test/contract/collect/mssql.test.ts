/** The TDS protocol is real; the `sys` views are tables that the test fills with the vendor's columns. */
import { startMssql, type RunningServer } from '../../servers/launch';
import { waitFor } from '../../harness/wait-for';
import type { Client } from 'pg';
import {
  closedPort,
  collect,
  createDatabase,
  never,
  openSession,
  silentServer,
  upOf,
  valueOf,
  type OwnDatabase,
} from './harness';
import type { TargetSession } from '../../../src/collect/target-session';

const QUICK = { acquireMs: 800, statementMs: 800, resetMs: 300 };
const [USER, PASSWORD] = ['monitor', 'r1ght-secret'];

const VIEWS = `
  create schema sys;
  create table sys.dm_os_sys_info (sqlserver_start_time timestamp);
  create table sys.dm_exec_sessions (session_id int, is_user_process boolean, status varchar(30), open_transaction_count int, last_request_end_time timestamp);
  create table sys.dm_exec_requests (session_id int, total_elapsed_time int, wait_time int, blocking_session_id int);
  create table sys.configurations (name varchar(35), value_in_use int);
  create table sys.dm_os_performance_counters (object_name char(128), counter_name char(128), instance_name char(128), cntr_value bigint);
  create table sys.dm_os_wait_stats (wait_type varchar(60), wait_time_ms bigint);
  create table sys.dm_tran_locks (request_status varchar(60));
  create table sys.databases (name varchar(128), database_id int, state_desc varchar(60));
  create table sys.master_files (database_id int, type_desc varchar(60), size int);
  insert into sys.dm_os_sys_info values (localtimestamp - interval '1 hour');
  insert into sys.configurations values ('user connections', 100), ('max degree of parallelism', 8);
  insert into sys.databases values ('master', 1, 'ONLINE'), ('shop', 5, 'ONLINE');`;

describe('SQL Server', () => {
  let database: OwnDatabase;
  let shared: OwnDatabase;
  let server: RunningServer;
  let views: Client;
  let url: string;
  let session: TargetSession;
  beforeAll(async () => {
    [database, shared] = await Promise.all([createDatabase(), createDatabase()]);
    views = await database.connect();
    // Booleans of the vendor are bits, compared with 1.
    await views.query(
      `create function bit_is(boolean, int) returns boolean language sql as 'select $1 = ($2 <> 0)';
       create operator = (leftarg = boolean, rightarg = int, function = bit_is); ${VIEWS}`,
    );
    server = await startMssql(database.url, USER, PASSWORD);
    url = `mssql://${USER}:${PASSWORD}@127.0.0.1:${server.port}/shop?encrypt=false`;
    session = openSession('mssql', url);
  });
  afterAll(async () => {
    await session?.close();
    await server?.stop();
    await Promise.all([database?.drop(), shared?.drop()]);
  });

  it('is up and tells since when', async () => {
    const metrics = await collect(session, 'availability');
    expect(valueOf(metrics, 'up')).toBe(1);
    expect(valueOf(metrics, 'uptime_seconds')).toBeGreaterThan(3_590);
    expect(valueOf(metrics, 'uptime_seconds')).toBeLessThan(3_700);
  });

  it('connections follow the user sessions, against the configured limit or the most there can be', async () => {
    await views.query(
      `insert into sys.dm_exec_sessions values (1, false, 'background', 0, null), (51, true, 'running', 0, localtimestamp), (52, true, 'sleeping', 0, localtimestamp)`,
    );
    const metrics = await collect(session, 'connections');
    expect(valueOf(metrics, 'connections_used')).toBe(2);
    expect(valueOf(metrics, 'connections_used_percent')).toBe(2);
    expect(valueOf(metrics, 'connections', { state: 'sleeping' })).toBe(1);
    expect(valueOf(metrics, 'connections', { state: 'dormant' })).toBe(0);
    await views.query("update sys.configurations set value_in_use = 0 where name = 'user connections'");
    expect(valueOf(await collect(session, 'connections'), 'connections_max')).toBe(32_767);
  });

  it('sessions follow requests, blockers and idle transactions', async () => {
    await views.query(
      `insert into sys.dm_exec_sessions values (60, true, 'sleeping', 1, localtimestamp - interval '90 seconds'), (61, true, 'running', 1, null), (62, true, 'running', 0, null);
       insert into sys.dm_exec_requests values (1, 900000, 0, 0), (61, 75000, 0, 0), (62, 5000, 4000, 61)`,
    );
    const metrics = await collect(session, 'sessions');
    expect(valueOf(metrics, 'requests_running')).toBe(2);
    expect(valueOf(metrics, 'long_running_queries')).toBe(1);
    expect(valueOf(metrics, 'longest_query_seconds')).toBe(75);
    expect(valueOf(metrics, 'blocked_sessions')).toBe(1);
    expect(valueOf(metrics, 'longest_blocked_seconds')).toBe(4);
    expect(valueOf(metrics, 'idle_in_transaction_sessions')).toBe(1);
    expect(valueOf(metrics, 'idle_in_transaction_longest_seconds')).toBeGreaterThanOrEqual(90);
    expect(valueOf(metrics, 'idle_in_transaction_longest_seconds')).toBeLessThan(150);
  });

  it('performance counters: rates from what is counted, ratios with their base, named instances too', async () => {
    await views.query(
      `insert into sys.dm_os_performance_counters values
       ('MSSQL$PROD:SQL Statistics', 'Batch Requests/sec', '', 1000), ('MSSQL$PROD:Databases', 'Transactions/sec', '_Total', 500), ('MSSQL$PROD:Databases', 'Transactions/sec', 'shop', 1),
       ('MSSQL$PROD:Buffer Manager', 'Buffer cache hit ratio', '', 950), ('MSSQL$PROD:Buffer Manager', 'Buffer cache hit ratio base', '', 1000),
       ('MSSQL$PROD:Buffer Manager', 'Page life expectancy', '', 300), ('MSSQL$PROD:Buffer Node', 'Page life expectancy', '000', 7),
       ('MSSQL$PROD:Memory Manager', 'Memory Grants Pending', '', 3), ('MSSQL$PROD:Memory Manager', 'Total Server Memory (KB)', '', 2048),
       ('MSSQL$PROD:Locks', 'Number of Deadlocks/sec', '_Total', 4), ('MSSQL$PROD:Databases', 'Percent Log Used', 'shop', 83), ('MSSQL$PROD:Databases', 'Percent Log Used', '_Total', 40)`,
    );
    const first = await collect(session, 'performance');
    expect(valueOf(first, 'batch_requests_per_second')).toBeUndefined();
    expect(valueOf(first, 'cache_hit_percent')).toBe(95);
    expect(valueOf(first, 'page_life_expectancy_seconds')).toBe(300);
    expect(valueOf(first, 'memory_grants_pending')).toBe(3);
    expect(valueOf(first, 'memory_used_bytes')).toBe(2_097_152);
    await views.query('update sys.dm_os_performance_counters set cntr_value = cntr_value + 100');
    const second = await collect(session, 'performance');
    expect(valueOf(second, 'batch_requests_per_second')).toBeGreaterThan(0);
    expect(valueOf(second, 'transactions_per_second')).toBeCloseTo(
      valueOf(second, 'batch_requests_per_second')!,
      6,
    );
  });

  it('deadlocks: the total, and the new ones', async () => {
    const total = valueOf(await collect(session, 'deadlocks'), 'deadlocks_total')!;
    await views.query(
      "update sys.dm_os_performance_counters set cntr_value = cntr_value + 2 where counter_name = 'Number of Deadlocks/sec'",
    );
    const metrics = await collect(session, 'deadlocks');
    expect(valueOf(metrics, 'deadlocks_total')).toBe(total + 2);
    expect(valueOf(metrics, 'deadlocks_new')).toBe(2);
  });

  it('waits: who waits for what, without the idle threads', async () => {
    await views.query(
      "insert into sys.dm_os_wait_stats values ('PAGEIOLATCH_SH', 1000), ('LCK_M_X', 1000), ('LAZYWRITER_SLEEP', 1000)",
    );
    await collect(session, 'waits');
    await views.query(
      "update sys.dm_os_wait_stats set wait_time_ms = wait_time_ms + case wait_type when 'LCK_M_X' then 8000 else 2000 end",
    );
    const metrics = await collect(session, 'waits');
    const of = (wait_type: string) => valueOf(metrics, 'wait_seconds_per_second', { wait_type });
    expect(of('LCK_M_X')! / of('PAGEIOLATCH_SH')!).toBeCloseTo(4, 6);
    expect(of('LAZYWRITER_SLEEP')).toBeUndefined();
  });

  it('locks held and waited for', async () => {
    await views.query("insert into sys.dm_tran_locks values ('GRANT'), ('GRANT'), ('WAIT'), ('CONVERT')");
    const metrics = await collect(session, 'locks');
    expect(valueOf(metrics, 'locks_granted')).toBe(2);
    expect(valueOf(metrics, 'locks_waiting')).toBe(2);
  });

  it('databases: their state, their logs, their files', async () => {
    await views.query(
      "update sys.databases set state_desc = 'SUSPECT' where name = 'shop'; insert into sys.master_files values (5, 'ROWS', 1000), (5, 'ROWS', 24), (5, 'LOG', 100)",
    );
    const metrics = await collect(session, 'databases');
    expect(valueOf(metrics, 'databases_not_online')).toBe(1);
    expect(valueOf(metrics, 'database_online', { database: 'shop' })).toBe(0);
    expect(valueOf(metrics, 'log_used_percent', { database: 'shop' })).toBe(183);
    const sizes = await collect(session, 'sizes');
    expect(valueOf(sizes, 'database_size_bytes', { database: 'shop' })).toBe(1_024 * 8_192);
    expect(valueOf(sizes, 'log_size_bytes', { database: 'shop' })).toBe(100 * 8_192);
    await views.query('update sys.master_files set size = size * 2');
    expect(valueOf(await collect(session, 'sizes'), 'database_size_bytes', { database: 'shop' })).toBe(
      2_048 * 8_192,
    );
  });

  it('replication: nothing, and no error, without availability groups; the queues with them', async () => {
    expect((await collect(session, 'replication')).map((metric) => metric.metric_name)).toEqual([
      'collection_success',
    ]);
    await views.query(
      `create table sys.availability_replicas (replica_id int, replica_server_name varchar(256));
       create table sys.dm_hadr_database_replica_states (replica_id int, database_id int, is_primary_replica boolean, synchronization_state_desc varchar(60), is_suspended boolean, log_send_queue_size bigint, redo_queue_size bigint);
       insert into sys.availability_replicas values (1, 'SQL-A'), (2, 'SQL-B');
       insert into sys.dm_hadr_database_replica_states values (1, 5, true, 'SYNCHRONIZED', false, null, null), (2, 5, false, 'SYNCHRONIZING', false, 10, 20)`,
    );
    const replica = { database: 'shop', replica: 'SQL-B' };
    const metrics = await collect(session, 'replication');
    expect(valueOf(metrics, 'replication_send_queue_bytes', replica)).toBe(10_240);
    expect(valueOf(metrics, 'replication_redo_queue_bytes', replica)).toBe(20_480);
    expect(valueOf(metrics, 'replication_synchronized', replica)).toBe(1);
    await views.query('update sys.dm_hadr_database_replica_states set is_suspended = true');
    expect(valueOf(await collect(session, 'replication'), 'replication_synchronized', replica)).toBe(0);
  });

  it.each([
    ['dns', async () => `mssql://u:p@no-such-host.invalid/db?encrypt=false`],
    ['tcp', async () => `mssql://u:p@127.0.0.1:${await closedPort()}/db?encrypt=false`],
    ['auth', async () => url.replace(PASSWORD, 'wr0ng-secret')],
  ])('up 0: %s', async (reason, connection) => {
    const broken = openSession('mssql', await connection(), QUICK);
    const collected = await broken.collect('availability', never);
    expect(upOf(collected)).toMatchObject({ up: 0, reason });
    expect(JSON.stringify(collected.metrics)).not.toContain('wr0ng-secret');
    await broken.close();
  });

  it('up 0: timeout, for a server that never answers', async () => {
    const silent = await silentServer();
    const hung = openSession('mssql', `mssql://u:p@127.0.0.1:${silent.port}/db?encrypt=false`, QUICK);
    expect(upOf(await hung.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
    await hung.close();
    await silent.close();
  });

  it('up 1 => 0 timeout => 1 while the server hangs and goes on', async () => {
    const hanging = openSession('mssql', url, { ...QUICK, poolMin: 0, poolMax: 1 });
    expect(upOf(await hanging.collect('availability', never)).up).toBe(1);
    server.signal('SIGSTOP');
    try {
      expect(upOf(await hanging.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
    } finally {
      server.signal('SIGCONT');
    }
    await waitFor(async () => upOf(await hanging.collect('availability', never)).up === 1, {
      what: 'up 1 again',
    });
    await hanging.close();
  });

  it('up 0: query, for a server that answers and refuses', async () => {
    const refused = openSession('mssql', url, QUICK);
    const accept = (yes: boolean) =>
      other.query(`alter database ${database.name} with allow_connections ${yes}`);
    const other = await shared.connect();
    await accept(false);
    try {
      await other.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database.name}' and pid <> $1`,
        [(await views.query('select pg_backend_pid() as pid')).rows[0].pid],
      );
      const collected = await refused.collect('availability', never);
      expect(upOf(collected)).toEqual({ up: 0, reason: 'query', code: 5 });
    } finally {
      await accept(true);
    }
    await waitFor(async () => upOf(await refused.collect('availability', never)).up === 1, {
      what: 'up 1 again',
    });
    await refused.close();
  });

  it('a statement that hangs is given up in time and gives its connection back', async () => {
    // With one connection in all, one that is lost would be missed at once.
    const single = openSession('mssql', url, { acquireMs: 1_500, statementMs: 300, poolMin: 0, poolMax: 1 });
    const holder = await database.connect();
    await holder.query('begin; lock table sys.dm_tran_locks in access exclusive mode');
    try {
      const started = performance.now();
      for (let i = 0; i < 2; i++) expect((await single.collect('locks', never)).outcome).toBe('timeout');
      expect(performance.now() - started).toBeLessThan(3_000);
      expect(upOf(await single.collect('availability', never)).up).toBe(1);
    } finally {
      await holder.query('rollback');
    }
    expect((await single.collect('locks', never)).outcome).toBe('ok');
    await single.close();
  });

  it("a group whose view is missing fails alone, with the server's words", async () => {
    await views.query('drop table sys.dm_tran_locks');
    const collected = await session.collect('locks', never);
    expect(collected.outcome).toBe('query');
    const success = collected.metrics.find((metric) => metric.metric_name === 'collection_success');
    expect(success).toMatchObject({ value: 0, tags: { group: 'locks' }, metadata: { reason: 'query' } });
    expect(String(success?.metadata?.['error'])).toMatch(/dm_tran_locks/);
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
  });
});
