/** Writes the transitions that the evaluator's decisions stand for. */
import { metricValue } from '../domain/metric';
import type { Labels } from '../domain/labels';
import { transitionId, type Transition, type TransitionKind } from '../domain/transition';
import type { AlertState, Identity } from './alert-state';

/** The annotation that says why an alert ended, where no sample recovered. */
export const RESOLVED_REASON = 'resolved_reason';

export interface Decision {
  readonly kind: TransitionKind;
  readonly metric: string;
  readonly series: Labels;
  /** Event time of the sample that decided, milliseconds. */
  readonly time: number;
  /** The compared value; null when the series ended. */
  readonly value: number | null;
  readonly recent: Transition['recent'];
  readonly reason?: string;
}

/** `starts_at` is the event time of the sample at which the alert began to fire, not of the first that breached. */
export function transitionOf(
  state: AlertState,
  { labels, fingerprint }: Identity,
  decision: Decision,
): Transition {
  const { rule } = state.compiled;
  const time = new Date(decision.time).toISOString();
  const identity = {
    kind: decision.kind,
    fingerprint,
    starts_at: new Date(state.firingSince).toISOString(),
    event_time: time,
  };
  return {
    version: 1,
    transition_id: transitionId(identity),
    ...identity,
    source: 'evaluator',
    labels,
    annotations:
      decision.reason === undefined
        ? rule.annotations
        : { ...rule.annotations, [RESOLVED_REASON]: decision.reason },
    ends_at: decision.kind === 'resolved' ? time : null,
    value: decision.value === null ? null : metricValue(decision.value),
    threshold: rule.threshold,
    rule: { group: rule.group, name: rule.name, hash: rule.hash },
    recent: decision.recent,
    correlation_id: state.correlationId,
    condition: {
      metric: decision.metric,
      series: decision.series,
      operator: rule.operator,
      threshold: rule.threshold,
      recovery_threshold: rule.recoveryThreshold,
      ...(rule.windowMs > 0 && { window_ms: rule.windowMs }),
    },
    ...(rule.cooldownMs !== null && { cooldown_ms: rule.cooldownMs }),
    ...(rule.runbook !== null && { runbook: rule.runbook }),
  };
}

/** Ends an open alert that the rules, as they are, do not make. */
export function endedTransition(last: Transition, at: number, reason: string): Transition {
  const time = new Date(Math.max(at, Date.parse(last.event_time))).toISOString();
  const identity = {
    kind: 'resolved' as const,
    fingerprint: last.fingerprint,
    starts_at: last.starts_at,
    event_time: time,
  };
  return {
    ...last,
    ...identity,
    transition_id: transitionId(identity),
    ends_at: time,
    value: null,
    recent: [],
    annotations: { ...last.annotations, [RESOLVED_REASON]: reason },
  };
}
