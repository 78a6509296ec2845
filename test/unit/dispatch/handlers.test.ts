import { createLivesHandler, createPagesHandler } from '../../../src/dispatch/dispatcher';
import { createPolicies, type PolicyOptions } from '../../../src/dispatch/policy';
import type { PagesStore } from '../../../src/history/port';
import type { Transition } from '../../../src/domain/transition';
import { parseMatcher } from '../../../src/domain/matchers';
import { policy, T0, transition } from '../../builders/alerts';

const placed = (transitions: readonly Transition[]) =>
  transitions.map((one, n) => ({ partition: 0, offset: String(n), transition: one }));

describe('lives', () => {
  it('keeps the order of one alert and hands over only the last of its changes', async () => {
    const told: string[] = [];
    const lives = {
      deliver: async (one: Transition) => (
        told.push(`${one.kind}@${one.event_time.slice(17, 23)}`),
        'signalled' as const
      ),
    };
    const changed = (at: number) => transition({ kind: 'changed', at, startsAt: 0 });
    const handler = createLivesHandler({ lives, policyFor: () => policy(), concurrency: 4 });
    await handler(
      placed([
        transition(),
        changed(1),
        changed(2),
        transition({ kind: 'resolved', at: 3, startsAt: 0 }),
        changed(4),
      ]),
    );
    expect(told).toEqual(['firing@00.000', 'changed@00.002', 'resolved@00.003', 'changed@00.004']);
  });

  it('works on several alerts at a time, but on no more than it may', async () => {
    let now = 0;
    let most = 0;
    const lives = {
      deliver: async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        return 'started' as const;
      },
    };
    const batch = Array.from({ length: 20 }, (_, n) => transition({ labels: { instance_id: `db-${n}` } }));
    await createLivesHandler({ lives, policyFor: () => policy(), concurrency: 3 })(placed(batch));
    expect(most).toBe(3);
  });

  it('throws when Temporal is away, after all its work has ended', async () => {
    let open = 0;
    const lives = {
      deliver: async (one: Transition) => {
        open++;
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        if (one.labels.instance_id === 'db-0') throw new Error('away');
        return 'started' as const;
      },
    };
    const batch = Array.from({ length: 9 }, (_, n) => transition({ labels: { instance_id: `db-${n}` } }));
    await expect(
      createLivesHandler({ lives, policyFor: () => policy(), concurrency: 3 })(placed(batch)),
    ).rejects.toThrow('away');
    expect(open).toBe(0);
  });
});

describe('pages', () => {
  it('wakes the notifier only after the rows are written, and only when somebody is to be told', async () => {
    const order: string[] = [];
    const store: PagesStore = {
      apply: async (_, decide) => {
        const change = decide(new Map());
        order.push('written');
        return change;
      },
    };
    const handler = createPagesHandler({
      store,
      pageFor: () => policy().page,
      resolveTo: policy().resolveTo,
      now: () => new Date(T0),
      wakeNotifier: () => order.push('woken'),
    });
    await handler(placed([transition()]));
    await handler(placed([transition({ kind: 'resolved', at: 1 })]));
    expect(order).toEqual(['written', 'woken', 'written']);
  });
});

const policiesOf = (more: Partial<PolicyOptions>) =>
  createPolicies({
    instance: 'x',
    pageFor: () => [],
    resolveTo: [],
    escalations: [],
    acknowledgeLeaseMs: null,
    cooldownMs: 0,
    enrichFor: () => [],
    remediationFor: () => ({ none: null }),
    ...more,
  });

it('a repair of a rule with a window has so much longer to prove itself', () => {
  const plan = {
    runbook: 'r',
    target: 't',
    inputs: {},
    dryRun: false,
    soakMs: 1_000,
    verifyTimeoutMs: 60_000,
  };
  const policyFor = policiesOf({ remediationFor: () => plan });
  const condition = { ...transition().condition!, window_ms: 300_000 };
  expect(policyFor(transition()).remediation).toEqual(plan);
  expect(policyFor(transition({ more: { condition } })).remediation?.verifyTimeoutMs).toBe(360_000);
});

it('a policy takes the first escalation whose matchers hold, and the cool-down of the rule before the default', () => {
  const { escalation } = policy();
  const policyFor = policiesOf({
    escalations: [
      { matchers: [parseMatcher('severity="info"')], policy: { ...escalation!, name: 'quiet' } },
      { matchers: [parseMatcher('environment=~"prod.*"')], policy: { ...escalation!, name: 'loud' } },
    ],
    acknowledgeLeaseMs: 5,
    cooldownMs: 7,
  });
  expect(policyFor(transition())).toMatchObject({
    instance: 'x',
    escalation: { name: 'loud' },
    cooldownMs: 7,
    acknowledgeLeaseMs: 5,
  });
  expect(policyFor(transition({ labels: { environment: 'dev' } })).escalation).toBeNull();
  expect(policyFor(transition({ more: { cooldown_ms: 9 } })).cooldownMs).toBe(9);
});
