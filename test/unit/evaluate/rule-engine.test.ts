import fc from 'fast-check';
import type { Metric } from '../../../src/domain/metric';
import { NO_EXTENSIONS, type AlertRule, type GroupRule } from '../../../src/domain/rule-group';
import { createRuleEngine, type SavedEngine } from '../../../src/evaluate/rule-engine';

const SECOND = 1_000;
const metric = (
  name: string,
  instance: string,
  value: Metric['value'],
  tags: Metric['tags'] = {},
): Metric => ({
  ...{ timestamp: '', database_type: 'host', instance_id: instance, metric_name: name, value, tags },
});
const alert = (name: string, expr: string, change: Partial<AlertRule> = {}): AlertRule => ({
  ...{ kind: 'alert', name, expr, forMs: 0, keepFiringForMs: 0, labels: {}, annotations: {} },
  ...NO_EXTENSIONS,
  ...change,
});

function engineOf(
  rules: readonly GroupRule[],
  more: { maxSeriesOfMetric?: number; intervalMs?: number; saved?: SavedEngine } = {},
) {
  const told: string[] = [];
  const refused: string[] = [];
  const engine = createRuleEngine({
    groups: [
      { file: null, name: 'g', intervalMs: more.intervalMs ?? null, queryOffsetMs: null, limit: 0, rules },
    ],
    defaultIntervalMs: 10 * SECOND,
    maxSeriesOfMetric: more.maxSeriesOfMetric,
    saved: more.saved,
    onAlert({ kind, alert: { labels, value }, time }) {
      if (kind !== 'holds')
        told.push(
          `${time / SECOND} ${kind} ${labels.get('alertname')} ${labels.get('instance_id')} ${value}`,
        );
    },
    onSeriesRefused: (name) => refused.push(name),
  });
  const at = (second: number, ...metrics: Metric[]): void => {
    engine.advance(second * SECOND);
    for (const each of metrics) engine.offer(each, second * SECOND);
  };
  return { engine, told, refused, at };
}

it('evaluates at every multiple of the interval that the time passes, each with what was there by then', () => {
  const { at, told } = engineOf([alert('High', 'x + 0 > 5', { forMs: 10 * SECOND })]);
  at(1, metric('x', 'a', 9));
  at(25, metric('x', 'a', 1));
  at(31);
  expect(told).toEqual(['20 fires High a 9', '30 ends High a 9']);
});

it('decides a comparison of samples as they come, and what time alone changes at its interval', () => {
  const { at, told } = engineOf([alert('High', 'x{role="db"} > 5', { forMs: 10 * SECOND })]);
  const x = (value: number) => metric('x', 'a', value, { role: 'db' });
  at(1, x(9));
  at(12, x(9));
  at(25, x(1));
  at(31, x(9));
  at(51);
  expect(told.filter((each) => !each.includes('holds'))).toEqual([
    ...['12 fires High a 9', '25 ends High a 1', '50 fires High a 9'],
  ]);
});

it('compares what came before the rule was there', () => {
  const before = engineOf([alert('Low', 'x < 5')]);
  before.at(1, metric('x', 'a', 9));
  const { at, told } = engineOf([alert('Low', 'x < 5'), alert('High', 'x > 5')], {
    saved: before.engine.save(),
  });
  at(11);
  expect(told).toEqual(['10 fires High a 9']);
});

it('compares what came before the rule was there, and after the time that is evaluated next', () => {
  const before = engineOf([alert('Low', 'x < 5')]);
  before.at(1, metric('x', 'a', 5));
  before.engine.offer(metric('x', 'a', 9), 12 * SECOND);
  const { at, told } = engineOf([alert('Low', 'x < 5'), alert('High', 'x > 5')], {
    saved: before.engine.save(),
  });
  at(11);
  at(21);
  expect(told).toEqual(['20 fires High a 9']);
});

it('compares what came before the rule was there until that succeeds', () => {
  const before = engineOf([alert('Low', 'x < 5')]);
  before.at(1, metric('x', 'a', 9), metric('x', 'b', 9));
  const { at, told } = engineOf(
    [alert('Low', 'x < 5'), alert('Any', 'x > 5', { labels: { instance_id: '' } })],
    {
      saved: before.engine.save(),
    },
  );
  at(11, metric('x', 'b', 'stale'));
  at(21);
  expect(told).toEqual(['20 fires Any  9']);
});

it('counts evaluations, not samples, of what rules record', () => {
  const { at, told } = engineOf([
    { kind: 'record', name: 'y', expr: 'x + 0', labels: {} },
    alert('Often', 'y > 5', { occurrences: { count: 2, of: 2 } }),
  ]);
  at(1, metric('x', 'a', 9));
  at(21);
  expect(told).toEqual(['20 fires Often a 9']);
});

