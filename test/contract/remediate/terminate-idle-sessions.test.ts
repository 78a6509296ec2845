/** The runbook terminate-idle-sessions on a real PostgreSQL: which sessions end, and which never do. */
import type { ActReport, InputsOf } from '../../../src/domain/runbook';
import {
  terminateIdleSessions as runbook,
  terminateSessions,
} from '../../../runbooks/postgres/terminate-idle-sessions';
import { waitFor } from '../../harness/wait-for';
import { ownTarget, TARGET, targetAs, type OpenSession, type OwnTarget } from './own-target';

type Inputs = InputsOf<typeof runbook.inputs>;
type Ended = { pid: number; outcome: string } & Record<string, unknown>;

let target: OwnTarget;
beforeAll(async () => {
  target = await ownTarget();
}, 120_000);
afterAll(() => target?.close());
afterEach(() => target.closeSessions());

const GRACE_MS = 1_000;
const inputs = (more: Partial<Inputs> = {}): Inputs => {
  const defaults = Object.fromEntries(
    Object.entries(runbook.inputs).map(([name, spec]) => [name, spec.default]),
  ) as Inputs;
  return { ...defaults, grace_period: GRACE_MS, ...more };
};
const act = (more: Partial<Inputs> = {}): Promise<ActReport> => runbook.act(target.context(inputs(more)));
const guard = (more: Partial<Inputs> = {}) => runbook.guard(target.context(inputs(more)));
const sessionsOf = (report: ActReport): Ended[] => report.details.sessions as Ended[];
const pidsOf = (report: ActReport): number[] =>
  sessionsOf(report)
    .filter(({ outcome }) => outcome === 'terminated')
    .map(({ pid }) => pid);
const longIdle = async (session: OpenSession, state = 'idle'): Promise<OpenSession> => {
  await target.settled(session, state, GRACE_MS);
  return session;
};

describe('the sessions that end', () => {
  it('are those that are idle or idle in transaction for the grace period, and nothing else', async () => {
    const idle = await target.open();
    const inTransaction = await target.open({ begin: "begin; select 'password = ''hunter2''' as shown" });
    const busy = await target.open();
    const asleep = busy.client.query('select pg_sleep(30)').catch(() => undefined);
    const superuser = await target.open({ user: 'postgres' });
    const own = await target.open({ application: 'tocsin-health' });
    const protectedUser = await target.open({ user: 'protected_app' });
    const protectedApplication = await target.open({ application: 'payments' });
    const aborted = await target.open({ begin: 'begin' });
    await aborted.client.query('select 1/0').catch(() => undefined);
    for (const session of [idle, superuser, own, protectedUser, protectedApplication])
      await longIdle(session);
    await longIdle(inTransaction, 'idle in transaction');
    await longIdle(aborted, 'idle in transaction (aborted)');
    const fresh = await target.open();

    const report = await act({ protected_users: ['protected_app'], protected_applications: ['payments'] });

    expect(pidsOf(report).sort()).toEqual([idle.pid, inTransaction.pid].sort());
    expect(report).toMatchObject({ changed: 2, output: 'ended 2 idle sessions' });
    await waitFor(() => idle.ended() && inTransaction.ended(), { what: 'the sessions to end' });
    for (const session of [busy, superuser, own, protectedUser, protectedApplication, aborted, fresh])
      expect(session.ended()).toBe(false);
    expect(sessionsOf(report).find(({ pid }) => pid === inTransaction.pid)).toMatchObject({
      user: 'app',
      database: expect.any(String),
      application: 'shop',
      state: 'idle in transaction',
      client: '127.0.0.1',
      outcome: 'terminated',
      idle_seconds: expect.any(Number),
      query: expect.not.stringContaining('hunter2'),
    });
    await target.admin.query('select pg_cancel_backend($1)', [busy.pid]);
    await asleep;
    const checks = await runbook.verify!(target.context(inputs()), report);
    expect(checks).toEqual([
      { type: 'sessions_ended', ok: true, detail: 'none of the ended sessions is left (2)' },
    ]);
  });

  it('are the oldest, when there are more than may be ended', async () => {
    const first = await target.open();
    const second = await target.open();
    const third = await target.open();
    for (const session of [third, second, first]) await longIdle(session);
    const report = await act({ max_sessions: 2 });
    expect(pidsOf(report).sort()).toEqual([first.pid, second.pid].sort());
    expect(third.ended()).toBe(false);
  });

  it('are only those of the wanted state', async () => {
    const idle = await longIdle(await target.open());
    const inTransaction = await longIdle(await target.open({ begin: 'begin' }), 'idle in transaction');
    expect(pidsOf(await act({ states: ['idle in transaction'] }))).toEqual([inTransaction.pid]);
    expect(idle.ended()).toBe(false);
  });

  it("are superusers' too, where that is allowed", async () => {
    const superuser = await longIdle(await target.open({ user: 'postgres' }));
    expect(pidsOf(await act({ allow_superusers: true }))).toContain(superuser.pid);
  });
});

