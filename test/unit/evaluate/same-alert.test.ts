/** Several rules that make alerts of the same labels make one alert, which goes on while one of them has it. */
import { NO_EXTENSIONS, type AlertRule, type RuleGroup } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import { createEvaluatorHost } from '../../../src/evaluate/host';
import { createPool, x } from './pool-sketch';
import { groupOf, knowing, rule, sample, SECOND, T0 } from './sketches';

/** The same labels, whatever the rest says. */
const above = (threshold: number, more: Partial<AlertRule> = {}): AlertRule =>
  rule({ threshold, noData: 'ok', ...more });

const GROUPS = [groupOf([above(90)], { name: 'a' }), groupOf([above(80)], { name: 'b' })];

async function start(
  groups: readonly RuleGroup[] = GROUPS,
  before: { alerts?: ReturnType<typeof knowing>; saved?: unknown } = {},
) {
  const alerts = before.alerts ?? knowing([]);
  const sent: Transition[] = [];
  const host = createEvaluatorHost({
    ...{ intervalMs: 15_000, groups, openAlerts: alerts, partitionOf: () => 0, now: () => T0 },
    publisher: {
      async publish(transitions) {
        sent.push(...transitions);
        transitions.forEach(alerts.take);
      },
    },
  });
  const saved = new Map(
    before.saved === undefined ? [] : [[0, before.saved as ReturnType<typeof host.save>]],
  );
  await host.assigned([0], [0], [], saved);
  async function values(...points: readonly (readonly [number, number])[]): Promise<void> {
    for (const [at, value] of points) {
      host.offer(sample(at, value), T0 + at * SECOND, { topic: 'm', partition: 0, replayed: false });
      await host.flush(0);
    }
  }
  const inShort = () =>
    sent.map(
      ({ kind, event_time: at, rule: of }) => `${of?.group}: ${kind} ${(Date.parse(at) - T0) / SECOND}`,
    );
  return { host, alerts, sent, values, inShort };
}

test('it goes over from the one that has ended to the one that holds, and ends with that', async () => {
  const { values, inShort, sent } = await start();
  await values([0, 95], [10, 85], [20, 50]);
  expect(inShort()).toEqual(['a: firing 0', 'b: changed 10', 'b: resolved 20']);
  expect(new Set(sent.map(({ starts_at, correlation_id: of }) => `${starts_at} ${of}`)).size).toBe(1);
});

test('one of them tells of it, and the end of another is no news', async () => {
  const { values, inShort } = await start();
  await values([0, 85], [20, 95], [40, 85], [60, 50]);
  expect(inShort()).toEqual(['b: firing 0', 'b: changed 20', 'b: changed 40', 'b: resolved 60']);
});

test('they swing, and people hear of one alert', async () => {
  const { values, sent } = await start();
  await values(...Array.from({ length: 50 }, (_, n) => [n, n % 2 === 0 ? 95 : 85] as const), [60, 50]);
  const kinds = sent.map(({ kind }) => kind).filter((kind) => kind !== 'changed');
  expect(kinds).toEqual(['firing', 'resolved']);
});

test('they end together where the series ends', async () => {
  const { host, sent, values } = await start();
  await values([0, 95]);
  host.offer(sample(10, 'stale'), T0 + 10 * SECOND, { topic: 'm', partition: 0, replayed: false });
  await host.flush(0);
  expect(sent.at(-1)).toMatchObject({ kind: 'resolved', annotations: { resolved_reason: 'series ended' } });
});

test('a process that takes over goes on so', async () => {
  const first = await start();
  await first.values([0, 95]);
  const next = await start(GROUPS, { alerts: first.alerts, saved: structuredClone(first.host.save(0)) });
  await next.values([10, 85], [20, 50]);
  expect(next.inShort()).toEqual(['b: changed 10', 'b: resolved 20']);
});

test('where the rule of an alert is gone, the other one fires anew', async () => {
  const first = await start();
  await first.values([0, 95]);
  const saved = structuredClone(first.host.save(0));
  const next = await start(GROUPS.slice(1), { alerts: first.alerts, saved });
  await next.values([10, 95]);
  expect(next.inShort()).toEqual(['a: resolved 0', 'b: firing 0.001']);
});

describe('where one is evaluated by each partition and the other in one place', () => {
  const high = { ...rule(), ...NO_EXTENSIONS, labels: {}, annotations: {} };
  const of = (name: string, expr: string): RuleGroup =>
    groupOf([{ ...high, expr }], { name, intervalMs: null });
  const groups = [of('local', 'x > 90'), of('global', 'x > 80 and on () sum(x) > 0')];

  async function told(values: readonly (readonly [string, number])[]): Promise<string[]> {
    const pool = createPool(groups, 1, 1);
    await pool.start();
    await pool.reached(0);
    for (const [n, [instance, value]] of values.entries()) {
      await pool.sample(n * 10 + 5, x('x', instance, value));
      await pool.reached(n * 10 + 11);
    }
    return pool.told.map(
      ({ kind, event_time: at, rule: of }) => `${of?.group}: ${kind} ${Date.parse(at) / SECOND}`,
    );
  }

  test('it is theirs who told of it last', async () => {
    expect(
      await told([
        ['a0', 95],
        ['a0', 85],
        ['a0', 50],
      ]),
    ).toEqual(['local: firing 5', 'global: changed 10', 'global: changed 20', 'global: resolved 30']);
  });

  test('it fires anew where it still holds when the other one has ended', async () => {
    expect(
      await told([
        ['a0', 95],
        ['b0', -1_000],
        ['a0', 95],
        ['a0', 50],
      ]),
    ).toEqual([
      'local: firing 5',
      'global: changed 10',
      'global: resolved 20',
      'local: firing 20.001',
      'local: resolved 35',
    ]);
  });
});
