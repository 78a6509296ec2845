/** What is told of an alert while it fires: values that have moved enough, at a bounded pace, with the last points. */
import type { MetricValue } from '../../../src/domain/metric';
import type { Transition } from '../../../src/domain/transition';
import { createEvaluator, isoAt, rule, sample, T0, told } from './sketches';

const DAY = 86_400;
const fired = (points: readonly (readonly [number, MetricValue])[]) =>
  told(createEvaluator({ rules: [rule({ recoveryThreshold: 0 })] }), points)
    .map(([kind, at]) => `${kind} ${at}`)
    .slice(1);

test('a tenth more or less is told, and not what is below that', () => {
  expect(
    fired([
      [0, 100],
      [20, 109.9],
      [30, 110],
      [50, 99],
    ]),
  ).toEqual(['changed 30', 'changed 50']);
  expect(
    fired([
      [0, 100],
      [20, 90.1],
      [30, 90],
    ]),
  ).toEqual(['changed 30']);
});

test('a change is held against what was told last, not against the sample before', () => {
  expect(
    fired([
      [0, 100],
      [20, 105],
      [40, 109],
      [60, 112],
    ]),
  ).toEqual(['changed 60']);
});

test('a change is told at most every ten seconds', () => {
  expect(
    fired([
      [0, 100],
      [5, 200],
      [9.999, 300],
      [10, 400],
      [19, 800],
      [20, 800],
    ]),
  ).toEqual(['changed 10', 'changed 20']);
});

test('a change to or from infinity is told, one to no number is not', () => {
  expect(
    fired([
      [0, 100],
      [20, '+Inf'],
      [40, '+Inf'],
      [60, 'NaN'],
      [80, 100],
    ]),
  ).toEqual(['changed 20', 'changed 80']);
});

test('a value that stays is repeated after a day, so that the topic always holds it', () => {
  expect(
    fired([
      [0, 95],
      [DAY - 1, 95],
      [DAY, 95],
      [2 * DAY - 1, 95],
      [2 * DAY, 95],
    ]),
  ).toEqual([`changed ${DAY}`, `changed ${2 * DAY}`]);
});

describe('a transition', () => {
  const points = (count: number) =>
    Array.from({ length: count }, (_, at) => sample(at, at < count - 1 ? at / 10 : 95));
  const last = (count: number): Transition => {
    const evaluator = createEvaluator({ rules: [rule()] });
    return points(count)
      .flatMap((metric) => evaluator.offer(metric))
      .at(-1)!;
  };

  test('carries the points before it, oldest first and the deciding one last', () => {
    expect(last(3).recent).toEqual([
      [T0, 0],
      [T0 + 1_000, 0.1],
      [T0 + 2_000, 95],
    ]);
  });

  test.each([60, 61, 150])('carries at most sixty points, after %i samples', (count) => {
    const { recent } = last(count);
    expect(recent).toHaveLength(60);
    expect(recent.map(([time]) => (time - T0) / 1_000)).toEqual(
      Array.from({ length: 60 }, (_, at) => count - 60 + at),
    );
    expect(recent.at(-1)).toEqual([T0 + (count - 1) * 1_000, 95]);
  });

  test('names its alert, its rule and its condition', () => {
    const more = {
      labels: { team: 'dba', environment: 'of the rule' },
      runbook: 'end-sessions',
      receivers: ['dba'],
      cooldownMs: 5_000,
      unit: 'sessions',
    };
    const evaluator = createEvaluator({ rules: [rule({ ...more, recoveryThreshold: 80 })] });
    const [transition] = evaluator.offer(sample(10, 95));
    expect(transition).toMatchObject({
      version: 1,
      kind: 'firing',
      source: 'evaluator',
      starts_at: isoAt(10),
      event_time: isoAt(10),
      ends_at: null,
      value: 95,
      threshold: 90,
      rule: { group: 'postgres', name: 'ConnectionsHigh', unit: 'sessions' },
      correlation_id: 'c-10',
      annotations: { summary: 'connections are nearly used up' },
      labels: {
        alertname: 'ConnectionsHigh',
        severity: 'critical',
        metric: 'connections_used_percent',
        team: 'dba',
        environment: 'of the rule',
        instance_id: 'prod-db-01',
        database_type: 'postgresql',
      },
      condition: {
        metric: 'connections_used_percent',
        series: { environment: 'production', instance_id: 'prod-db-01', database_type: 'postgresql' },
        operator: '>',
        threshold: 90,
        recovery_threshold: 80,
      },
      runbook: 'end-sessions',
      receivers: ['dba'],
      cooldown_ms: 5_000,
    });
  });

  test('leaves out what its rule does not say', () => {
    const [transition] = createEvaluator({ rules: [rule({ cooldownMs: null })] }).offer(sample(10, 95));
    expect(transition).not.toHaveProperty('cooldown_ms');
    expect(transition).not.toHaveProperty('runbook');
    expect(transition).not.toHaveProperty('receivers');
    expect(transition!.rule).not.toHaveProperty('unit');
  });

  test('keeps one correlation id through an episode, also where the metric has none', () => {
    const evaluator = createEvaluator({ rules: [rule()] });
    const bare = { metadata: undefined };
    const told = [sample(0, 95, bare), sample(20, 200), sample(30, 5), sample(40, 95, bare)].flatMap(
      (metric) => evaluator.offer(metric),
    );
    const ids = told.map(({ correlation_id: id }) => id);
    expect(told.map(({ kind }) => kind)).toEqual(['firing', 'changed', 'resolved', 'firing']);
    expect(ids[0]).toBe(`${told[0]!.fingerprint}-${T0}`);
    expect(ids.slice(0, 3)).toEqual([ids[0], ids[0], ids[0]]);
    expect(ids[3]).not.toBe(ids[0]);
  });
});
