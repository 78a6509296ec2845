/** An expression over what several evaluators keep: as one store would answer, or with what is missing. */
import fc from 'fast-check';
import { parseExpr } from '../../../src/promql/parse';
import { Preparer } from '../../../src/promql/prepare';
import { MemorySource } from '../../../src/promql/source';
import { LabelSet } from '../../../src/promql/label-set';
import type { Value } from '../../../src/promql/values';
import type { GroupRule, RuleGroup } from '../../../src/domain/rule-group';
import { NO_EXTENSIONS } from '../../../src/domain/rule-group';
import { createAnswerer } from '../../../src/query/answerer';
import { createAnswerReader, parseQuestion, questionText } from '../../../src/query/answer-lines';
import type { Answer, Evaluators } from '../../../src/query/port';
import { query } from '../../../src/query/query';
import type { EvaluatorMember, EvaluatorPool } from '../../../src/stream/port';
import { createPool, x, type Pool } from '../evaluate/pool-sketch';
import { SECOND } from '../evaluate/sketches';

const record = (name: string, expr: string): GroupRule => ({ kind: 'record', name, expr, labels: {} });
const alert = (name: string, expr: string): GroupRule => ({
  ...{ kind: 'alert', name, expr, forMs: 0, keepFiringForMs: 0, labels: {}, annotations: {} },
  ...NO_EXTENSIONS,
});
const group = (name: string, ...rules: GroupRule[]): RuleGroup => ({
  ...{ file: null, name, intervalMs: null, queryOffsetMs: null, limit: 0, rules },
});

interface Scene {
  /** Members that do not answer, with what they fail. */
  readonly silent?: Readonly<Record<number, string>>;
  readonly pool?: Partial<EvaluatorPool>;
  /** What is made of an answer on its way. */
  readonly change?: (answer: Answer, member: number) => Answer;
  readonly asked?: string[];
}

/** The processes of a sketch as evaluators, over the lines that travel. */
function evaluatorsOf(pool: Pool, partitions: number, scene: Scene = {}): Evaluators {
  const kept = pool.kept();
  const members = kept.map((each, i): EvaluatorMember => ({
    ...{ host: `10.0.0.${i}`, note: { id: `p-${i}`, http: `10.0.0.${i}:9464` } },
    partitions: each.partitions.map(({ number }) => number),
  }));
  return {
    find: async () => ({
      ...{ group: 'gds-alerting-default', state: 'stable', partitions, members, unread: [] },
      ...scene.pool,
    }),
    async ask(member, question) {
      const i = members.indexOf(member);
      scene.asked?.push(`${i} ${question.matchers.map(({ value }) => value).join()}`);
      const reason = scene.silent?.[i];
      if (reason !== undefined) throw new Error(reason);
      const answerer = { id: `p-${i}`, instance: '', pool: 'default' };
      const lines = createAnswerer({ answerer, kept: () => kept[i]! });
      const reader = createAnswerReader();
      for await (const line of lines(parseQuestion(new URLSearchParams(questionText(question)))))
        reader.take(line);
      const answer = reader.answer();
      return scene.change?.(answer, i) ?? answer;
    },
  };
}

const ask = (pool: Pool, expr: string, second: number, scene: Scene = {}, nowSecond = second) =>
  query(parseExpr(expr), {
    ...{ evaluators: evaluatorsOf(pool, 2, scene), timeMs: second * SECOND, now: () => nowSecond * SECOND },
    stepMs: 10 * SECOND,
  });

function shown(value: Value): unknown {
  switch (value.type) {
    case 'vector':
      return value.vector.labels.map((labels, i) => `${labels.toString()} ${value.vector.values[i]}`).sort();
    case 'matrix':
      return value.series
        .map(({ labels, points }) => `${labels.toString()} ${JSON.stringify(points)}`)
        .sort();
    default:
      return value.value;
  }
}

const RULES = [
  group('local', alert('High', 'x > 5'), record('double', 'x * 2')),
  group('fleet', record('sum', 'sum(x)'), alert('Sum', 'sum > 100')),
];

async function running(rules: readonly RuleGroup[] = RULES): Promise<Pool> {
  const pool = createPool(rules, 2);
  await pool.start();
  await pool.reached(0);
  await pool.sample(1, x('x', 'a0', 6));
  await pool.sample(2, x('x', 'a1', 1));
  await pool.reached(21);
  return pool;
}

