/** A life that was lost goes on where the history knows that it stood, and nobody hears anything again. */
import type { ResumedLife } from '../../../src/domain/life';
import { AlertLife } from '../../../workflows/alert/life';
import { MINUTE, policy, T0, transition } from '../../builders/alerts';

const iso = (ms: number): string => new Date(ms).toISOString();
const lost = (more: Partial<ResumedLife> = {}): ResumedLife => ({
  state: 'FIRING',
  episodes: 3,
  seq: 5_000,
  counts: { escalated: 1 },
  acknowledgement: null,
  steppedAt: iso(T0),
  remediation: null,
  ...more,
});
const plan = {
  ...{ runbook: 'terminate-idle-sessions', target: 'prod-db-01', inputs: {} },
  ...{ dryRun: false, soakMs: 1_000, verifyTimeoutMs: 60_000 },
};

function resume(more: Partial<ResumedLife>, now: number, own: Parameters<typeof policy>[0] = {}) {
  const life = new AlertLife({ transition: transition(), policy: policy(own), resumed: lost(more) }, now);
  const steps = (): string[] =>
    life
      .pending()
      .flatMap(({ notifications = [] }) => notifications)
      .map(({ step }) => step);
  return { life, steps };
}

it('tells the next level when the time of the last one is over, and not before', () => {
  const { life, steps } = resume({}, T0 + 10 * MINUTE);
  expect(life.nextDeadline()).toBe(T0 + 15 * MINUTE);
  life.tick(T0 + 15 * MINUTE - 1);
  expect(steps()).toEqual([]);
  life.tick(T0 + 15 * MINUTE);
  expect(steps()).toEqual(['escalate-2']);
});

it('whose step was missed meanwhile is told soon, but only when silences are known', () => {
  const { life, steps } = resume({}, T0 + 60 * MINUTE);
  life.tick(T0 + 60 * MINUTE);
  expect(steps()).toEqual([]);
  life.opened(
    T0,
    { closed: false, previousEndedAt: null, silenced: { by: 'ada', until: iso(T0 + 90 * MINUTE) } },
    [],
    T0 + 60 * MINUTE,
  );
  life.tick(T0 + 61 * MINUTE);
  expect(steps()).toEqual([]);
});

it('stays acknowledged, and its lease lapses at its time', () => {
  const until = iso(T0 + 20 * MINUTE);
  const acknowledgement = { owner: 'ada', at: iso(T0), until, comment: null };
  const { life, steps } = resume({ state: 'ACKNOWLEDGED', acknowledgement }, T0 + 10 * MINUTE);
  expect(life.status(T0)).toMatchObject({ state: 'ACKNOWLEDGED', acknowledgement, episodes: 3 });
  life.tick(T0 + 20 * MINUTE);
  expect(life.status(T0).state).toBe('FIRING');
  expect(steps()).toEqual([]);
});

it("its records come after the lost life's, and its events have keys of their own", () => {
  const { life } = resume({ counts: { resumed: 2, acknowledged: 1 } }, T0 + MINUTE);
  life.acknowledge({ owner: 'bob' }, T0 + MINUTE);
  const records = life.pending();
  expect(records.flatMap(({ timeline }) => timeline.map(({ key }) => key))).toEqual([
    'resumed-3',
    'acknowledged-2',
  ]);
  expect(Math.min(...records.map(({ seq }) => seq))).toBeGreaterThan(5_000);
});

it('hears the end of its episode, and a repeat of what it knows changes nothing', () => {
  const { life } = resume({}, T0 + MINUTE);
  expect(life.observe(transition(), policy(), T0 + MINUTE)).toBe('repeated');
  expect(life.observe(transition({ kind: 'resolved', at: 2, startsAt: 0 }), policy(), T0 + MINUTE)).toBe(
    'resolved',
  );
});

describe('a repair', () => {
  it('that was never begun is begun', () => {
    expect(resume({}, T0, { remediation: plan }).life.wantsRemediation()).toBe(true);
  });

  it('that had begun is waited for, until it is given up', () => {
    const { life } = resume({ counts: { remediation_started: 1 } }, T0, {
      remediation: plan,
      escalation: null,
    });
    expect(life.wantsRemediation()).toBe(false);
    expect(life.status(T0).remediation).toMatchObject({ outcome: 'running' });
    life.tick(life.nextDeadline()!);
    expect(life.status(T0).remediation).toMatchObject({ outcome: 'failed' });
  });

  it('that has ended is not begun again', () => {
    const remediation = {
      ...{ remediation_id: 'r-1', runbook: plan.runbook, target: plan.target, outcome: 'verified' as const },
      ...{ reason: '', attempted: true, dry_run: false, steps: [], checks: [], residual_risk: null },
      ...{ started_at: iso(T0), ended_at: iso(T0) },
    };
    const counts = { remediation_started: 1, remediated: 1 };
    const { life } = resume({ counts, remediation }, T0, { remediation: plan });
    expect(life.wantsRemediation()).toBe(false);
    expect(life.status(T0).remediation).toMatchObject({ outcome: 'verified' });
  });
});
