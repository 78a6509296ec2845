/** Rate limits of receivers, and what is taken out of the queues where they hold messages back. */

/** So many messages within `perMs`: as many at once at most, and after those one each `perMs / messages`. */
export interface RateLimit {
  readonly messages: number;
  readonly perMs: number;
}

export interface LimitAsked {
  readonly name: string;
  readonly limit: RateLimit;
  readonly wanted: number;
}

export interface LimitAnswer {
  /** How many may leave now. */
  readonly free: number;
  /** When the next may: 0 where that is now. */
  readonly nextInMs: number;
}

/** Counted by the server's clock over all processes, under a name. */
export interface RateLimitStore {
  /** Takes up to `wanted` permits, each for one message; answers how many were granted. */
  take(name: string, limit: RateLimit, wanted: number): Promise<LimitAnswer>;
  /** A permit that was granted under the limit and that nothing has left with. */
  giveBack(name: string, limit: RateLimit): Promise<void>;
  /** Takes none. */
  look(limits: ReadonlyMap<string, RateLimit>): Promise<ReadonlyMap<string, LimitAnswer>>;
}

/** The rate limit that messages are taken out of a queue under: each comes with a permit of it. */
export interface TakenUnder {
  readonly name: string;
  readonly limit: RateLimit;
}

/** Of receivers that cannot have all their messages now. */
export interface HeldBackMessages {
  /** Those that have been waiting for so long; left out: all. */
  readonly waitedMs?: number;
  /** What is critical goes before the rest. */
  readonly urgentFirst?: boolean;
  /** No more than there are permits: granted as the messages are taken, so no less urgent one comes first elsewhere. */
  readonly under?: TakenUnder;
}