const label = (instance: string): string => `database_type="host", instance_id="${instance}"`;

describe('with all evaluators', () => {
  let pool: Pool;
  beforeAll(async () => (pool = await running()));

  it.each<[string, unknown]>([
    ['x', [`x{${label('a0')}} 6`, `x{${label('a1')}} 1`]],
    ['sum(x)', ['{} 7']],
    ['x{instance_id="a1"}', [`x{${label('a1')}} 1`]],
    ['x[1m]', [`x{${label('a0')}} [[1000,6]]`, `x{${label('a1')}} [[2000,1]]`]],
    ['count_over_time(x[30s]) + on () group_left () sum', [`{${label('a0')}} 8`, `{${label('a1')}} 8`]],
    ['scalar(sum(x)) * 2', 14],
    ['"text"', 'text'],
    // What rules make: read by a rule, and by none.
    ['sum', ['sum 7']],
    ['double', [`double{${label('a0')}} 12`, `double{${label('a1')}} 2`]],
    ['ALERTS', [`ALERTS{alertname="High", alertstate="firing", ${label('a0')}} 1`]],
    ['ALERTS_FOR_STATE', [`ALERTS_FOR_STATE{alertname="High", ${label('a0')}} 1`]],
  ])('%s', async (expr, expected) => {
    const { value, gaps, shortfalls } = await ask(pool, expr, 21);
    expect([gaps, shortfalls]).toEqual([[], []]);
    expect(shown(value)).toEqual(expected);
  });

  it('asks each but once for what an expression has twice, and nobody for what needs no series', async () => {
    const asked: string[] = [];
    await ask(pool, 'x + x + rate(x[1m]) + on () group_left () sum', 21, { asked });
    expect(asked.sort()).toEqual(['0 sum', '0 x', '1 sum', '1 x']);
    asked.length = 0;
    const away = { find: () => Promise.reject(new Error('Kafka is away')), ask: () => Promise.reject() };
    const options = { evaluators: away, timeMs: null, now: () => 5_000, stepMs: 1_000 };
    expect(shown((await query(parseExpr('time() + 1'), options)).value)).toBe(6);
  });

  it('answers as of a time that is over, as long as it is kept', async () => {
    await pool.sample(30, x('x', 'a0', 60));
    await pool.reached(31);
    const { value, shortfalls } = await ask(pool, 'x{instance_id="a0"}', 21, {}, 31);
    expect([shown(value), shortfalls]).toEqual([[`x{${label('a0')}} 6`], []]);
    const fixed = await ask(pool, 'x{instance_id="a0"} @ 21', 31);
    expect([shown(fixed.value), fixed.shortfalls]).toEqual([[`x{${label('a0')}} 6`], []]);
    const far = await ask(pool, 'x', 21, {}, 4_000);
    expect(far.shortfalls).toMatchObject([{ selector: 'x', reason: expect.stringContaining('looks back') }]);
  });
});

describe('says what is not kept:', () => {
  let pool: Pool;
  beforeAll(
    async () =>
      (pool = await running([
        ...RULES,
        group('part', alert('Part', 'part{env="prod"} > 1'), alert('Re', 'listed{env=~"prod|test"} > 1')),
      ])),
  );

  it.each([
    ['sum(y)', 'no rule asks for y: evaluators keep only what some rule needs'],
    ['absent({job="a"})', 'no rule asks for {job="a"}'],
    ['rate(x[2h])', /^x is kept for 10m10s, and the expression looks back 2h$/],
    ['max_over_time(sum(x)[2h:1m])', /^x is kept for .*, and the expression looks back 2h6m$/],
    ['x offset 1h', /^x is kept for .*, and the expression looks back 1h5m$/],
    ['part', 'rules do not ask for all of part, so evaluators keep only part{env="prod"}'],
    ['part{env!="prod"}', 'rules do not ask for all of part{env!="prod"}'],
    [
      'rate(double[5m])',
      'no rule reads all of double: evaluators know its last value, and nothing from before',
    ],
    ['ALERTS offset 5m', 'no rule reads all of ALERTS'],
  ])('%s', async (expr, reason) => {
    const { gaps, shortfalls } = await ask(pool, expr, 21);
    expect(gaps).toEqual([]);
    expect(shortfalls).toHaveLength(1);
    expect(shortfalls[0]!.reason).toMatch(reason);
  });

  it.each(['part{env="prod"}', 'part{env="prod", host=~"a.*"}', 'listed{env="test"}', 'sum(x) + sum(sum)'])(
    'not where rules ask for it: %s',
    async (expr) => {
      expect((await ask(pool, expr, 21)).shortfalls).toEqual([]);
    },
  );
});

