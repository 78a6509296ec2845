/** Evaluator pools with different rules share the alerts: each knows its own, and leaves those of the others alone. */
import type { AlertRule } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import { createEvaluatorHost } from '../../../src/evaluate/host';
import { groupOf, knowing, MINUTE, rule, sample, SECOND, T0 } from './sketches';

/** What all pools tell, and know. */
function createAlerts() {
  const view = knowing([]);
  const sent: Transition[] = [];
  return {
    sent,
    view,
    publish: async (transitions: readonly Transition[]): Promise<void> => {
      sent.push(...transitions);
      transitions.forEach(view.take);
    },
    inShort: () =>
      sent.map(({ kind, event_time: at, rule: of, annotations: { resolved_reason: reason } }) =>
        [`${of?.pool}: ${kind} ${(Date.parse(at) - T0) / SECOND}`, reason].filter(Boolean).join(', '),
      ),
  };
}

type Alerts = ReturnType<typeof createAlerts>;

async function start(
  { view: openAlerts, publish }: Alerts,
  pool: string | undefined,
  rules: readonly AlertRule[],
  isOnlyPool?: boolean,
) {
  const host = createEvaluatorHost({
    ...{ intervalMs: 15_000, groups: [groupOf(rules)], pool, isOnlyPool },
    ...{ openAlerts, publisher: { publish } },
    partitionOf: () => 0,
    now: () => T0 + MINUTE,
  });
  await host.assigned([0], [0]);
  return async (at: number, value: number, replayed = false): Promise<void> => {
    host.offer(sample(at, value), T0 + at * SECOND, { topic: 'm', partition: 0, replayed });
    await host.flush(0);
  };
}

const HIGH = rule({ noData: 'ok' });

test.each([['others'], ['default'], [undefined]])(
  'rules that pool "%s" does not have are no reason to end alerts of another one',
  async (pool) => {
    const alerts = createAlerts();
    await (
      await start(alerts, 'main', [HIGH])
    )(0, 95);
    await start(alerts, pool, []);
    expect(alerts.inShort()).toEqual(['main: firing 0']);
  },
);

describe('an alert that names no pool', () => {
  const unnamed = async (): Promise<Alerts> => {
    const alerts = createAlerts();
    await (
      await start(alerts, undefined, [HIGH])
    )(0, 95);
    return alerts;
  };

  test.each([
    ['of the pool that has its rule', 'others', false],
    ['of the default pool, where that has it', 'default', false],
    ['of the only pool', 'others', true],
  ])('is that %s, which says so, goes on with it, and ends it', async (_, pool, isOnlyPool) => {
    const alerts = await unnamed();
    const next = await start(alerts, pool, [HIGH], isOnlyPool);
    await next(30, 50);
    expect(alerts.inShort()).toEqual(['undefined: firing 0', `${pool}: changed 0`, `${pool}: resolved 30`]);
  });

  test.each(['default', 'others'])(
    'is left open by pool "%s", which does not have its rule and is not the only one',
    async (pool) => {
      const alerts = await unnamed();
      const next = await start(alerts, pool, [rule({ noData: 'ok', threshold: 60 })], false);
      await next(30, 95);
      await next(60, 50);
      expect(alerts.inShort()).toEqual([
        'undefined: firing 0',
        `${pool}: changed 30`,
        `${pool}: resolved 60`,
      ]);
      const other = await unnamed();
      await start(other, pool, [], false);
      expect(other.sent).toHaveLength(1);
    },
  );

  test.each([['default'], [undefined]])(
    'is ended by the only pool "%s" where its rule is gone',
    async (pool) => {
      const alerts = await unnamed();
      await start(alerts, pool, []);
      expect(alerts.inShort()).toEqual(['undefined: firing 0', 'undefined: resolved 60, rule removed']);
    },
  );

  test('is ended by its pool where its rule goes later', async () => {
    const alerts = await unnamed();
    await start(alerts, 'others', [HIGH], false);
    await start(alerts, 'default', [], false);
    expect(alerts.sent).toHaveLength(2);
    await start(alerts, 'others', [], false);
    expect(alerts.inShort().slice(2)).toEqual(['others: resolved 60, rule removed']);
  });
});

describe('a rule that two pools have', () => {
  test('goes on for as long as it holds in one of them', async () => {
    const alerts = createAlerts();
    const one = await start(alerts, 'one', [HIGH]);
    const two = await start(alerts, 'two', [HIGH]);
    await one(0, 95);
    await two(10, 96);
    await one(20, 50);
    await two(30, 50);
    expect(alerts.inShort()).toEqual(['one: firing 0', 'two: changed 10', 'two: resolved 30']);
  });

  test('fires anew where it still holds when the other has ended it', async () => {
    const alerts = createAlerts();
    const one = await start(alerts, 'one', [HIGH]);
    const two = await start(alerts, 'two', [HIGH]);
    await one(0, 95);
    await two(10, 96);
    await two(20, 50);
    await one(30, 95);
    expect(alerts.inShort().slice(2)).toEqual(['two: resolved 20', 'one: firing 20.001']);
  });
});

test('a rule that went to another pool fires there when it has ended in the first, however long it has held', async () => {
  const alerts = createAlerts();
  await (
    await start(alerts, 'old', [HIGH])
  )(0, 95);
  const next = await start(alerts, 'new', [HIGH]);
  await next(0, 95, true);
  await next(10, 95);
  await start(alerts, 'old', []);
  await next(70, 95);
  expect(alerts.inShort()).toEqual(['old: firing 0', 'old: resolved 60, rule removed', 'new: firing 60.001']);
});
