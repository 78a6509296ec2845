/**
 * The alerts that rules on trial would have made, out of what they told. An alert is named by its fingerprint and its
 * beginning, so that it counts once however often it was told. One that no end was told of ends where the next of its
 * fingerprint begins.
 */
import type { Labels } from '../domain/labels';
import type { MetricValue } from '../domain/metric';
import type { Transition } from '../domain/transition';
import { REPEAT_AFTER_MS } from './alert-news';

export interface TrialAlert {
  readonly fingerprint: string;
  readonly group: string;
  readonly rule: string;
  /** Of the rule as it was then. */
  readonly hash: string;
  readonly labels: Labels;
  /** Milliseconds; null while it goes on. */
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** The first that was told of it. */
  readonly value: MetricValue | null;
}

/** What is open is told again by then: reading from so long before a time misses none that was open at it. */
export const TOLD_AGAIN_WITHIN_MS = REPEAT_AFTER_MS + 3_600_000;

export interface Trial {
  take(transition: Transition): void;
  /** Those that went on at this time or later, newest first. */
  since(ms: number): TrialAlert[];
}

export function createTrial(): Trial {
  /** By fingerprint, those by their beginnings. */
  const alerts = new Map<string, Map<number, TrialAlert>>();

  function take({ fingerprint, kind, rule, labels, starts_at, event_time, value }: Transition): void {
    const episodes = alerts.get(fingerprint) ?? new Map<number, TrialAlert>();
    alerts.set(fingerprint, episodes);
    const startsAt = Date.parse(starts_at);
    const { group = '', name = '', hash = '' } = rule ?? {};
    const alert = episodes.get(startsAt) ?? {
      ...{ fingerprint, group, rule: name, hash, labels, startsAt, endsAt: null },
      value: kind === 'resolved' ? null : value,
    };
    const endsAt = kind === 'resolved' ? Date.parse(event_time) : alert.endsAt;
    episodes.set(startsAt, { ...alert, endsAt });
  }

  function since(ms: number): TrialAlert[] {
    return [...alerts.values()]
      .flatMap(ended)
      .filter(({ startsAt, endsAt }) => (endsAt ?? Infinity) >= ms || startsAt >= ms)
      .sort((a, b) => b.startsAt - a.startsAt || (a.fingerprint < b.fingerprint ? -1 : 1));
  }

  return { take, since };
}

function ended(episodes: ReadonlyMap<number, TrialAlert>): TrialAlert[] {
  const inOrder = [...episodes.values()].sort((a, b) => a.startsAt - b.startsAt);
  return inOrder.map((alert, at) => ({
    ...alert,
    endsAt: alert.endsAt ?? inOrder[at + 1]?.startsAt ?? null,
  }));
}
