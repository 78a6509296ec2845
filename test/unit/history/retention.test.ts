/** What ended long ago is forgotten, round after round, until the process stops. */
import { startRetention, type RetentionOptions } from '../../../src/history/retention';

const DAY = 86_400_000;
const NOW = new Date('2026-05-04T00:00:00Z');

function retention(forget: RetentionOptions['forget']) {
  const told: unknown[] = [];
  const started = startRetention({
    keepMs: 90 * DAY,
    forget,
    now: () => NOW,
    onForgotten: (count) => told.push(count),
    onError: (error) => told.push((error as Error).message),
    firstAfterMs: 10,
    everyMs: 1_000,
  });
  return { ...started, told };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('batches go until none is left; the next round comes after its time', async () => {
  const forget = jest.fn().mockResolvedValueOnce(500).mockResolvedValueOnce(20).mockResolvedValue(0);
  const { stop, told } = retention(forget);
  expect(forget).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(10);
  expect(forget).toHaveBeenCalledTimes(3);
  expect(forget).toHaveBeenCalledWith(new Date(NOW.getTime() - 90 * DAY));
  expect(told).toEqual([520]);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(forget).toHaveBeenCalledTimes(4);
  expect(told).toEqual([520]);
  await stop();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(forget).toHaveBeenCalledTimes(4);
});

test('a round that fails is told, and the next one tries again', async () => {
  const forget = jest.fn().mockRejectedValueOnce(new Error('postgres is away')).mockResolvedValue(0);
  const { stop, told } = retention(forget);
  await jest.advanceTimersByTimeAsync(1_010);
  expect(told).toEqual(['postgres is away']);
  expect(forget).toHaveBeenCalledTimes(2);
  await stop();
});

test('a stop waits for the batch under way and begins no other', async () => {
  let finish!: (count: number) => void;
  const forget = jest.fn(() => new Promise<number>((resolve) => (finish = resolve)));
  const { stop } = retention(forget);
  await jest.advanceTimersByTimeAsync(10);
  const stopped = stop();
  finish(500);
  await stopped;
  await jest.advanceTimersByTimeAsync(10_000);
  expect(forget).toHaveBeenCalledTimes(1);
});
