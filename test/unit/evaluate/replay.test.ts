/** Event time alone decides: the same samples give the same transitions, whenever they are read and how often. */
import type { AlertRule } from '../../../src/domain/rule-group';
import type { Metric } from '../../../src/domain/metric';
import type { Transition } from '../../../src/domain/transition';
import {
  createEvaluator,
  inShort,
  isoAt,
  MINUTE,
  rule,
  sample,
  SECOND,
  T0,
  told,
  type Evaluator,
} from './sketches';

/** Numbers from 0 to 1, the same for a seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const RULES: readonly AlertRule[] = [
  rule({ name: 'Plain', recoveryThreshold: 60 }),
  rule({ name: 'Lasting', forMs: MINUTE }),
  rule({ name: 'Mean', windowMs: MINUTE, threshold: 60 }),
  rule({ name: 'Often', consecutiveFailures: 3, cooldownMs: 2 * MINUTE }),
  rule({ name: 'Twin', severity: 'critical' }),
  rule({ name: 'Twin', severity: 'warning', threshold: 50, inhibitedBy: 'critical' }),
];

/** An hour of three instances: bad and good stretches, some samples late, repeated, not a number or stale. */
function stream(): Metric[] {
  const roll = dice(7);
  return Array.from({ length: 900 }, (_, at): Metric => {
    const late = roll() < 0.1 ? 45 : 0;
    const odd = roll();
    const level = Math.floor(at / 40) % 2 === 0 ? 95 : 20;
    const value = odd < 0.02 ? 'stale' : odd < 0.05 ? 'NaN' : Math.round(level + roll() * 10);
    return sample(at * 4 - late, value, { instance_id: `db-${at % 3}` });
  });
}

/** Time passes with the stream: a minute behind its newest sample, so that none comes too late for an evaluation. */
function follow(evaluator: Evaluator, metrics: readonly Metric[], replayed = false) {
  return metrics.flatMap((metric) => [
    ...evaluator.reached(secondOf(metric) - 60, replayed),
    ...evaluator.offer(metric, undefined, replayed),
  ]);
}
/** Alerts that one evaluation changes are told in no order. */
const idsOf = (list: readonly Transition[]): string[] => list.map(({ transition_id: id }) => id).sort();
const secondOf = ({ timestamp }: Metric): number => (Date.parse(timestamp) - T0) / SECOND;

const transitionsOf = (metrics: readonly Metric[]) => follow(createEvaluator({ rules: RULES }), metrics);

test('a stream that is read again gives the same transitions, to the last point', () => {
  const once = transitionsOf(stream());
  expect(once.length).toBeGreaterThan(50);
  expect(new Set(once.map(({ rule: of }) => of?.name)).size).toBe(5);
  expect(transitionsOf(stream())).toEqual(once);
});

test('each transition has an id of its own', () => {
  const ids = transitionsOf(stream()).map(({ transition_id: id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('instances do not disturb each other', () => {
  const alone = stream().filter(({ instance_id: id }) => id === 'db-1');
  const among = transitionsOf(stream()).filter(({ labels }) => labels.instance_id === 'db-1');
  expect(among.length).toBeGreaterThan(10);
  expect(idsOf(transitionsOf(alone))).toEqual(idsOf(among));
});

test('whoever knows what followed tells nothing of it again', () => {
  const evaluator = createEvaluator({ rules: RULES, before: transitionsOf(stream()) });
  expect(follow(evaluator, stream())).toEqual([]);
});

test.each([100, 330, 610])('a reader that takes over at sample %i goes on as the first would have', (cut) => {
  const metrics = stream();
  const whole = createEvaluator({ rules: RULES });
  const before = follow(whole, metrics.slice(0, cut));
  const after = follow(whole, metrics.slice(cut));
  const next = createEvaluator({ rules: RULES, before });
  expect(follow(next, metrics.slice(Math.max(0, cut - 200), cut), true)).toEqual([]);
  expect(idsOf(follow(next, metrics.slice(cut)))).toEqual(idsOf(after));
});

describe('a late sample', () => {
  test('neither fires nor resolves', () => {
    const evaluator = createEvaluator({ rules: [rule()] });
    expect(
      told(evaluator, [
        [10, 50],
        [5, 95],
        [20, 95],
        [15, 50],
        [25, 95],
      ]),
    ).toEqual([['firing', 20, 95]]);
    expect(evaluator.late).toBe(2);
  });

  test('neither breaks nor lengthens a pending breach', () => {
    const evaluator = createEvaluator({ rules: [rule({ forMs: MINUTE, consecutiveFailures: 3 })] });
    const points = [
      [0, 95],
      [30, 95],
      [10, 50],
      [20, 95],
      [60, 95],
    ] as const;
    expect(told(evaluator, points)).toEqual([['firing', 60, 95]]);
  });

  test('does not end a series by a stale marker', () => {
    const evaluator = createEvaluator({ rules: [rule()] });
    expect(
      told(evaluator, [
        [10, 95],
        [5, 'stale'],
        [20, 50],
      ]),
    ).toEqual([
      ['firing', 10, 95],
      ['resolved', 20, 50],
    ]);
  });
});

describe('a sample that is read again', () => {
  const lasting = [rule({ forMs: MINUTE })];

  test('counts towards `for`: what it would have fired is told with the first new sample, as it would have been', () => {
    const evaluator = createEvaluator({ rules: lasting });
    expect([0, 30, 60].flatMap((at) => evaluator.offer(sample(at, 95), undefined, true))).toEqual([]);
    expect(evaluator.offer(sample(61, 95))).toMatchObject([{ kind: 'firing', starts_at: isoAt(60) }]);
  });

  test('ends a pending breach, also by a stale marker', () => {
    for (const good of [50, 'stale'] as const) {
      const evaluator = createEvaluator({ rules: lasting });
      for (const [at, value] of [
        [0, 95],
        [30, good],
        [40, 95],
      ] as const)
        expect(evaluator.offer(sample(at, value), undefined, true)).toEqual([]);
      expect(
        told(evaluator, [
          [60, 95],
          [99, 95],
          [100, 95],
        ]),
      ).toEqual([['firing', 100, 95]]);
    }
  });

  test('counts in a window', () => {
    const evaluator = createEvaluator({ rules: [rule({ windowMs: MINUTE })] });
    expect(evaluator.offer(sample(-10, 0), undefined, true)).toEqual([]);
    expect(told(evaluator, [[10, 95]])).toEqual([]);
    expect(inShort(evaluator.reached(30))).toEqual([]);
    expect(inShort(evaluator.reached(60))).toEqual([['firing', 60, 95]]);
  });

  test('does not end an open alert with its series', () => {
    const before = createEvaluator({ rules: [rule()] }).offer(sample(0, 95));
    const evaluator = createEvaluator({ rules: [rule()], before });
    expect(evaluator.offer(sample(10, 'stale'), undefined, true)).toEqual([]);
    expect(told(evaluator, [[20, 50]])).toEqual([['resolved', 20, 50]]);
  });
});
