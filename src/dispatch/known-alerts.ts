/**
 * The alerts that are not over, in this process' memory, and those that somebody has yet to be told are over. Brought up
 * to date before each look, so that what is decided from it is what the rows say.
 */
import type { AlertChanges, ChangedAlert, Hearing, KnownAlert } from '../history/port';
import { heardOf, isSameHearing, overAt, UNHEARD } from './hearing';

export interface KnownAlerts {
  /** Brings it up to date; looks that come together share one. Throws when the rows cannot be read. */
  refresh(): Promise<void>;
  get(fingerprint: string): KnownAlert | undefined;
  all(): Iterable<KnownAlert>;
  /** Forgets those that are over since before, unless they are wanted. */
  forget(overBefore: number, isWanted: (fingerprint: string) => boolean): void;
}

/** Whether it is over at `at`: resolved, or not told again in time. */
export function isOver({ state, overAt: end }: KnownAlert, at: number): boolean {
  return state === 'RESOLVED' || (end !== null && end <= at);
}

/** Since when those who look can have seen that it is over; of one that is. */
export function overSince({ state, overAt: end, changedAt }: KnownAlert): number {
  return state === 'RESOLVED' ? changedAt : end!;
}

export interface KnownAlertsOptions {
  readonly changes: AlertChanges;
  /** Fingerprints of alerts that are wanted even where they are over; asked where all alerts are read. */
  readonly wanted: () => Promise<readonly string[]>;
  readonly now: () => number;
  readonly onChange?: (alert: KnownAlert, before: KnownAlert | undefined) => void;
  readonly onForgotten?: (alert: KnownAlert) => void;
}

export function createKnownAlerts(options: KnownAlertsOptions): KnownAlerts {
  const { changes, wanted, now, onChange = () => undefined, onForgotten = () => undefined } = options;
  const alerts = new Map<string, KnownAlert>();
  let hearing: Hearing | null = null;
  let heard = UNHEARD;
  let next: Promise<void> | null = null;
  let current: Promise<void> = Promise.resolve();

  function take(changed: ChangedAlert): void {
    const before = alerts.get(changed.fingerprint);
    const alert = { ...changed, overAt: overAt(changed, heard) };
    alerts.set(alert.fingerprint, alert);
    onChange(alert, before);
  }

  function drop(alert: KnownAlert): void {
    alerts.delete(alert.fingerprint);
    onForgotten(alert);
  }

  /** Ends are others where it is another time since when senders are heard. */
  function judgeAnew(latest: Hearing | null): void {
    if (isSameHearing(hearing, latest)) return;
    hearing = latest;
    heard = heardOf(latest, now());
    for (const alert of alerts.values()) if (overAt(alert, heard) !== alert.overAt) take(alert);
  }

  async function read(): Promise<void> {
    const changed = await changes.next(async () => [...alerts.keys(), ...(await wanted())]);
    judgeAnew(changed.hearing);
    changed.alerts.forEach(take);
    if (!changed.isWhole) return;
    // Of what the server does not know nobody can be told; it has taken the place of one that did.
    const there = new Set(changed.alerts.map(({ fingerprint }) => fingerprint));
    for (const alert of alerts.values()) if (!there.has(alert.fingerprint)) drop(alert);
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
        drop(alert);
      }
    },
  };
}
