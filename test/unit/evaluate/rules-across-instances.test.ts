/** Rules over the instances of several partitions tell what one evaluator with all series would tell, whoever dies. */
import fc from 'fast-check';
import type { Metric } from '../../../src/domain/metric';
import {
  NO_EXTENSIONS,
  type AlertRule,
  type GroupRule,
  type RuleGroup,
} from '../../../src/domain/rule-group';
import { createRuleEngine } from '../../../src/evaluate/rule-engine';
import { METRIC_NAME, type LabelSet } from '../../../src/promql/label-set';
import { createPool, x, type Pool } from './pool-sketch';
import { SECOND } from './sketches';

const alert = (name: string, expr: string, change: Partial<AlertRule> = {}): AlertRule => ({
  ...{ kind: 'alert', name, expr, forMs: 0, keepFiringForMs: 0, labels: {}, annotations: {} },
  ...NO_EXTENSIONS,
  ...change,
});
const record = (name: string, expr: string): GroupRule => ({ kind: 'record', name, expr, labels: {} });
const group = (name: string, ...rules: GroupRule[]): RuleGroup => ({
  ...{ file: null, name, intervalMs: null, queryOffsetMs: null, limit: 0, rules },
});

const SUM = group('sum', alert('Sum', 'sum(x) > 10'));
const storyOf = ({ told }: Pool): string[] =>
  told.map(({ kind, event_time: at, value }) => `${kind} ${Date.parse(at) / SECOND} ${value}`);

test('an alert over two partitions fires and ends', async () => {
  const pool = createPool([SUM], 2);
  await pool.start();
  await pool.reached(0);
  await pool.sample(1, x('x', 'a0', 6));
  await pool.sample(1, x('x', 'a1', 7));
  await pool.reached(11);
  await pool.sample(12, x('x', 'a1', 1));
  await pool.reached(21);
  expect(storyOf(pool)).toEqual(['firing 10 13', 'resolved 20 null']);
  expect(pool.told[0]).toMatchObject({ labels: { alertname: 'Sum' }, rule: { group: 'sum', name: 'Sum' } });
});

test('a partition of which nothing is heard stops the clock: its series are not missing', async () => {
  const pool = createPool([SUM], 2);
  await pool.start();
  await pool.reached(0);
  await pool.sample(1, x('x', 'a0', 6));
  await pool.sample(1, x('x', 'a1', 7));
  await pool.reached(11);
  for (let second = 20; second < 2_000; second += 10) {
    await pool.sample(second, x('x', 'a0', second < 1_000 ? 20 : 1));
    await pool.reached(second + 1, [1]);
  }
  expect(storyOf(pool)).toEqual(['firing 10 13']);
  expect(pool.slots()).toMatchObject([{ time: 11 * SECOND, slowest: 1 }]);
  await pool.reached(2_001);
  // What the other had meanwhile was kept for as long as it was still to be looked at.
  expect(storyOf(pool).filter((line) => !line.startsWith('changed'))).toEqual([
    'firing 10 13',
    'resolved 1000 null',
  ]);
});

test('what was read before is not given to slots again, but for evaluations that nobody has told', async () => {
  const pool = createPool([SUM, group('l', record('x', 'y * 1'))], 1, 1);
  await pool.start();
  await pool.reached(0);
  for (let second = 1; second < 100; second += 10) {
    await pool.sample(second, x('y', 'a0', second));
    await pool.reached(second + 1);
  }
  pool.commit();
  await pool.sample(101, x('y', 'a0', 101), 101, 'unsent');
  const before = pool.shared[0]!.entries.length;
  await pool.kill(0);
  await pool.reached(102);
  const given = pool.shared[0]!.entries.slice(before).flatMap(({ samples }) => samples);
  expect(given.map(({ metric_name: name, time }) => `${name} ${time / SECOND}`)).toEqual(['x 100']);
});

test('a raw sample that was read before and not committed is given again', async () => {
  const pool = createPool([SUM], 1, 1);
  await pool.start();
  await pool.reached(0);
  await pool.sample(1, x('x', 'a0', 6));
  pool.commit();
  await pool.sample(2, x('x', 'a0', 20), 2, 'unsent');
  await pool.kill(0);
  await pool.reached(11);
  expect(pool.shared[0]!.entries.flatMap(({ samples }) => samples.map(({ value }) => value))).toEqual([
    6, 20,
  ]);
  expect(storyOf(pool)).toEqual(['firing 10 20']);
});

