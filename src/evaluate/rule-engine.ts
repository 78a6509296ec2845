/**
 * Rule groups over a stream of metrics: keeps the series that rules ask for, and evaluates each group at every multiple of
 * its interval that the stream's time passes. The clock is the caller's: where it is taken from the stream, the same stream
 * gives the same alerts.
 */
import { compileMatchers, type Matcher } from '../domain/matchers';
import { metricValue, numberOf, type Metric } from '../domain/metric';
import type { AlertRule, GroupRule, RuleGroup } from '../domain/rule-group';
import { MAX_RECENT, type Transition } from '../domain/transition';
import { type LabelSet, METRIC_NAME } from '../promql/label-set';
import { needsOf, type Need } from '../promql/needs';
import { LOOKBACK_MS, Preparer } from '../promql/prepare';
import { Samples } from '../promql/samples';
import { nameOf, type StoredSeries } from '../promql/source';
import type { ActiveAlert, AlertChange } from './alerting';
import { Listeners } from './arrivals';
import type { Comparison } from './comparison';
import { exprsOf } from './rule-exprs';
import { createGroup, type EvaluatedGroup, type SavedGroup, type SeriesWriter } from './rule-group';
import { StreamStore, type SavedStore } from './stream-store';

export interface RuleEngineOptions {
  readonly groups: readonly RuleGroup[];
  /** Of groups that name none. */
  readonly defaultIntervalMs: number;
  readonly maxSeriesOfMetric?: number;
  /** Samples may come long before time does: what an evaluation still to come looks back to is kept. */
  readonly waits?: boolean;
  readonly onAlert: (change: AlertChange) => void;
  /** Told of each sample of a series that a rule makes. */
  readonly onMade?: OnMade;
  /** Told of each sample of a series that is one too many of its metric. */
  readonly onSeriesRefused?: (metric: string) => void;
  readonly onError?: (group: RuleGroup, rule: GroupRule, error: string | null) => void;
  /** Told of each sample that comes after a later one of its series. */
  readonly onLate?: () => void;
  /** What an engine before this one knew. What the rules say that it did not have begins anew. */
  readonly saved?: SavedEngine;
  /** When an alert of these labels was last ended, whoever did it; null where nobody knows. */
  readonly endedAt?: (labels: LabelSet, rule: AlertRule) => number | null;
}

export type OnMade = (group: RuleGroup, labels: LabelSet, time: number, sample: number | 'stale') => void;

export interface RuleEngine {
  /** Takes a sample, and decides the rules that it decides; later evaluations include it. */
  offer(metric: Metric, time: number): void;
  /**
   * Evaluates what is due up to this time, for about `mostMs` of the process' time: false when more is due, which another
   * call goes on with.
   */
  advance(time: number, mostMs?: number): boolean;
  readonly groups: readonly EvaluatedGroup[];
  /** The last points of the series that a comparison is about, oldest first, at most 60. */
  recentOf(alert: ActiveAlert, comparison: Comparison): Transition['recent'];
  /** How many series are kept. */
  series(): number;
  /**
   * The series that match, of those that are kept, and of those that rules have made last, which nobody may read: of these the
   * last value alone. Null now and then, for whoever looks through many and has to pause.
   */
  read(matchers: readonly Matcher[]): Iterable<StoredSeries | null>;
  save(): SavedEngine;
}

export interface SavedEngine {
  readonly store: SavedStore;
  /** `next`: the time that is evaluated next, NaN where none has come. */
  readonly groups: readonly (SavedGroup & { readonly next: number })[];
}

/** How far back samples can still matter to an evaluation, in milliseconds: what a process that takes over has to read again. */
export function lookbackOf(groups: readonly RuleGroup[], defaultIntervalMs: number): number {
  const each = groups.flatMap((group) => {
    const remembered = Math.max(0, ...group.rules.map(rememberedMs));
    return needsOfGroup(group, group.intervalMs || defaultIntervalMs).map(
      ({ backMs }) => backMs + remembered,
    );
  });
  return Math.max(0, ...each);
}

/** The names of the metrics that rules read; null where one of them may read any. */
export function metricsOf(groups: readonly RuleGroup[]): ReadonlySet<string> | null {
  const names = groups.flatMap((group) => needsOfGroup(group, 0)).map(({ matchers }) => nameOf(matchers));
  return names.includes(null) ? null : new Set(names as string[]);
}

/** How far apart the samples that a rule counts are assumed to be. */
const ASSUMED_INTERVAL_MS = 60_000;

function rememberedMs(rule: GroupRule): number {
  if (rule.kind === 'record') return 0;
  const counted = (rule.occurrences?.of ?? 0) * ASSUMED_INTERVAL_MS;
  return rule.forMs + rule.keepFiringForMs + counted + (rule.flapping?.windowMs ?? 0);
}

const MAX_SERIES_OF_METRIC = 100_000;
/** How far a sample may be ahead of the time at which rules are evaluated: what they look back to must still be there. */
const AHEAD_MS = 300_000;

