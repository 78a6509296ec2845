/** When a message is tried again, and when it is given up. */

export interface RetryPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** After this many attempts, or this long after it was written, a message is dead. */
  readonly maxAttempts: number;
  readonly maxAgeMs: number;
}

export const RETRY_DEFAULTS: RetryPolicy = {
  baseMs: 1_000,
  capMs: 300_000,
  maxAttempts: 100,
  maxAgeMs: 86_400_000,
};

/** A destination that asks for more than this is asking for the message to be forgotten. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * Exponential backoff with full jitter: anywhere from a tenth of the base to base × 2^attempts, so that what failed
 * together does not come back together. A Retry-After is the least. `attempts` counts those before; `random` is in [0, 1).
 */
export function backoffMs(
  policy: RetryPolicy,
  attempts: number,
  retryAfterMs: number | null,
  random: number,
): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** Math.min(attempts, 30));
  const jittered = Math.max(policy.baseMs / 10, random * ceiling);
  if (retryAfterMs === null) return jittered;
  return Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) + random * policy.baseMs;
}

/** Why there is no next attempt, or null. */
export function exhausted(policy: RetryPolicy, attempts: number, ageMs: number): string | null {
  if (attempts + 1 >= policy.maxAttempts) return `given up after ${attempts + 1} attempts`;
  return ageMs >= policy.maxAgeMs ? `given up ${Math.round(ageMs / 60_000)} min after it was written` : null;
}
