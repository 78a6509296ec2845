/** Waiting for Kafka with an end. */
import { setTimeout as delay } from 'node:timers/promises';
import { TocsinError } from '../domain/errors';

/** What the work gives. Throws TOC_DEPENDENCY_AWAY, naming `what`, when it takes longer. */
export async function withinTime<T>(work: Promise<T>, what: string, ms: number): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new TocsinError('TOC_DEPENDENCY_AWAY', `Kafka has not given ${what} within ${ms / 1_000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** Waits for the work, whatever becomes of it, and no longer than this. */
export async function atMost(work: Promise<void>, ms: number): Promise<void> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([work.catch(() => undefined), late]);
  timer.abort();
}
