/** What rules would have made is what evaluators would have told: of the same rule, at the same time, with the same bounds. */
import {
  NO_EXTENSIONS,
  type AlertRule,
  type GroupRule,
  type RuleGroup,
} from '../../../src/domain/rule-group';
import { createBacktest, difference, type BacktestOptions } from '../../../src/evaluate/backtest';
import { x } from './pool-sketch';
import { SECOND } from './sketches';

const alert = (name: string, expr: string, more: Partial<AlertRule> = {}): AlertRule => ({
  ...{ kind: 'alert', name, expr, forMs: 0, keepFiringForMs: 0, labels: {}, annotations: {} },
  ...NO_EXTENSIONS,
  ...more,
});
const record = (name: string, expr: string): GroupRule => ({ kind: 'record', name, expr, labels: {} });
const group = (name: string, rules: readonly GroupRule[], more: Partial<RuleGroup> = {}): RuleGroup => ({
  ...{ file: null, name, intervalMs: null, queryOffsetMs: null, limit: 0, rules },
  ...more,
});

const PARTITIONS = 2;

/** `[second, value]` of x, by instance: `i0` is in partition 0, `i1` in 1. */
function backtest(
  groups: readonly RuleGroup[],
  points: Readonly<Record<string, readonly (readonly [number, number])[]>>,
  more: Partial<BacktestOptions> = {},
) {
  const run = createBacktest({
    ...{ groups, defaultIntervalMs: 10 * SECOND, partitions: PARTITIONS },
    ...{ fromMs: -Infinity, toMs: Infinity, ...more },
  });
  Object.entries(points)
    .flatMap(([instance, its]) => its.map(([second, value]) => ({ second, metric: x('x', instance, value) })))
    .sort((a, b) => a.second - b.second)
    .forEach(({ second, metric }) => {
      const time = second * SECOND;
      const partition = Number(metric.instance_id.slice(1)) % PARTITIONS;
      run.offer(metric, { time, recorded: time, partition });
    });
  return run.finish();
}

const HIGH = [5, 15, 25].map((second) => [second, 9] as const);
const HIGH_THEN_LOW = [5, 15, 25, 35, 45].map((second) => [second, second < 30 ? 9 : 1] as const);

it('tells alerts of rules of one name apart, which have the same labels', () => {
  const groups = [
    group('one', [alert('High', 'x > 2')]),
    group('two', [alert('High', 'x > 5'), alert('High', 'x > 7', { keepFiringForMs: 10 * SECOND })]),
  ];
  const { alerts } = backtest(groups, { i0: HIGH_THEN_LOW });
  const inShort = alerts.map(({ group: of, which, startsAt, endsAt }) => [of, which, startsAt, endsAt]);
  expect(inShort.sort()).toEqual([
    ['one', 0, 5_000, 35_000],
    ['two', 0, 5_000, 35_000],
    ['two', 1, 5_000, 45_000],
  ]);
  expect(new Set(alerts.map((each) => each.fingerprint)).size).toBe(1);
});

it('compares alerts of the same rule of the same group', () => {
  const one = group('one', [alert('High', 'x > 2')]);
  const two = group('two', [alert('High', 'x > 0')]);
  const before = backtest([one, two], { i0: HIGH_THEN_LOW });
  const after = backtest([two], { i0: HIGH_THEN_LOW });
  const { added, removed, moved, same } = difference(before, after);
  expect([added, moved, same]).toEqual([[], [], 1]);
  expect(removed.map((each) => each.group)).toEqual(['one']);
});

it('compares alerts of rules that have moved to another group by their labels', () => {
  const before = backtest([group('one', [alert('High', 'x > 2')])], { i0: HIGH_THEN_LOW });
  const after = backtest([group('two', [alert('High', 'x > 2')])], { i0: HIGH_THEN_LOW });
  expect(difference(before, after)).toEqual({ added: [], removed: [], moved: [], same: 1 });
});

it('evaluates what each partition records before the rules across instances that read it, as files may not', () => {
  const groups = [
    group('all', [alert('Sum', 'sum(x:half) > 5')]),
    group('each', [record('x:half', 'x / 2')]),
  ];
  const { alerts } = backtest(groups, { i0: HIGH_THEN_LOW, i1: HIGH_THEN_LOW });
  expect(alerts.map(({ startsAt, endsAt, value }) => [startsAt, endsAt, value])).toEqual([
    [10_000, 40_000, 9],
  ]);
});

it('bounds series and alerts where evaluators do: in each partition, and in each slot', () => {
  const each = group('each', [alert('High', 'x > 2')], { limit: 1 });
  const all = group('all', [alert('Sum', 'sum(x) > 5')]);
  const both = { i0: HIGH_THEN_LOW, i1: HIGH_THEN_LOW };
  const local = backtest([each], both, { maxSeriesOfMetric: 1 });
  expect([local.refused, local.errors, local.alerts.length]).toEqual([[], [], 2]);
  const oneTooMany = backtest([each], { ...both, i3: [[1, 1], ...HIGH_THEN_LOW] }, { maxSeriesOfMetric: 1 });
  expect([oneTooMany.refused, oneTooMany.alerts.length]).toEqual([['x'], 2]);
  const limited = backtest([each], { i1: HIGH, i3: HIGH });
  expect(limited.errors).toEqual([
    { group: 'each', rule: 'High', error: expect.stringContaining('limit of 1') },
  ]);
  expect(backtest([all], both, { maxSeriesOfMetric: 1 }).refused).toEqual(['x']);
});

it('says which rule of which group cannot be evaluated, once for all partitions', () => {
  const groups = [group('joins', [alert('Twice', 'x * on (instance_id) {__name__=~"x|y"} > 0')])];
  const run = createBacktest({
    ...{ groups, defaultIntervalMs: 10 * SECOND, partitions: PARTITIONS, fromMs: -Infinity, toMs: Infinity },
  });
  for (const [partition, instance] of ['i0', 'i1'].entries())
    for (const name of ['x', 'y']) run.offer(x(name, instance, 1), { time: 1, recorded: 1, partition });
  expect(run.finish(10 * SECOND).errors).toEqual([
    { group: 'joins', rule: 'Twice', error: expect.stringContaining('many') },
  ]);
});
