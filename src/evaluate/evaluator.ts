/**
 * Evaluates threshold rules over a stream of metrics: pure, without Kafka and without a clock. The same metrics in the
 * same order give the same transitions, with the same ids. What was published before, and where metrics come from, is
 * told by the caller.
 */
import type { Metric } from '../domain/metric';
import { numberOf } from '../domain/metric';
import { fingerprint, type Labels } from '../domain/labels';
import { breaches, type ThresholdRule } from '../domain/rule';
import type { Transition } from '../domain/transition';
import { calm, isAstir, isFiring, judge, type AlertState, type Identity } from './alert-state';
import { compileRules, type CompiledRule, type RuleSet } from './rule-set';
import { createSeriesStore, type Series } from './series-store';
import { transitionOf } from './transition-of';

/** What is known of an alert when its series is first seen. */
export interface Known {
  readonly episode: number;
  readonly firing: boolean;
  readonly eventTime: number;
  readonly last: Transition;
}

export interface EvaluatorOptions {
  readonly rules: RuleSet | readonly ThresholdRule[];
  /** An alert that was open (or closed) before this evaluator began. */
  readonly known?: (fingerprint: string) => Known | undefined;
  /**
   * False only where no alert of this metric and instance is open: nothing has to be looked up there before a sample
   * breaches. Default: always true.
   */
  readonly mayBeOpen?: (metric: string, instanceId: string) => boolean;
  readonly onAdopted?: (fingerprint: string) => void;
  /** At most so many series of a metric are kept. Default 100,000. */
  readonly maxSeriesOfMetric?: number;
  /** Told of each sample of a series that is one too many; it is not evaluated. */
  readonly onSeriesRefused?: (metric: string) => void;
  /** Told of each sample that comes after a later one of its series. */
  readonly onLate?: () => void;
}

export interface EvaluatorStats {
  samples: number;
  /** Samples that came after a newer one of their series. */
  late: number;
  adopted: number;
}

export interface Evaluator {
  /** What follows from the metric. `replayed`: only rebuilds state, nothing follows. */
  offer(metric: Metric, eventTimeMs?: number, replayed?: boolean): readonly Transition[];
  readonly stats: Readonly<EvaluatorStats>;
  /** How many series are kept. */
  series(): number;
}

const MAX_SERIES_OF_METRIC = 100_000;
const NOTHING: readonly Transition[] = [];
/** A pending run does not bridge a gap: longer than three intervals, and than three of the slowest collection (5 min). */
const MIN_GAP_MS = 900_000;
const GAP_INTERVALS = 3;
/** It is in every log line of the episode. */
const MAX_CORRELATION_ID = 200;

const isRuleSet = (rules: EvaluatorOptions['rules']): rules is RuleSet => !Array.isArray(rules);

