/**
 * A destination: what fails together. It has a bulkhead, so that one that hangs holds up only its own messages, and a
 * circuit breaker, so that one that is down is left alone for a while.
 */
import { admit, CLOSED, settle, type BreakerPolicy, type BreakerState } from '../domain/breaker';

export interface Destination {
  readonly name: string;
  /** How many more calls it may have at once; or be given, where so many may wait for a place (`ready`). */
  free(ready?: number): number;
  /** Whether a call would be let through now, and in how long otherwise. Changes nothing. */
  look(): {
    readonly allowed: boolean;
    readonly retryInMs: number | null;
    readonly state: BreakerState['kind'];
  };
  /**
   * Runs `call` when the breaker lets it and a place is free. `ok` says whether its result counts as the destination
   * being well. Answers null when the circuit is open.
   */
  attempt<T>(
    call: () => Promise<T>,
    ok: (result: T) => boolean,
    /** Done before its place is free. */
    record?: (result: T) => Promise<void>,
  ): Promise<T | null>;
}

export const BREAKER_DEFAULTS: BreakerPolicy = { failureThreshold: 5, resetMs: 60_000, successThreshold: 2 };

/** `elapsedMs` never goes back: with a clock that is set, a circuit would stay open for as long as it was set back. */
export function createDestination(
  name: string,
  places: number,
  policy: BreakerPolicy,
  elapsedMs: () => number,
  onChange: (state: BreakerState['kind']) => void,
): Destination {
  let breaker: BreakerState = CLOSED;
  let busy = 0;
  const queue: (() => void)[] = [];

  const become = (next: BreakerState): void => {
    const changed = next.kind !== breaker.kind;
    breaker = next;
    if (changed) onChange(next.kind);
  };

  const enter = async (): Promise<void> => {
    if (busy < places) busy += 1;
    else await new Promise<void>((resolve) => queue.push(resolve));
  };

  const leave = (): void => {
    const next = queue.shift();
    if (next) next();
    else busy -= 1;
  };

  return {
    name,
    free: (ready = 0) => Math.max(0, places + ready - busy - queue.length),
    look: () => {
      const now = elapsedMs();
      const { allowed, retryAt } = admit(policy, breaker, now);
      return { allowed, retryInMs: retryAt === null ? null : retryAt - now, state: breaker.kind };
    },
    async attempt(call, ok, record) {
      await enter();
      try {
        const admission = admit(policy, breaker, elapsedMs());
        become(admission.state);
        if (!admission.allowed) return null;
        const result = await call();
        become(settle(policy, breaker, ok(result), elapsedMs()));
        await record?.(result);
        return result;
      } finally {
        leave();
      }
    },
  };
}
