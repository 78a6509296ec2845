/**
 * How many messages those that have a rate limit can be sent now, receivers and integrations by their names. A message of the
 * queue comes with its permit, and what a silence drops gives it back; who is told instead of another needs one of his own.
 */
import type { LimitAnswer, RateLimit, RateLimitStore } from '../history/port';
import { formatDuration } from '../domain/duration';

export interface RateLimits {
  /** Of those of the names that have a limit; asks nobody where none has. */
  look(names: Iterable<string>): Promise<ReadonlyMap<string, LimitAnswer>>;
  /** These have been taken out of the queue as one message, with a permit. */
  hold(name: string, ids: readonly string[]): void;
  /** Null where one more may leave; otherwise why not. What holds a permit leaves with it; one that has no limit may always. */
  take(name: string, id?: string): Promise<Limited | null>;
  /** Of one that was taken, and that nothing has left with. */
  giveBack(name: string): Promise<void>;
  /** Gives back what has not been taken of the permit that is held for this one. */
  release(id: string): Promise<void>;
}

export interface Limited {
  readonly error: string;
  readonly nextInMs: number;
}

/** `limitOf`: as it is now, a reload may change it. Without a store, which counts over all processes, nobody has one. */
export function createRateLimits(
  store: RateLimitStore | undefined,
  limitOf: (name: string) => RateLimit | null,
): RateLimits {
  const permits = new Map<string, { readonly name: string; readonly ids: readonly string[] }>();
  /** Answers whose it was. */
  function letGo(id: string): string | undefined {
    const permit = permits.get(id);
    permit?.ids.forEach((each) => permits.delete(each));
    return permit?.name;
  }
  async function giveBack(name: string): Promise<void> {
    const limit = limitOf(name);
    if (limit !== null) await store?.giveBack(name, limit);
  }
  return {
    async look(names) {
      if (store === undefined) return NONE;
      const limits = new Map<string, RateLimit>();
      for (const name of names) {
        const limit = limitOf(name);
        if (limit !== null) limits.set(name, limit);
      }
      return limits.size === 0 ? NONE : store.look(limits);
    },
    hold(name, ids) {
      const permit = { name, ids };
      ids.forEach((id) => permits.set(id, permit));
    },
    async take(name, id) {
      const limit = limitOf(name);
      if (limit === null || store === undefined) return null;
      if (id !== undefined && permits.get(id)?.name === name) {
        letGo(id);
        return null;
      }
      const { free, nextInMs } = await store.take(name, limit, 1);
      return free > 0 ? null : { error: limitText(limit), nextInMs };
    },
    giveBack,
    async release(id) {
      const name = letGo(id);
      if (name !== undefined) await giveBack(name);
    },
  };
}

const NONE: ReadonlyMap<string, LimitAnswer> = new Map();

export const limitText = ({ messages, perMs }: RateLimit): string =>
  `its rate limit of ${messages} in ${formatDuration(perMs)} is reached`;
