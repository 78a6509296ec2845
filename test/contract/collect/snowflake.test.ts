/** fakesnow answers the real driver; the account's views are tables that the test fills with Snowflake's columns. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import snowflake from 'snowflake-sdk';
import { startSnowflake, type RunningServer } from '../../servers/launch';
import type { TargetSession } from '../../../src/collect/target-session';
import { closedPort, collect, never, openSession, silentServer, upOf, valueOf } from './harness';

const QUICK = { acquireMs: 1_500, statementMs: 1_500, resetMs: 300 };
const [USER, PASSWORD] = ['monitor', 'r1ght-secret'];

const VIEWS = [
  'create database if not exists snowflake',
  'create schema if not exists snowflake.account_usage',
  `create table snowflake.account_usage.query_history (query_id varchar, warehouse_name varchar, execution_status varchar,
     end_time timestamp_ltz, total_elapsed_time number, queued_overload_time number, bytes_spilled_to_remote_storage number)`,
  `create table snowflake.account_usage.warehouse_load_history (warehouse_name varchar, start_time timestamp_ltz,
     avg_running float, avg_queued_load float, avg_blocked float)`,
  'create table snowflake.account_usage.warehouse_metering_history (warehouse_name varchar, start_time timestamp_ltz, credits_used float)',
  'create table snowflake.account_usage.storage_usage (usage_date date, storage_bytes number, stage_bytes number, failsafe_bytes number)',
];

describe('Snowflake', () => {
  let server: RunningServer;
  let admin: snowflake.Connection;
  let session: TargetSession;
  const urlOn = (port: number, password = PASSWORD): string =>
    `snowflake://${USER}:${password}@fakesnow/?accessUrl=${encodeURIComponent(`http://127.0.0.1:${port}`)}`;
  const run = (sqlText: string): Promise<unknown> =>
    new Promise((resolve, reject) =>
      admin.execute({
        sqlText,
        complete: (error, _statement, rows) => (error ? reject(error) : resolve(rows)),
      }),
    );
  beforeAll(async () => {
    server = await startSnowflake(USER, PASSWORD);
    const accessUrl = `http://127.0.0.1:${server.port}`;
    snowflake.configure({ logLevel: 'OFF' });
    admin = snowflake.createConnection({
      account: 'fakesnow',
      username: USER,
      password: PASSWORD,
      accessUrl,
    });
    await new Promise<void>((resolve, reject) =>
      admin.connect((error) => (error ? reject(error) : resolve())),
    );
    session = openSession('snowflake', urlOn(server.port));
  }, 900_000);
  afterAll(async () => {
    await session?.close();
    await new Promise<void>((resolve) => admin.destroy(() => resolve()));
    await server?.stop();
  });

  it('is up, and leaves out the history that it may not read', async () => {
    expect(valueOf(await collect(session, 'availability'), 'up')).toBe(1);
    for (const group of ['load', 'queries', 'logins', 'credits', 'storage']) {
      expect((await collect(session, group)).map((metric) => metric.metric_name)).toEqual([
        'collection_success',
      ]);
    }
  });

  it('warehouses: what runs and waits now, without waking one', async () => {
    const metrics = await collect(session, 'warehouses');
    const warehouse = { warehouse: 'FAKESNOW_WAREHOUSE' };
    expect(valueOf(metrics, 'warehouse_running_queries', warehouse)).toBe(0);
    expect(valueOf(metrics, 'warehouse_queued_queries', warehouse)).toBe(0);
    expect(valueOf(metrics, 'warehouse_started', warehouse)).toBe(1);
  });

  it('up 1 => 0 timeout => 1 while the server hangs and goes on', async () => {
    const hanging = openSession('snowflake', urlOn(server.port), QUICK);
    expect(upOf(await hanging.collect('availability', never)).up).toBe(1);
    server.signal('SIGSTOP');
    try {
      expect(upOf(await hanging.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
    } finally {
      server.signal('SIGCONT');
    }
    expect(upOf(await hanging.collect('availability', never)).up).toBe(1);
    await hanging.close();
  });

  it('queries, failures, waits and spills of the newest hour follow what ran', async () => {
    for (const view of VIEWS) await run(view);
    const add = (warehouse: string, status: string, minutesAgo: number, ms: number) =>
      run(
        `insert into snowflake.account_usage.query_history select '${minutesAgo}', '${warehouse}', '${status}', dateadd(minute, -${minutesAgo}, current_timestamp()), ${ms}, 500, 1000`,
      );
    await add('LOAD', 'SUCCESS', 40, 2_000);
    await add('LOAD', 'SUCCESS', 50, 4_000);
    await add('LOAD', 'FAIL', 300, 9_000);
    const first = await collect(session, 'queries');
    expect(valueOf(first, 'queries', { warehouse: 'LOAD' })).toBe(2);
    expect(valueOf(first, 'failed_queries', { warehouse: 'LOAD' })).toBe(0);
    expect(valueOf(first, 'query_mean_seconds', { warehouse: 'LOAD' })).toBe(3);
    expect(valueOf(first, 'query_longest_seconds', { warehouse: 'LOAD' })).toBe(4);
    expect(valueOf(first, 'query_queued_mean_seconds', { warehouse: 'LOAD' })).toBe(0.5);
    expect(valueOf(first, 'query_spilled_bytes', { warehouse: 'LOAD' })).toBe(2_000);
    expect(valueOf(first, 'query_history_lag_seconds')).toBeGreaterThanOrEqual(2_390);
    await add('LOAD', 'FAIL', 35, 1_000);
    expect(valueOf(await collect(session, 'queries'), 'failed_queries', { warehouse: 'LOAD' })).toBe(1);
  });

  it('load: the newest interval of each warehouse', async () => {
    const add = (minutesAgo: number, running: number, queued: number) =>
      run(
        `insert into snowflake.account_usage.warehouse_load_history select 'LOAD', dateadd(minute, -${minutesAgo}, current_timestamp()), ${running}, ${queued}, 0.25`,
      );
    await add(60, 9, 9);
    await add(30, 3.5, 1.5);
    const metrics = await collect(session, 'load');
    expect(valueOf(metrics, 'warehouse_load_running', { warehouse: 'LOAD' })).toBe(3.5);
    expect(valueOf(metrics, 'warehouse_load_queued', { warehouse: 'LOAD' })).toBe(1.5);
    expect(valueOf(metrics, 'warehouse_load_blocked', { warehouse: 'LOAD' })).toBe(0.25);
    await add(20, 4, 6);
    expect(valueOf(await collect(session, 'load'), 'warehouse_load_queued', { warehouse: 'LOAD' })).toBe(6);
  });

  it('credits of a day and storage of the newest day', async () => {
    await run(
      `insert into snowflake.account_usage.warehouse_metering_history
       select 'LOAD', dateadd(hour, -h, current_timestamp()), 1.5 from (values (1), (2), (30)) as t(h)`,
    );
    await run(
      "insert into snowflake.account_usage.storage_usage values ('2024-01-01', 1, 1, 1), ('2024-01-02', 5000, 600, 70)",
    );
    expect(valueOf(await collect(session, 'credits'), 'credits_used_last_day', { warehouse: 'LOAD' })).toBe(
      3,
    );
    const storage = await collect(session, 'storage');
    expect(valueOf(storage, 'storage_bytes')).toBe(5_000);
    expect(valueOf(storage, 'stage_bytes')).toBe(600);
    expect(valueOf(storage, 'failsafe_bytes')).toBe(70);
  });

  it('failed logins of the newest hour', async () => {
    await run(
      'create table snowflake.account_usage.login_history (event_timestamp timestamp_ltz, is_success varchar)',
    );
    await run("insert into snowflake.account_usage.login_history select current_timestamp(), 'NO'");
    await run("insert into snowflake.account_usage.login_history select current_timestamp(), 'YES'");
    expect(valueOf(await collect(session, 'logins'), 'failed_logins')).toBe(1);
  });

  it.each([
    ['dns', async () => 'snowflake://u:p@no-such-account/?accessUrl=http%3A%2F%2Fno-such-host.invalid'],
    ['tcp', async () => urlOn(await closedPort())],
    ['auth', async () => urlOn(server.port, 'wr0ng-secret')],
  ])('up 0: %s', async (reason, connection) => {
    const broken = openSession('snowflake', await connection(), QUICK);
    const collected = await broken.collect('availability', never);
    expect(upOf(collected)).toMatchObject({ up: 0, reason });
    expect(JSON.stringify(collected.metrics)).not.toContain('wr0ng-secret');
    await broken.close();
  });

  it('up 0: timeout, for a server that never answers', async () => {
    const silent = await silentServer();
    const hung = openSession('snowflake', urlOn(silent.port), QUICK);
    const started = Date.now();
    expect(upOf(await hung.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
    expect(Date.now() - started).toBeLessThan(3_000);
    await hung.close();
    await silent.close();
  });

  /** In front of the server: counts what it is asked, and answers statements in its stead. */
  async function startFront(): Promise<{
    port: number;
    instead: object | null;
    asked: number;
    close: () => Promise<void>;
  }> {
    const front = http.createServer((request, response) => {
      state.asked++;
      if (state.instead !== null && request.url!.startsWith('/queries/')) {
        request.resume();
        response.setHeader('Content-Type', 'application/json').end(JSON.stringify(state.instead));
        return;
      }
      const { method, url, headers } = request;
      const onward = http.request(
        { host: '127.0.0.1', port: server.port, method, path: url, headers },
        (answer) => {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on('error', () => response.destroy());
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const close = (): Promise<void> => {
      front.closeAllConnections();
      return new Promise((resolve) => front.close(() => resolve()));
    };
    const state = {
      port: (front.address() as AddressInfo).port,
      instead: null as object | null,
      asked: 0,
      close,
    };
    return state;
  }

  it('up 0: query, for an account that answers and refuses, without a new login; up 1 when it goes on', async () => {
    const front = await startFront();
    const refused = openSession('snowflake', urlOn(front.port), QUICK);
    expect(upOf(await refused.collect('availability', never)).up).toBe(1);
    const before = front.asked;
    front.instead = {
      success: false,
      code: '000606',
      message: 'No active warehouse selected in the current session.',
      data: { errorCode: '000606', sqlState: '57P03' },
    };
    const collected = await refused.collect('availability', never);
    expect(upOf(collected)).toEqual({ up: 0, reason: 'query', code: 5 });
    expect(front.asked).toBe(before + 1);
    front.instead = null;
    expect(upOf(await refused.collect('availability', never)).up).toBe(1);
    await refused.close();
    await front.close();
  });
});
