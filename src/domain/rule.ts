/** Comparisons of a value with a limit: when it breaches, and when it has recovered. */
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

/**
 * Whether `value` meets the recovery condition. With a recovery threshold the value has to be on the good side of it
 * (hysteresis): for `> 90` recovering at 80 that is `<= 80`. NaN neither breaches nor recovers.
 */
export function recovers(condition: Condition, value: number): boolean {
  if (Number.isNaN(value)) return false;
  const limit = condition.recoveryThreshold ?? condition.threshold;
  return !breaches(condition.operator, value, limit);
}

/** Whether the comparison holds. */
export function breaches(operator: Operator, value: number, limit: number): boolean {
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
