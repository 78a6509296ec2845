/** What comes with every message is said once in a while, whoever names the subjects. */
import { createSeldom } from '../../../src/observe/seldom';

test('a subject is spoken of once in the time, each by itself', () => {
  let at = 0;
  const isDue = createSeldom({ everyMs: 60_000, most: 10, now: () => at });
  expect([isDue('a'), isDue('a'), isDue('b')]).toEqual([true, false, true]);
  at = 59_999;
  expect([isDue('a'), isDue('c')]).toEqual([false, true]);
  at = 60_000;
  expect([isDue('a'), isDue('b'), isDue('c')]).toEqual([true, true, false]);
});

test('of too many at a time it keeps silent, and speaks again when their time is over', () => {
  let at = 0;
  const isDue = createSeldom({ everyMs: 1_000, most: 2, now: () => at });
  expect(['a', 'b', 'c'].map(isDue)).toEqual([true, true, false]);
  at = 1_000;
  expect(isDue('c')).toBe(true);
});
