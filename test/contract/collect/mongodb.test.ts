import { MongoClient } from 'mongodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMongo, type RunningServer } from '../../servers/launch';
import { closedPort, collect, never, openSession, silentServer, upOf, valueOf } from './harness';

const QUICK = { acquireMs: 800, statementMs: 800, resetMs: 300 };

describe('MongoDB', () => {
  let server: RunningServer;
  let url: string;
  beforeAll(async () => {
    server = await startMongo();
    url = `mongodb://127.0.0.1:${server.port}/`;
  }, 900_000);
  afterAll(() => server?.stop());

  it('is up and tells since when', async () => {
    const session = openSession('mongodb', url);
    const metrics = await collect(session, 'availability');
    expect(upOf({ metrics, outcome: 'ok', durationMs: 0, error: null })).toEqual({
      up: 1,
      reason: undefined,
      code: 0,
    });
    expect(valueOf(metrics, 'uptime_seconds')).toBeGreaterThan(0);
    await session.close();
  });

  it('sizes follow the documents that are added', async () => {
    const session = openSession('mongodb', url);
    const client = await MongoClient.connect(url);
    const shop = client.db('shop').collection('orders');
    await shop.insertOne({ first: true });
    const database = { database: 'shop' };
    const before = await collect(session, 'sizes');
    expect(valueOf(before, 'database_objects', database)).toBe(1);
    await shop.insertMany(Array.from({ length: 2_000 }, (_, n) => ({ n, filler: 'x'.repeat(200) })));
    await client.db('shop').createCollection('returns');
    const after = await collect(session, 'sizes');
    expect(valueOf(after, 'database_objects', database)).toBe(2_001);
    expect(valueOf(after, 'database_collections', database)).toBe(2);
    expect(
      valueOf(after, 'database_data_bytes', database)! - valueOf(before, 'database_data_bytes', database)!,
    ).toBeGreaterThan(200_000);
    await client.close();
    await session.close();
  });

  it('command rates follow what is run; what the server lacks is left out', async () => {
    const session = openSession('mongodb', url);
    expect((await collect(session, 'operations')).map((metric) => metric.metric_name)).toEqual([
      'collection_success',
    ]);
    const client = await MongoClient.connect(url);
    for (let i = 0; i < 20; i++) await client.db('shop').command({ ping: 1 });
    await client
      .db('shop')
      .command({ noSuchCommand: 1 })
      .catch(() => undefined);
    await client.close();
    await sleep(50);
    const metrics = await collect(session, 'operations');
    expect(valueOf(metrics, 'commands_per_second')).toBeGreaterThan(1);
    expect(valueOf(metrics, 'operations_per_second')).toBeUndefined();
    await session.close();
  });

  it('survives commands that the server does not have', async () => {
    const session = openSession('mongodb', url);
    for (const group of ['replication', 'memory', 'connections', 'slow_operations']) {
      const metrics = await collect(session, group);
      expect(valueOf(metrics, 'collection_success', { group })).toBe(1);
    }
    expect((await collect(session, 'replication')).map((metric) => metric.metric_name)).toEqual([
      'collection_success',
    ]);
    await session.close();
  });

  it.each([
    ['dns', async () => 'mongodb://no-such-host.invalid/'],
    ['tcp', async () => `mongodb://127.0.0.1:${await closedPort()}/`],
    ['auth', async () => `mongodb://nobody:wr0ng-secret@127.0.0.1:${server.port}/`],
  ])('up 0: %s', async (reason, connection) => {
    const session = openSession('mongodb', await connection(), QUICK);
    const collected = await session.collect('availability', never);
    expect(upOf(collected)).toMatchObject({ up: 0, reason });
    expect(JSON.stringify(collected.metrics)).not.toContain('wr0ng-secret');
    await session.close();
  });

  it('up 0: timeout, for a server that never answers', async () => {
    const silent = await silentServer();
    const session = openSession('mongodb', `mongodb://127.0.0.1:${silent.port}/`, QUICK);
    const started = Date.now();
    expect(upOf(await session.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
    expect(Date.now() - started).toBeLessThan(2_000);
    await session.close();
    await silent.close();
  });

  it('up 1 => 0 timeout => 1 while the server hangs and goes on', async () => {
    const session = openSession('mongodb', url, QUICK);
    expect(upOf(await session.collect('availability', never)).up).toBe(1);
    server.signal('SIGSTOP');
    try {
      expect(upOf(await session.collect('availability', never))).toMatchObject({ up: 0, reason: 'timeout' });
    } finally {
      server.signal('SIGCONT');
    }
    const deadline = Date.now() + 10_000;
    while (upOf(await session.collect('availability', never)).up !== 1) {
      if (Date.now() > deadline) throw new Error('not up again');
      await sleep(100);
    }
    await session.close();
  });
});
