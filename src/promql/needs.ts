/** What an expression reads: which series, and how far back from the time at which it is evaluated. */
import type { Matcher } from '../domain/matchers';
import type { Expr, TimeShift } from './ast';

export interface Need {
  readonly matchers: readonly Matcher[];
  /** Samples older than this are never looked at, in milliseconds. */
  readonly backMs: number;
}

export interface NeedOptions {
  readonly lookbackMs: number;
  /** The step of subqueries that name none. */
  readonly defaultStepMs: number;
}

/** One for each selector. A selector with `@` and a time of its own reads from there: Infinity. */
export function needsOf(expr: Expr, options: NeedOptions): Need[] {
  return collect(expr, 0, options);
}

function collect(expr: Expr, backMs: number, options: NeedOptions): Need[] {
  switch (expr.kind) {
    case 'number':
    case 'string':
      return [];
    case 'vector':
      return [{ matchers: expr.matchers, backMs: shifted(expr, backMs) + options.lookbackMs }];
    case 'matrix':
      return [{ matchers: expr.selector.matchers, backMs: shifted(expr.selector, backMs) + expr.range }];
    case 'subquery': {
      const step = expr.step ?? options.defaultStepMs;
      return collect(expr.expr, shifted(expr, backMs) + expr.range + step, options);
    }
    case 'binary':
      return [...collect(expr.left, backMs, options), ...collect(expr.right, backMs, options)];
    case 'aggregation':
      return [
        ...(expr.param === null ? [] : collect(expr.param, backMs, options)),
        ...collect(expr.expr, backMs, options),
      ];
    case 'call':
      return expr.args.flatMap((arg) => collect(arg, backMs, options));
    case 'unary':
    case 'paren':
      return collect(expr.expr, backMs, options);
  }
}

/** What lies ahead needs no samples to be kept. */
function shifted({ at, offset }: TimeShift, backMs: number): number {
  return typeof at === 'number' ? Infinity : Math.max(0, backMs + offset);
}
