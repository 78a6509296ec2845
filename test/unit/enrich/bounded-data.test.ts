/** An artifact's data stay within 64 KiB, whatever a provider finds. */
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
