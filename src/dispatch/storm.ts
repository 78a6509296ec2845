/**
 * The summary of a storm. Where so many groups are to be told at once that their messages queue, whoever asked for it hears in
 * one message what fires, and how much of it, before the single messages have arrived: at 3 a.m. a thousand messages are no
 * picture. It is told beside them and replaces none.
 */
import { receiverOf } from '../domain/identity';
import { commonLabels, fingerprint } from '../domain/labels';
import { messageOf } from '../domain/errors';
import type { KnownAlert, StormStore, SummaryEntry } from '../history/port';
import { createTurns, type Logger, type Turns } from '../observe/observe';
import { isOver, type KnownAlerts } from './known-alerts';
import type { GroupIndex } from './group-index';

export interface StormWatchOptions {
  readonly store: StormStore;
  readonly known: KnownAlerts;
  readonly index: () => GroupIndex;
  /** Of the receiver that is told; none: nobody is. */
  readonly integrations: () => readonly string[];
  readonly now: () => number;
  /** Never goes back. */
  readonly elapsedMs?: () => number;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  /** A summary is there to be sent. */
  readonly onSummary: () => void;
  readonly settleMs?: number;
}

export interface StormWatch extends Turns {
  /** So many messages have been made for groups. */
  made(messages: number): void;
}

/** Messages of one integration that wait: fewer are read one by one. */
export const STORM_MESSAGES = 100;
/** A receiver that is quick has told them all by then, and needs no summary; and what comes together is told together. */
const SETTLE_MS = 500;
const EVERY_MS = 300_000;
/** What began longer ago is no part of this storm. */
const RECENT_MS = 60_000;
const KEEP_MS = 86_400_000;

export function createStormWatch(options: StormWatchOptions): StormWatch {
  const { store, known, index, integrations, now, log, settleMs = SETTLE_MS } = options;
  const { elapsedMs = () => performance.now() } = options;
  let since = -Infinity;
  let made = 0;
  let lookAt: number | null = null;

  async function turn(): Promise<number | null> {
    if (lookAt === null) return null;
    if (elapsedMs() < lookAt) return lookAt - elapsedMs();
    await tellOf(integrations());
    lookAt = null;
    return null;
  }

  async function tellOf(told: readonly string[]): Promise<void> {
    const waiting = (await store.waiting(STORM_MESSAGES)).filter((each) => !told.includes(each.integration));
    if (told.length === 0 || waiting.length === 0) return;
    await known.refresh();
    const receivers = new Set(waiting.map(({ integration }) => receiverOf(integration)));
    const at = now();
    const alerts = [...known.all()].filter(
      (alert) =>
        !isOver(alert, at) &&
        alert.changedAt > at - RECENT_MS &&
        index()
          .placesOf(alert.fingerprint)
          .some(({ route }) => receivers.has(route.options.receiver)),
    );
    if (alerts.length === 0) return;
    if (await store.tell(told, summaryOf(alerts), EVERY_MS, new Date(at + KEEP_MS))) options.onSummary();
  }

  const turns = createTurns({
    turn,
    onError: (error, again) =>
      log[again ? 'debug' : 'warn'](
        { err: error },
        `the summary of a storm cannot be made: ${messageOf(error)}`,
      ),
  });
  return {
    ...turns,
    made(messages) {
      if (elapsedMs() - since > RECENT_MS) [since, made] = [elapsedMs(), 0];
      made += messages;
      if (made < STORM_MESSAGES || lookAt !== null) return;
      made = 0;
      lookAt = elapsedMs() + settleMs;
      turns.wake();
    },
  };
}

/** The most of them first; what is beyond is told in one. */
const MOST_ENTRIES = 20;
const MOST_EXAMPLES = 5;

/** One entry for the alerts of one name: how many they are, and what they have in common. */
export function summaryOf(alerts: readonly KnownAlert[]): SummaryEntry[] {
  const byName = new Map<string, KnownAlert[]>();
  for (const alert of alerts) {
    const name = alert.labels['alertname'] ?? '';
    const of = byName.get(name);
    if (of === undefined) byName.set(name, [alert]);
    else of.push(alert);
  }
  const sorted = [...byName.values()].sort((a, b) => b.length - a.length);
  const rest = sorted.slice(MOST_ENTRIES);
  const entries = sorted.slice(0, MOST_ENTRIES).map((of) => entryOf(of, examplesOf(of)));
  if (rest.length === 0) return entries;
  const names = rest.map(([alert]) => alert!.labels['alertname'] ?? '');
  return [...entries, entryOf(rest.flat(), `of ${someOf(names, 'other names')}`)];
}

function entryOf(alerts: readonly KnownAlert[], which: string): SummaryEntry {
  const labels = commonLabels(alerts.map((alert) => alert.labels));
  return {
    fingerprint: fingerprint(labels),
    labels: { ...labels, storm_alerts: String(alerts.length) },
    annotations: {
      summary: `${alerts.length} alerts began to fire within a minute, ${which}. Each is told by itself too.`,
    },
    startsAt: new Date(
      alerts.reduce((least, { startsAt }) => Math.min(least, startsAt), Infinity),
    ).toISOString(),
  };
}

function examplesOf(alerts: readonly KnownAlert[]): string {
  const instances = [
    ...new Set(alerts.map(({ labels }) => labels['instance_id'] ?? labels['instance'] ?? '')),
  ];
  const named = instances.filter((instance) => instance !== '');
  return named.length === 0 ? 'of no instance' : `of ${someOf(named, 'other instances')}`;
}

function someOf(names: readonly string[], others: string): string {
  const said = names.slice(0, MOST_EXAMPLES).join(', ');
  return names.length <= MOST_EXAMPLES ? said : `${said} and ${names.length - MOST_EXAMPLES} ${others}`;
}