describe('says what is missing among what evaluators have:', () => {
  const twice = 'x * on (instance_id) {__name__=~"x|y"}';
  const rules = [
    group(
      'local',
      record('bad', twice),
      alert('Bad', twice),
      record('good', 'x * 2'),
      alert('All', 'sum(z) > 1'),
    ),
  ];

  it('what a rule would make that cannot be evaluated', async () => {
    const pool = await running(rules);
    await pool.sample(22, x('y', 'a0', 1));
    await pool.reached(35);
    for (const expr of ['bad', 'ALERTS{alertname="Bad"}', '{instance_id="a0"}']) {
      const { shortfalls, gaps } = await ask(pool, expr, 35);
      expect(gaps).toEqual([]);
      expect(shortfalls.map(({ reason }) => reason)).toContainEqual(
        expect.stringMatching(/^the rule local\/[Bb]ad cannot be evaluated: .*many-to-many/),
      );
    }
    for (const expr of ['x', 'good', 'ALERTS{alertname="All"}'])
      expect((await ask(pool, expr, 35)).shortfalls).toEqual([]);
    await pool.reached(400);
    expect((await ask(pool, 'bad', 400)).shortfalls).toEqual([]);
  });

  it('series that were one too many of their metric, for as long as the expression looks back', async () => {
    const pool = createPool(RULES, 2, 2, { maxSeriesOfMetric: 1 });
    await pool.start();
    for (const instance of ['a0', 'b2']) await pool.sample(1, x('x', instance, 6));
    await pool.reached(21);
    const reason = 'x has more than 1 series in one place, and no more are kept';
    expect((await ask(pool, 'sum(x)', 21)).shortfalls).toEqual([{ selector: 'x', reason }]);
    expect((await ask(pool, '{__name__="x",instance_id="a0"}', 21)).shortfalls).toMatchObject([{ reason }]);
    expect((await ask(pool, 'double', 21)).shortfalls).toEqual([]);
    await pool.reached(400);
    expect((await ask(pool, 'sum(x)', 400)).shortfalls).toEqual([]);
  });
});

describe('says who is missing:', () => {
  let pool: Pool;
  beforeAll(async () => (pool = await running()));

  it('an evaluator that does not answer, and its partitions', async () => {
    const result = await ask(pool, 'sum(x)', 21, { silent: { 1: 'no answer within 5 s' } });
    expect(shown(result.value)).toEqual(['{} 6']);
    expect(result.missingPartitions).toEqual([1]);
    expect(result.gaps).toMatchObject([
      { kind: 'evaluator', reason: 'no answer within 5 s', partitions: [1], member: { host: '10.0.0.1' } },
    ]);
  });

  it('the one that has what rules across instances make', async () => {
    const slot = pool.kept().findIndex(({ slots }) => slots.length > 0);
    const { shortfalls, gaps } = await ask(pool, 'sum', 21, { silent: { [slot]: 'gone' } });
    expect(gaps).toHaveLength(1);
    expect(shortfalls[0]!.reason).toMatch(
      /^sum is kept for rules across instances, and nobody answered for slot/,
    );
  });

  it('no one at all: that is no answer', async () => {
    await expect(ask(pool, 'x', 21, { silent: { 0: 'hung', 1: 'gone' } })).rejects.toMatchObject({
      code: 'TOC_EVALUATORS_AWAY',
      message: 'no evaluator answers: evaluator 10.0.0.0:9464: hung; evaluator 10.0.0.1:9464: gone',
    });
    await expect(ask(pool, 'x', 21, { pool: { state: 'empty' } })).rejects.toThrow('no evaluator runs');
    await expect(ask(pool, 'x', 21, { pool: { state: 'rebalancing' } })).rejects.toThrow('sharing out');
  });

  it('partitions that nobody reads, and such as are on their way', async () => {
    const unread = [{ topic: 'gds.metrics.a', partitions: [2] }];
    const { gaps, missingPartitions } = await ask(pool, 'x', 21, { pool: { partitions: 4, unread } });
    expect(missingPartitions).toEqual([2, 3]);
    expect(gaps).toEqual([
      { kind: 'moving', partitions: [3] },
      { kind: 'unread', ...unread[0] },
    ]);
  });

  it('a partition that left between two questions', async () => {
    let questions = 0;
    const change = (answer: Answer, member: number): Answer =>
      member === 1 && ++questions === 2 ? { ...answer, head: { ...answer.head, partitions: [] } } : answer;
    const { missingPartitions, gaps } = await ask(pool, 'x + on () group_left () sum', 21, { change });
    expect([missingPartitions, gaps]).toEqual([[1], [{ kind: 'moving', partitions: [1] }]]);
  });

  it('a partition that is behind, but not one that is behind now and was not then', async () => {
    const late = await ask(pool, 'x', 60);
    expect(late.gaps).toEqual([{ kind: 'behind', partitions: [0, 1], reached: 21 * SECOND }]);
    expect((await ask(pool, 'x', 21, {}, 60)).gaps).toEqual([]);
  });

  it('a partition of which nothing has been read', async () => {
    const fresh = createPool(RULES, 2);
    await fresh.start();
    const { gaps } = await ask(fresh, 'x', 21);
    expect(gaps).toEqual([{ kind: 'behind', partitions: [0, 1], reached: null }]);
  });

  it('evaluators with other rules: what the least of them keeps counts', async () => {
    const change = (answer: Answer, member: number): Answer =>
      member === 0
        ? {
            ...answer,
            head: {
              ...answer.head,
              coverage: { ...answer.head.coverage, partitionsMs: null, slotsMs: null },
            },
          }
        : answer;
    expect((await ask(pool, 'x', 21, { change })).shortfalls).toHaveLength(1);
  });
});

