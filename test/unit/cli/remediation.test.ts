/** The kill switch as people use it. */
import { NOW, run } from './fake-context';

const off = (scope: string) => ({
  scope,
  engaged: true,
  reason: 'maintenance',
  changedBy: 'bob',
  changedAt: new Date(NOW - 300_000).toISOString(),
});

describe('remediation status', () => {
  it('shows all runbooks that there are, also while no switch was ever set', async () => {
    const { code, out } = await run(['remediation', 'status']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'RUNBOOK                  SWITCH  BY  SINCE  COMMENT',
      'all                      on',
      'terminate-idle-sessions  on',
    ]);
  });

  it('shows what the switch for all does to each, and a runbook that is gone', async () => {
    const { out } = await run(['remediation', 'status'], { switches: [off('*'), off('gone')] });
    expect(out.split('\n')).toEqual([
      'RUNBOOK                  SWITCH         BY   SINCE   COMMENT',
      'all                      off            bob  5m ago  maintenance',
      'terminate-idle-sessions  off, with all',
      'gone                     off            bob  5m ago  maintenance',
    ]);
  });

  it('is there for programs', async () => {
    const { out } = await run(['remediation', 'status', '--json'], { switches: [off('*')] });
    const mine = { switched_off: true, changed_by: 'bob', comment: 'maintenance' };
    expect(JSON.parse(out)).toEqual([
      { scope: '*', off: true, ...mine, changed_at: new Date(NOW - 300_000).toISOString() },
      {
        ...{ scope: 'terminate-idle-sessions', off: true, switched_off: false },
        ...{ changed_by: null, changed_at: null, comment: null },
      },
    ]);
  });
});

describe('remediation off and on', () => {
  it('switches all runbooks off, with who and why, and shows it', async () => {
    const { code, out, calls } = await run(['remediation', 'off', '--comment', 'restore']);
    const change = { scope: '*', engaged: true, reason: 'restore', changedBy: 'alice' };
    expect(calls).toEqual([['setSwitch', change], ['close']]);
    expect(out).toMatch(/^all +off +alice +now +restore$/m);
    expect(code).toBe(0);
  });

  it('switches one on and shows that the switch for all still keeps it from acting', async () => {
    const { out, calls } = await run(['remediation', 'on', 'terminate-idle-sessions', '--owner', 'eve'], {
      switches: [off('*'), off('terminate-idle-sessions')],
    });
    expect(calls[0]).toEqual([
      'setSwitch',
      { scope: 'terminate-idle-sessions', engaged: false, reason: 'no comment', changedBy: 'eve' },
    ]);
    expect(out).toMatch(/^terminate-idle-sessions +off, with all +eve/m);
  });

  it('refuses a runbook that there is not, and touches nothing', async () => {
    const { code, err, calls } = await run(['remediation', 'off', 'terminate-idle-session']);
    expect(err).toContain('is no runbook; did you mean "terminate-idle-sessions"?');
    expect([code, calls]).toEqual([2, []]);
  });

  it('has help with examples', async () => {
    const { out } = await run(['remediation', 'off', '--help']);
    expect(out).toContain('$ tocsin remediation off --comment "maintenance of prod-db-01"');
  });
});
