/** What a query tells people and programs; where its answer is partial, nobody can miss it. */
import type { MetricValue } from '../../../src/domain/metric';
import type { Answer, Evaluators } from '../../../src/query/port';
import type { EvaluatorMember, EvaluatorPool } from '../../../src/stream/port';
import { NOW, run } from './fake-context';

interface Scene {
  /** By member: instance → values, or why it does not answer. */
  readonly members?: readonly (Readonly<Record<string, MetricValue>> | string)[];
  readonly partitionsMs?: number | null;
  readonly reached?: number | null;
  /** What each says that it lacks. */
  readonly lacks?: readonly string[];
  readonly pool?: Partial<EvaluatorPool>;
}

const member = (i: number): EvaluatorMember => ({
  ...{ host: `10.0.0.${i}`, note: { id: `p-${i}`, http: `127.0.0.1:${9_460 + i}` }, partitions: [i] },
});

function evaluatorsOf({ members = [{ a: 6 }, { b: 1.5 }], ...scene }: Scene): Evaluators {
  const all = members.map((_, i) => member(i));
  return {
    find: async () => ({
      ...{ group: 'gds-alerting-default', state: 'stable', partitions: all.length, members: all, unread: [] },
      ...scene.pool,
    }),
    async ask({ host }, { matchers }): Promise<Answer> {
      const i = Number(host.at(-1));
      const kept = members[i]!;
      if (typeof kept === 'string') throw new Error(kept);
      const metric = matchers.find(({ name }) => name === '__name__')!.value;
      return {
        head: {
          ...{ id: `p-${i}`, instance: '', pool: 'default', slots: [], plannedSlots: [] },
          lacks: scene.lacks ?? [],
          partitions: [{ number: i, reached: scene.reached === undefined ? NOW - 1_000 : scene.reached }],
          coverage: {
            ...{
              partitionsMs: scene.partitionsMs === undefined ? 610_000 : scene.partitionsMs,
              slotsMs: null,
            },
            ...{ madeInPartitions: false, madeInSlots: false, asked: [] },
          },
        },
        pieces: Object.entries(kept).map(([instance, value]) => ({
          labels: { __name__: metric, instance_id: instance },
          times: [NOW - 60_000, NOW - 2_000],
          values: [0, value],
        })),
      };
    },
  };
}

const query = (args: readonly string[], scene: Scene = {}) =>
  run(['query', ...args], {}, { env: {}, wire: { openEvaluators: () => evaluatorsOf(scene) } });

test('a vector is a table', async () => {
  const { code, out, err } = await query(['m']);
  expect(out).toBe('SERIES              VALUE\nm{instance_id="a"}  6\nm{instance_id="b"}  1.5');
  expect([code, err]).toEqual([0, '']);
});

test.each([
  ['scalar(sum(m)) * 2', '15'],
  ['"text"', 'text'],
  ['1 / 0', '+Inf'],
  ['m > 100', 'Nothing.'],
  ['sum(m)', 'SERIES  VALUE\n{}      7.5'],
])('%s', async (expr, expected) => {
  const { code, out } = await query([expr]);
  expect([out, code]).toEqual([expected, 0]);
});

test('a range shows each sample with its time', async () => {
  const { out } = await query(['m{instance_id="a"}[5m]']);
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['SERIES', 'TIME', 'VALUE'],
    ['m{instance_id="a"}', '2026-11-21T12:11:00Z', '0'],
    ['', '2026-11-21T12:11:58Z', '6'],
  ]);
});

test('programs get everything', async () => {
  const { code, out } = await query(['m', '--json']);
  expect(JSON.parse(out)).toEqual({
    ...{ expr: 'm', time: '2026-11-21T12:12:00Z', complete: true, type: 'vector' },
    result: [
      { labels: { __name__: 'm', instance_id: 'a' }, value: 6 },
      { labels: { __name__: 'm', instance_id: 'b' }, value: 1.5 },
    ],
    ...{ partitions: 2, missing_partitions: [], behind: [], unread: [], not_kept: [] },
    evaluators: [0, 1].map((i) => ({
      ...{ address: `127.0.0.1:${9_460 + i}`, host: `10.0.0.${i}`, partitions: [i] },
      ...{ answered: true, reason: null },
    })),
  });
  expect(code).toBe(0);
});