it('lets no evaluation of an earlier time undo what samples have decided', () => {
  const { at, engine, told } = engineOf([alert('High', 'x > 5')]);
  at(1, metric('x', 'a', 1));
  engine.offer(metric('x', 'a', 9), 12 * SECOND);
  engine.advance(11 * SECOND);
  expect(told).toEqual(['12 fires High a 9']);
  engine.offer(metric('x', 'a', 1), 21 * SECOND);
  engine.advance(20 * SECOND);
  expect(told).toEqual(['12 fires High a 9', '21 ends High a 1']);
});

it("takes a group's own interval", () => {
  const { at, told } = engineOf([alert('High', 'x + 0 > 5')], { intervalMs: 2 * SECOND });
  at(1, metric('x', 'a', 9));
  at(2.5);
  expect(told).toEqual(['2 fires High a 9']);
});

it('ends an alert whose series has ended, at once where it says so and after five minutes where it is silent', () => {
  const { at, told } = engineOf([alert('High', 'x > 5')]);
  at(1, metric('x', 'a', 9), metric('x', 'b', 9));
  at(15, metric('x', 'a', 'stale'));
  at(400);
  expect(told).toEqual(['1 fires High a 9', '1 fires High b 9', '15 ends High a 9', '310 ends High b 9']);
});

it.each(['x > 5', 'avg_over_time(x[1m]) > 5'])(
  'lets an alert go on where another series of its labels ends: %s',
  (expr) => {
    const { at, told } = engineOf([alert('Any', expr, { labels: { instance_id: '' } })]);
    at(1, metric('x', 'a', 9), metric('x', 'b', 1));
    at(15, metric('x', 'b', 'stale'));
    at(31);
    expect(told).toHaveLength(1);
  },
);

it('sorts samples in that come out of order', () => {
  const { at, engine, told } = engineOf([
    alert('Sum', 'last_over_time(x[1m]) > 5'),
    alert('Rate', 'increase(x[1m]) > 100'),
  ]);
  at(1, metric('x', 'a', 10));
  at(9, metric('x', 'a', 30));
  engine.offer(metric('x', 'a', 20), 5 * SECOND);
  engine.offer(metric('x', 'a', 20), 5 * SECOND);
  at(11);
  expect(told).toEqual(['10 fires Sum a 30']);
});

it('keeps only series that a rule asks for, and of each no more than it looks back to', () => {
  const { at, engine } = engineOf([alert('High', 'avg_over_time(x{role="db"}[1m]) > 5')]);
  for (let second = 0; second < 3_000; second++)
    at(
      second,
      metric('x', 'a', 1, { role: 'db' }),
      metric('x', 'a', 1, { role: 'web' }),
      metric('y', 'a', 1),
    );
  expect(engine.series()).toBe(1);
});

it('says so when a metric has more series than are kept', () => {
  const { at, engine, refused } = engineOf([alert('High', 'x > 5')], { maxSeriesOfMetric: 2 });
  for (const table of ['a', 'b', 'c', 'd']) at(1, metric('x', 'i', 9, { table }));
  expect(engine.series()).toBe(2);
  expect(refused).toEqual(['x', 'x']);
});

it('finds a series again among many of an instance', () => {
  const { at, engine } = engineOf([alert('Many', 'count by (instance_id) (x) > 49')]);
  for (let round = 0; round < 3; round++)
    for (let table = 0; table < 50; table++)
      at(round + 1, metric('x', 'i', 1, { table: `t${table}`, schema: 'public' }));
  expect(engine.series()).toBe(50);
});

it('lets rules ask for what rules record, and for ALERTS', () => {
  const { at, told } = engineOf([
    { kind: 'record', name: 'x:double', expr: 'x * 2', labels: {} },
    alert('High', 'x:double > 5'),
    alert('Any', 'ALERTS{alertname="High",alertstate="firing"} == 1'),
  ]);
  at(1, metric('x', 'a', 9));
  at(11);
  expect(told).toEqual(['10 fires High a 18', '10 fires Any a 1']);
});

it('goes on with what was due when it had no more time, and tells the same', () => {
  const rules = [alert('High', 'x > 5'), alert('Higher', 'x > 7')];
  const [whole, sliced] = [engineOf(rules), engineOf(rules)];
  for (const { at } of [whole, sliced]) at(1, metric('x', 'a', 9));
  whole.engine.advance(400 * SECOND);
  let calls = 1;
  while (!sliced.engine.advance(400 * SECOND, -1)) calls += 1;
  expect(calls).toBeGreaterThan(30);
  expect(sliced.told).toEqual(whole.told);
});

