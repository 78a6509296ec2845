import { createPace } from '../../../src/temporal/pace';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** How many of `count` messages to `life` have gone after each of `waits` milliseconds. */
async function gone(count: number, waits: readonly number[]): Promise<number[]> {
  const pace = createPace({ burst: 5, restMs: 300 });
  let sent = 0;
  const sending = (async () => {
    for (let message = 0; message < count; message++) {
      await pace('a');
      sent += 1;
    }
  })();
  const seen: number[] = [];
  for (const wait of waits) {
    await jest.advanceTimersByTimeAsync(wait);
    seen.push(sent);
  }
  await jest.runAllTimersAsync();
  await sending;
  return seen;
}

it('lets a burst through and rests before the next', async () => {
  expect(await gone(12, [0, 299, 1, 300])).toEqual([5, 5, 10, 12]);
});

it('holds up nobody who pauses by himself, and no other life', async () => {
  const pace = createPace({ burst: 2, restMs: 300 });
  await pace('a');
  await pace('a');
  await pace('b');
  jest.advanceTimersByTime(300);
  await pace('a');
  await pace('a');
  expect(jest.getTimerCount()).toBe(0);
});

it('senders side by side rest together', async () => {
  const pace = createPace({ burst: 2, restMs: 300 });
  let sent = 0;
  const all = Promise.all(Array.from({ length: 6 }, () => pace('a').then(() => (sent += 1))));
  await jest.advanceTimersByTimeAsync(0);
  expect(sent).toBe(2);
  await jest.advanceTimersByTimeAsync(300);
  expect(sent).toBe(4);
  await jest.advanceTimersByTimeAsync(300);
  await all;
  expect(sent).toBe(6);
});
