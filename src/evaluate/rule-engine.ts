/**
 * Rule groups over a stream of metrics: keeps the series that rules ask for, and evaluates each group at every multiple of
 * its interval that the stream's time passes. The clock is the caller's: where it is taken from the stream, the same stream
 * gives the same alerts.
 */
import type { Metric } from '../domain/metric';
import type { GroupRule, RuleGroup } from '../domain/rule-group';
import type { LabelSet } from '../promql/label-set';
import { needsOf } from '../promql/needs';
import { parseExpr } from '../promql/parse';
import { LOOKBACK_MS, Preparer } from '../promql/prepare';
import { createGroup, type AlertChange, type EvaluatedGroup, type SeriesWriter } from './rule-group';
import { StreamStore } from './stream-store';

export interface RuleEngineOptions {
  readonly groups: readonly RuleGroup[];
  /** Of groups that name none. */
  readonly defaultIntervalMs: number;
  readonly maxSeriesOfMetric?: number;
  readonly onAlert: (change: AlertChange) => void;
  /** Told of each sample of a series that a rule makes. */
  readonly onMade?: OnMade;
  /** Told of each sample of a series that is one too many of its metric. */
  readonly onSeriesRefused?: (metric: string) => void;
  readonly onError?: (group: RuleGroup, rule: GroupRule, error: string | null) => void;
}

export type OnMade = (group: RuleGroup, labels: LabelSet, time: number, sample: number | 'stale') => void;

export interface RuleEngine {
  /** Takes a sample; evaluations at times before `advance` has seen them include it. */
  offer(metric: Metric, time: number): void;
  /**
   * Evaluates what is due up to this time, for about `mostMs` of the process' time: false when more is due, which another
   * call goes on with.
   */
  advance(time: number, mostMs?: number): boolean;
  readonly groups: readonly EvaluatedGroup[];
  /** How many series are kept. */
  series(): number;
}

/** How far back samples can still matter to an evaluation, in milliseconds: what a process that takes over has to read again. */
export function lookbackOf(groups: readonly RuleGroup[], defaultIntervalMs: number): number {
  const each = groups.flatMap((group) => {
    const longestFor = Math.max(0, ...group.rules.map((rule) => (rule.kind === 'alert' ? rule.forMs : 0)));
    return needsOfGroup(group, group.intervalMs || defaultIntervalMs).map(
      ({ backMs }) => backMs + longestFor,
    );
  });
  return Math.max(0, ...each);
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
    reached,
  });
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
      ...{ preparer, write, externalLabels: {}, externalUrl: '', onAlert },
      onError: (rule, error) => onError(group, rule, error),
    });
    return { evaluated, interval, next: NaN };
  });

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
    offer: (metric, time) => void store.add(metric, time),
    advance,
    groups: due.map(({ evaluated }) => evaluated),
    series: () => store.size,
  };
}

function needsOfGroup({ rules, queryOffsetMs }: RuleGroup, interval: number) {
  const slack = (queryOffsetMs ?? 0) + interval + AHEAD_MS;
  return rules
    .flatMap(({ expr }) => needsOf(parseExpr(expr), { lookbackMs: LOOKBACK_MS, defaultStepMs: interval }))
    .map(({ matchers, backMs }) => ({ matchers, backMs: backMs + slack }));
}
