/**
 * Rule groups over a stream of metrics: keeps the series that rules ask for, and evaluates each group at every multiple of
 * its interval that the stream's time passes. The clock is the caller's: where it is taken from the stream, the same stream
 * gives the same alerts.
 */
import { boundedMatchers, type Matcher } from '../domain/matchers';
import type { Labels } from '../domain/labels';
import { metricValue, numberOf, type Metric } from '../domain/metric';
import type { AlertRule, GroupRule, RuleGroup } from '../domain/rule-group';
import { MAX_RECENT, type Transition } from '../domain/transition';
import { type LabelSet, METRIC_NAME } from '../promql/label-set';
import { Preparer } from '../promql/prepare';
import { Samples } from '../promql/samples';
import type { StoredSeries } from '../promql/source';
import type { ActiveAlert, AlertChange } from './alerting';
import { Listeners } from './arrivals';
import type { Comparison } from './comparison';
import type { External } from './label-texts';
import type { Lack } from './port';
import { createGroup, type EvaluatedGroup, type SavedGroup, type SeriesWriter } from './rule-group';
import { intervalOf, madeBy, mayMatchBounded, namesMade, needsOfGroup } from './rule-series';
import { StreamStore, type SavedStore } from './stream-store';

/** Templates read what is external as empty where it is left out. */
export interface RuleEngineOptions extends Partial<External> {
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
  /** Why some of them are not there: rules that make such and cannot be evaluated, and metrics that have too many series. */
  lacks(matchers: readonly Matcher[], sinceMs: number): Iterable<Lack | null>;
  save(): SavedEngine;
}

export interface SavedEngine {
  readonly store: SavedStore;
  /** `next`: the time that is evaluated next, NaN where none has come. */
  readonly groups: readonly (SavedGroup & { readonly next: number })[];
}

const MAX_SERIES_OF_METRIC = 100_000;

export function createRuleEngine(options: RuleEngineOptions): RuleEngine {
  const { groups, defaultIntervalMs, onAlert, onMade, onError = () => undefined } = options;
  const { maxSeriesOfMetric = MAX_SERIES_OF_METRIC, externalLabels = {}, externalUrl = '' } = options;
  const reached = { at: -Infinity };
  const store = new StreamStore({
    needs: groups.flatMap((group) => needsOfGroup(group, defaultIntervalMs)),
    maxOfMetric: maxSeriesOfMetric,
    onRefused: options.onSeriesRefused ?? (() => undefined),
    reached: options.waits ? reached : undefined,
    onLate: options.onLate,
    listenersOf: (metric, labels) => listeners.of(metric, labels),
  });
  const made = namesMade(groups);
  const arrives = (metric: string): boolean => !made.has(metric);
  const preparers = new Map<number, Preparer>();
  const due = groups.map((group) => {
    const interval = intervalOf(group, defaultIntervalMs);
    // Subqueries without a step take the group's interval: only groups that agree in it can share work.
    const preparer = preparers.get(interval) ?? new Preparer({ source: store, defaultStepMs: interval });
    preparers.set(interval, preparer);
    const write: SeriesWriter = (labels, at, sample) => {
      onMade?.(group, labels, at, sample);
      return store.write(labels, at, sample);
    };
    const evaluated = createGroup(group, {
      ...{ preparer, intervalMs: interval, write, externalLabels, externalUrl, onAlert, onAstir },
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
      each.evaluated.alerting.forEach((alerting) => alerting.lookAround(store.newest));
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
    const matches = boundedMatchers(matchers);
    for (const { evaluated } of due) {
      const { time, samples } = evaluated.made();
      for (const { labels, value } of samples)
        yield matches(labels.toLabels()) ? lastOf(labels, time, value) : null;
    }
  }

  /** Nothing is due before; NaN while that is not known. */
  let soonest = NaN;

  function* lacks(matchers: readonly Matcher[], sinceMs: number): Iterable<Lack | null> {
    const isAsked = (known: Labels): boolean => mayMatchBounded(matchers, known);
    for (const { evaluated } of due)
      for (const { rule, error } of evaluated.rules()) {
        const isLack = error !== null && madeBy(rule).some(({ known }) => isAsked(known));
        yield isLack ? { kind: 'rule_error', group: evaluated.group.name, rule: rule.name, error } : null;
      }
    for (const metric of store.refused(sinceMs))
      yield isAsked({ [METRIC_NAME]: metric })
        ? { kind: 'series_refused', metric, most: maxSeriesOfMetric }
        : null;
  }

  function advance(time: number, mostMs = Infinity): boolean {
    if (time < soonest) {
      reached.at = time;
      return true;
    }
    const until = performance.now() + mostMs;
    for (const each of due)
      if (Number.isNaN(each.next)) each.next = Math.ceil(time / each.interval) * each.interval;
    for (;;) {
      const next = due.reduce((least, each) => Math.min(least, each.next), Infinity);
      reached.at = Math.min(next, time);
      if (next > time) {
        soonest = next;
        return true;
      }
      for (const each of due) {
        if (each.next !== next) continue;
        each.evaluated.evaluate(next);
        each.next += each.interval;
        if (performance.now() > until) return false;
      }
    }
  }

  return {
    ...{ offer, advance, recentOf, read, lacks },
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
