/** One record that cannot be taken stands in nobody's way; a taker that is away is waited for. */
import { TocsinError } from '../../../src/domain/errors';
import { handOverInParts } from '../../../src/domain/in-parts';
import { decodeTransition } from '../../../src/stream/transition-message';
import { transition } from '../../builders/alerts';

const bytes = (more: object): Buffer => Buffer.from(JSON.stringify({ ...transition(), ...more }));

test.each([
  ['from before 1970', { starts_at: '0000-06-01T00:00:00Z' }, 'starts_at: has to lie in the years'],
  ['after 9999', { event_time: '9999-12-31T23:00:00-05:00' }, 'event_time: has to lie in the years'],
  ['of an offset that is nowhere', { starts_at: '2026-01-01T00:00:00+18:00' }, 'starts_at: '],
  ['of endless digits', { starts_at: `2026-01-01T00:00:00.${'1'.repeat(200)}Z` }, 'starts_at: '],
  ['of an endless cool-down', { cooldown_ms: 1e300 }, 'cooldown_ms: '],
  ['of megabytes', { labels: { blob: 'x'.repeat(600_000) } }, 'message: is longer than 524288 bytes'],
])('a transition %s is none', (_, more, problem) => {
  const decoded = decodeTransition(bytes(more));
  expect(decoded.ok ? '' : decoded.problems.join('; ')).toContain(problem);
});

test('an ordinary time is one in each of its forms', () => {
  for (const starts_at of [
    '2026-01-01T00:00:00.123456789+05:30',
    '2026-01-01T00:00:00.5-03:00',
    '1970-01-01T00:00:00Z',
  ])
    expect(decodeTransition(bytes({ starts_at }))).toMatchObject({ ok: true });
});

describe('a batch that is refused', () => {
  const taker = (bad: readonly number[], taken: number[]) => (items: readonly number[]) => {
    if (items.some((item) => bad.includes(item)))
      return Promise.reject(new TocsinError('TOC_VALUE_REFUSED', `it holds ${items.join()}`));
    taken.push(...items);
    return Promise.resolve();
  };

  test('is taken without those to blame, in its order', async () => {
    const taken: number[] = [];
    const refused = await handOverInParts([1, 2, 3, 4, 5, 6, 7], taker([3, 7], taken));
    expect(refused).toEqual([
      { item: 3, problem: 'it holds 3' },
      { item: 7, problem: 'it holds 7' },
    ]);
    expect(taken).toEqual([1, 2, 4, 5, 6]);
  });

  test('blames nobody when its taker goes away meanwhile', async () => {
    const away = new TocsinError('TOC_DEPENDENCY_AWAY', 'gone');
    const handOver = (items: readonly number[]) =>
      Promise.reject(items.length > 2 ? new TocsinError('TOC_VALUE_REFUSED', 'no') : away);
    await expect(handOverInParts([1, 2, 3, 4], handOver)).rejects.toBe(away);
  });
});