export function createEvaluator(options: EvaluatorOptions): Evaluator {
  const { rules, known = () => undefined, mayBeOpen = () => true, onAdopted, onLate } = options;
  const ruleSet = isRuleSet(rules) ? rules : compileRules(rules);
  const stats: EvaluatorStats = { samples: 0, late: 0, adopted: 0 };
  const store = createSeriesStore({
    maxOfMetric: options.maxSeriesOfMetric ?? MAX_SERIES_OF_METRIC,
    onRefused: options.onSeriesRefused ?? (() => undefined),
  });

  function newStates({ rules: wanted, labels }: Series, open: boolean): readonly AlertState[] {
    const states: AlertState[] = [];
    for (const compiled of wanted) states.push(newState(compiled, states));
    if (open) for (const state of states) identify(state, labels);
    return states;
  }

  /** An alert of the series may have been open before: what is known of each is looked up with the first sample. */
  function open(series: Series): void {
    series.states = newStates(series, true);
    series.astir = series.states.some(isAstir);
  }

  function identify(state: AlertState, series: Labels): Identity {
    const labels = state.compiled.alertLabels(series);
    const identity = { labels, fingerprint: fingerprint(labels) };
    state.identity = identity;
    const before = known(identity.fingerprint);
    if (before !== undefined) adopt(state, identity, before);
    return identity;
  }

  function adopt(state: AlertState, identity: Identity, before: Known): void {
    const { rule } = state.compiled;
    state.settledUntil = before.eventTime;
    if (!before.firing) {
      state.cooldownUntil = before.eventTime + (rule.cooldownMs ?? 0);
      return;
    }
    stats.adopted += 1;
    onAdopted?.(identity.fingerprint);
    state.firingSince = before.episode;
    state.correlationId = before.last.correlation_id;
    state.toldValue = before.last.value === null ? NaN : numberOf(before.last.value);
    // A rule whose meaning has changed tells its new condition with the next sample.
    state.toldAt = before.last.rule?.hash === rule.hash ? before.eventTime : -Infinity;
  }

  function offer(
    metric: Metric,
    eventTimeMs = Date.parse(metric.timestamp),
    replayed = false,
  ): readonly Transition[] {
    const wanted = ruleSet.about(metric.metric_name);
    stats.samples += 1;
    if (wanted === undefined) return NOTHING;
    const series = store.find(metric, wanted);
    if (series.rules.length === 0) {
      series.lastTime = eventTimeMs;
      return NOTHING;
    }
    if (series.lastTime === -Infinity && mayBeOpen(metric.metric_name, metric.instance_id)) open(series);
    if (eventTimeMs <= series.lastTime) {
      takeLate(series, metric, eventTimeMs);
      return NOTHING;
    }
    if (series.astir && hasGap(series, eventTimeMs)) for (const state of series.states!) calm(state);
    if (series.lastTime > 0) series.interval = eventTimeMs - series.lastTime;
    series.lastTime = eventTimeMs;
    return metric.value === 'stale'
      ? endSeries(series, metric, eventTimeMs, replayed)
      : judgeAll(series, metric, eventTimeMs, replayed);
  }

  /** A late sample decides nothing any more; it counts in the windows of later decisions. */
  function takeLate(series: Series, metric: Metric, time: number): void {
    stats.late += 1;
    onLate?.();
    const value = numberOf(metric.value);
    if (Number.isNaN(value)) return;
    for (const window of series.windows.values()) window.add(time, value);
  }

  function judgeAll(series: Series, metric: Metric, time: number, replayed: boolean): readonly Transition[] {
    const value = numberOf(metric.value);
    series.recent.add(time, value);
    if (!series.astir && value > series.calm.above && value < series.calm.below) return NOTHING;
    if (series.windows.size > 0 && !Number.isNaN(value))
      for (const window of series.windows.values()) window.add(time, value);
    let transitions: Transition[] | null = null;
    series.states ??= newStates(series, false);
    for (const state of series.states) {
      const { rule } = state.compiled;
      const { windowMs } = rule;
      const compared =
        windowMs === 0 || Number.isNaN(value) ? value : series.windows.get(windowMs)!.mean(time);
      if (state.identity === null) {
        if (!breaches(rule, compared)) continue;
        identify(state, series.labels);
      }
      const verdict = judge(state, time, compared, replayed);
      if (verdict !== null) (transitions ??= []).push(settle(state, series, metric, time, compared, verdict));
    }
    series.astir = series.states.some(isAstir);
    return transitions ?? NOTHING;
  }

  function settle(
    state: AlertState,
    series: Series,
    metric: Metric,
    time: number,
    value: number,
    verdict: 'fires' | 'changed' | 'recovered',
  ): Transition {
    if (verdict === 'fires') begin(state, metric, time);
    state.toldValue = value;
    state.toldAt = time;
    const kind = verdict === 'fires' ? 'firing' : verdict === 'recovered' ? 'resolved' : 'changed';
    const decision = {
      kind,
      metric: metric.metric_name,
      series: series.labels,
      time,
      value,
      recent: series.recent.list(),
    } as const;
    const transition = transitionOf(state, state.identity!, decision);
    if (verdict === 'recovered') end(state, time);
    return transition;
  }

  /** A stale marker ends the series: what fires is resolved, as in Prometheus, and pending runs end. */
  function endSeries(series: Series, metric: Metric, time: number, replayed: boolean): readonly Transition[] {
    const transitions: Transition[] = [];
    for (const window of series.windows.values()) window.clear();
    for (const state of series.states ?? []) {
      const settled = replayed || time <= state.settledUntil;
      if (!isFiring(state)) calm(state);
      else if (!settled) {
        const decision = {
          kind: 'resolved',
          metric: metric.metric_name,
          series: series.labels,
          time,
          value: null,
        } as const;
        transitions.push(
          transitionOf(state, state.identity!, {
            ...decision,
            recent: series.recent.list(),
            reason: 'series ended',
          }),
        );
        end(state, time);
      }
    }
    series.astir = series.states?.some(isAstir) ?? false;
    return transitions;
  }

  return { offer, stats, series: store.size };
}

function hasGap(series: Series, time: number): boolean {
  return (
    time - series.lastTime > Math.max(MIN_GAP_MS, GAP_INTERVALS * series.interval) && series.lastTime > 0
  );
}

/** One id follows the episode from its first sample to its last message. */
function begin(state: AlertState, metric: Metric, time: number): void {
  state.firingSince = time;
  const own = `${state.identity!.fingerprint}-${time}`;
  state.correlationId = metric.metadata?.correlation_id?.slice(0, MAX_CORRELATION_ID) ?? own;
}

function end(state: AlertState, time: number): void {
  state.firingSince = NaN;
  state.settledUntil = time;
  state.cooldownUntil = time + (state.compiled.rule.cooldownMs ?? 0);
  calm(state);
}

function newState(compiled: CompiledRule, made: readonly AlertState[]): AlertState {
  const { group, name, inhibitedBy } = compiled.rule;
  const twin = ({ compiled: { rule } }: AlertState): boolean =>
    rule.severity === inhibitedBy && rule.name === name && rule.group === group;
  return {
    compiled,
    identity: null,
    inhibitor: inhibitedBy === null ? null : (made.find(twin) ?? null),
    pendingSince: NaN,
    failures: 0,
    firingSince: NaN,
    cooldownUntil: -Infinity,
    settledUntil: -Infinity,
    toldValue: NaN,
    toldAt: -Infinity,
    correlationId: '',
  };
}
