/**
 * Rests between bursts of messages to one life. A run that is full continues as new in a moment of quiet, so a sender who
 * works off a backlog without a pause would let one run grow until no worker can replay it in time.
 */
export interface PaceOptions {
  /** As many messages go at once. */
  readonly burst: number;
  /** Messages that come so far apart are no burst. Milliseconds. */
  readonly apartMs: number;
  /** Resolves when the life can take the next burst; never rejects. */
  readonly rest: (life: string) => Promise<void>;
}

/** Far more than have a burst at the same time. */
const MAX_KNOWN = 1_000;

interface Burst {
  count: number;
  lastAt: number;
  resting: Promise<void> | null;
}

/** Answers a function to await before each message to the life named. */
export function createPace({ burst, apartMs, rest }: PaceOptions): (life: string) => Promise<void> {
  const bursts = new Map<string, Burst>();

  function forgetOld(now: number): void {
    for (const [life, { lastAt, resting }] of bursts)
      if (resting === null && now - lastAt >= apartMs) bursts.delete(life);
  }

  async function restBefore(known: Burst, life: string): Promise<void> {
    await rest(life);
    known.resting = null;
    known.count = 0;
  }

  return async function pace(life) {
    let known = bursts.get(life);
    if (known === undefined) {
      if (bursts.size >= MAX_KNOWN) forgetOld(Date.now());
      bursts.set(life, (known = { count: 0, lastAt: 0, resting: null }));
    }
    for (;;) {
      await known.resting;
      if (Date.now() - known.lastAt >= apartMs) known.count = 0;
      if (known.count < burst) break;
      known.resting ??= restBefore(known, life);
    }
    known.count += 1;
    known.lastAt = Date.now();
  };
}
