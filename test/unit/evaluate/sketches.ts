/** Rules, samples and what a process knew before, in few words. Event time is counted in seconds from T0. */
import type { Metric, MetricValue } from '../../../src/domain/metric';
import type { AlertRule } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import type { SavedEngine } from '../../../src/evaluate/rule-engine';
import { createPartitionRules } from '../../../src/evaluate/partition-rules';
import type { OpenAlerts } from '../../../src/stream/port';
import { createAlertView } from '../../../src/stream/open-alerts';
import { groupOf } from '../../builders/rules';

export { groupOf, rule, type RuleSketch } from '../../builders/rules';

export const T0 = Date.parse('2026-01-01T00:00:00.000Z');
export const SECOND = 1_000;
export const MINUTE = 60_000;

export const isoAt = (seconds: number): string => new Date(T0 + seconds * SECOND).toISOString();

export function sample(seconds: number, value: MetricValue, more: Partial<Metric> = {}): Metric {
  return {
    timestamp: isoAt(seconds),
    database_type: 'postgresql',
    instance_id: 'prod-db-01',
    metric_name: 'connections_used_percent',
    value,
    tags: { environment: 'production' },
    metadata: { correlation_id: `c-${seconds}` },
    ...more,
  };
}

export interface Evaluator {
  /** What follows from the metric. */
  offer(metric: Metric, time?: number, replayed?: boolean): Transition[];
  /** What follows from time alone. */
  reached(seconds: number, replayed?: boolean): Transition[];
  series(): number;
  save(): SavedEngine;
  readonly late: number;
  readonly adopted: readonly string[];
  /** What rules on trial would have told. */
  readonly shadows: readonly Transition[];
}

/** Rules over the samples of one partition. `before`: what was told by then. */
export function createEvaluator(options: {
  readonly rules: readonly AlertRule[];
  readonly before?: readonly Transition[];
  readonly maxSeriesOfMetric?: number;
  readonly onSeriesRefused?: (metric: string) => void;
  readonly saved?: SavedEngine;
}): Evaluator {
  const { rules, before = [], ...more } = options;
  const alerts = knowing(before);
  const adopted: string[] = [];
  const shadows: Transition[] = [];
  let late = 0;
  let told: Transition[] = [];
  const partition = createPartitionRules({
    ...{ ...more, groups: [groupOf(rules)], intervalMs: 15 * SECOND },
    ...{ open: [...alerts.open()], known: (id: string) => alerts.get(id) },
    onAdopted: (id) => adopted.push(id),
    onLate: () => (late += 1),
    shadow: { open: [], known: () => undefined, tell: (transition) => shadows.push(transition) },
    tell(transition) {
      alerts.take(transition);
      told.push(transition);
    },
  });
  const toldSince = (act: () => void): Transition[] => {
    told = [];
    act();
    return told;
  };
  return {
    offer: (metric, time = Date.parse(metric.timestamp), replayed = false) =>
      toldSince(() => partition.offer(metric, time, replayed)),
    reached: (seconds, replayed = false) =>
      toldSince(() => {
        while (!partition.reached(T0 + seconds * SECOND, replayed));
      }),
    series: partition.series,
    save: partition.save,
    get late() {
      return late;
    },
    ...{ adopted, shadows },
  };
}

/** What follows of one rule when each sample has come by its second, up to the last one. */
export function secondBySecond(
  of: AlertRule,
  points: readonly (readonly [number, MetricValue])[],
  until: number,
): Transition[] {
  const evaluator = createEvaluator({ rules: [of] });
  const transitions = evaluator.reached(-1);
  for (let second = 0; second <= until; second++) {
    for (const [at, value] of points)
      if (at === second) transitions.push(...evaluator.offer(sample(at, value)));
    transitions.push(...evaluator.reached(second));
  }
  return transitions;
}

/** Offers [second, value] pairs in turn and returns what followed, as [kind, second, value]. */
export function told(
  evaluator: Evaluator,
  points: readonly (readonly [number, MetricValue])[],
  more: Partial<Metric> = {},
): [string, number, MetricValue | null][] {
  return inShort(points.flatMap(([at, value]) => evaluator.offer(sample(at, value, more))));
}

export const inShort = (transitions: readonly Transition[]): [string, number, MetricValue | null][] =>
  transitions.map(({ kind, event_time: at, value }) => [kind, (Date.parse(at) - T0) / SECOND, value]);

/** What a process that takes over knows of the alerts: the transitions of the one before it. */
export function knowing(transitions: readonly Transition[]): OpenAlerts & { take(one: Transition): void } {
  const view = createAlertView(() => T0);
  transitions.forEach(view.take);
  return { ...view, caughtUp: () => Promise.resolve() };
}
