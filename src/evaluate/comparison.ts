/**
 * What a rule compares, where it is a comparison of one metric with a number: of each sample, or of the mean of a window.
 * The first can be decided when a sample comes; both can be verified after a repair by samples alone.
 */
import type { Matcher } from '../domain/matchers';
import { OPPOSITE, type Operator } from '../domain/rule';
import { onceEach } from '../domain/once-each';
import type { AlertRule } from '../domain/rule-group';
import { unwrapped, type Expr, type VectorSelector } from '../promql/ast';
import { METRIC_NAME } from '../promql/label-set';
import { exprsOf } from './rule-exprs';

export interface Comparison {
  readonly metric: string;
  /** With the one for the metric's name. */
  readonly matchers: readonly Matcher[];
  readonly operator: Operator;
  readonly threshold: number;
  /** A value on this side of it, or at it, has recovered; null: one that no longer breaches. */
  readonly recoveryThreshold: number | null;
  /** 0: each sample is compared. */
  readonly windowMs: number;
}

/** Null where the rule is anything else. */
export const comparisonOf: (rule: AlertRule) => Comparison | null = onceEach((rule) => {
  const { expr, recovery } = exprsOf(rule);
  const fires = compared(expr);
  if (fires === null) return null;
  const { operator, limit, ...what } = fires;
  if (recovery === null) return { ...what, operator, threshold: limit, recoveryThreshold: null };
  const recovers = compared(recovery);
  const isOpposite =
    recovers !== null && recovers.operator === OPPOSITE[operator] && isAboutTheSame(fires, recovers);
  return isOpposite ? { ...what, operator, threshold: limit, recoveryThreshold: recovers.limit } : null;
});

/** Whether samples can decide it as they come: nothing but the sample counts. */
export const decidesOnArrival = (rule: AlertRule, comparison: Comparison): boolean =>
  comparison.windowMs === 0 && rule.delayMs === 0;

interface Compared {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
  readonly windowMs: number;
  readonly operator: Operator;
  readonly limit: number;
}

function compared(expr: Expr): Compared | null {
  const outer = unwrapped(expr);
  if (outer.kind !== 'binary' || outer.bool || !(outer.op in OPPOSITE)) return null;
  const what = subjectOf(unwrapped(outer.left));
  const limit = numberIn(unwrapped(outer.right));
  return what === null || limit === null ? null : { ...what, operator: outer.op as Operator, limit };
}

function subjectOf(expr: Expr): Pick<Compared, 'metric' | 'matchers' | 'windowMs'> | null {
  if (expr.kind === 'vector') return selected(expr, 0);
  if (expr.kind !== 'call' || expr.name !== 'avg_over_time') return null;
  const range = unwrapped(expr.args[0]!);
  return range.kind === 'matrix' ? selected(range.selector, range.range) : null;
}

function selected({ matchers, offset, at }: VectorSelector, windowMs: number) {
  const named = matchers.find(({ name, op }) => name === METRIC_NAME && op === '=');
  if (named === undefined || offset !== 0 || at !== null) return null;
  return { metric: named.value, matchers, windowMs };
}

function numberIn(expr: Expr): number | null {
  if (expr.kind === 'number') return expr.value;
  if (expr.kind !== 'unary') return null;
  const value = numberIn(unwrapped(expr.expr));
  return value !== null && expr.op === '-' ? -value : value;
}

function isAboutTheSame(one: Compared, other: Compared): boolean {
  const text = ({ matchers, windowMs }: Compared): string =>
    [windowMs, ...matchers.map(({ name, op, value }) => `${name}${op}${value}`).sort()].join('\0');
  return text(one) === text(other);
}
