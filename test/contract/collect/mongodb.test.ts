import { MongoClient, type Document } from 'mongodb';
import { startMongoWire, type Answer, type MongoWire } from '../../servers/mongo-wire';
import { waitFor } from '../../harness/wait-for';
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
    const started = performance.now();
    expect((await collect(session, 'operations')).map((metric) => metric.metric_name)).toEqual([
      'collection_success',
    ]);
    const client = await MongoClient.connect(url);
    for (let i = 0; i < 40; i++) await client.db('shop').command({ ping: 1 });
    const metrics = await collect(session, 'operations');
    const seconds = (performance.now() - started) / 1_000;
    // The collector's rate is over a part of these seconds, so this is at most what was counted.
    expect(valueOf(metrics, 'commands_per_second')! * seconds).toBeGreaterThanOrEqual(39);
    expect(valueOf(metrics, 'operations_per_second')).toBeUndefined();
    await client.close();
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
    await waitFor(async () => upOf(await session.collect('availability', never)).up === 1, {
      what: 'up 1 again',
    });
    await session.close();
  });
});

/** What the documented commands answer, changed by the tests as an operator's server would change. */
describe('MongoDB, a replica set', () => {
  let server: MongoWire;
  let answers: Record<string, Answer>;
  let status: Document;
  let url: string;
  beforeAll(async () => {
    server = await startMongoWire((command) => answers[Object.keys(command)[0]!] ?? null);
    url = `mongodb://127.0.0.1:${server.port}/?directConnection=true`;
  });
  beforeEach(() => {
    status = {
      uptime: 77,
      connections: { current: 20, available: 80, active: 4 },
      opcounters: { insert: 100, query: 1_000, update: 0, delete: 0, getmore: 0, command: 50 },
      globalLock: { currentQueue: { readers: 1, writers: 2 } },
      metrics: { cursor: { open: { total: 7 } }, commands: { find: { total: 1_000, failed: 3 } } },
      asserts: { regular: 1, user: 2 },
      network: { bytesIn: 10_000, bytesOut: 20_000 },
      mem: { resident: 512 },
      extra_info: { page_faults: 5 },
      wiredTiger: {
        cache: {
          'maximum bytes configured': 1_000,
          'bytes currently in the cache': 800,
          'tracked dirty bytes in the cache': 50,
        },
      },
    };
    answers = { ping: {}, serverStatus: status };
  });
  afterAll(() => server.close());

  it('connections follow serverStatus', async () => {
    const session = openSession('mongodb', url);
    expect(valueOf(await collect(session, 'connections'), 'connections_used_percent')).toBe(20);
    status['connections'] = { current: 95, available: 5, active: 60 };
    const metrics = await collect(session, 'connections');
    expect(valueOf(metrics, 'connections_used')).toBe(95);
    expect(valueOf(metrics, 'connections_max')).toBe(100);
    expect(valueOf(metrics, 'connections_used_percent')).toBe(95);
    expect(valueOf(metrics, 'connections_active')).toBe(60);
    await session.close();
  });

  it('operations: rates of the counters by kind, queues and cursors as they are', async () => {
    const session = openSession('mongodb', url);
    const first = await collect(session, 'operations');
    expect(valueOf(first, 'queued_operations', { kind: 'writers' })).toBe(2);
    expect(valueOf(first, 'cursors_open')).toBe(7);
    expect(valueOf(first, 'operations_per_second', { operation: 'query' })).toBeUndefined();
    status['opcounters'] = { ...status['opcounters'], query: 1_400, insert: 200 };
    status['metrics'] = { commands: { find: { total: 1_400, failed: 7 } } };
    status['network'] = { bytesIn: 20_000, bytesOut: 60_000 };
    const second = await collect(session, 'operations');
    const of = (operation: string) => valueOf(second, 'operations_per_second', { operation })!;
    expect(of('query') / of('insert')).toBeCloseTo(4, 6);
    expect(of('update')).toBe(0);
    expect(
      valueOf(second, 'commands_per_second')! / valueOf(second, 'failed_commands_per_second')!,
    ).toBeCloseTo(100, 6);
    expect(valueOf(second, 'network_transmit_bytes_per_second')).toBeCloseTo(
      4 * valueOf(second, 'network_receive_bytes_per_second')!,
      3,
    );
    await session.close();
  });

  it('memory and the share of the cache that is filled and changed', async () => {
    const session = openSession('mongodb', url);
    const metrics = await collect(session, 'memory');
    expect(valueOf(metrics, 'memory_resident_bytes')).toBe(512 * 1_048_576);
    expect(valueOf(metrics, 'cache_used_percent')).toBe(80);
    expect(valueOf(metrics, 'cache_dirty_percent')).toBe(5);
    await session.close();
  });

  it('slow operations: those of clients, not our own and not the idle ones', async () => {
    const session = openSession('mongodb', url);
    answers['currentOp'] = { inprog: [] };
    expect(valueOf(await collect(session, 'slow_operations'), 'longest_operation_seconds')).toBe(0);
    const client = '10.0.0.9:4000';
    answers['currentOp'] = {
      inprog: [
        { client, op: 'query', microsecs_running: 90_000_000, waitingForLock: false, appName: 'shop' },
        { client, op: 'update', secs_running: 5, waitingForLock: true, appName: 'shop' },
        { client, op: 'command', secs_running: 900, appName: 'tocsin' },
        { client, op: 'command', secs_running: 900, appName: 'shop', command: { hello: 1 } },
        { op: 'none', secs_running: 900 },
      ],
    };
    const metrics = await collect(session, 'slow_operations');
    expect(valueOf(metrics, 'long_running_operations')).toBe(1);
    expect(valueOf(metrics, 'longest_operation_seconds')).toBe(90);
    expect(valueOf(metrics, 'blocked_operations')).toBe(1);
    await session.close();
  });

  it('replication: lag of each secondary, a member that is lost, a set without primary', async () => {
    const session = openSession('mongodb', url);
    const at = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);
    const members = [
      { name: 'a:27017', stateStr: 'PRIMARY', health: 1, optimeDate: at(100) },
      { name: 'b:27017', stateStr: 'SECONDARY', health: 1, optimeDate: at(98) },
      { name: 'c:27017', stateStr: 'SECONDARY', health: 1, optimeDate: at(40) },
    ];
    answers['replSetGetStatus'] = { myState: 1, members };
    const metrics = await collect(session, 'replication');
    expect(valueOf(metrics, 'replication_lag_seconds', { member: 'b:27017' })).toBe(2);
    expect(valueOf(metrics, 'replication_lag_seconds', { member: 'c:27017' })).toBe(60);
    expect(valueOf(metrics, 'replication_lag_seconds', { member: 'a:27017' })).toBeUndefined();
    expect(valueOf(metrics, 'replicas_connected')).toBe(2);
    expect(valueOf(metrics, 'replication_has_primary')).toBe(1);
    const lost = { ...members[0], stateStr: '(not reachable/healthy)', health: 0 };
    answers['replSetGetStatus'] = { myState: 2, members: [lost, ...members.slice(1)] };
    const after = await collect(session, 'replication');
    expect(valueOf(after, 'replication_has_primary')).toBe(0);
    expect(valueOf(after, 'replication_is_replica')).toBe(1);
    expect(valueOf(after, 'replication_member_healthy', { member: 'a:27017' })).toBe(0);
    expect(valueOf(after, 'replication_lag_seconds', { member: 'c:27017' })).toBeUndefined();
    await session.close();
  });

  it('up 0: query, for a server that answers and refuses', async () => {
    answers['ping'] = {
      ok: 0,
      code: 91,
      codeName: 'ShutdownInProgress',
      errmsg: 'The server is in quiesce mode',
    };
    const session = openSession('mongodb', url, QUICK);
    expect(upOf(await session.collect('availability', never))).toEqual({ up: 0, reason: 'query', code: 5 });
    await session.close();
  });

  it('a command that hangs is given up in time, and its connection with it', async () => {
    const session = openSession('mongodb', url, {
      ...QUICK,
      poolMin: 0,
      statementMs: 60_000,
      acquireMs: 1_000,
    });
    expect((await session.collect('availability', never)).outcome).toBe('ok');
    const before = server.connections();
    answers['ping'] = 'hangs';
    const started = performance.now();
    for (let i = 0; i < 2; i++)
      expect(upOf(await session.collect('availability', never)).reason).toBe('timeout');
    expect(performance.now() - started).toBeLessThan(4_000);
    await waitFor(() => server.connections() <= before, { what: 'the hung connections to end' });
    answers['ping'] = {};
    expect((await session.collect('availability', never)).outcome).toBe('ok');
    await session.close();
    await waitFor(() => server.connections() === 0, { what: 'all connections to end' });
  });
});
