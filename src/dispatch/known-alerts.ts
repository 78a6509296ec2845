/**
 * The alerts that are not over, in this process' memory, and those that somebody has yet to be told are over. Brought up
 * to date before each look, so that what is decided from it is what the rows say.
 */
import type { AlertChanges, KnownAlert } from '../history/port';

export interface KnownAlerts {
  /** Brings it up to date; looks that come together share one. Throws when the rows cannot be read. */
  refresh(): Promise<void>;
  get(fingerprint: string): KnownAlert | undefined;
  all(): Iterable<KnownAlert>;
  /** Forgets those that are over since before, unless they are wanted. */
  forget(overBefore: number, isWanted: (fingerprint: string) => boolean): void;
}

/** Whether it is over at `at`: resolved, or not told again in time. */
export function isOver({ state, expiresAt }: KnownAlert, at: number): boolean {
  return state === 'RESOLVED' || (expiresAt !== null && expiresAt <= at);
}

/** Since when those who look can have seen that it is over; of one that is. */
export function overSince({ state, expiresAt, changedAt }: KnownAlert): number {
  return state === 'RESOLVED' ? changedAt : expiresAt!;
}

export interface KnownAlertsOptions {
  readonly changes: AlertChanges;
  /** Fingerprints of alerts that are wanted even where they are over; asked once. */
  readonly wanted: () => Promise<readonly string[]>;
  readonly onChange?: (alert: KnownAlert, before: KnownAlert | undefined) => void;
  readonly onForgotten?: (alert: KnownAlert) => void;
}

export function createKnownAlerts(options: KnownAlertsOptions): KnownAlerts {
  const { changes, wanted, onChange = () => undefined, onForgotten = () => undefined } = options;
  const alerts = new Map<string, KnownAlert>();
  let started = false;
  let next: Promise<void> | null = null;
  let current: Promise<void> = Promise.resolve();

  async function read(): Promise<void> {
    const changed = await changes.next(started ? [] : await wanted());
    started = true;
    for (const alert of changed) {
      const before = alerts.get(alert.fingerprint);
      alerts.set(alert.fingerprint, alert);
      onChange(alert, before);
    }
  }

  return {
    refresh() {
      // One that is under way may have read before the caller's change was there: the next one has not.
      next ??= current
        .catch(() => undefined)
        .then(() => {
          next = null;
          return (current = read());
        });
      return next;
    },
    get: (fingerprint) => alerts.get(fingerprint),
    all: () => alerts.values(),
    forget(overBefore, isWanted) {
      for (const alert of alerts.values()) {
        if (!isOver(alert, overBefore) || overSince(alert) > overBefore || isWanted(alert.fingerprint))
          continue;
        alerts.delete(alert.fingerprint);
        onForgotten(alert);
      }
    },
  };
}
