/**
 * Whether an expression may be evaluated for each value of a label by itself: where the series are spread over processes by
 * that label, each process then has all that its part needs. An expression that aggregates or joins without the label needs
 * all series in one place, and so does one that asks whether something is absent.
 */
import { unwrapped, type Aggregation, type Binary, type Call, type Expr } from './ast';
import { typeOf } from './check';

/** Null when it may; otherwise the part of the expression that keeps it from that. */
export function crossesPartitions(expr: Expr, label: string): Expr | null {
  // Without series it is the same everywhere, and has to be asked for once.
  return typeOf(expr) === 'scalar' ? expr : crossing(expr, label);
}

function crossing(expr: Expr, label: string): Expr | null {
  const top = unwrapped(expr);
  switch (top.kind) {
    case 'number':
    case 'string':
    case 'vector':
    case 'matrix':
      return null;
    case 'subquery':
    case 'unary':
      return crossing(top.expr, label);
    case 'aggregation':
      return inAggregation(top, label);
    case 'call':
      return inCall(top, label);
    case 'binary':
      return inBinary(top, label);
  }
}

function inAggregation(aggregation: Aggregation, label: string): Expr | null {
  const { expr, param, grouping, without } = aggregation;
  const overwrites = param !== null && textOf(param) === label;
  if (grouping.includes(label) === without || overwrites) return aggregation;
  return firstOf(param === null ? [expr] : [param, expr], label);
}

const textOf = (expr: Expr): string | null => {
  const inner = unwrapped(expr);
  return inner.kind === 'string' ? inner.value : null;
};

/** Of a whole: `scalar` and `absent` answer for all series at once. */
const OF_ALL: ReadonlySet<string> = new Set(['absent', 'absent_over_time', 'scalar']);
/** Their first text is the label that they write. */
const RELABELLING: ReadonlySet<string> = new Set(['label_replace', 'label_join', 'histogram_quantiles']);

function inCall(call: Call, label: string): Expr | null {
  const { name, args } = call;
  if (OF_ALL.has(name)) return call;
  // A vector that is made of no series, as vector(1), would be there everywhere.
  const ofSeries = args.some((arg) => typeOf(arg) === 'vector' || typeOf(arg) === 'matrix');
  if (!ofSeries && typeOf(call) === 'vector') return call;
  if (RELABELLING.has(name) && textOf(args[1]!) === label) return call;
  return firstOf(args, label);
}

function inBinary(binary: Binary, label: string): Expr | null {
  const { left, right, matching } = binary;
  const inner = firstOf([left, right], label);
  if (inner !== null || typeOf(left) !== 'vector' || typeOf(right) !== 'vector') return inner;
  // Elements that meet have the label in common.
  if (matching.labels.includes(label) === matching.on) return null;
  return binary;
}

function firstOf(exprs: readonly Expr[], label: string): Expr | null {
  for (const expr of exprs) {
    const found = crossing(expr, label);
    if (found !== null) return found;
  }
  return null;
}
