/** Writes what became of an alert of a rule as a transition: what `gds.alerts` holds, and the other rooms read. */
import type { Labels } from '../domain/labels';
import { metricValue, type MetricValue } from '../domain/metric';
import type { AlertRule } from '../domain/rule-group';
import {
  transitionId,
  type Transition,
  type TransitionCondition,
  type TransitionKind,
} from '../domain/transition';
import type { ActiveAlert, AlertChange } from './alerting';
import type { Comparison } from './comparison';

export interface WriterOptions {
  readonly about: (rule: AlertRule) => RuleFacts;
  /** The last points of the series that the comparison is about, oldest first. */
  readonly recentOf?: (alert: ActiveAlert, comparison: Comparison) => Transition['recent'];
  /** The partition number whose metrics are evaluated; absent where those of all partitions meet. */
  readonly partition?: number;
  /** The evaluator pool that these are rules of. Default: that of transitions which name none. */
  readonly pool?: string;
}

/** What a transition says of its rule. */
export interface RuleFacts {
  readonly group: string;
  readonly hash: string;
  readonly comparison: Comparison | null;
}

/** Of which alert it tells, since when, and when. */
export interface Told {
  readonly id: string;
  readonly startsAt: number;
  readonly correlationId: string;
  readonly time: number;
}

/** The annotation that says why an alert ended, where it did not recover. */
export const RESOLVED_REASON = 'resolved_reason';
/** The annotation that says since when an alert has recovered that the rule's `keep_firing_for` holds open. */
export const KEPT_FIRING = 'keep_firing_for';

export type TransitionWriter = (kind: TransitionKind, change: AlertChange, told: Told) => Transition;

export function createTransitionWriter(options: WriterOptions): TransitionWriter {
  const { about, partition, pool, recentOf = () => [] } = options;
  return (kind, change, { id, startsAt, correlationId, time }) => {
    const { rule, alert, endValue } = change;
    const at = new Date(time).toISOString();
    const identity = { kind, fingerprint: id, starts_at: new Date(startsAt).toISOString(), event_time: at };
    const { group, hash, comparison } = about(rule);
    const isOver = kind === 'resolved';
    return {
      version: 1,
      transition_id: transitionId(identity),
      ...identity,
      source: 'evaluator',
      labels: alert.labels.toLabels(),
      annotations: annotationsOf(change),
      ends_at: isOver ? at : null,
      value: isOver ? valueOrNull(endValue) : metricValue(alert.value),
      threshold: comparison?.threshold ?? null,
      rule: {
        ...{ group, name: rule.name, hash },
        ...(rule.unit !== null && { unit: rule.unit }),
        ...(partition !== undefined && { partition }),
        ...(pool !== undefined && { pool }),
      },
      recent: comparison === null ? [] : recentOf(alert, comparison),
      correlation_id: correlationId,
      ...(comparison !== null && { condition: conditionOf(comparison, alert) }),
      ...(rule.cooldownMs !== null && { cooldown_ms: rule.cooldownMs }),
      ...(rule.runbook !== null && { runbook: rule.runbook }),
      ...(rule.receivers !== null && { receivers: rule.receivers }),
    };
  };
}

const valueOrNull = (value: number | null): MetricValue | null =>
  value === null ? null : metricValue(value);

/** Empty where nothing but its condition holds it open. */
export function keptText({ kind, rule, alert: { keptSince } }: AlertChange): string {
  if (kind === 'ends' || keptSince === null) return '';
  const until = keptSince + rule.keepFiringForMs;
  return `recovered at ${new Date(keptSince).toISOString()}, goes on firing until ${new Date(until).toISOString()}`;
}

function annotationsOf(change: AlertChange): Labels {
  const [kept, { reason }] = [keptText(change), change];
  return {
    ...change.alert.annotations().toLabels(),
    ...(kept !== '' && { [KEPT_FIRING]: kept }),
    ...(reason !== null && { [RESOLVED_REASON]: reason }),
  };
}

/** What a repair is verified by. */
function conditionOf(comparison: Comparison, { series }: ActiveAlert): TransitionCondition {
  const { metric, operator, threshold, recoveryThreshold, windowMs } = comparison;
  return {
    ...{ metric, operator, threshold },
    series: series.withoutName().toLabels(),
    recovery_threshold: recoveryThreshold,
    ...(windowMs > 0 && { window_ms: windowMs }),
  };
}
