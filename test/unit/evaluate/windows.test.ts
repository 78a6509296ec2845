/** A rule with a window compares the mean of its samples, at its group's times: every 15 s here. */
import type { MetricValue } from '../../../src/domain/metric';
import { decodeTransition, encodeTransition } from '../../../src/stream/transition-message';
import { createEvaluator, inShort, MINUTE, rule, sample, secondBySecond, type RuleSketch } from './sketches';

type Points = readonly (readonly [number, MetricValue])[];

const over = (points: Points, more: RuleSketch = {}, until = 90) =>
  secondBySecond(rule({ windowMs: MINUTE, ...more }), points, until);
const story = (...args: Parameters<typeof over>) => inShort(over(...args));

test('the mean decides, not the sample', () => {
  const points: Points = [
    [0, 80],
    [10, 95],
    [20, 98],
    [30, 100],
  ];
  expect(story(points)).toEqual([['firing', 30, (80 + 95 + 98 + 100) / 4]]);
});

test('the transition says over how long the mean is taken, what it is about, and is read back with it', () => {
  const [fired] = over([[0, 100]]);
  expect(fired!.condition).toMatchObject({
    window_ms: MINUTE,
    series: { instance_id: 'prod-db-01', environment: 'production' },
  });
  expect(fired!.recent).toHaveLength(1);
  expect(decodeTransition(encodeTransition(fired!))).toMatchObject({ ok: true, value: fired });
});

test('a sample as old as the window is long has left it', () => {
  expect(
    story(
      [
        [0, 0],
        [59, 100],
      ],
      {},
      60,
    ),
  ).toEqual([['firing', 60, 100]]);
});

test('the alert resolves when the mean has recovered', () => {
  const points: Points = [
    [0, 100],
    [10, 85],
    [20, 80],
    [40, 20],
  ];
  expect(story(points, { threshold: 90, recoveryThreshold: 80 }, 45)).toEqual([
    ['firing', 0, 100],
    ['resolved', 45, (100 + 85 + 80 + 20) / 4],
  ]);
});

test('a late sample takes its place in time, and counts in decisions that follow', () => {
  const evaluator = createEvaluator({ rules: [rule({ windowMs: MINUTE })] });
  evaluator.reached(-1);
  evaluator.offer(sample(0, 80));
  evaluator.offer(sample(30, 100));
  expect(inShort(evaluator.reached(30))).toEqual([]);
  evaluator.offer(sample(10, 300));
  expect(inShort(evaluator.reached(45))).toEqual([['firing', 45, 160]]);
  expect(inShort(evaluator.reached(75)).at(-1)).toEqual(['changed', 75, 100]);
});

test('a sample without a number breaches nothing, and resolves nothing while it counts', () => {
  expect(
    story(
      [
        [0, 80],
        [10, 'NaN'],
        [20, 104],
      ],
      {},
      45,
    ),
  ).toEqual([]);
  expect(
    story(
      [
        [0, 100],
        [20, 'NaN'],
        [30, 10],
      ],
      {},
      45,
    ),
  ).toEqual([['firing', 0, 100]]);
});

test('a stale marker ends the alert at once', () => {
  const points: Points = [
    [0, 100],
    [20, 'stale'],
  ];
  const [, ended] = over(points, {}, 20);
  expect(ended).toMatchObject({ kind: 'resolved', annotations: { resolved_reason: 'series ended' } });
});

test('an alert whose samples stop goes on: nothing is known of it', () => {
  expect(story([[0, 100]], {}, 600)).toEqual([['firing', 0, 100]]);
  expect(story([[0, 100]], { noData: 'ok' }, 600)).toEqual([
    ['firing', 0, 100],
    ['resolved', 60, null],
  ]);
});
