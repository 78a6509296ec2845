/**
 * How many messages the receivers that have a rate limit can be sent now. A look takes nothing; a permit is taken just before
 * a message leaves, for what a silence drops costs none. In between, what has been taken out of the queue is reckoned with,
 * so that no more is taken than leaves.
 */
import type { LimitAnswer, RateLimit, RateLimitStore } from '../history/port';
import { formatDuration } from '../domain/duration';

export interface RateLimits {
  has(name: string): boolean;
  /** Of those of the names that have a limit. */
  look(names: readonly string[]): Promise<ReadonlyMap<string, LimitAnswer>>;
  /** One message for this one has been taken out of the queue, of these ids. */
  expect(name: string, ids: readonly string[]): void;
  /** The message of this id has had its permit, or needs none any more. */
  forget(id: string): void;
  /** Null where one more may leave; otherwise why not. One that has no limit may always. */
  take(name: string): Promise<Limited | null>;
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
  const expected = new Map<string, { readonly name: string; readonly ids: readonly string[] }>();
  return {
    has: (name) => limits.has(name),
    async look(names) {
      const asked = new Map([...limits].filter(([name]) => names.includes(name)));
      if (asked.size === 0) return new Map();
      const found = await store!.look(asked);
      const coming = [...new Set(expected.values())];
      return new Map(
        [...found].map(([name, { free, nextInMs }]) => {
          const left = free - coming.filter((each) => each.name === name).length;
          return [name, { free: Math.max(0, left), nextInMs }];
        }),
      );
    },
    expect(name, ids) {
      if (!limits.has(name)) return;
      const message = { name, ids };
      ids.forEach((id) => expected.set(id, message));
    },
    forget: (id) => expected.get(id)?.ids.forEach((each) => expected.delete(each)),
    async take(name) {
      const limit = limits.get(name);
      if (limit === undefined) return null;
      const { free, nextInMs } = await store!.take(name, limit, 1);
      return free > 0 ? null : { error: limitText(limit), nextInMs };
    },
  };
}

export const limitText = ({ messages, perMs }: RateLimit): string =>
  `its rate limit of ${messages} in ${formatDuration(perMs)} is reached`;
