/** An artifact's data stay within 64 KiB, whatever a provider finds. */
import fc from 'fast-check';
import { boundedData, MAX_BYTES } from '../../../src/enrich/bounded-data';

const size = (data: unknown): number => Buffer.byteLength(JSON.stringify(data));

it('leaves small data as they are, and undefined is null', () => {
  expect(boundedData({ a: [1, { b: 'c' }] })).toEqual({ a: [1, { b: 'c' }] });
  expect(boundedData(undefined)).toBeNull();
});

it('cuts the longest list, keeps its beginning and says so', () => {
  const sessions = Array.from({ length: 400 }, (_, pid) => ({ pid, query: 'x'.repeat(1_000) }));
  const cut = boundedData({ total: 400, sessions, states: ['idle'] }) as {
    truncated: boolean;
    total: number;
    sessions: { pid: number }[];
    states: string[];
  };
  expect(cut).toMatchObject({ truncated: true, total: 400, states: ['idle'] });
  expect(cut.sessions.length).toBeGreaterThan(10);
  expect(cut.sessions[0]!.pid).toBe(0);
  expect(size(cut)).toBeLessThanOrEqual(MAX_BYTES);
});

it('cuts lists inside lists, and a bare list', () => {
  const deep = { blockers: [{ blocks: Array.from({ length: 300 }, () => 'é'.repeat(500)) }] };
  expect(size(boundedData(deep))).toBeLessThanOrEqual(MAX_BYTES);
  expect(boundedData(Array.from({ length: 300 }, () => 'x'.repeat(1_000)))).toMatchObject({
    truncated: true,
    items: expect.any(Array),
  });
});

it('keeps the beginning of what has no list, whatever has to be escaped in it', () => {
  for (const letter of ['x', '"', '\u0001', '€']) {
    const cut = boundedData({ text: letter.repeat(80_000) });
    expect(cut).toMatchObject({
      truncated: true,
      text: expect.stringContaining(letter === 'x' ? 'xxx' : ''),
    });
    expect(size(cut)).toBeLessThanOrEqual(MAX_BYTES);
  }
});

it('reads of megabytes no more than it can keep, a few times over', () => {
  let reads = 0;
  const counted = (rows: readonly unknown[]): readonly unknown[] =>
    new Proxy(rows, {
      get: (list, key) => {
        reads += 1;
        return Reflect.get(list, key) as unknown;
      },
    });
  const lists = Array.from({ length: 3_000 }, () => counted(Array<string>(500).fill('y'.repeat(16))));
  const wide = Object.fromEntries(lists.map((list, index) => [`k${index}`, list]));
  for (const data of [{ lists }, wide, counted(Array<string>(5_000_000).fill('a long row of a table'))]) {
    reads = 0;
    expect(size(boundedData(data))).toBeLessThanOrEqual(MAX_BYTES);
    expect(reads).toBeLessThan(200_000);
  }
});

it('refuses what JSON cannot hold, cycles too', () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  expect(() => boundedData(cycle)).toThrow('more than 100 levels deep');
  expect(() => boundedData({ count: 1n })).toThrow('bigint');
});

const asJson = (data: unknown): unknown => JSON.parse(JSON.stringify(data) ?? 'null');

it('is what JSON gives back, for everything that fits', () => {
  fc.assert(
    fc.property(fc.anything({ withDate: true, maxDepth: 3 }), (data) => {
      fc.pre(sizeIsSmall(data));
      expect(asJson(boundedData(data))).toEqual(asJson(data));
    }),
  );
});

it('fits, whatever it is given', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.integer({ min: 1, max: 3_000 }), (value, times) => {
      expect(size(boundedData(Array<unknown>(times).fill(value)))).toBeLessThanOrEqual(MAX_BYTES);
    }),
    { numRuns: 50 },
  );
});

it('cuts no character in half', () => {
  const cut = boundedData({ text: `${'x'.repeat(16_383)}${'😀'.repeat(40_000)}` }) as { text: string };
  expect(cut.text.isWellFormed()).toBe(true);
});

/** JSON may refuse it. */
function sizeIsSmall(data: unknown): boolean {
  try {
    return (JSON.stringify(data) ?? '').length < 10_000;
  } catch {
    return false;
  }
}
