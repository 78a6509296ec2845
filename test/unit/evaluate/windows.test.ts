/** A rule with a window compares the mean of its samples, in event time whatever order they come in. */
import type { MetricValue } from '../../../src/domain/metric';
import type { ThresholdRule } from '../../../src/domain/rule';
import { createEvaluator } from '../../../src/evaluate/evaluator';
import { decodeTransition, encodeTransition } from '../../../src/stream/transition-message';
import { MINUTE, rule, sample, told } from './sketches';

const over = (points: readonly (readonly [number, MetricValue])[], more: Partial<ThresholdRule> = {}) =>
  told(createEvaluator({ rules: [rule({ windowMs: MINUTE, ...more })] }), points);

test('the mean decides, not the sample', () => {
  expect(
    over([
      [0, 80],
      [10, 95],
      [20, 98],
      [30, 100],
    ]),
  ).toEqual([['firing', 20, 91]]);
  expect(
    over([
      [0, 100],
      [10, 89],
    ]),
  ).toEqual([['firing', 0, 100]]);
});

test('the transition says over how long the mean is taken, and is read back with it', () => {
  const windowed = createEvaluator({ rules: [rule({ windowMs: MINUTE })] });
  const [fired] = windowed.offer(sample(0, 100));
  expect(fired!.condition).toMatchObject({ window_ms: MINUTE });
  expect(decodeTransition(encodeTransition(fired!))).toMatchObject({ ok: true, value: fired });
  const [plain] = createEvaluator({ rules: [rule()] }).offer(sample(0, 100));
  expect(plain!.condition).not.toHaveProperty('window_ms');
});

test('a sample as old as the window is long has left it', () => {
  expect(
    over([
      [0, 0],
      [59, 100],
      [60, 100],
    ]),
  ).toEqual([['firing', 60, 100]]);
});

test('the alert resolves when the mean has recovered', () => {
  expect(
    over([
      [0, 100],
      [10, 85],
      [20, 80],
    ]),
  ).toEqual([
    ['firing', 0, 100],
    ['resolved', 20, (100 + 85 + 80) / 3],
  ]);
});

test('a late sample decides nothing, and counts from the next decision on', () => {
  expect(
    over([
      [0, 80],
      [30, 100],
      [10, 300],
      [40, 80],
    ]),
  ).toEqual([['firing', 40, 140]]);
});

test('a late sample takes its place in time: it leaves the window when its own time has come', () => {
  expect(
    over([
      [0, 0],
      [30, 0],
      [10, 1_000],
      [65, 90],
      [70, 90],
    ]),
  ).toEqual([
    ['firing', 65, (1_000 + 90) / 3],
    ['resolved', 70, 60],
  ]);
});

test('a sample that comes twice counts once', () => {
  expect(
    over([
      [0, 80],
      [10, 100],
      [10, 100],
      [10, 400],
      [5, 90],
      [5, 900],
      [20, 90],
    ]),
  ).toEqual([]);
});

test('a late sample without a number changes nothing', () => {
  expect(
    over([
      [0, 80],
      [30, 98],
      [10, 'NaN'],
      [10, 'stale'],
      [40, 98],
    ]),
  ).toEqual([['firing', 40, 92]]);
});

test('a sample without a number breaches nothing and does not count', () => {
  expect(
    over(
      [
        [0, 95],
        [10, 'NaN'],
        [20, 95],
      ],
      { forMs: 15_000 },
    ),
  ).toEqual([]);
  expect(
    over([
      [0, 80],
      [10, 'NaN'],
      [20, 104],
    ]),
  ).toEqual([['firing', 20, 92]]);
});

test('a stale marker empties the window', () => {
  expect(
    over([
      [0, 0],
      [10, 'stale'],
      [20, 95],
    ]),
  ).toEqual([['firing', 20, 95]]);
});

test('rules of one series keep windows of their own lengths', () => {
  const rules = [
    rule({ name: 'Short', windowMs: 20_000 }),
    rule({ name: 'Long', windowMs: MINUTE }),
    rule({ name: 'None', threshold: 1_000 }),
  ];
  const evaluator = createEvaluator({ rules });
  const names = (
    [
      [0, 0],
      [30, 100],
      [70, 100],
      [71, 1_500],
    ] as const
  )
    .flatMap(([at, value]) => evaluator.offer(sample(at, value)))
    .map(({ kind, rule: of, event_time: at }) => [kind, of?.name, at.slice(17, 19)]);
  expect(names).toEqual([
    ['firing', 'Short', '30'],
    ['firing', 'Long', '10'],
    ['changed', 'Short', '11'],
    ['firing', 'None', '11'],
  ]);
});