it('forgets series from which nothing has come for longer than they are kept', () => {
  const { at, engine, told } = engineOf([
    { kind: 'record', name: 'y', expr: 'x + 0', labels: {} },
    alert('High', 'x > 5 and y > 5'),
  ]);
  for (let day = 0; day < 6; day++) {
    for (let pod = 0; pod < 500; pod++)
      engine.offer(metric('x', `pod-${day}-${pod}`, 1), day * 86_400 * SECOND);
    at(day * 86_400 + 10);
  }
  expect(engine.series()).toBeLessThanOrEqual(4 * 500);
  at(6 * 86_400, metric('x', 'pod-0-1', 9));
  at(6 * 86_400 + 10);
  expect(told).toEqual([expect.stringContaining('fires High pod-0-1 9')]);
});

it('says when a rule cannot be evaluated, and when it can again', () => {
  const said: (string | null)[] = [];
  const engine = createRuleEngine({
    groups: [
      {
        file: null,
        name: 'g',
        intervalMs: SECOND,
        queryOffsetMs: null,
        limit: 1,
        rules: [alert('High', 'x > 5')],
      },
    ],
    defaultIntervalMs: SECOND,
    onAlert: () => undefined,
    onError: (_group, _rule, error) => said.push(error),
  });
  engine.advance(0);
  for (const instance of ['a', 'b']) engine.offer(metric('x', instance, 9), SECOND);
  engine.advance(3 * SECOND);
  engine.offer(metric('x', 'b', 1), 4 * SECOND);
  engine.advance(5 * SECOND);
  expect(said).toEqual(['exceeded limit of 1 with 2 alerts', null]);
});

it('ends what fires beyond a limit as ever, and tells of nothing more', () => {
  const told: string[] = [];
  const rules = [alert('High', 'x > 5')];
  const engine = createRuleEngine({
    groups: [{ file: null, name: 'g', intervalMs: SECOND, queryOffsetMs: null, limit: 1, rules }],
    defaultIntervalMs: SECOND,
    onAlert: ({ kind, alert: { labels }, time }) =>
      kind === 'holds' || told.push(`${kind} ${labels.get('instance_id')} ${time / SECOND}`),
  });
  const at = (second: number, values: Readonly<Record<string, number>>): void => {
    for (const [instance, value] of Object.entries(values))
      engine.offer(metric('x', instance, value), second * SECOND);
    engine.advance(second * SECOND);
  };
  at(0, { a: 9, b: 1 });
  at(1, { a: 9, b: 9 });
  at(2, { a: 9, b: 9 });
  at(3, { a: 1, b: 9 });
  at(4, { a: 1, b: 1 });
  expect(told).toEqual(['fires a 0', 'ends a 3', 'fires b 3', 'ends b 4']);
});

it('makes the same alerts when instances are spread over engines', () => {
  const rules = [
    alert('High', 'x > 5', { forMs: 10 * SECOND }),
    alert('Mean', 'avg_over_time(x[30s]) > 5', { keepFiringForMs: 20 * SECOND }),
    alert('Sum', 'sum by (instance_id) (x) > 12'),
  ];
  const sample = fc.record({
    instance: fc.constantFrom('a', 'b', 'c', 'd'),
    table: fc.constantFrom('t', 'u'),
    value: fc.constantFrom<Metric['value']>(1, 4, 6, 9, 20, 'NaN', 'stale'),
    wait: fc.integer({ min: 0, max: 20 }),
    late: fc.integer({ min: 0, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 80 }), (samples) => {
      const run = (instances: string): string[] => {
        const { engine, told, at } = engineOf(rules);
        let second = 100;
        at(second);
        for (const { instance, table, value, wait, late } of samples) {
          at((second += wait));
          if (instances.includes(instance))
            engine.offer(metric('x', instance, value, { table }), (second - late) * SECOND);
        }
        at(second + 1_000);
        return told;
      };
      expect([...run('ab'), ...run('cd')].sort()).toEqual(run('abcd').sort());
    }),
    { numRuns: 80 },
  );
});

it('counts how long a condition holds over intervals of any length', () => {
  const MINUTE = 60 * SECOND;
  const { at, told } = engineOf([alert('High', 'x + 0 > 5', { forMs: 20 * MINUTE })], {
    intervalMs: 20 * MINUTE,
  });
  for (let minute = 0; minute <= 61; minute++) at(minute * 60, metric('x', 'a', 9));
  expect(told).toEqual(['2400 fires High a 9']);
});