export function createRuleEngine(options: RuleEngineOptions): RuleEngine {
  const { groups, defaultIntervalMs, onAlert, onMade, onError = () => undefined } = options;
  const reached = { at: -Infinity };
  const intervalOf = ({ intervalMs }: RuleGroup): number => intervalMs || defaultIntervalMs;
  const store = new StreamStore({
    needs: groups.flatMap((group) => needsOfGroup(group, intervalOf(group))),
    maxOfMetric: options.maxSeriesOfMetric ?? MAX_SERIES_OF_METRIC,
    onRefused: options.onSeriesRefused ?? (() => undefined),
    reached: options.waits ? reached : undefined,
    onLate: options.onLate,
    listenersOf: (metric, labels) => listeners.of(metric, labels),
  });
  const made = new Set(groups.flatMap(({ rules }) => rules.flatMap(madeBy)));
  const arrives = (metric: string): boolean => !made.has(metric);
  const preparers = new Map<number, Preparer>();
  const due = groups.map((group) => {
    const interval = intervalOf(group);
    // Subqueries without a step take the group's interval: only groups that agree in it can share work.
    const preparer = preparers.get(interval) ?? new Preparer({ source: store, defaultStepMs: interval });
    preparers.set(interval, preparer);
    const write: SeriesWriter = (labels, at, sample) => {
      onMade?.(group, labels, at, sample);
      return store.write(labels, at, sample);
    };
    const evaluated = createGroup(group, {
      ...{ preparer, write, externalLabels: {}, externalUrl: '', onAlert, onAstir },
      ...{ arrives, endedAt: options.endedAt, newestOf },
      onError: (rule, error) => onError(group, rule, error),
    });
    return { evaluated, interval, next: NaN };
  });
  const listeners = new Listeners(due.map(({ evaluated }) => evaluated));

  if (options.saved !== undefined) restore(options.saved);

  function restore(saved: SavedEngine): void {
    store.restore(saved.store);
    for (const each of due) {
      const known = saved.groups.find(({ name }) => name === each.evaluated.group.name);
      if (known === undefined) continue;
      each.evaluated.restore(known);
      each.next = Math.ceil(known.next / each.interval) * each.interval;
    }
  }

  function newestOf(series: LabelSet): number {
    return store.find(series)?.samples.lastTime ?? -Infinity;
  }

  /** An evaluation has found what no sample told: the series' next one matters. */
  function onAstir(series: LabelSet): void {
    if (series.has(METRIC_NAME)) store.find(series)?.listeners?.stir();
  }

  function offer(metric: Metric, time: number): void {
    const series = store.add(metric, time);
    if (series === null || series.listeners === null) return;
    if (metric.value === 'stale') return series.listeners.ended(series.labels, time);
    const correlationId = metric.metadata?.correlation_id ?? null;
    series.listeners.arrived({ series: series.labels, value: numberOf(metric.value), time, correlationId });
  }

  function recentOf({ series }: ActiveAlert, { metric }: Comparison): Transition['recent'] {
    const samples = store.find(series.with(METRIC_NAME, metric))?.samples;
    if (samples === undefined) return [];
    const from = Math.max(samples.from, samples.to - MAX_RECENT);
    return Array.from({ length: samples.to - from }, (_, i) => [
      samples.times[from + i]!,
      metricValue(samples.values[from + i]!),
    ]);
  }

  function* read(matchers: readonly Matcher[]): Iterable<StoredSeries | null> {
    yield* store.matching(matchers);
    const matches = compileMatchers(matchers);
    for (const { evaluated } of due) {
      const { time, samples } = evaluated.made();
      for (const { labels, value } of samples)
        yield matches(labels.toLabels()) ? lastOf(labels, time, value) : null;
    }
  }

  function advance(time: number, mostMs = Infinity): boolean {
    const until = performance.now() + mostMs;
    for (const each of due)
      if (Number.isNaN(each.next)) each.next = Math.ceil(time / each.interval) * each.interval;
    for (;;) {
      const next = due.reduce((least, each) => Math.min(least, each.next), Infinity);
      reached.at = Math.min(next, time);
      if (next > time) return true;
      for (const each of due) {
        if (each.next !== next) continue;
        each.evaluated.evaluate(next);
        each.next += each.interval;
        if (performance.now() > until) return false;
      }
    }
  }

  return {
    ...{ offer, advance, recentOf, read },
    save: () => ({ store: store.save(), groups: due.map(savedGroup) }),
    groups: due.map(({ evaluated }) => evaluated),
    series: () => store.size,
  };
}

const savedGroup = ({ evaluated, next }: { readonly evaluated: EvaluatedGroup; readonly next: number }) => ({
  ...evaluated.save(),
  next,
});

function lastOf(labels: LabelSet, time: number, value: number): StoredSeries {
  const samples = new Samples();
  samples.add(time, value);
  return { labels, samples };
}

/** The names of the series that a rule makes. */
export const madeBy = (rule: GroupRule): string[] =>
  rule.kind === 'record' ? [rule.name] : ['ALERTS', 'ALERTS_FOR_STATE'];

/** What a group's rules read, each for so long as it is kept for them. */
export function needsOfGroup({ rules, queryOffsetMs }: RuleGroup, interval: number): Need[] {
  const slack = (queryOffsetMs ?? 0) + interval + AHEAD_MS;
  return rules.flatMap((rule) => {
    const back = slack + (rule.kind === 'alert' ? rule.delayMs : 0);
    return exprsOf(rule)
      .all.flatMap((expr) => needsOf(expr, { lookbackMs: LOOKBACK_MS, defaultStepMs: interval }))
      .map((need) => ({ ...need, backMs: need.backMs + back }));
  });
}
