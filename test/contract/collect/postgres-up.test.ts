/** Every reason of `up`, and its way back to 1. */
import {
  closedPort,
  createDatabase,
  never,
  openSession,
  silentServer,
  upOf,
  valueOf,
  type OwnDatabase,
} from './harness';
import { waitFor } from '../../harness/wait-for';
import { PASSWORD, startPostgres, type OwnPostgres } from './own-postgres';

const QUICK = { acquireMs: 400, statementMs: 400, resetMs: 300 };

describe('PostgreSQL up', () => {
  let database: OwnDatabase;
  beforeAll(async () => (database = await createDatabase()));
  afterAll(() => database.drop());

  const probe = async (url: string) => {
    const session = openSession('postgresql', url, QUICK);
    const collected = await session.collect('availability', never);
    await session.close();
    return { ...upOf(collected), labels: collected.metrics.map((metric) => Object.keys(metric.tags)) };
  };

  it('is 1 without a reason for a server that answers', async () => {
    expect(await probe(database.url)).toMatchObject({ up: 1, reason: undefined, code: 0 });
  });

  it('0: dns', async () => {
    expect(await probe('postgres://u:p@no-such-host.invalid/db')).toMatchObject({
      up: 0,
      reason: 'dns',
      code: 1,
    });
  });

  it('0: tcp', async () => {
    const url = `postgres://u:p@127.0.0.1:${await closedPort()}/db`;
    expect(await probe(url)).toMatchObject({ up: 0, reason: 'tcp', code: 2 });
  });

  it('0: auth, for a login that does not exist', async () => {
    const url = new URL(database.url);
    url.username = 'nobody_at_all';
    expect(await probe(url.href)).toMatchObject({ up: 0, reason: 'auth', code: 3 });
  });

  it('0: timeout, for a server that accepts and never answers', async () => {
    const silent = await silentServer();
    const started = Date.now();
    expect(await probe(`postgres://u:p@127.0.0.1:${silent.port}/db`)).toMatchObject({
      up: 0,
      reason: 'timeout',
      code: 4,
    });
    expect(Date.now() - started).toBeLessThan(1_500);
    await silent.close();
  });

  it('0: query, for a server that answers and refuses', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    expect(await probe(url.href)).toMatchObject({ up: 0, reason: 'query', code: 5 });
  });

  it('has the same labels at 1 and at 0, so that a rule on it resolves', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    const [good, bad] = [await probe(database.url), await probe(url.href)];
    expect(new Set([...good.labels, ...bad.labels].map(String))).toEqual(new Set(['environment']));
  });
});

describe('PostgreSQL up, over the life of a server', () => {
  let server: OwnPostgres;
  beforeAll(async () => (server = await startPostgres({ max_connections: '8' })));
  afterAll(() => server.stop());

  it('0: auth, for a wrong password, which never shows', async () => {
    const session = openSession('postgresql', server.url.replace(PASSWORD, 'wr0ng-secret'), QUICK);
    const collected = await session.collect('availability', never);
    expect(upOf(collected)).toEqual({ up: 0, reason: 'auth', code: 3 });
    expect(JSON.stringify(collected.metrics)).not.toContain('wr0ng-secret');
    await session.close();
  });

  it('1 => 0 timeout => 1 while the server hangs and goes on', async () => {
    const session = openSession('postgresql', server.url, QUICK);
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    server.signal('SIGSTOP');
    // The backend of the kept connection lives on; only a new connection needs the frozen parent.
    const hung = openSession('postgresql', server.url, QUICK);
    try {
      expect(upOf(await hung.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
    } finally {
      server.signal('SIGCONT');
    }
    expect(upOf(await hung.collect('availability', never))).toMatchObject({ up: 1, code: 0 });
    await session.close();
    await hung.close();
  });

  it('a backend that hangs in the middle of a statement loses its connection, and the next probe has another', async () => {
    // With one connection in all, one that is lost would be missed at once.
    const session = openSession('postgresql', server.url, { ...QUICK, poolMin: 0, poolMax: 1 });
    const admin = await server.connect();
    const ours = async (): Promise<number[]> => {
      const { rows } = await admin.query<{ pid: number }>(
        "select pid from pg_stat_activity where application_name = 'tocsin'",
      );
      return rows.map(({ pid }) => pid);
    };
    await waitFor(async () => (await ours()).length === 0, { what: 'earlier sessions to end' });
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    const [pid] = await ours();
    process.kill(pid!, 'SIGSTOP');
    try {
      const started = performance.now();
      expect(upOf(await session.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
      expect(performance.now() - started).toBeLessThan(1_500);
      expect(upOf(await session.collect('availability', never))).toMatchObject({ up: 1, code: 0 });
    } finally {
      process.kill(pid!, 'SIGCONT');
    }
    await waitFor(async () => !(await ours()).includes(pid!), { what: 'the backend that hung to end' });
    await session.close();
    await admin.end();
  });

  it('a session on a server that hangs can be closed', async () => {
    const session = openSession('postgresql', server.url, QUICK);
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    const admin = await server.connect();
    const { rows } = await admin.query<{ pid: number }>(
      "select pid from pg_stat_activity where application_name = 'tocsin'",
    );
    for (const { pid } of rows) process.kill(pid, 'SIGSTOP');
    try {
      const started = performance.now();
      await session.close();
      expect(performance.now() - started).toBeLessThan(4_000);
    } finally {
      for (const { pid } of rows) process.kill(pid, 'SIGCONT');
    }
    await admin.end();
  });

  it('a connection that the server ends is replaced', async () => {
    const session = openSession('postgresql', server.url, QUICK);
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    const admin = await server.connect();
    await admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tocsin'",
    );
    await session.collect('availability', never);
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    await session.close();
    await admin.end();
  });

  it('0: query, when all connections are taken', async () => {
    const taken = await Promise.all(Array.from({ length: 8 }, () => server.connect()));
    const session = openSession('postgresql', server.url, QUICK);
    expect(upOf(await session.collect('availability', never))).toMatchObject({ up: 0, reason: 'query' });
    await Promise.all(taken.map((client) => client.end()));
    await session.close();
  });

  it('a group that times out alone leaves up at 1 and reports itself', async () => {
    const session = openSession('postgresql', server.url, {
      ...QUICK,
      acquireMs: 2_000,
      statementMs: 200,
      poolMin: 0,
      poolMax: 1,
    });
    const holder = await server.connect();
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    await holder.query('begin');
    // Takes the tables behind the view too, so that the probe can go on only in the connection that it has.
    await holder.query('lock table pg_catalog.pg_replication_slots in access exclusive mode');
    const replication = await session.collect('replication', never);
    expect(replication.outcome).toBe('timeout');
    expect(valueOf(replication.metrics, 'collection_success', { group: 'replication' })).toBe(0);
    for (let i = 0; i < 3; i++) await session.collect('replication', never);
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    await holder.query('rollback');
    expect((await session.collect('replication', never)).outcome).toBe('ok');
    await session.close();
  });
});
