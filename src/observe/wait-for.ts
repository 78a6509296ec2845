/** Waits, with a visible reason, for a server that is away when a role starts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TocsinError } from '../domain/errors';
import type { Logger } from './logger';
import { redactUrl } from './redact';

export interface WaitOptions {
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Ends the wait; the rejection is then TOC_DEPENDENCY_AWAY. */
  readonly signal?: AbortSignal;
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
  /** How long one try may take. */
  readonly tryTimeoutMs?: number;
  /** Told of every failed try, e.g. to show it in `/readyz`. */
  readonly onFailure?: (reason: string, attempt: number) => void;
}

export const WAIT_DEFAULTS = { firstDelayMs: 250, maxDelayMs: 5_000, tryTimeoutMs: 10_000 };

/**
 * What `check` resolves with, as soon as it does. A failed try is logged with its reason and tried again, after twice
 * the delay (with jitter, so that ten processes do not come back together). Waits forever unless `signal` ends it, or an
 * error comes that trying again cannot help: that one is thrown.
 */
export async function waitForDependency<T>(
  name: string,
  check: (signal: AbortSignal) => Promise<T>,
  options: WaitOptions,
): Promise<T> {
  const { firstDelayMs, maxDelayMs, tryTimeoutMs } = { ...WAIT_DEFAULTS, ...options };
  const began = Date.now();
  for (let attempt = 1; ; attempt++) {
    try {
      const value = await tryOnce(name, check, tryTimeoutMs, options.signal);
      const waitedMs = Date.now() - began;
      if (attempt > 1)
        options.log.info({ dependency: name, attempts: attempt, waited_ms: waitedMs }, `${name} answers`);
      return value;
    } catch (error) {
      if (options.signal?.aborted) throw ended(name, error);
      if (error instanceof TocsinError && !error.retryable) throw error;
      const reason = redactUrl(messageOf(error));
      const backoffMs = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 20));
      const delayMs = Math.round(backoffMs * (0.5 + Math.random() / 2));
      options.onFailure?.(reason, attempt);
      options.log.warn(
        { dependency: name, attempt, retry_in_ms: delayMs, reason },
        `waiting for ${name}: ${reason}; trying again in ${delayMs} ms${todoOf(error)}`,
      );
      await pause(name, delayMs, options.signal);
    }
  }
}

/** A server that is away may come back by itself; one that refuses us waits for somebody. */
const todoOf = (error: unknown): string =>
  error instanceof TocsinError && error.code === 'TOC_ACCESS_REFUSED' ? `. ${error.todo}` : '';

async function tryOnce<T>(
  name: string,
  check: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Promise<T> {
  outer?.throwIfAborted();
  const abort = new AbortController();
  const signal = outer ? AbortSignal.any([outer, abort.signal]) : abort.signal;
  let timer: NodeJS.Timeout | undefined;
  let stop: (() => void) | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} did not answer within ${timeoutMs} ms`)), timeoutMs);
    stop = () => reject(new Error('stopped'));
    outer?.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([check(signal), limit]);
  } finally {
    clearTimeout(timer);
    if (stop) outer?.removeEventListener('abort', stop);
    abort.abort();
  }
}

async function pause(name: string, ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw ended(name, error);
  }
}

function ended(name: string, cause: unknown): TocsinError {
  return new TocsinError('TOC_DEPENDENCY_AWAY', `stopped while waiting for ${name}`, { cause });
}
