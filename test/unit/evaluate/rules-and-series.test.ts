/** Which rules a series meets, and which samples are of one series. */
import { lookbackOf, metricsOf, namesMade } from '../../../src/evaluate/rule-series';
import { createEvaluator, groupOf, MINUTE, rule, sample, SECOND, type RuleSketch } from './sketches';

const matching = (...matchers: string[]) => rule({ matchers: matchers.join() });

describe('a matcher', () => {
  test.each([
    ['environment="production"', true],
    ['environment="staging"', false],
    ['environment!="staging"', true],
    ['environment=~"prod.*"', true],
    ['environment=~"prod"', false],
    ['environment!~"prod.*"', false],
    ['instance_id="prod-db-01"', true],
    ['database_type="mongodb"', false],
    ['absent=""', true],
    ['absent!=""', false],
  ])('%s takes the series: %s', (text, taken) => {
    const evaluator = createEvaluator({ rules: [matching(text)] });
    expect(evaluator.offer(sample(0, 95))).toHaveLength(taken ? 1 : 0);
    expect(evaluator.series()).toBe(taken ? 1 : 0);
  });

  test('is one of several that all have to fit', () => {
    const fits = (...texts: string[]) =>
      createEvaluator({ rules: [matching(...texts)] }).offer(sample(0, 95)).length;
    expect(fits('environment="production"', 'instance_id=~"prod-.*"')).toBe(1);
    expect(fits('environment="production"', 'instance_id="other"')).toBe(0);
  });
});

test('a metric that no rule names is not kept', () => {
  const evaluator = createEvaluator({ rules: [rule()] });
  expect(evaluator.offer(sample(0, 95, { metric_name: 'cpu' }))).toEqual([]);
  expect(evaluator.series()).toBe(0);
});

test('a rule that is off reads nothing and makes nothing', () => {
  const off = rule({ mode: 'off', windowMs: 60 * MINUTE, forMs: 60 * MINUTE });
  const evaluator = createEvaluator({ rules: [off] });
  expect(evaluator.offer(sample(0, 95))).toEqual([]);
  expect(evaluator.series()).toBe(0);
  expect(metricsOf([groupOf([off])])).toEqual(new Set());
  expect(namesMade([groupOf([off])])).toEqual(new Set());
  const on = rule({ forMs: MINUTE });
  expect(lookbackOf([groupOf([on, off])], SECOND)).toBe(lookbackOf([groupOf([on])], SECOND));
});

describe('a series', () => {
  const pending = rule({ consecutiveFailures: 2 });

  test.each([
    ['instance', { instance_id: 'prod-db-02' }],
    ['kind of database', { database_type: 'mongodb' }],
    ['value of a tag', { tags: { environment: 'staging' } }],
    ['tag more', { tags: { environment: 'production', table: 'orders' } }],
    ['tag less', { tags: {} }],
    ['tag of an odd name', { tags: { environment: 'production', constructor: 'x' } }],
  ])('is another with another %s', (_, more) => {
    const evaluator = createEvaluator({ rules: [pending] });
    expect([sample(0, 95), sample(1, 95, more)].flatMap((each) => evaluator.offer(each))).toEqual([]);
    expect(evaluator.series()).toBe(2);
    expect(evaluator.offer(sample(2, 95, more))).toHaveLength(1);
  });

  test('is the same whatever order its tags are in', () => {
    const evaluator = createEvaluator({ rules: [pending] });
    evaluator.offer(sample(0, 95, { tags: { a: '1', b: '2' } }));
    expect(evaluator.offer(sample(1, 95, { tags: { b: '2', a: '1' } }))).toHaveLength(1);
  });

  test('is found among very many of one instance, and keeps what it was when they were few', () => {
    const evaluator = createEvaluator({ rules: [pending] });
    const table = (at: number) => ({ tags: { schema: 'public', table: `t${at}` } });
    const swapped = (at: number) => ({ tags: { table: `t${at}`, schema: 'public' } });
    const offerAll = (second: number, tagsOf: (at: number) => object) =>
      Array.from({ length: 40 }, (_, at) => evaluator.offer(sample(second, 95, tagsOf(at))).length);
    expect(offerAll(0, table)).toEqual(Array<number>(40).fill(0));
    expect(evaluator.series()).toBe(40);
    expect(offerAll(1, swapped)).toEqual(Array<number>(40).fill(1));
    expect(evaluator.series()).toBe(40);
  });
});

describe('the look-back of the rules', () => {
  /** Beyond what every expression looks back to. */
  const of = (...rules: RuleSketch[]) => (lookbackOf([groupOf(rules.map(rule))], SECOND) - PLAIN) / MINUTE;
  const PLAIN = lookbackOf([groupOf([rule()])], SECOND);

  test('is as long as the neediest rule remembers', () => {
    expect(PLAIN).toBeGreaterThan(5 * MINUTE);
    expect(of({}, { severity: 'warning' })).toBe(0);
    expect(of({ forMs: 5 * MINUTE })).toBe(5);
    expect(of({ keepFiringForMs: 5 * MINUTE })).toBe(5);
    expect(of({ windowMs: 15 * MINUTE })).toBe(10);
    expect(of({ consecutiveFailures: 3 })).toBe(3);
    expect(of({ delayMs: MINUTE })).toBe(1);
    expect(of({ flapping: { lowPercent: 1, highPercent: 2, windowMs: 20 * MINUTE } }, {})).toBe(20);
  });

  test('covers a recovery that looks farther than the breach', () => {
    const far = { ...rule(), recovery: 'max_over_time(x[1h]) < 1' };
    expect(lookbackOf([groupOf([far])], SECOND) - PLAIN).toBe(55 * MINUTE);
  });
});
