/**
 * A transition is one record of `gds.alerts`: an alert began to fire, was resolved, or its value changed enough to
 * matter. Evaluators and the alerts API write them; only the dispatcher reads them. Key = fingerprint.
 *
 * Producing one twice is harmless: the id is a hash of what makes it this transition, and `applyTransition` in
 * `episode.ts` drops what it has seen.
 */
import { fnv1a64, type Labels } from './labels';
import type { MetricValue } from './metric';
import type { Operator } from './rule';

export const TRANSITION_KINDS = ['firing', 'resolved', 'changed'] as const;
export type TransitionKind = (typeof TRANSITION_KINDS)[number];

/** What a rule compares, where it compares one metric, so that a remediation can be verified against the rule that fired. */
export interface TransitionCondition {
  readonly metric: string;
  readonly series: Labels;
  readonly operator: Operator;
  readonly threshold: number;
  readonly recovery_threshold: number | null;
  /** What is compared is the mean of the samples of so long; absent: each sample. */
  readonly window_ms?: number;
}

/** Whether what verifies the one verifies the other. Takes what was signalled by hand, too. */
export function sameCondition(one: unknown, other: unknown): boolean {
  return inOrder(one) === inOrder(other);
}

const inOrder = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null ? Object.fromEntries(Object.entries(part).sort()) : part,
  );

export interface TransitionRule {
  readonly group: string;
  readonly name: string;
  readonly hash: string;
  /** Of the value and the threshold, for people; absent where the rule says none. */
  readonly unit?: string;
  /**
   * The partition number whose metrics it was evaluated over: the alert is that one's, until another tells of it. Absent
   * where the metrics of all partitions meet, and in transitions of evaluators that did not say it.
   */
  readonly partition?: number;
  /** The evaluator pool whose rule it is: pools have different rules, and none knows those of another. Absent: the default pool. */
  readonly pool?: string;
}

export const DEFAULT_POOL = 'default';

export const poolOf = ({ pool = DEFAULT_POOL }: Pick<TransitionRule, 'pool'>): string => pool;

export interface Transition {
  readonly version: 1;
  readonly transition_id: string;
  readonly kind: TransitionKind;
  /** Who wrote it: `evaluator`, `api`, `person`. */
  readonly source: string;
  readonly fingerprint: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Event time at which the episode began, ISO 8601. */
  readonly starts_at: string;
  readonly ends_at: string | null;
  readonly value: MetricValue | null;
  readonly threshold: number | null;
  /** Event time of the sample that decided, ISO 8601. */
  readonly event_time: string;
  readonly rule: TransitionRule | null;
  /** The metric's last points before the decision, oldest first, at most 60: [ms since 1970, value]. */
  readonly recent: readonly (readonly [number, MetricValue])[];
  readonly correlation_id: string;
  readonly condition?: TransitionCondition;
  /** Event time at which it recovered, ISO 8601, where only the rule's `keep_firing_for` holds it open. */
  readonly kept_since?: string;
  /** The rule's own, 0 for none; absent where it says nothing, and then the default holds. */
  readonly cooldown_ms?: number;
  readonly runbook?: string;
  /** Who is told, instead of those of the route. */
  readonly receivers?: readonly string[];
  /** Of an alert that its sender has to send again: when it is over otherwise, ISO 8601. */
  readonly expires_at?: string;
  /** `expires_at` is not the sender's word: it said nothing of an end. */
  readonly timed_out?: boolean;
  /** Its sender tells again what it has told before: no news for the alert's life. */
  readonly told_again?: boolean;
  /** Where people see what the alert comes from. */
  readonly generator_url?: string;
}

/** Who tells an alert again and again for as long as it fires: a sender to the alerts API. */
export const API_SOURCE = 'api';

export const MAX_RECENT = 60;
/** Ten years: beyond it a length overflows somewhere on its way through timers and tables. */
export const MAX_COOLDOWN_MS = 3_650 * 86_400_000;

/** The same transition has the same id from whichever process. */
export function transitionId(
  of: Pick<Transition, 'fingerprint' | 'kind' | 'starts_at' | 'event_time'>,
): string {
  return `${of.fingerprint}-${fnv1a64(`${of.kind}|${of.starts_at}|${of.event_time}`)}`;
}
