/**
 * What senders were answered for and the rows do not show yet: it is in Kafka, and on its way. Whoever reads the alerts, or
 * is about to tell a group's receivers of them, waits for it, within bounds; senders of a storm do not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Labels } from '../domain/labels';
import type { Transition } from '../domain/transition';
import type { KnownAlerts } from './known-alerts';

export interface UnderWay {
  /** How many transitions. */
  size(): number;
  /** So many that whoever posts does not wait for the rows. */
  isStorm(): boolean;
  add(transitions: readonly Transition[]): void;
  /**
   * Until the rows show what is under way now, or `mostMs` have passed; what comes later is not waited for. Throws when
   * the rows cannot be read.
   */
  shown(mostMs: number): Promise<void>;
  /** The ids of the groups of all that is under way, as the rows are now. Throws when the rows cannot be read. */
  groups(): Promise<ReadonlySet<string>>;
}

const NONE: ReadonlySet<string> = new Set();
const STORM = 500;
const LOOK_EVERY_MS = 10;
/** What has not come by then may never come, as a record that its reader has put aside. */
const PATIENCE_MS = 15_000;
/** One that is over may stay so, whatever its sender says: somebody has resolved it. */
const OVER_PATIENCE_MS = 250;

interface Entry extends Pick<Transition, 'fingerprint' | 'kind' | 'labels'> {
  readonly at: number;
  readonly addedAt: number;
  groups?: readonly string[];
}

export interface UnderWayOptions {
  readonly known: Pick<KnownAlerts, 'get' | 'refresh'>;
  /** The ids of the groups that such an alert belongs to. */
  readonly groupsOf: (labels: Labels) => readonly string[];
  readonly now: () => number;
}

export function createUnderWay({ known, groupsOf, now }: UnderWayOptions): UnderWay {
  /** In the order in which their rows are written. */
  let entries: Entry[] = [];
  let added = 0;

  function isThere({ fingerprint, kind, at, addedAt }: Entry): boolean {
    const alert = known.get(fingerprint);
    if (alert === undefined) return kind === 'resolved';
    return alert.updatedAt >= at || (alert.state === 'RESOLVED' && now() - addedAt >= OVER_PATIENCE_MS);
  }

  /** From the first that is wanted on. */
  function keepFrom(isWanted: (entry: Entry) => boolean): void {
    const first = entries.findIndex(isWanted);
    if (first !== 0) entries = first < 0 ? [] : entries.slice(first);
  }

  /** Also where the rows cannot be read, or nobody looks: what is remembered stays bounded. */
  function giveUp(): void {
    const oldest = now() - PATIENCE_MS;
    keepFrom(({ addedAt }) => addedAt > oldest);
  }

  async function look(): Promise<void> {
    giveUp();
    await known.refresh();
    keepFrom((entry) => !isThere(entry));
  }

  return {
    size: () => entries.length,
    isStorm: () => entries.length > STORM,
    add(transitions) {
      giveUp();
      const addedAt = now();
      for (const { fingerprint, kind, labels, event_time: at } of transitions)
        entries.push({ fingerprint, kind, labels, at: Date.parse(at), addedAt });
      added += transitions.length;
    },
    async shown(mostMs) {
      const [until, target] = [now() + mostMs, added];
      for (;;) {
        await look();
        if (added - entries.length >= target || now() >= until) return;
        await sleep(LOOK_EVERY_MS);
      }
    },
    async groups() {
      if (entries.length === 0) return NONE;
      await look();
      const found = new Set<string>();
      for (const entry of entries) {
        if (isThere(entry)) continue;
        entry.groups ??= groupsOf(entry.labels);
        entry.groups.forEach((group) => found.add(group));
      }
      return found;
    },
  };
}
