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
  /** Of the rule, as transitions name it. */
  readonly identity: string;
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
    const at = isoOf(time);
    const identity = { kind, fingerprint: id, starts_at: isoOf(startsAt), event_time: at };
    const { group, hash, comparison } = about(rule);
    const isOver = kind === 'resolved';
    const kept = keptSinceOf(change);
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
      ...(kept !== null && { kept_since: isoOf(kept) }),
      ...(rule.cooldownMs !== null && { cooldown_ms: rule.cooldownMs }),
      ...(rule.runbook !== null && { runbook: rule.runbook }),
      ...(rule.receivers !== null && { receivers: rule.receivers }),
    };
  };
}

const valueOrNull = (value: number | null): MetricValue | null =>
  value === null ? null : metricValue(value);

/** Since when only `keep_firing_for` holds it open; null where its condition does, and of what is over. */
function keptSinceOf({ kind, alert: { keptSince } }: AlertChange): number | null {
  return kind === 'ends' ? null : keptSince;
}

function annotationsOf(change: AlertChange): Labels {
  const { rule, alert, reason } = change;
  const kept = keptSinceOf(change);
  return {
    ...alert.annotations().toLabels(),
    ...(kept !== null && {
      [KEPT_FIRING]: `recovered at ${isoOf(kept)}, goes on firing until ${isoOf(kept + rule.keepFiringForMs)}`,
    }),
    ...(reason !== null && { [RESOLVED_REASON]: reason }),
  };
}

const isoOf = (time: number): string => new Date(time).toISOString();

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
