/** What alerting rules may say beside Prometheus' fields. */
import type { MetricValue } from '../../../src/domain/metric';
import type { AlertRule } from '../../../src/domain/rule-group';
import {
  createEvaluator,
  inShort,
  isoAt,
  MINUTE,
  rule,
  sample,
  secondBySecond,
  SECOND,
  type RuleSketch,
} from './sketches';

type Points = readonly (readonly [number, MetricValue])[];

/** The group is evaluated every 15 s. */
const run = (sketch: AlertRule | RuleSketch, points: Points, until: number) =>
  secondBySecond('expr' in sketch ? sketch : rule(sketch), points, until);
const story = (...args: Parameters<typeof run>) => inShort(run(...args)).map(([kind, at]) => `${kind} ${at}`);

/** An expression that no sample decides by itself. */
const meaning = (expr: string, more: Partial<AlertRule> = {}): AlertRule => ({
  ...rule(),
  ...{ expr, noData: 'ok', ...more },
});
const every10 = (...values: MetricValue[]): Points => values.map((value, i) => [i * 10, value]);

describe('N of M', () => {
  const occurrences = { count: 2, of: 3 };

  test('counts samples where they decide', () => {
    expect(story({ occurrences }, every10(95, 50, 95, 95), 40)).toEqual(['firing 20']);
    expect(story({ occurrences }, every10(95, 50, 50, 95), 40)).toEqual([]);
  });

  test('counts evaluations elsewhere', () => {
    const points: Points = [
      [0, 95],
      [10, 50],
      [20, 95],
    ];
    expect(story(meaning('connections_used_percent + 0 > 90', { occurrences }), points, 50)).toEqual([
      'firing 30',
    ]);
  });

  test('needs `for` as well, counted from the first that still counts', () => {
    expect(story({ occurrences, forMs: 30_000 }, every10(95, 50, 95, 95, 50, 95), 60)).toEqual([
      ...['firing 30', 'resolved 40'],
    ]);
  });
});

describe('no data', () => {
  const once: Points = [[0, 95]];
  const expr = 'avg_over_time(connections_used_percent[1m]) > 90';

  test.each([
    ['ok', ['firing 0', 'resolved 60']],
    ['keep', ['firing 0']],
    ['alert', ['firing 0', 'changed 60']],
  ] as const)('%s, of an alert that fires', (noData, expected) => {
    expect(story(meaning(expr, { noData }), once, 400)).toEqual(expected);
  });

  test('alert: what was there and is no more fires, says why, and ends when it is back', () => {
    const gone = meaning('connections_used_percent + 0 > 90', { noData: 'alert' });
    const points: Points = [
      [0, 50],
      [400, 50],
    ];
    const [fired, ended, ...more] = run(gone, points, 420);
    expect(more).toEqual([]);
    expect(fired).toMatchObject({ kind: 'firing', value: 'NaN', starts_at: '2026-01-01T00:05:00.000Z' });
    expect(fired!.annotations.no_data).toBe('no data since 2026-01-01T00:04:45.000Z');
    expect(inShort([ended!])).toEqual([['resolved', 405, 50]]);
  });

  test('alert: not where the series says that it has ended', () => {
    const points: Points = [
      [0, 50],
      [10, 'stale'],
    ];
    expect(story({ noData: 'alert' }, points, 400)).toEqual([]);
  });
});

describe('flapping', () => {
  const flapping = { lowPercent: 20, highPercent: 50, windowMs: MINUTE };
  const calm = [50, 50, 50, 50, 50] as const;
  const wild = [95, 50, 95, 50, 95, 50, 95] as const;

  test('holds the alert open while its condition changes too often, and ends it when that is over', () => {
    const points = every10(...calm, ...wild, 50, 50, 50, 50, 50, 50, 50, 50);
    const transitions = run({ flapping }, points, 220);
    const kinds = inShort(transitions).map(([kind, at]) => `${kind} ${at}`);
    expect(kinds).toEqual([
      ...['firing 50', 'resolved 60', 'firing 70', 'resolved 80', 'firing 90'],
      'resolved 170',
    ]);
    expect(transitions[4]!.annotations.flapping).toBe(
      '66.7% of the evaluations of 60s found it changed (flapping above 50%, until below 20%)',
    );
  });

  test('is none where the condition changes once', () => {
    expect(story({ flapping }, every10(...calm, 95, 95, 95, 95, 50, 50), 110)).toEqual([
      'firing 50',
      'resolved 90',
    ]);
  });
});

test('a delay looks at the past, so that samples that come late are there', () => {
  const delayed = rule({ delayMs: 30_000 });
  expect(story(delayed, every10(50, 95, 95, 95, 95), 45)).toEqual(['firing 45']);
});

describe('a rule on trial', () => {
  test('tells nobody, and makes no ALERTS', () => {
    const evaluator = createEvaluator({
      rules: [
        rule({ name: 'Trial', mode: 'shadow' }),
        { ...rule({ name: 'OnAlerts' }), expr: 'ALERTS{alertname="Trial"} == 1' },
      ],
    });
    evaluator.reached(-1);
    expect([...evaluator.offer(sample(0, 95)), ...evaluator.reached(30)]).toEqual([]);
    expect(evaluator.shadows.map(({ kind, rule: of }) => [kind, of?.name])).toEqual([['firing', 'Trial']]);
  });

  test('one that is off is not evaluated at all', () => {
    expect(story({ mode: 'off' }, every10(95, 95), 60)).toEqual([]);
  });
});

describe('keep_firing_for', () => {
  const kept = (...args: Parameters<typeof run>) =>
    run(...args).map(({ annotations }, i) =>
      `${story(...args)[i]} ${annotations.keep_firing_for ?? ''}`.trim(),
    );
  const between = (recovered: number, until: number): string =>
    `recovered at ${isoAt(recovered)}, goes on firing until ${isoAt(until)}`;

  test('holds an alert that a sample has ended, and says so', () => {
    expect(kept({ keepFiringForMs: 30 * SECOND }, every10(95, 50, 50, 50, 50, 50), 60)).toEqual([
      ...['firing 0', `changed 10 ${between(10, 40)}`, 'resolved 40'],
    ]);
  });

  test('says so of other rules, and no more when the condition holds again', () => {
    const points = every10(95, 50, 50, 95, 50);
    const rule = meaning('connections_used_percent + 0 > 90', { keepFiringForMs: MINUTE });
    expect(kept(rule, points, 105)).toEqual([
      ...['firing 0', `changed 15 ${between(15, 75)}`, 'changed 30', `changed 45 ${between(45, 105)}`],
      'resolved 105',
    ]);
  });

  test('says so in its time of what recovers and breaches with each sample', () => {
    const points: Points = Array.from({ length: 20 }, (_, i) => [i, i % 2 === 0 ? 95 : 50]);
    const told = run({ keepFiringForMs: MINUTE }, points, 19);
    expect(inShort(told).map(([kind, at]) => `${kind} ${at}`)).toEqual(['firing 0', 'changed 11']);
  });
});
