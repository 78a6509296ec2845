import { collect, createDatabase, eventually, openSession, valueOf, type OwnDatabase } from './harness';

describe('PostgreSQL connections', () => {
  let database: OwnDatabase;
  beforeAll(async () => (database = await createDatabase()));
  afterAll(() => database.drop());

  it('follow the sessions that are opened, by their states', async () => {
    const session = openSession('postgresql', database.url);
    const before = valueOf(await collect(session, 'connections'), 'connections', {
      state: 'idle in transaction',
    })!;
    for (let i = 0; i < 3; i++) await (await database.connect()).query('begin');
    const metrics = await eventually(
      session,
      'connections',
      (seen) => valueOf(seen, 'connections', { state: 'idle in transaction' })! >= before + 3,
    );
    const used = valueOf(metrics, 'connections_used')!;
    const max = valueOf(metrics, 'connections_max')!;
    expect(valueOf(metrics, 'connections_used_percent')).toBeCloseTo((100 * used) / max, 6);
    expect(used).toBe(
      metrics.filter((m) => m.metric_name === 'connections').reduce((sum, m) => sum + Number(m.value), 0),
    );
    await session.close();
  });

  it('carry the contract of a message', async () => {
    const session = openSession('postgresql', database.url);
    const started = Date.now();
    const metrics = await collect(session, 'connections');
    const { metadata, ...message } = metrics.find((m) => m.metric_name === 'connections_used')!;
    expect(message).toMatchObject({
      database_type: 'postgresql',
      instance_id: session.target.name,
      metric_name: 'connections_used',
      tags: { environment: 'test' },
    });
    expect(Date.parse(message.timestamp)).toBeGreaterThanOrEqual(started);
    expect(metadata).toMatchObject({ version: '1.0', collection_duration_ms: expect.any(Number) });
    expect(new Set(metrics.map((m) => m.metadata?.correlation_id)).size).toBe(1);
    await session.close();
  });
});

describe('PostgreSQL sessions', () => {
  let database: OwnDatabase;
  beforeAll(async () => (database = await createDatabase()));
  afterAll(() => database.drop());

  it('count who is idle in a transaction and for how long', async () => {
    const session = openSession('postgresql', database.url);
    const idle = await database.connect();
    await idle.query('begin');
    await eventually(
      session,
      'sessions',
      (seen) =>
        valueOf(seen, 'idle_in_transaction_sessions')! >= 1 &&
        valueOf(seen, 'idle_in_transaction_longest_seconds')! > 0.3 &&
        valueOf(seen, 'longest_transaction_seconds')! > 0.3,
    );
    await session.close();
  });

  it('see a statement that runs', async () => {
    const session = openSession('postgresql', database.url);
    const busy = await database.connect();
    const running = busy.query('select pg_sleep(3)');
    await eventually(session, 'sessions', (seen) => valueOf(seen, 'longest_query_seconds')! > 0.5);
    await running;
    await session.close();
  });

  it('name themselves, so that nobody takes them for strangers', async () => {
    const session = openSession('postgresql', database.url);
    await collect(session, 'availability');
    const other = await database.connect();
    const { rows } = await other.query(
      'select distinct application_name from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      [database.name],
    );
    expect(rows.map((row: { application_name: string }) => row.application_name)).toContain('tocsin');
    await session.close();
  });
});