test('an open alert of a global group is left to its slot, and so is one whose rule is gone', async () => {
  const pool = createPool([SUM], 3);
  await pool.start();
  await pool.reached(0);
  await pool.sample(1, x('x', 'a0', 20));
  await pool.reached(11);
  pool.commit();
  await pool.kill(0);
  await pool.reached(31);
  await pool.kill(0);
  await pool.reached(51);
  expect(storyOf(pool)).toEqual(['firing 10 20']);
  await pool.sample(52, x('x', 'a0', 1));
  await pool.reached(61);
  expect(storyOf(pool)).toEqual(['firing 10 20', 'resolved 60 null']);
});

test('while times are evaluated again, an alert is open from when it began and not before', async () => {
  const hot = group('hot', alert('Hot', 'max by (instance_id) (x) > 6'));
  const pool = createPool([hot, group('meta', alert('ManyHot', 'count(ALERTS{alertname="Hot"}) > 1'))], 3);
  await pool.start();
  await pool.reached(0);
  await pool.reached(400);
  await pool.sample(400, x('x', 'a1', 9), 400.5);
  await pool.reached(410, [1]);
  await pool.sample(410, x('x', 'a0', 9), 410.5);
  await pool.reached(420, [1]);
  await pool.kill(0);
  await pool.reached(430);
  const many = pool.told.filter(({ labels }) => labels.alertname === 'ManyHot');
  expect(many.map(({ kind, event_time: at }) => `${kind} ${at}`)).toEqual([
    'firing 1970-01-01T00:07:00.000Z',
  ]);
});

test('what rules record is published, with the group for an instance where it has none', async () => {
  const groups = [group('each', record('x:double', 'x * 2')), group('all', record('x:sum', 'sum(x:double)'))];
  const pool = createPool(groups, 2);
  await pool.start();
  await pool.reached(0);
  await pool.sample(1, x('x', 'a0', 1, { environment: 'test' }));
  await pool.sample(1, x('x', 'a1', 'stale'));
  await pool.reached(11);
  await pool.sample(12, x('x', 'a0', 'stale', { environment: 'test' }));
  await pool.reached(21);
  const [double, sum] = [
    { metric_name: 'x:double', instance_id: 'a0', database_type: 'host', tags: { environment: 'test' } },
    { metric_name: 'x:sum', instance_id: 'all', database_type: 'derived', tags: {} },
  ];
  expect(pool.derived).toMatchObject([
    { ...double, value: 2, timestamp: '1970-01-01T00:00:10.000Z' },
    { ...sum, value: 2 },
    { ...double, value: 'stale', timestamp: '1970-01-01T00:00:20.000Z' },
    { ...sum, value: 'stale' },
  ]);
  expect(pool.lookbackMs()).toBeGreaterThan(300 * SECOND);
});

test('metrics that rules here make are not taken in a second time, those of others are', async () => {
  const pool = createPool([group('g', record('x', 'y + 1'), alert('X', 'x > 5'), alert('Z', 'z > 5'))], 1, 1);
  await pool.start();
  await pool.reached(0);
  pool.offerDerived(x('x', 'a0', 9), 1);
  pool.offerDerived(x('z', 'a0', 9), 1);
  await pool.reached(11);
  expect(pool.told.map(({ labels }) => labels.alertname)).toEqual(['Z']);
});

describe('with other rules than before', () => {
  const MEAN = group('mean', alert('Mean', 'sum(avg_over_time(x[1m])) > 10'));

  test('what was read before is given too: a new rule has its windows at once', async () => {
    const pool = createPool([group('l', alert('High', 'x > 100'))], 2);
    await pool.start();
    await pool.reached(0);
    for (let second = 1; second < 60; second += 10)
      for (const instance of ['a0', 'a1']) await pool.sample(second, x('x', instance, second));
    pool.commit();
    await pool.restart([MEAN]);
    await pool.reached(60);
    await pool.reached(71);
    expect(storyOf(pool)).toEqual(['firing 60 52', 'changed 70 62']);
  });

  test('an open alert waits for all partitions to give what its group asks for now', async () => {
    const pool = createPool([SUM], 2);
    await pool.start();
    await pool.reached(0);
    await pool.sample(1, x('x', 'a0', 6));
    await pool.sample(1, x('x', 'a1', 7));
    await pool.reached(11);
    pool.commit();
    const more = group('sum', ...SUM.rules, alert('Y', 'sum(y) > 1'));
    await pool.restart([more]);
    for (const second of [21, 31, 41]) await pool.reached(second, [1]);
    expect(pool.slots()).toMatchObject([{ time: -Infinity, slowest: 1 }]);
    await pool.reached(51);
    await pool.reached(61);
    expect(storyOf(pool)).toEqual(['firing 10 13']);
    await pool.sample(62, x('x', 'a1', 1));
    await pool.reached(71);
    expect(storyOf(pool)).toEqual(['firing 10 13', 'resolved 70 null']);
  });
});

