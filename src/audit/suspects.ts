/**
 * Rows and lives are written by two readers of `gds.alerts`, neither of which waits for the other: what one of them has
 * and the other lacks is at first only a suspicion. It is a find when both have taken in all that was in the topic at
 * the first look, and a second look sees the same.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertsProgress } from './port';

const LOOK_EVERY_MS = 250;

/** Whether the readers came so far in time. */
export async function settled(
  progress: AlertsProgress,
  patienceMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const end = await progress.end();
  const deadline = Date.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    if (await progress.reached(end)) return true;
    if (Date.now() >= deadline) return false;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** Asks `work` for each of `items`, so many at a time; answers in their order. Throws the first error. */
export async function atATime<T, R>(
  most: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const answers = new Array<R>(items.length);
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < items.length) {
      const place = next++;
      answers[place] = await work(items[place]!);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, one));
  return answers;
}
