/**
 * When the lives of alerts begin, beside their pages: at once where no alerts come in, else with the time that the process
 * has to spare. A storm leaves it none, and lives begin when it is told; where alerts keep coming at a rate that it keeps up
 * with, their lives follow as fast as pages are not late for them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchHandler } from '../src/dispatch/dispatcher';

export interface LullOptions {
  /** Resolves after so many milliseconds with the share of them, 0 to 1, in which the process had something to do. */
  readonly measure?: (ms: number) => Promise<number>;
  /** Never goes back. */
  readonly elapsedMs?: () => number;
}

export interface Lull {
  /** An alert has come in, or waits to be told. */
  touch(): void;
  /** A batch counts as busy for as long as it takes. */
  during(handle: BatchHandler): BatchHandler;
  /** Asked before each life; resolves in the order in which it was asked. */
  wait(): Promise<void>;
}

/** On a busy machine a batch takes longer than this: what lasts a moment is no lull. */
const LULL_MS = 250;
/** From here on pages wait for each other. */
const FULL = 0.75;
/** What a life takes of the process until it waits. */
const LIFE_MS = 10;
/** Then one begins with each window, whatever there is to spare: nothing is put off for good. */
const LONGEST_WAIT_MS = 15_000;

export function createLull({
  measure = loopUse,
  elapsedMs = () => performance.now(),
}: LullOptions = {}): Lull {
  let busySince = -Infinity;
  let busyAt = -Infinity;
  let writing = 0;
  let places = 0;
  let line: Promise<void> = Promise.resolve();
  const isBusy = (): boolean => writing > 0 || elapsedMs() - busyAt < LULL_MS;

  function touch(): void {
    if (!isBusy()) busySince = elapsedMs();
    busyAt = elapsedMs();
  }

  async function next(): Promise<void> {
    while (isBusy() && places === 0) {
      const spareMs = (FULL - (await measure(LULL_MS))) * LULL_MS;
      const least = elapsedMs() - busySince > LONGEST_WAIT_MS ? 1 : 0;
      places = Math.max(least, Math.floor(spareMs / LIFE_MS));
    }
    places = Math.max(0, places - 1);
  }

  return {
    touch,
    during: (handle) => async (batch) => {
      touch();
      writing += 1;
      try {
        await handle(batch);
      } finally {
        touch();
        writing -= 1;
      }
    },
    wait: () => (line = line.then(next)),
  };
}

async function loopUse(ms: number): Promise<number> {
  const before = performance.eventLoopUtilization();
  await sleep(ms);
  return performance.eventLoopUtilization(before).utilization;
}