test('now is when the evaluators have answered, and not before what they know by their clocks', async () => {
  const pool = await running();
  const evaluators = evaluatorsOf(pool, 2);
  // The asker's clock is 5 s behind: what rules made last would lie ahead of it.
  const { value, timeMs, gaps } = await query(parseExpr('sum'), {
    ...{ evaluators, timeMs: null, now: () => 15 * SECOND, stepMs: SECOND },
  });
  expect([shown(value), timeMs, gaps]).toEqual([['sum 7'], 21 * SECOND, []]);
});

test('an evaluator without partitions is not asked, and not missed', async () => {
  const pool = createPool(RULES, 2, 3);
  await pool.start();
  await pool.reached(21);
  const asked: string[] = [];
  expect((await ask(pool, 'x', 21, { silent: { 2: 'hung' }, asked })).gaps).toEqual([]);
  expect(asked.sort()).toEqual(['0 x', '1 x']);
});

test('what several evaluators keep is what one would: partitions, slots, late samples and stale markers', async () => {
  const sample = fc.record({
    at: fc.integer({ min: 1, max: 120 }),
    instance: fc.constantFrom('a0', 'a1', 'b2', 'b3'),
    value: fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom('NaN', 'stale', '+Inf')),
  });
  const exprs = ['x', 'x[2m]', 'sum(x)', 'rate(x[1m])', 'count_over_time(x[1m:10s])'];
  await fc.assert(
    fc.asyncProperty(fc.array(sample, { maxLength: 20 }), async (samples) => {
      const pool = createPool([...RULES, group('w', record('w', 'sum(rate(x[2m]))'))], 2);
      await pool.start();
      const one = new MemorySource();
      let second = 1;
      for (const { at, instance, value } of samples) {
        const metric = x('x', instance, value);
        await pool.sample((second += 1) > at ? second : at, metric, at);
        const labels = LabelSet.of({ __name__: 'x', instance_id: instance, database_type: 'host' });
        const number = value === '+Inf' ? Infinity : Number(value);
        one.series(labels).samples.add(at * SECOND, number, value === 'stale');
      }
      await pool.reached(130);
      const time = 130 * SECOND;
      for (const expr of exprs) {
        const { value, gaps, shortfalls } = await ask(pool, expr, 130);
        const prepared = new Preparer({ source: one, defaultStepMs: 10 * SECOND }).prepare(parseExpr(expr));
        expect(shown(value)).toEqual(shown(prepared.evaluate({ time, start: time, end: time })));
        expect([gaps, shortfalls]).toEqual([[], []]);
      }
    }),
    { seed: 1, numRuns: 40 },
  );
});