describe('as one evaluator with all series, whatever is saved and taken over', () => {
  const GROUPS = [
    group('each', record('x:max', 'max by (instance_id) (x)'), alert('Hot', 'max by (instance_id) (x) > 6')),
    group('all', alert('Sum', 'sum(x) > 12', { forMs: 10 * SECOND }), record('x:count', 'count(x)')),
    group('two-stage', alert('Top', 'sum(x:max) > 10', { keepFiringForMs: 20 * SECOND })),
    group('meta', alert('ManyHot', 'count(ALERTS{alertname="Hot"}) > 1'), alert('None', 'absent(x)')),
    group('on-global', alert('Few', 'x:count < 2')),
  ];
  const common = {
    instance: fc.constantFrom('a0', 'a1', 'a2', 'a3'),
    table: fc.constantFrom('t', 'u'),
    value: fc.constantFrom<Metric['value']>(1, 4, 6, 9, 20, 'NaN', 'stale'),
    then: fc.constantFrom(
      ...['nothing', 'nothing', 'nothing', 'commit', 'save'],
      ...['kill 0', 'kill 1', 'unsent and kill 0'],
    ),
  };
  const late = fc.record({
    ...common,
    wait: fc.integer({ min: 0, max: 20 }),
    late: fc.integer({ min: 0, max: 40 }),
    behind: fc.constant<number[]>([]),
  });
  /** Samples of an evaluation to come: those that are late may be seen early where partitions are not alike far. */
  const apart = fc.record({
    ...common,
    wait: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(400)),
    late: fc.constant(-0.5),
    behind: fc.subarray([0, 1, 2]),
  });

  const textOf = (labels: LabelSet | Metric['tags']): string =>
    JSON.stringify(Object.entries('toLabels' in labels ? (labels as LabelSet).toLabels() : labels).sort());

  function alone(samples: readonly Sampled[]): { told: Set<string>; made: Set<string> } {
    const [told, made] = [new Set<string>(), new Set<string>()];
    const engine = createRuleEngine({
      ...{ groups: GROUPS, defaultIntervalMs: 10 * SECOND },
      onAlert({ kind, alert: { labels }, time }) {
        if (kind !== 'holds') told.add(`${kind} ${time} ${textOf(labels)}`);
      },
      onMade(_, labels, time, value) {
        if (!labels.get(METRIC_NAME).startsWith('ALERTS'))
          made.add(`${labels.get(METRIC_NAME)} ${time} ${labels.get('instance_id')} ${value}`);
      },
    });
    let second = 100;
    engine.advance(second * SECOND);
    for (const { instance, table, value, wait, late } of samples) {
      engine.advance((second += wait) * SECOND);
      engine.offer(x('x', instance, value, { table }), (second - late) * SECOND);
    }
    engine.advance((second + 1_000) * SECOND);
    return { told, made };
  }

  async function spread(samples: readonly Sampled[]): Promise<{ told: Set<string>; made: Set<string> }> {
    const pool = createPool(GROUPS, 3);
    await pool.start();
    let second = 100;
    await pool.reached(second);
    for (const { instance, table, value, wait, late, then, behind } of samples) {
      await pool.reached((second += wait), behind);
      const isBehind = behind.includes(Number(instance.slice(1)) % 3);
      const read = isBehind ? 'behind' : then.startsWith('unsent') ? 'unsent' : 'flushed';
      await pool.sample(second, x('x', instance, value, { table }), second - late, read);
      if (then === 'commit') pool.commit();
      if (then === 'save') await pool.save();
      if (then.endsWith('kill 0')) await pool.kill(0);
      if (then === 'kill 1') await pool.kill(1);
    }
    await pool.reached(second + 1_000);
    const told = pool.told
      .filter(({ kind }) => kind !== 'changed')
      .map(
        ({ kind, event_time: at, labels }) =>
          `${kind === 'firing' ? 'fires' : 'ends'} ${Date.parse(at)} ${textOf(labels)}`,
      );
    const made = pool.derived.map(
      ({ metric_name: name, timestamp, instance_id: id, value }) =>
        `${name} ${Date.parse(timestamp)} ${id === 'all' ? '' : id} ${value === 'NaN' ? NaN : value}`,
    );
    return { told: new Set(told), made: new Set(made) };
  }

  type Sampled = typeof late extends fc.Arbitrary<infer T> ? T : never;

  it.each([
    ['when samples are late', late],
    ['when partitions are not alike far', apart],
  ])('%s, and processes die', async (_, sample) => {
    await fc.assert(
      fc.asyncProperty(fc.array(sample, { maxLength: 40 }), async (samples) => {
        const [one, many] = [alone(samples), await spread(samples)];
        expect([...many.told].sort()).toEqual([...one.told].sort());
        expect([...many.made].sort()).toEqual([...one.made].sort());
      }),
      { numRuns: 40 },
    );
  });
});
