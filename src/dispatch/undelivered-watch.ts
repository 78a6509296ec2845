/**
 * Looks for steps of which nobody could be told, and tells the alerts' lives, which then tell the next level at once. A step is a row
 * until its life has heard of it, so whoever dies meanwhile loses nothing; a life that hears of one twice does nothing. Any
 * number of processes may watch.
 */
import { messageOf } from '../domain/errors';
import type { Undelivered, UndeliveredStore } from '../history/port';
import { createTurns, type Logger, type Turns } from '../observe/observe';

export interface UndeliveredWatchOptions {
  readonly store: UndeliveredStore;
  /** False where the alert has no life now. Throws when lives cannot be told. */
  readonly tell: (step: Undelivered) => Promise<boolean>;
  /** For so long a message may be tried in vain; null: until it is given up. */
  readonly lateMs: number | null;
  /** Groups of an alertmanager.yml tell of the same alerts. */
  readonly hasGroups: boolean;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  readonly everyMs?: number;
}

const AT_ONCE = 100;
const TOLD_TOGETHER = 20;
/** An alert's life may begin a moment after its first page was given up; until then it is asked for again and again. */
const LEASE_MS = 5_000;
/** Beyond the usual group_wait. */
const GROUPS_MS = 120_000;

export function createUndeliveredWatch(options: UndeliveredWatchOptions): Turns {
  const { store, tell, lateMs, hasGroups, log, everyMs = 1_000 } = options;
  const groupsMs = hasGroups ? GROUPS_MS : 0;

  async function turn(): Promise<number> {
    await store.find({ lateMs, groupsMs });
    const steps = await store.take(AT_ONCE, LEASE_MS);
    for (let from = 0; from < steps.length; from += TOLD_TOGETHER)
      await tellLives(steps.slice(from, from + TOLD_TOGETHER));
    return steps.length === AT_ONCE ? 0 : everyMs;
  }

  async function tellLives(steps: readonly Undelivered[]): Promise<void> {
    const heard = await Promise.allSettled(steps.map(tell));
    const told = steps.filter((_, at) => isTrue(heard[at]!));
    await store.told(told);
    for (const { fingerprint, step, reason } of told)
      log.warn({ fingerprint, step, reason }, `nobody could be told of ${step}: ${reason}`);
    // One life that cannot be told keeps the others from nothing.
    const failed = heard.find((each) => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  return createTurns({
    turn,
    onError: (error, again) =>
      log[again ? 'debug' : 'warn'](
        { err: error },
        `lives are told later of what nobody could be told: ${messageOf(error)}`,
      ),
  });
}

const isTrue = (each: PromiseSettledResult<boolean>): boolean => each.status === 'fulfilled' && each.value;
