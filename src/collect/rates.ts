/** Rates and increases of counters between two collections. The first collection of a counter yields none. */

export interface Rates {
  /** Increase a second since the last call for `key`; null at the first call, and after the counter was reset. */
  perSecond(key: string, counter: number, atMs: number): number | null;
  /** Increase since the last call for `key`; null at the first call, and after the counter was reset. */
  increase(key: string, counter: number): number | null;
}

export function createRates(): Rates {
  const last = new Map<string, { counter: number; atMs: number }>();
  /** A counter that went down was reset: what happened since is unknown. */
  const step = (key: string, counter: number, atMs: number): { grown: number; ms: number } | null => {
    const before = last.get(key);
    last.set(key, { counter, atMs });
    if (before === undefined || counter < before.counter) return null;
    return { grown: counter - before.counter, ms: atMs - before.atMs };
  };
  return {
    perSecond(key, counter, atMs) {
      const moved = step(`r|${key}`, counter, atMs);
      return moved === null || moved.ms <= 0 ? null : (moved.grown * 1_000) / moved.ms;
    },
    increase(key, counter) {
      return step(`i|${key}`, counter, 0)?.grown ?? null;
    },
  };
}
