/** What a threshold rule makes of the samples of one series. */
import type { MetricValue } from '../../../src/domain/metric';
import type { Operator } from '../../../src/domain/rule';
import { createEvaluator, MINUTE, rule, told, type RuleSketch } from './sketches';

type Points = readonly (readonly [number, MetricValue])[];
const under = (more: RuleSketch, points: Points) => told(createEvaluator({ rules: [rule(more)] }), points);
const kinds = (more: RuleSketch, points: Points) => under(more, points).map(([kind, at]) => `${kind} ${at}`);

describe('an operator', () => {
  const breaching: [Operator, MetricValue[], MetricValue[]][] = [
    ['>', [91, '+Inf'], [90, 89, '-Inf', 'NaN']],
    ['>=', [90, 91, '+Inf'], [89, '-Inf', 'NaN']],
    ['<', [89, '-Inf'], [90, 91, '+Inf', 'NaN']],
    ['<=', [90, 89, '-Inf'], [91, '+Inf', 'NaN']],
    ['==', [90], [89, 91, '+Inf', '-Inf', 'NaN']],
    ['!=', [89, 91, '+Inf', '-Inf', 'NaN'], [90]],
  ];

  test.each(breaching)('%s breaches with %j and not with %j', (operator, bad, good) => {
    const fires = (value: MetricValue): boolean => under({ operator }, [[10, value]]).length === 1;
    expect(bad.filter(fires)).toEqual(bad);
    expect(good.filter(fires)).toEqual([]);
  });

  test.each(breaching)(
    '%s fires at the first breach and resolves at the first good sample',
    (operator, bad, good) => {
      const points: Points = [
        [10, good[0]!],
        [20, bad[0]!],
        [30, bad[0]!],
        [40, good[0]!],
        [50, good[0]!],
      ];
      expect(kinds({ operator }, points)).toEqual(['firing 20', 'resolved 40']);
    },
  );
});

describe('`for`', () => {
  const more = { forMs: MINUTE };

  test('fires with the sample at which the breach has lasted so long, and not before', () => {
    expect(
      kinds(more, [
        [0, 95],
        [59, 95],
        [60, 95],
        [61, 95],
      ]),
    ).toEqual(['firing 60']);
  });

  test('names as the beginning the sample that fired, not the first that breached', () => {
    const evaluator = createEvaluator({ rules: [rule(more)] });
    expect(
      told(evaluator, [
        [0, 95],
        [70, 96],
        [80, 10],
      ]),
    ).toEqual([
      ['firing', 70, 96],
      ['resolved', 80, 10],
    ]);
  });

  test('begins anew after a good sample', () => {
    expect(
      kinds(more, [
        [0, 95],
        [50, 95],
        [55, 90],
        [60, 95],
        [119, 95],
        [120, 95],
      ]),
    ).toEqual(['firing 120']);
  });

  test('begins anew after a sample that is not a number', () => {
    expect(
      kinds(more, [
        [0, 95],
        [30, 'NaN'],
        [60, 95],
        [120, 95],
      ]),
    ).toEqual(['firing 120']);
  });

  test('ends silently when the breach was too short', () => {
    expect(
      kinds(more, [
        [0, 95],
        [59, 95],
        [60, 50],
        [200, 50],
      ]),
    ).toEqual([]);
  });
});

describe('consecutive failures', () => {
  test('fires with the sample that makes the number full', () => {
    expect(
      kinds({ consecutiveFailures: 3 }, [
        [0, 95],
        [10, 95],
        [20, 95],
        [30, 95],
      ]),
    ).toEqual(['firing 20']);
  });

  test('count anew after a good sample', () => {
    const points: Points = [
      [0, 95],
      [10, 95],
      [20, 50],
      [30, 95],
      [40, 95],
      [50, 95],
    ];
    expect(kinds({ consecutiveFailures: 3 }, points)).toEqual(['firing 50']);
  });

  test('do not count a sample that is delivered twice', () => {
    expect(
      kinds({ consecutiveFailures: 3 }, [
        [0, 95],
        [10, 95],
        [10, 95],
        [20, 95],
      ]),
    ).toEqual(['firing 20']);
  });

  test('have to be full as well as `for`', () => {
    const more = { consecutiveFailures: 3, forMs: 30_000 };
    expect(
      kinds(more, [
        [0, 95],
        [5, 95],
        [10, 95],
        [30, 95],
      ]),
    ).toEqual(['firing 30']);
    expect(
      kinds(more, [
        [0, 95],
        [40, 95],
        [50, 95],
      ]),
    ).toEqual(['firing 50']);
  });
});

