import { collect, eventually, openSession, valueOf } from './harness';
import { startPostgres, type OwnPostgres } from './own-postgres';

describe('PostgreSQL slow queries', () => {
  let server: OwnPostgres;
  beforeAll(async () => (server = await startPostgres({ shared_preload_libraries: 'pg_stat_statements' })));
  afterAll(() => server.stop());

  it('appear once the extension is installed, in whichever schema', async () => {
    const session = openSession('postgresql', server.url);
    expect(valueOf(await collect(session, 'slow_queries'), 'slow_statements')).toBeUndefined();
    const client = await server.connect();
    await client.query('create schema extras; create extension pg_stat_statements schema extras');
    expect(valueOf(await collect(session, 'slow_queries'), 'slow_statements')).toBe(0);
    await client.query('select pg_sleep(1.1)');
    const metrics = await eventually(
      session,
      'slow_queries',
      (seen) => valueOf(seen, 'slow_statements') === 1,
    );
    expect(valueOf(metrics, 'slowest_statement_mean_seconds')).toBeGreaterThan(1);
    const top = metrics.filter((metric) => metric.metric_name === 'statement_mean_seconds');
    expect(top.length).toBeLessThanOrEqual(5);
    expect(top[0]).toMatchObject({
      tags: { database: 'postgres', queryid: expect.stringMatching(/^-?\d+$/) },
    });
    expect(valueOf(metrics, 'statement_calls_per_second')).toBeGreaterThanOrEqual(0);
    await session.close();
  });
});
