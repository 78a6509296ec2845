/**
 * Threshold rules: a comparison of one metric's samples with a limit, and what has to hold before it fires or recovers.
 * All times are milliseconds of event time.
 */
import type { Labels } from './labels';
import type { Matcher } from './matchers';

export const OPERATORS = ['>', '>=', '<', '<=', '==', '!='] as const;
export type Operator = (typeof OPERATORS)[number];

/** What holds where the other does not, for numbers. */
export const OPPOSITE: Readonly<Record<Operator, Operator>> = {
  '>': '<=',
  '>=': '<',
  '<': '>=',
  '<=': '>',
  '==': '!=',
  '!=': '==',
};

export const SEVERITIES = ['critical', 'high', 'warning', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** When a sample breaches, and when it counts as recovered. Without a recovery threshold, not breaching is recovered. */
export interface Condition {
  readonly operator: Operator;
  readonly threshold: number;
  readonly recoveryThreshold: number | null;
}

export interface ThresholdRule extends Condition {
  readonly group: string;
  readonly name: string;
  readonly metric: string;
  /** Which series of the metric the rule is about; none means all. */
  readonly matchers: readonly Matcher[];
  readonly severity: Severity;
  /** How long the breach has to last before it fires; 0 fires at the first breach. */
  readonly forMs: number;
  /** The compared value is the mean of the samples of this window; 0 compares each sample. */
  readonly windowMs: number;
  /** How many samples in a row have to breach; 1 for the first. */
  readonly consecutiveFailures: number;
  /**
   * After a resolve the alert stays quiet this long; a breach that outlasts it fires then. Null: the rule says nothing,
   * so it fires again at once, and the alert's life takes the configuration's default (`src/dispatch/policy.ts`).
   */
  readonly cooldownMs: number | null;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Narrows the choice of runbooks to this one. */
  readonly runbook: string | null;
  /** The rule of the same name with the higher severity: while it fires, this one does not begin to. */
  readonly inhibitedBy: Severity | null;
  /** Identity of the rule's meaning: changes when anything above changes. */
  readonly hash: string;
}

export function breaches({ operator, threshold }: Condition, value: number): boolean {
  return compare(operator, value, threshold);
}

/**
 * Whether `value` meets the recovery condition. With a recovery threshold the value has to be on the good side of it
 * (hysteresis): for `> 90` recovering at 80 that is `<= 80`. NaN neither breaches nor recovers.
 */
export function recovers(condition: Condition, value: number): boolean {
  if (Number.isNaN(value)) return false;
  const limit = condition.recoveryThreshold ?? condition.threshold;
  return !compare(condition.operator, value, limit);
}

function compare(operator: Operator, value: number, limit: number): boolean {
  switch (operator) {
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '==':
      return value === limit;
    case '!=':
      return value !== limit && !Number.isNaN(value);
  }
}
