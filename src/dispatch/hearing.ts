/**
 * When an alert is over of which nobody says anything more. Its sender has promised to tell it again in time, and an end
 * counts against it only where it could have done so: while Kafka or Postgres was away, or nobody served, it could not, and
 * afterwards it has as long again as it had promised. Where all is well, an alert is over at the end that it has, as
 * Alertmanager judges it.
 */
import type { AlertsProgress } from '../audit/port';
import { messageOf, TocsinError } from '../domain/errors';
import type { ChangedAlert, Hearing, HearingStore, KnownAlert } from '../history/port';
import { createTurns, type Logger, type Turns } from '../observe/observe';

/** Whoever says of no end repeats within Alertmanager's five minutes. The rows' `LONG_ENOUGH` is the same. */
const MOST_GRACE_MS = 300_000;
/** What is read more slowly than this may hold what a sender has told again. */
const BEHIND_MS = 5_000;

/** When senders could be heard, in ms by this process' clock. */
export interface Heard {
  /** Without a break since. */
  readonly since: number;
  /** What ended before had ended before the break. */
  readonly before: number;
  /** What ends later cannot be judged yet. */
  readonly until: number;
}

/** Before anybody has served, nothing can be said of any end. */
export const UNHEARD: Heard = { since: Infinity, before: -Infinity, until: -Infinity };

export function heardOf(hearing: Hearing | null, now: number): Heard {
  if (hearing === null) return UNHEARD;
  const ours = (time: number): number => time - hearing.now + now;
  const isBehind = hearing.now - hearing.heardUntil > BEHIND_MS;
  return {
    since: ours(hearing.since),
    before: ours(hearing.before),
    until: isBehind ? ours(hearing.heardUntil) : Infinity,
  };
}

/** Whether two looks say the same; clocks apart, which no two looks measure alike. */
export function isSameHearing(one: Hearing | null, other: Hearing | null): boolean {
  if (one === null || other === null) return one === other;
  const untilOf = (hearing: Hearing): number => heardOf(hearing, hearing.now).until;
  return one.since === other.since && one.before === other.before && untilOf(one) === untilOf(other);
}

/** Infinity: not as long as its sender cannot be heard. */
export function overAt(
  { expiresAt, updatedAt }: Pick<ChangedAlert, 'expiresAt' | 'updatedAt'>,
  { since, before, until }: Heard,
): number | null {
  if (expiresAt === null) return null;
  const isTimely = updatedAt >= since || expiresAt <= before;
  const end = isTimely ? expiresAt : Math.max(expiresAt, since + graceOf(expiresAt, updatedAt));
  return end <= until ? end : Infinity;
}

/** As long as its sender had promised: so long it has again once it can be heard. */
export const graceOf = (expiresAt: number, updatedAt: number): number =>
  Math.min(MOST_GRACE_MS, Math.max(0, expiresAt - updatedAt));

/**
 * The end that readers are shown of an alert that is not over at `at`, never one that has passed: while its sender cannot be
 * heard, what it has if it can be from now on. Null where it has none.
 */
export function shownEnd(
  { expiresAt, updatedAt, overAt: end }: Pick<KnownAlert, 'expiresAt' | 'updatedAt' | 'overAt'>,
  at: number,
): number | null {
  if (expiresAt === null || end === null) return expiresAt;
  if (end !== Infinity) return end;
  return expiresAt > at ? expiresAt : at + graceOf(expiresAt, updatedAt);
}

export interface HearingOptions {
  readonly store: HearingStore;
  /** Of those who write the rows. */
  readonly progress: AlertsProgress;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
}

export interface HearingWatch extends Turns {
  /** Publishes, and notes when that fails: what was to be told is not in the rows then. */
  noting<T>(publish: () => Promise<T>): Promise<T>;
}

const EVERY_MS = 1_000;
const LOOK_EVERY_MS = 100;
/** A pause between two answers of Kafka that no sender notices. */
const LONGEST_PAUSE_MS = 5_000;

/** Of partitions. */
type Ends = ReadonlyMap<number, bigint>;

const isSame = (some: Ends, others: Ends | null): boolean =>
  others !== null && some.size === others.size && [...some].every(([at, end]) => others.get(at) === end);

/** Notes again and again that senders are heard: Kafka answers, and all that was in it has come into the rows. */
export function createHearing({ store, progress, now, log }: HearingOptions): HearingWatch {
  let began = -Infinity;
  let answered = -Infinity;
  let asked: { readonly at: number; readonly end: Ends } | null = null;
  let reached: Ends | null = null;

  async function turn(): Promise<number> {
    const at = now();
    const end = await progress.end();
    // A clock that was set back says nothing of how long it has been.
    if (at < answered) asked = null;
    if (at < answered || at - answered > LONGEST_PAUSE_MS) began = at;
    answered = at;
    asked ??= { at, end };
    if (!isSame(asked.end, reached) && !(await progress.reached(asked.end))) return LOOK_EVERY_MS;
    const { at: heardAt, end: heardEnd } = asked;
    [asked, reached] = [null, heardEnd];
    await store.heard(now() - began, now() - heardAt);
    return EVERY_MS;
  }

  const turns = createTurns({
    turn,
    onError: (error, again) =>
      log[again ? 'debug' : 'warn'](
        { err: error },
        `alerts that nobody tells again do not end meanwhile: it cannot be said whether senders are heard: ${messageOf(error)}`,
      ),
  });
  return {
    ...turns,
    async noting(publish) {
      const at = now();
      try {
        return await publish();
      } catch (error) {
        // With Postgres away, too, the pause in what is noted says it.
        if (isAway(error)) void store.missed(now() - at).catch(() => undefined);
        throw error;
      }
    },
  };
}

/** What is refused for good was heard. */
const isAway = (error: unknown): boolean => error instanceof TocsinError && error.retryable;