test('what evaluators lack makes the answer partial, and is told once', async () => {
  const lacks = ['the rule default/M cannot be evaluated: many-to-many matching'];
  const { code, out, err } = await query(['m'], { lacks });
  expect(out).toMatch(/PARTIAL: not all that was asked for is in this answer\.$/);
  expect([code, err]).toEqual([1, `tocsin query: ${lacks[0]}`]);
  const { out: json } = await query(['m', '--json'], { lacks });
  expect(JSON.parse(json)).toMatchObject({
    complete: false,
    not_kept: [{ selector: 'm', reason: lacks[0] }],
  });
});

test('values that JSON cannot write travel as their names', async () => {
  const { out } = await query(['m', '--json'], { members: [{ a: 'NaN', b: '+Inf', c: 'stale' }] });
  const { result } = JSON.parse(out) as { result: { value: unknown }[] };
  expect(result.map(({ value }) => value)).toEqual(['NaN', '+Inf']);
});

describe('a partial answer', () => {
  const scene = { members: [{ a: 6 }, 'no answer within 5 s'] };

  it('says so beside the numbers, says why, and ends with 1', async () => {
    const { code, out, err } = await query(['sum(m)'], scene);
    expect(out).toContain(
      'PARTIAL: not all that was asked for is in this answer (1 of 2 partitions are missing).',
    );
    expect(err).toBe(
      'tocsin query: evaluator 127.0.0.1:9461: no answer within 5 s (it listens on its own machine alone, 10.0.0.1: ask there, or set its http.host); without partition 1',
    );
    expect(code).toBe(1);
  });

  it('says so to programs', async () => {
    const { code, out } = await query(['sum(m)', '--json'], scene);
    expect(JSON.parse(out)).toMatchObject({
      ...{ complete: false, missing_partitions: [1], result: [{ labels: {}, value: 6 }] },
      evaluators: [{ answered: true }, { answered: false, reason: 'no answer within 5 s' }],
    });
    expect(code).toBe(1);
  });

  it('is one of what no rule asks for', async () => {
    const { code, out, err } = await query(['absent(m)'], { members: [{}], partitionsMs: null });
    expect(out).toContain('PARTIAL: not all that was asked for is in this answer.');
    expect(err).toBe('tocsin query: no rule asks for m: evaluators keep only what some rule needs');
    expect(code).toBe(1);
  });

  it('is one that is behind', async () => {
    const { code, err } = await query(['m'], { reached: NOW - 90_000 });
    expect(err).toBe(
      'tocsin query: partitions 0, 1 are read up to 2026-11-21T12:10:30Z, 1m 30s ago: what was recorded since is missing',
    );
    expect(code).toBe(1);
    expect((await query(['m'], { reached: null })).err).toContain('not read yet');
    expect((await query(['m', '--time', '2m'], { reached: NOW - 90_000 })).code).toBe(0);
  });

  it('is one without what nobody reads', async () => {
    const unread = [{ topic: 'gds.metrics.a', partitions: [2, 3] }];
    const { code, err } = await query(['m'], { pool: { unread, partitions: 4 } });
    expect(err).toBe('tocsin query: nobody reads 2, 3 of the partitions of gds.metrics.a');
    expect(code).toBe(1);
  });
});

test('no evaluator is no answer', async () => {
  const { code, out, err } = await query(['m'], { pool: { state: 'empty', members: [] } });
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^tocsin query: no evaluator runs: .* Start one \(`tocsin start evaluator`\)/);
});

test.each([
  [['sum(m'], '1:6: parse error'],
  [['m', '--time', 'yesterday'], '--time yesterday is no time'],
  [['m', '--timeout', '0'], '--timeout'],
])('%j is refused, and nobody is asked', async (args, reason) => {
  const { code, err } = await run(['query', ...args]);
  expect(err).toContain(reason);
  expect(code).toBe(2);
});

test('an expression without an answer says why', async () => {
  const { code, err } = await query(['m + on () m'], { members: [{ a: 1, b: 2 }] });
  expect(err).toMatch(/many-to-many|multiple matches|duplicate/i);
  expect(code).toBe(1);
});

test('labels that others wrote do nothing to a terminal', async () => {
  const { out } = await query(['m'], { members: [{ 'a\u001b[2Jb': 1 }] });
  expect(out).not.toContain('\u001b');
});
