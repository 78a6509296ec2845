/**
 * Looks again and again at open incidents. Whether people have taken all that is open of one is told in its message. One whose
 * alerts have all been over for long enough is resolved; where one could not be told to a receiver, first pages that were
 * withheld for it are sent after all. Any number of processes may do so at once.
 */
import { messageOf } from '../domain/errors';
import type { IncidentStore } from '../history/port';
import { createTurns, type Logger, type Turns } from '../observe/observe';

export interface IncidentWatchOptions {
  readonly store: Pick<IncidentStore, 'resolveOver' | 'sendWithheld' | 'tellTaken'>;
  /** Who wants to hear of ends. */
  readonly resolveTo: readonly string[];
  /** Who wants to hear what people do. */
  readonly acknowledgedTo: readonly string[];
  /** False: this process makes none, and looks seldom while none is open. */
  readonly isConfigured: boolean;
  readonly wakeNotifier: () => void;
  /** Told at each look how many are open. */
  readonly onLook: (open: number) => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'debug'>;
  readonly everyMs?: number;
}

export function createIncidentWatch(options: IncidentWatchOptions): Turns {
  const {
    store,
    resolveTo,
    acknowledgedTo,
    isConfigured,
    wakeNotifier,
    onLook,
    log,
    everyMs = 2_000,
  } = options;

  async function turn(): Promise<number | null> {
    const sent = await store.sendWithheld();
    if (sent > 0) {
      log.warn({ sent }, `first pages are sent after all, since incidents could not be told: ${sent}`);
      wakeNotifier();
    }
    if ((await store.tellTaken(acknowledgedTo)) > 0) wakeNotifier();
    const { resolved, open } = await store.resolveOver(resolveTo);
    onLook(open);
    if (resolved > 0) {
      log.info({ resolved }, `incidents resolved: ${resolved}`);
      wakeNotifier();
    }
    return isConfigured || open > 0 ? everyMs : null;
  }

  return createTurns({
    turn,
    onError: (error, again) =>
      log[again ? 'debug' : 'warn']({ err: error }, `incidents are looked at later: ${messageOf(error)}`),
  });
}
