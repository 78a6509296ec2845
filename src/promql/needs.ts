/** What an expression reads: which series, and how far back from the time at which it is evaluated. */
import type { Matcher } from '../domain/matchers';
import type { Expr, TimeShift } from './ast';

export interface Need {
  readonly matchers: readonly Matcher[];
  /** Samples older than this are never looked at, in milliseconds. */
  readonly backMs: number;
  /** Of each series only the newest of them matters. */
  readonly newestOnly: boolean;
}

export interface NeedOptions {
  readonly lookbackMs: number;
  /** The step of subqueries that name none. */
  readonly defaultStepMs: number;
  /** When it is evaluated, where that is known: how far back a time of its own lies. */
  readonly time?: number;
}

/**
 * One for each selector. A selector with `@` and a time of its own reads from there: Infinity, unless it is known when the
 * expression is evaluated.
 */
export function needsOf(expr: Expr, options: NeedOptions): Need[] {
  return collect(expr, 0, true, options);
}

function collect(expr: Expr, backMs: number, isOnce: boolean, options: NeedOptions): Need[] {
  const { time } = options;
  switch (expr.kind) {
    case 'number':
    case 'string':
      return [];
    case 'vector':
      return [
        {
          matchers: expr.matchers,
          backMs: shifted(expr, backMs, time) + options.lookbackMs,
          newestOnly: isOnce,
        },
      ];
    case 'matrix':
      return [
        {
          matchers: expr.selector.matchers,
          backMs: shifted(expr.selector, backMs, time) + expr.range,
          newestOnly: false,
        },
      ];
    case 'subquery': {
      const step = expr.step ?? options.defaultStepMs;
      return collect(expr.expr, shifted(expr, backMs, time) + expr.range + step, false, options);
    }
    case 'binary':
      return [
        ...collect(expr.left, backMs, isOnce, options),
        ...collect(expr.right, backMs, isOnce, options),
      ];
    case 'aggregation':
      return [
        ...(expr.param === null ? [] : collect(expr.param, backMs, isOnce, options)),
        ...collect(expr.expr, backMs, isOnce, options),
      ];
    case 'call':
      return expr.args.flatMap((arg) => collect(arg, backMs, isOnce, options));
    case 'unary':
    case 'paren':
      return collect(expr.expr, backMs, isOnce, options);
  }
}

/** What lies ahead needs no samples to be kept. */
function shifted({ at, offset }: TimeShift, backMs: number, time: number | undefined): number {
  if (typeof at !== 'number') return Math.max(0, backMs + offset);
  return time === undefined ? Infinity : Math.max(0, time - at + offset);
}
