/**
 * How many messages the receivers that have a rate limit can be sent now. A message of the queue comes with its permit, and
 * what a silence drops gives it back; who is told instead of another needs one of his own.
 */
import type { LimitAnswer, RateLimit, RateLimitStore } from '../history/port';
import { formatDuration } from '../domain/duration';

export interface RateLimits {
  has(name: string): boolean;
  /** Of those of the names that have a limit. */
  look(names: readonly string[]): Promise<ReadonlyMap<string, LimitAnswer>>;
  /** These have been taken out of the queue as one message, with a permit. */
  hold(name: string, ids: readonly string[]): void;
  /** Null where one more may leave; otherwise why not. What holds a permit leaves with it; one that has no limit may always. */
  take(name: string, id: string): Promise<Limited | null>;
  /** Gives back what has not been taken of the permit that is held for this one. */
  release(id: string): Promise<void>;
}

export interface Limited {
  readonly error: string;
  readonly nextInMs: number;
}

export function createRateLimits(
  store: RateLimitStore | undefined,
  limits: ReadonlyMap<string, RateLimit>,
): RateLimits {
  if (store === undefined && limits.size > 0)
    throw new RangeError('rate limits need a store that counts over all processes');
  const permits = new Map<string, { readonly name: string; readonly ids: readonly string[] }>();
  /** Answers whose it was. */
  function letGo(id: string): string | undefined {
    const permit = permits.get(id);
    permit?.ids.forEach((each) => permits.delete(each));
    return permit?.name;
  }
  return {
    has: (name) => limits.has(name),
    async look(names) {
      const asked = new Map([...limits].filter(([name]) => names.includes(name)));
      return asked.size === 0 ? new Map() : store!.look(asked);
    },
    hold(name, ids) {
      const permit = { name, ids };
      ids.forEach((id) => permits.set(id, permit));
    },
    async take(name, id) {
      const limit = limits.get(name);
      if (limit === undefined) return null;
      if (permits.get(id)?.name === name) {
        letGo(id);
        return null;
      }
      const { free, nextInMs } = await store!.take(name, limit, 1);
      return free > 0 ? null : { error: limitText(limit), nextInMs };
    },
    async release(id) {
      const name = letGo(id);
      if (name !== undefined) await store!.giveBack(name, limits.get(name)!);
    },
  };
}

export const limitText = ({ messages, perMs }: RateLimit): string =>
  `its rate limit of ${messages} in ${formatDuration(perMs)} is reached`;
