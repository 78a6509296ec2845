/**
 * Lets what time decides follow in each partition number as its time passes. Up to when it was told before, by whoever had the
 * partition, it follows without being told again; from there on it is told. A commit notes how far it has followed.
 *
 * A sink works for a moment at a time. What is left goes on by itself, in one partition number after the other, and leaves the
 * process a turn in between: a partition on which nothing comes catches up as fast as one that is read.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MetricSink } from './port';

export interface TimeFollowerOptions {
  readonly reached: MetricSink['reached'];
  /** How far time has passed in a partition number; -Infinity while nothing is known. */
  readonly timeOf: (partition: number) => number;
  /** The partition numbers that are here. Another array once they are assigned anew. */
  readonly here: () => readonly number[];
}

export interface TimeFollower {
  /**
   * In these partition numbers nothing has followed here, and others have told up to these times. None is after `now`:
   * noted under a clock that was ahead, it would keep everything from being told until then.
   */
  begin(fresh: readonly number[], toldUntil: ReadonlyMap<number, number>, now: number): void;
  /** False when what follows takes longer than a moment: another call goes on with it. */
  follow(partition: number): boolean;
  /** Goes on in all partition numbers that are here until each has come as far as its time. Throws what the last one ended with. */
  followAll(): void;
  /** Up to when what time decides was told, here or before; 0 where nothing was. */
  toldUntil(partition: number): number;
}

export function createTimeFollower({ reached, timeOf, here }: TimeFollowerOptions): TimeFollower {
  const followed = new Map<number, number>();
  const toldBefore = new Map<number, number>();
  let isCatchingUp = false;
  let failures: unknown[] = [];

  function follow(partition: number): boolean {
    const time = timeOf(partition);
    if (time === -Infinity) return true;
    const told = toldBefore.get(partition) ?? -Infinity;
    const isBefore = (followed.get(partition) ?? -Infinity) < told;
    if (isBefore && !followUntil(partition, Math.min(time, told), true)) return false;
    return time <= told || followUntil(partition, time, false);
  }

  function followUntil(partition: number, time: number, replayed: boolean): boolean {
    const isDone = reached(partition, time, replayed);
    if (isDone) followed.set(partition, Math.max(followed.get(partition) ?? -Infinity, time));
    return isDone;
  }

  function followAll(): void {
    if (isCatchingUp) return;
    const [failure] = failures;
    failures = [];
    if (failure !== undefined) throw failure;
    isCatchingUp = true;
    void catchUp()
      .catch((error: unknown) => failures.push(error))
      .finally(() => (isCatchingUp = false));
  }

  async function catchUp(): Promise<void> {
    for (let isDone = false; !isDone;) {
      isDone = true;
      const partitions = here();
      for (const partition of partitions) {
        if (follow(partition)) continue;
        isDone = false;
        await nextTurn();
        if (here() !== partitions) break;
      }
    }
  }

  return {
    begin(fresh, toldUntil, now) {
      for (const partition of fresh) {
        followed.delete(partition);
        toldBefore.set(partition, Math.min(toldUntil.get(partition) ?? -Infinity, now));
      }
    },
    follow,
    followAll,
    toldUntil: (partition) => Math.max(0, followed.get(partition) ?? 0, toldBefore.get(partition) ?? 0),
  };
}
