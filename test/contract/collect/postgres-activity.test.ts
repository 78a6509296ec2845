/** Counters, locks, sizes: the test changes the database and sees the value follow. */
import { collect, createDatabase, eventually, openSession, valueOf, type OwnDatabase } from './harness';
import type { TargetSession } from '../../../src/collect/target-session';

describe('PostgreSQL', () => {
  let database: OwnDatabase;
  let session: TargetSession;
  beforeAll(async () => {
    database = await createDatabase();
    session = openSession('postgresql', database.url);
  });
  afterAll(async () => {
    await session.close();
    await database.drop();
  });
  const own = () => ({ database: database.name });

  it('transaction rates: none at first, then what was committed, rolled back and written', async () => {
    const first = await collect(session, 'transactions');
    expect(first.map((metric) => metric.metric_name)).toEqual(['collection_success']);
    const client = await database.connect();
    await client.query('create table written (n int)');
    const work = async () => {
      for (let i = 0; i < 5; i++) await client.query('insert into written select generate_series(1, 100)');
      await client.query('begin');
      await client.query('rollback');
      // Statistics are sent when a session has been quiet for a second, or asked to.
      await client.query('select pg_stat_force_next_flush()');
    };
    const seen = new Set<string>();
    await eventually(session, 'transactions', (metrics) => {
      void work().catch(() => undefined);
      for (const name of ['transactions_per_second', 'rollbacks_per_second', 'rows_written_per_second']) {
        if ((valueOf(metrics, name, own()) ?? 0) > 0) seen.add(name);
      }
      return seen.size === 3;
    });
  });

  it('cache hits: a ratio of all reads, and of those since the last collection', async () => {
    const client = await database.connect();
    await client.query('create table cached as select n from generate_series(1, 5000) n');
    await collect(session, 'cache');
    const metrics = await eventually(session, 'cache', (seen) => {
      void client.query('select count(*) from cached, pg_stat_force_next_flush()').catch(() => undefined);
      return (valueOf(seen, 'cache_hit_recent_percent', own()) ?? 0) > 0;
    });
    for (const name of ['cache_hit_percent', 'cache_hit_recent_percent']) {
      expect(valueOf(metrics, name, own())).toBeGreaterThan(0);
      expect(valueOf(metrics, name, own())).toBeLessThanOrEqual(100);
    }
  });

  it('locks: one held, one waited for, and how long', async () => {
    const [holder, waiter] = [await database.connect(), await database.connect()];
    await holder.query('create table contested (n int)');
    const before = valueOf(await collect(session, 'locks'), 'locks_by_mode', {
      mode: 'AccessExclusiveLock',
    })!;
    await holder.query('begin');
    await holder.query('lock table contested in access exclusive mode');
    const waiting = waiter.query('select * from contested');
    const metrics = await eventually(
      session,
      'locks',
      (seen) => valueOf(seen, 'locks_waiting')! >= 1 && valueOf(seen, 'lock_wait_longest_seconds')! > 0.2,
    );
    expect(valueOf(metrics, 'locks_by_mode', { mode: 'AccessExclusiveLock' })).toBeGreaterThan(before);
    await eventually(session, 'sessions', (seen) => valueOf(seen, 'blocked_sessions')! >= 1);
    await holder.query('commit');
    await waiting;
    await eventually(session, 'locks', (seen) => valueOf(seen, 'locks_waiting') === 0);
  });

  it('deadlocks: the total grows by the one that was made, and it is new once', async () => {
    const [a, b] = [await database.connect(), await database.connect()];
    await a.query('create table one (n int); create table two (n int)');
    const before = valueOf(await collect(session, 'deadlocks'), 'deadlocks_total', own())!;
    for (const client of [a, b]) await client.query("begin; set local deadlock_timeout = '50ms'");
    await a.query('lock table one');
    await b.query('lock table two');
    const ends = await Promise.allSettled([a.query('lock table two'), b.query('lock table one')]);
    expect(ends.filter((end) => end.status === 'rejected')).toHaveLength(1);
    await Promise.all([a.query('rollback'), b.query('rollback')]);
    // An idle session may keep its counters to itself for ten seconds; one that ends does not.
    await Promise.all([a.end(), b.end()]);
    let fresh = 0;
    const metrics = await eventually(session, 'deadlocks', (seen) => {
      fresh += valueOf(seen, 'deadlocks_new', own()) ?? 0;
      return valueOf(seen, 'deadlocks_total', own()) === before + 1;
    });
    expect(fresh).toBe(1);
    expect(valueOf(metrics, 'deadlocks_total', own())).toBe(before + 1);
    expect(valueOf(await collect(session, 'deadlocks'), 'deadlocks_new', own())).toBe(0);
  });

  it('sizes: the database and its tables grow with their rows; a locked table delays nothing', async () => {
    const client = await database.connect();
    await client.query('create table grown (filler text); create table locked (n int)');
    const table = { table: 'grown', schema: 'public' };
    const before = await collect(session, 'sizes');
    await client.query('insert into grown select repeat(md5(n::text), 10) from generate_series(1, 5000) n');
    const holder = await database.connect();
    await holder.query('begin; lock table locked in access exclusive mode');
    const after = await collect(session, 'sizes');
    await holder.query('rollback');
    const grown = valueOf(after, 'table_size_bytes', table)! - valueOf(before, 'table_size_bytes', table)!;
    expect(grown).toBeGreaterThan(5_000 * 320);
    const database0 = valueOf(before, 'database_size_bytes', own())!;
    expect(valueOf(after, 'database_size_bytes', own())! - database0).toBeGreaterThan(5_000 * 320);
    expect(valueOf(before, 'table_size_bytes', { table: 'locked' })).toBe(0);
    expect(valueOf(after, 'table_size_bytes', { table: 'locked' })).toBeUndefined();
    await client.query('delete from grown; select pg_stat_force_next_flush()');
    await eventually(session, 'sizes', (seen) => valueOf(seen, 'table_dead_rows', table) === 5_000);
  });

  it('a dropped table ends its series with the stale marker, once', async () => {
    const client = await database.connect();
    await client.query('create table gone as select 1 as n');
    await collect(session, 'sizes');
    await client.query('drop table gone');
    const staleOf = async () =>
      (await collect(session, 'sizes')).filter(
        (metric) => metric.value === 'stale' && metric.tags['table'] === 'gone',
      );
    expect(await staleOf()).toEqual([]);
    expect((await staleOf()).map((metric) => metric.metric_name).sort()).toEqual([
      'table_dead_rows',
      'table_live_rows',
      'table_size_bytes',
    ]);
    expect(await staleOf()).toEqual([]);
  });

  it('wraparound: far from the end in a new database', async () => {
    const used = valueOf(await collect(session, 'vacuum'), 'wraparound_percent', own())!;
    expect(used).toBeGreaterThanOrEqual(0);
    expect(used).toBeLessThan(50);
  });

  it('slow queries: nothing, and no error, where pg_stat_statements is not installed', async () => {
    const metrics = await collect(session, 'slow_queries');
    expect(metrics.map((metric) => [metric.metric_name, metric.value])).toEqual([['collection_success', 1]]);
  });
});
