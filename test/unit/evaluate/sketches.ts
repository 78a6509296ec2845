/** Rules, samples and what a process knew before, in few words. Event time is counted in seconds from T0. */
import type { Metric, MetricValue } from '../../../src/domain/metric';
import type { ThresholdRule } from '../../../src/domain/rule';
import type { Transition } from '../../../src/domain/transition';
import type { Evaluator, Known } from '../../../src/evaluate/evaluator';
import type { OpenAlerts } from '../../../src/stream/port';
import { createAlertView } from '../../../src/stream/open-alerts';

export const T0 = Date.parse('2026-01-01T00:00:00.000Z');
export const SECOND = 1_000;
export const MINUTE = 60_000;

export const isoAt = (seconds: number): string => new Date(T0 + seconds * SECOND).toISOString();

export function rule(more: Partial<ThresholdRule> = {}): ThresholdRule {
  return {
    group: 'postgres',
    name: 'ConnectionsHigh',
    metric: 'connections_used_percent',
    matchers: [],
    severity: 'critical',
    operator: '>',
    threshold: 90,
    recoveryThreshold: null,
    forMs: 0,
    windowMs: 0,
    consecutiveFailures: 1,
    cooldownMs: 0,
    labels: {},
    annotations: { summary: 'connections are nearly used up' },
    runbook: null,
    inhibitedBy: null,
    hash: 'h1',
    ...more,
  };
}

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

/** Offers [second, value] pairs in turn and returns what followed, as [kind, second, value]. */
export function told(
  evaluator: Evaluator,
  points: readonly (readonly [number, MetricValue])[],
  more: Partial<Metric> = {},
): [string, number, MetricValue | null][] {
  return points
    .flatMap(([at, value]) => evaluator.offer(sample(at, value, more)))
    .map(({ kind, event_time: at, value }) => [kind, (Date.parse(at) - T0) / SECOND, value]);
}

/** What a process that takes over knows of the alerts: the transitions of the one before it. */
export function knowing(transitions: readonly Transition[]): OpenAlerts & { take(one: Transition): void } {
  const view = createAlertView(() => T0);
  transitions.forEach(view.take);
  return { ...view, caughtUp: () => Promise.resolve() };
}

export const knownOf = (transitions: readonly Transition[]): ((fingerprint: string) => Known | undefined) =>
  knowing(transitions).get;
