/**
 * The way from collectors to Kafka: one batch at a time, in order, tried again until it is acknowledged. While Kafka is
 * away the outbox fills up to its bound and then drops the oldest messages, counted; it never grows beyond. A message
 * that is refused for good is counted and left out; those around it go on.
 *
 * Promise: what was added is published, unless it was counted as dropped or refused or is answered by `close` as left over.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TocsinError } from '../domain/errors';
import type { Metric } from '../domain/metric';
import type { MetricPublisher } from '../stream/port';

export interface OutboxOptions {
  /** How many messages wait at most. */
  readonly bound: number;
  /** How many messages are published at once at most. */
  readonly batch: number;
  /** The waits between attempts double from the first to the last, in milliseconds. */
  readonly retryMs: readonly [first: number, last: number];
}

export const DEFAULT_OUTBOX: OutboxOptions = { bound: 50_000, batch: 2_000, retryMs: [100, 5_000] };

export interface OutboxStatus {
  readonly queued: number;
  readonly published: number;
  /** For want of room. */
  readonly dropped: number;
  /** For good: no other attempt would be taken. */
  readonly refused: number;
  /** Why the last of them was refused; null while none has been. */
  readonly refusal: unknown;
  /** Of the last attempt; null when it succeeded. */
  readonly error: unknown;
}

export interface Outbox {
  add(metrics: readonly Metric[]): void;
  status(): OutboxStatus;
  /** Publishes what waits for at most `ms`, stops, and answers what is left over, oldest first. */
  close(ms: number): Promise<readonly Metric[]>;
}

export function createOutbox(
  publisher: MetricPublisher,
  options: OutboxOptions,
  first: readonly Metric[] = [],
): Outbox {
  let waiting: Metric[] = [];
  let sending: Metric[] = [];
  let published = 0;
  let dropped = 0;
  let refused = 0;
  let refusal: unknown = null;
  let error: unknown = null;
  let pump: Promise<void> | null = null;
  const stopped = new AbortController();

  /** A batch is refused for one message of it: it is halved until that one stands alone. */
  const leaveOut = (failure: TocsinError): void => {
    if (sending.length > 1) {
      waiting = [...sending.splice(Math.ceil(sending.length / 2)), ...waiting];
      return;
    }
    sending = [];
    refused++;
    refusal = failure;
  };
  const pumpAll = async (): Promise<void> => {
    let waitMs = options.retryMs[0];
    while (waiting.length > 0 || sending.length > 0) {
      if (stopped.signal.aborted) return;
      if (sending.length === 0) sending = waiting.splice(0, options.batch);
      try {
        await publisher.publish(sending);
        published += sending.length;
        sending = [];
        error = null;
        waitMs = options.retryMs[0];
      } catch (failure) {
        if (failure instanceof TocsinError && !failure.retryable) {
          leaveOut(failure);
          continue;
        }
        error = failure;
        await sleep(waitMs * (0.5 + Math.random() / 2), undefined, { signal: stopped.signal }).catch(
          () => undefined,
        );
        waitMs = Math.min(waitMs * 2, options.retryMs[1]);
      }
    }
  };
  const start = (): void => {
    pump ??= pumpAll().finally(() => {
      pump = null;
      // A message added between the pump's last look and its end.
      if (waiting.length > 0 && !stopped.signal.aborted) start();
    });
  };
  const add = (metrics: readonly Metric[]): void => {
    for (const metric of metrics) waiting.push(metric);
    const room = Math.max(0, options.bound - sending.length);
    if (waiting.length > room) dropped += waiting.splice(0, waiting.length - room).length;
    if (waiting.length > 0) start();
  };

  if (first.length > 0) add(first);
  return {
    add,
    status: () => ({ queued: waiting.length + sending.length, published, dropped, refused, refusal, error }),
    async close(ms) {
      const timer = setTimeout(() => stopped.abort(), ms);
      const given = new Promise<void>((resolve) =>
        stopped.signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      while (pump !== null && !stopped.signal.aborted) await Promise.race([pump, given]);
      clearTimeout(timer);
      stopped.abort();
      const left = [...sending, ...waiting];
      waiting = [];
      sending = [];
      return left;
    },
  };
}