describe('between listing and terminating', () => {
  const listed = async (session: OpenSession): Promise<Record<string, unknown>> => {
    const text = `select pid, to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as backend_start,
      to_char(state_change at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as state_change from pg_stat_activity where pid = $1`;
    return (await target.admin.query<Record<string, unknown>>(text, [session.pid])).rows[0]!;
  };
  const terminate = async (row: Record<string, unknown>): Promise<unknown> =>
    (await target.sql.change(TARGET, terminateSessions(inputs(), [row])))[0]!.outcome;

  it('a session that has not stirred is ended', async () => {
    const session = await longIdle(await target.open());
    expect(await terminate(await listed(session))).toBe('terminated');
  });

  it('a session that woke is left alone, even when it is idle again', async () => {
    const session = await longIdle(await target.open());
    const row = await listed(session);
    await session.client.query('select 1');
    expect(await terminate(row)).toBe('left alone');
    await longIdle(session);
    expect(await terminate(row)).toBe('left alone');
    expect(session.ended()).toBe(false);
  });

  it('another session with the same pid is left alone', async () => {
    const session = await longIdle(await target.open());
    const row = { ...(await listed(session)), backend_start: '2020-01-01T00:00:00.000001Z' };
    expect(await terminate(row)).toBe('gone');
    expect(session.ended()).toBe(false);
  });

  it('a session that has ended is gone, and a repeat of the statement ends nothing', async () => {
    const session = await longIdle(await target.open());
    const row = await listed(session);
    expect(await terminate(row)).toBe('terminated');
    await waitFor(() => session.ended(), { what: 'the session to end' });
    expect(await terminate(row)).toBe('gone');
  });

  it('a runbook meets all of it in one act', async () => {
    const waking = await longIdle(await target.open());
    const ending = await longIdle(await target.open());
    const staying = await longIdle(await target.open());
    const context = target.context(inputs());
    const report = await runbook.act({
      ...context,
      change: async (statement) => {
        await waking.client.query('select 1');
        await ending.client.end();
        await waitFor(
          async () =>
            (await target.admin.query('select 1 from pg_stat_activity where pid = $1', [ending.pid]))
              .rowCount === 0,
          { what: 'the end' },
        );
        return context.change(statement);
      },
    });
    expect(report).toMatchObject({
      changed: 1,
      output: 'ended 1 idle session, 2 had ended or woken before',
    });
    expect(pidsOf(report)).toEqual([staying.pid]);
  });
});

describe('the guard', () => {
  it('counts the candidates', async () => {
    await longIdle(await target.open());
    const decision = await guard();
    expect(decision).toMatchObject({ allow: true, facts: { candidates: 1, endable: 1 } });
    expect(decision.reason).toMatch(/^1 of \d+ client sessions have been idle for long enough$/);
  });

  it('finds nothing to do when there is none', async () => {
    await target.open();
    expect(await guard({ grace_period: 3_600_000 })).toMatchObject({
      allow: false,
      nothingToDo: true,
      reason: expect.stringMatching(/^no session has been idle/),
    });
  });

  it('refuses when ending them could not help, because they are too few', async () => {
    await longIdle(await target.open());
    expect(await guard({ minimum_percent: 90 })).toMatchObject({
      allow: false,
      reason: expect.stringMatching(/could not help$/),
    });
  });

  it('refuses when our login may end none of them, and when it cannot see', async () => {
    await longIdle(await target.open());
    const asWeak = targetAs(target, 'weak');
    const ask = (): ReturnType<typeof runbook.guard> =>
      runbook.guard({ ...target.context(inputs()), read: (statement) => asWeak.read(TARGET, statement) });
    try {
      expect(await ask()).toMatchObject({
        allow: false,
        nothingToDo: false,
        reason: expect.stringMatching(/hidden from our role, which needs pg_monitor$/),
      });
      await target.admin.query('grant pg_monitor to weak');
      expect(await ask()).toMatchObject({
        allow: false,
        reason: expect.stringMatching(/needs pg_signal_backend$/),
      });
      await target.admin.query('grant pg_signal_backend to weak');
      expect(await ask()).toMatchObject({ allow: true });
    } finally {
      await asWeak.close();
    }
  });
});

it('cannot be taken back', () => {
  expect(runbook.rollback).toBeUndefined();
});