describe('a recovery threshold', () => {
  test('keeps the alert firing until the value is on its good side', () => {
    const points: Points = [
      [0, 95],
      [10, 85],
      [20, 80.1],
      [30, 80],
      [40, 85],
    ];
    expect(kinds({ recoveryThreshold: 80 }, points)).toEqual(['firing 0', 'changed 10', 'resolved 30']);
  });

  test('works downwards as well', () => {
    const more = { operator: '<', threshold: 10, recoveryThreshold: 20 } as const;
    expect(
      kinds(more, [
        [0, 9],
        [1, 19.9],
        [2, 20],
        [3, 15],
      ]),
    ).toEqual(['firing 0', 'resolved 2']);
  });

  test('does not begin an alert', () => {
    expect(
      kinds({ recoveryThreshold: 80 }, [
        [0, 85],
        [10, 90],
      ]),
    ).toEqual([]);
  });
});

describe('a firing alert', () => {
  test('is left firing by a value that is not a number', () => {
    expect(
      kinds({}, [
        [0, 95],
        [30, 'NaN'],
        [40, 50],
      ]),
    ).toEqual(['firing 0', 'resolved 40']);
  });

  test('tells infinite values by their names', () => {
    expect(
      under({}, [
        [0, '+Inf'],
        [20, 95],
        [40, '-Inf'],
      ]),
    ).toEqual([
      ['firing', 0, '+Inf'],
      ['changed', 20, 95],
      ['resolved', 40, '-Inf'],
    ]);
  });

  test('fires as a new episode, counted from its first sample on, after it has resolved', () => {
    const points: Points = [
      [0, 95],
      [60, 95],
      [70, 50],
      [80, 95],
      [139, 95],
      [140, 95],
    ];
    expect(kinds({ forMs: MINUTE }, points)).toEqual(['firing 60', 'resolved 70', 'firing 140']);
  });
});

describe('a cool-down', () => {
  const more = { cooldownMs: MINUTE };

  test('keeps an alert quiet for as long after its end, and fires a breach that outlasts it', () => {
    const points: Points = [
      [0, 95],
      [10, 50],
      [20, 95],
      [69, 95],
      [70, 95],
    ];
    expect(kinds(more, points)).toEqual(['firing 0', 'resolved 10', 'firing 70']);
  });

  test('forgets a breach that has ended within it', () => {
    expect(
      kinds(more, [
        [0, 95],
        [10, 50],
        [20, 95],
        [30, 50],
        [71, 50],
      ]),
    ).toEqual(['firing 0', 'resolved 10']);
  });

  test('is none where the rule says nothing', () => {
    const points: Points = [
      [0, 95],
      [10, 50],
      [11, 95],
    ];
    expect(kinds({ cooldownMs: null }, points)).toEqual(['firing 0', 'resolved 10', 'firing 11']);
  });
});

describe('a gap in the samples', () => {
  const more = { forMs: 40 * MINUTE };

  test('of more than fifteen minutes ends a pending breach', () => {
    const until = (end: number): Points => Array.from({ length: end + 1 }, (_, at) => [at * 60, 95]);
    expect(kinds(more, [...until(10), [25 * 60, 95], [40 * 60, 95]])).toEqual(['firing 2400']);
    expect(kinds(more, [...until(10), [25 * 60 + 1, 95], [40 * 60, 95]])).toEqual([]);
  });

  test('is one only beyond three intervals, where samples are that rare', () => {
    const hours = (list: number[]): Points => list.map((at) => [at * 3_600, 95]);
    const rare = { forMs: 6 * 60 * MINUTE };
    expect(kinds(rare, hours([-1, 0, 3, 6]))).toEqual([`firing ${6 * 3_600}`]);
    expect(kinds(rare, hours([-1, 0, 3.5, 6]))).toEqual([]);
  });

  test('leaves a firing alert firing', () => {
    expect(
      kinds({}, [
        [0, 95],
        [7_200, 95],
        [7_210, 50],
      ]),
    ).toEqual(['firing 0', 'resolved 7210']);
  });
});

describe('a stale marker', () => {
  test('resolves what fires, with the reason and without a value', () => {
    const evaluator = createEvaluator({ rules: [rule()] });
    expect(
      told(evaluator, [
        [0, 95],
        [10, 'stale'],
        [20, 'stale'],
        [30, 95],
      ]),
    ).toEqual([
      ['firing', 0, 95],
      ['resolved', 10, null],
      ['firing', 30, 95],
    ]);
  });

  test('ends a pending breach', () => {
    expect(
      kinds({ forMs: MINUTE }, [
        [0, 95],
        [30, 'stale'],
        [60, 95],
        [119, 95],
        [120, 95],
      ]),
    ).toEqual(['firing 120']);
  });

  test('begins the cool-down', () => {
    const points: Points = [
      [0, 95],
      [10, 'stale'],
      [20, 95],
      [70, 95],
    ];
    expect(kinds({ cooldownMs: MINUTE }, points)).toEqual(['firing 0', 'resolved 10', 'firing 70']);
  });
});
