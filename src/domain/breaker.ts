/**
 * A circuit breaker: stops asking somebody who keeps failing, and asks again carefully after a while.
 *
 * - closed: calls pass; `failureThreshold` failures in a row open it.
 * - open: calls are refused until `resetMs` have passed since it opened.
 * - half-open: one call at a time passes; `successThreshold` successes close it, one failure opens it anew.
 *
 * A pure machine: the state is a value, the time is passed in. Every call that `admit` let through is answered by one
 * `settle`. A probe that never settles is given up after `resetMs`, so that a lost caller cannot keep it shut for good.
 */

export interface BreakerPolicy {
  /** Failures in a row that open the breaker; at least 1. */
  readonly failureThreshold: number;
  /** How long it stays open before a call is let through again, in milliseconds. */
  readonly resetMs: number;
  /** Successes of half-open calls that close it; at least 1. */
  readonly successThreshold: number;
}

export type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly since: number }
  | { readonly kind: 'half-open'; readonly successes: number; readonly probingSince: number | null };

export const CLOSED: BreakerState = { kind: 'closed', failures: 0 };

export interface Admission {
  readonly state: BreakerState;
  readonly allowed: boolean;
  /** When it is worth asking again, milliseconds; null when the call is allowed. */
  readonly retryAt: number | null;
}

/** May a call be made at `now` (milliseconds)? The returned state replaces the given one. */
export function admit(policy: BreakerPolicy, state: BreakerState, now: number): Admission {
  if (state.kind === 'closed') return { state, allowed: true, retryAt: null };
  const successes = state.kind === 'half-open' ? state.successes : 0;
  const since = state.kind === 'open' ? state.since : state.probingSince;
  const retryAt = since === null ? now : since + policy.resetMs;
  if (now < retryAt) return { state, allowed: false, retryAt };
  return { state: { kind: 'half-open', successes, probingSince: now }, allowed: true, retryAt: null };
}

/**
 * The state after an admitted call ended at `now`. A call that was admitted before the breaker opened and ends while it
 * is open changes nothing: its failure is no news, and its success began in better times.
 */
export function settle(
  policy: BreakerPolicy,
  state: BreakerState,
  succeeded: boolean,
  now: number,
): BreakerState {
  if (state.kind === 'open') return state;
  if (state.kind === 'closed') {
    if (succeeded) return CLOSED;
    const failures = state.failures + 1;
    return failures >= policy.failureThreshold ? { kind: 'open', since: now } : { kind: 'closed', failures };
  }
  if (!succeeded) return { kind: 'open', since: now };
  const successes = state.successes + 1;
  return successes >= policy.successThreshold ? CLOSED : { kind: 'half-open', successes, probingSince: null };
}
