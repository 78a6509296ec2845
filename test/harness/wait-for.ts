import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** 10 s by default. */
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** What is waited for, for the error. */
  readonly what: string;
}

type Falsy = false | null | undefined | 0 | '';

/**
 * The condition's first truthy answer. A condition that throws is asked again; its last error is the cause when time is up.
 */
export async function waitFor<T>(
  condition: () => T | Falsy | Promise<T | Falsy>,
  options: WaitOptions,
): Promise<Exclude<T, Falsy>> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer) return answer as Exclude<T, Falsy>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) {
      const reason = cause instanceof Error ? `: ${cause.message}` : '';
      throw new Error(`waited ${timeoutMs / 1000} s for ${options.what}${reason}`, { cause });
    }
    await sleep(options.intervalMs ?? 50);
  }
}
