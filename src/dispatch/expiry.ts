/**
 * Resolves alerts whose sender has not told them again in time, though it could have been heard. Groups see the end of their alerts by themselves; this tells
 * everybody else, the rows and the lives, through `gds.alerts`. Any number of processes may tell it: the transition is the
 * same, and a row whose sender has come back meanwhile takes no notice of it.
 */
import { messageOf } from '../domain/errors';
import type { Transition } from '../domain/transition';
import { createTurns, type Logger, type Turns } from '../observe/observe';
import { isOver, type KnownAlerts } from './known-alerts';
import { expiryOf } from './posted';

export interface ExpiryOptions {
  readonly known: KnownAlerts;
  readonly publish: (transitions: readonly Transition[]) => Promise<void>;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
}

/** What a sender has told in time may still be on its way to the rows. */
const PATIENCE_MS = 2_000;
const EVERY_MS = 1_000;

export function createExpiry({ known, publish, now, log }: ExpiryOptions): Turns {
  /** What was told and does not show in the rows yet. */
  const told = new Map<string, number>();

  async function turn(): Promise<number> {
    await known.refresh();
    const before = now() - PATIENCE_MS;
    const over: Transition[] = [];
    for (const alert of known.all()) {
      const { fingerprint, state, expiresAt } = alert;
      if (state === 'RESOLVED' || expiresAt === null || !isOver(alert, before)) told.delete(fingerprint);
      else if (told.get(fingerprint) !== expiresAt) {
        over.push(expiryOf({ ...alert, expiresAt }));
        told.set(fingerprint, expiresAt);
      }
    }
    try {
      if (over.length > 0) await publish(over);
    } catch (error) {
      over.forEach(({ fingerprint }) => told.delete(fingerprint));
      throw error;
    }
    return EVERY_MS;
  }

  return createTurns({
    turn,
    onError: (error, again) =>
      log[again ? 'debug' : 'warn'](
        { err: error },
        `alerts whose time is over cannot be resolved now: ${messageOf(error)}`,
      ),
  });
}
