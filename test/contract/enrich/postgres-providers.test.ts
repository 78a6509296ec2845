/** What the PostgreSQL providers see on a real server: sessions by what they hold, and who blocks whom. */
import { createEnrich } from '../../../src/enrich/enrich';
import type { BlockNode } from '../../../src/enrich/providers/postgres-blockers';
import { remoteProviders } from '../../../src/enrich/providers';
import { waitFor } from '../../harness/wait-for';
import { ownTarget, TARGET, type OpenSession, type OwnTarget } from '../remediate/own-target';

let target: OwnTarget;
beforeAll(async () => {
  target = await ownTarget();
  await target.admin.query(
    'create table stock (id int primary key); insert into stock values (1), (2); grant all on stock to app',
  );
}, 120_000);
afterAll(() => target?.close());
afterEach(() => target.closeSessions());

interface Found<T> {
  readonly status: string;
  readonly title: string;
  readonly error: string | null;
  readonly data: T;
}

async function ask<T>(provider: string, { instance = TARGET, budgetMs = 10_000 } = {}): Promise<Found<T>> {
  const enrich = createEnrich({ providers: remoteProviders(target.sql), now: () => new Date() });
  const labels = { instance_id: instance, database_type: 'postgresql' };
  const [artifact] = await enrich({ fingerprint: 'f', episode: 1, labels, recent: [] }, [
    { provider, budgetMs },
  ]);
  return artifact as Found<T>;
}

/** Waits for another's row lock; its failure at the end of the test is expected. */
async function waitingFor(session: OpenSession, sql: string): Promise<void> {
  void session.client.query(sql).catch(() => undefined);
  const waits = async (): Promise<boolean> =>
    (
      await target.admin.query("select 1 from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'", [
        session.pid,
      ])
    ).rowCount === 1;
  await waitFor(waits, { what: `session ${session.pid} to wait for a lock` });
}

describe('postgres_sessions', () => {
  it('shows how many are in which state, and first those that hold a transaction', async () => {
    const idle = await target.open();
    const holding = await target.open({
      begin: "begin; select 'x' as password, ' password = hunter2 ' as p",
    });
    await target.settled(holding, 'idle in transaction');
    await target.settled(idle, 'idle');
    const { status, data, title } = await ask<{
      total: number;
      max_connections: number;
      states: Record<string, number>;
      sessions: Record<string, unknown>[];
    }>('postgres_sessions');
    expect(status).toBe('ok');
    expect(title).toMatch(/^\d+ of \d+ connections are used$/);
    expect(data.states).toMatchObject({ 'idle in transaction': 1 });
    expect(data.total).toBeGreaterThanOrEqual(3);
    expect(data.sessions[0]).toMatchObject({
      pid: holding.pid,
      user: 'app',
      application: 'shop',
      client: '127.0.0.1',
      state: 'idle in transaction',
      transaction_seconds: expect.any(Number),
    });
    expect(JSON.stringify(data)).not.toContain('hunter2');
    expect(data.sessions.map(({ pid }) => pid)).toContain(idle.pid);
  });
});

describe('postgres_blockers', () => {
  it('shows who blocks whom, for how long and with which query', async () => {
    const first = await target.open({ begin: 'begin; update stock set id = id where id = 1' });
    const second = await target.open({ begin: 'begin; update stock set id = id where id = 2' });
    const third = await target.open();
    await waitingFor(second, 'update stock set id = id where id = 1');
    await waitingFor(third, 'update stock set id = id where id = 2');
    const { data, title } = await ask<{ waiting: number; blockers: BlockNode[] }>('postgres_blockers');
    expect(title).toBe('2 sessions wait for 1 blocker');
    expect(data).toMatchObject({
      waiting: 2,
      blockers: [
        {
          pid: first.pid,
          state: 'idle in transaction',
          waiting_seconds: null,
          transaction_seconds: expect.any(Number),
          blocks: [
            {
              pid: second.pid,
              waiting_seconds: expect.any(Number),
              query: 'update stock set id = id where id = 1',
              blocks: [{ pid: third.pid, waiting_seconds: expect.any(Number), blocks: [] }],
            },
          ],
        },
      ],
    });
    // the second one's wait would otherwise outlast the test
    await target.admin.query('select pg_terminate_backend(pid) from pg_stat_activity where pid = any($1)', [
      [first.pid, second.pid, third.pid],
    ]);
  });

  it('says so when nobody waits', async () => {
    expect(await ask('postgres_blockers')).toMatchObject({
      status: 'ok',
      title: 'no session waits for another',
      data: { waiting: 0, blockers: [] },
    });
  });
});

describe('a target that does not help', () => {
  it('is unknown to the configuration: failed, with the reason', async () => {
    expect(await ask('postgres_sessions', { instance: 'db-9' })).toMatchObject({
      status: 'failed',
      data: null,
      error: expect.stringMatching(/db-9/),
    });
  });

  it('is too slow for the budget: late', async () => {
    const locker = await target.open({
      user: 'postgres',
      begin: 'begin; lock table pg_catalog.pg_authid in access exclusive mode',
    });
    expect(await ask('postgres_sessions', { budgetMs: 300 })).toMatchObject({
      status: 'late',
      error: 'no answer within 300 ms',
    });
    await locker.client.query('rollback');
  });
});
