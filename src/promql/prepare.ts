/**
 * Makes of an expression something that can be evaluated again and again: names are looked up, matchers and regular
 * expressions compiled, label sets remembered. Expressions that share a part share its work too: a part that is written the
 * same is prepared once, and evaluated once for each moment.
 */
import { onceEach } from '../domain/once-each';
import {
  isComparison,
  isSetOperator,
  unwrapped,
  type Aggregation,
  type ArithmeticOperator,
  type Binary,
  type Call,
  type Expr,
  type MatrixSelector,
  type VectorSelector,
} from './ast';
import { absence } from './absence';
import { aggregate, countValues } from './aggregate';
import { combineSets, combineVectors, filtered } from './binary';
import { typeOf } from './check';
import { formatExpr } from './format';
import { CALENDAR, ELEMENTWISE } from './functions/elementwise';
import { histogramFraction, histogramQuantile, histogramQuantiles } from './functions/histograms';
import {
  labelJoin,
  labelReplace,
  sortByLabel,
  sortByValue,
  type VectorFunction,
} from './functions/label-functions';
import { OVER_TIME, type RangeFunction } from './functions/over-time';
import { RATES } from './functions/rates';
import { LabelSet } from './label-set';
import { shiftedTime, type Instant, type Moment } from './moment';
import { ARITHMETIC, COMPARISONS } from './operators';
import { Budget, collected, storedRange, subqueryRange, type Range } from './ranges';
import { unique, withoutNames } from './relabelling';
import type { Samples } from './samples';
import type { SeriesSource } from './source';
import { EMPTY, type Value } from './values';

/** Prometheus' default: how long a sample stands for what comes after it. */
export const LOOKBACK_MS = 300_000;
const SUBQUERY_STEP_MS = 60_000;

export interface PrepareOptions {
  readonly source: SeriesSource;
  readonly lookbackMs?: number;
  /** The step of subqueries that name none: the group's interval. Default one minute. */
  readonly defaultStepMs?: number;
}

export interface Prepared {
  /**
   * Throws an EvaluationError where the expression has no answer, or would take too long to. A moment is one object: what
   * several expressions share is evaluated once for it, so that a new one is needed when samples have come.
   */
  evaluate(moment: Moment): Value;
}

export type { Moment } from './moment';

type Scalar = (moment: Moment) => number;

const NAMELESS = LabelSet.EMPTY;
/** Functions whose result keeps the metric's name: it is still a sample of that metric. */
const KEEPS_NAME: ReadonlySet<string> = new Set(['first_over_time', 'last_over_time']);

export class Preparer {
  private readonly lookbackMs: number;
  private readonly defaultStepMs: number;
  private readonly budget = new Budget();
  private readonly shared = new Map<string, Instant>();

  constructor(private readonly options: PrepareOptions) {
    this.lookbackMs = options.lookbackMs ?? LOOKBACK_MS;
    this.defaultStepMs = options.defaultStepMs ?? SUBQUERY_STEP_MS;
  }

  /** Throws an EvaluationError for what is wrong at any time, such as a bad regular expression. */
  prepare(expr: Expr): Prepared {
    switch (typeOf(expr)) {
      case 'scalar': {
        const scalar = this.scalar(expr);
        return this.evaluated((moment) => ({ type: 'scalar', value: scalar(moment) }));
      }
      case 'vector': {
        const instant = this.instant(expr);
        return this.evaluated((moment) => ({ type: 'vector', vector: instant(moment) }));
      }
      case 'matrix': {
        const range = this.range(expr);
        return this.evaluated((moment) => ({ type: 'matrix', series: collected(range, moment) }));
      }
      case 'string':
        return { evaluate: () => ({ type: 'string', value: textOf(expr) }) };
    }
  }

  /** Of an expression that may never come again: nothing of it is kept. */
  evaluateOnce(expr: Expr, moment: Moment): Value {
    const { source } = this.options;
    const select: SeriesSource['select'] = (matchers) =>
      source.selectOnce?.(matchers) ?? source.select(matchers);
    return new Preparer({ ...this.options, source: { select } }).prepare(expr).evaluate(moment);
  }

  private evaluated(evaluate: (moment: Moment) => Value): Prepared {
    return {
      evaluate: (moment) => {
        this.budget.renew();
        return evaluate(moment);
      },
    };
  }

  private scalar(expr: Expr): Scalar {
    switch (expr.kind) {
      case 'number':
        return () => expr.value;
      case 'paren':
        return this.scalar(expr.expr);
      case 'unary': {
        const inner = this.scalar(expr.expr);
        return expr.op === '-' ? (moment) => -inner(moment) : inner;
      }
      case 'binary':
        return this.scalarBinary(expr);
      case 'call':
        return this.scalarCall(expr);
      default:
        throw new Error(`${expr.kind} is no scalar`);
    }
  }

  private scalarBinary({ op, left, right }: Binary): Scalar {
    const [a, b] = [this.scalar(left), this.scalar(right)];
    if (isComparison(op)) return (moment) => (COMPARISONS[op](a(moment), b(moment)) ? 1 : 0);
    const compute = ARITHMETIC[op as ArithmeticOperator];
    return (moment) => compute(a(moment), b(moment));
  }

  private scalarCall({ name, args }: Call): Scalar {
    if (name === 'time') return ({ time }) => time / 1_000;
    if (name === 'pi') return () => Math.PI;
    const inner = this.instant(args[0]!);
    return (moment) => {
      const { values } = inner(moment);
      return values.length === 1 ? values[0]! : NaN;
    };
  }

  /** What is written the same is evaluated once a moment. */
  private instant(expr: Expr): Instant {
    const text = written(expr);
    let shared = this.shared.get(text);
    if (shared === undefined) this.shared.set(text, (shared = oncePerMoment(this.vector(unwrapped(expr)))));
    return shared;
  }

  private vector(expr: Expr): Instant {
    switch (expr.kind) {
      case 'vector':
        return this.selector(expr);
      case 'unary':
        return this.unary(this.instant(expr.expr), expr.op);
      case 'binary':
        return this.binary(expr);
      case 'aggregation':
        return this.aggregation(expr);
      case 'call':
        return this.call(expr);
      default:
        throw new Error(`${expr.kind} is no instant vector`);
    }
  }

  private selector(selector: VectorSelector): Instant {
    return this.newest(selector, (samples, at) => samples.values[at]!);
  }

  /** Of each series that has a sample within the look-back, the newest. */
  private newest(selector: VectorSelector, take: (samples: Samples, at: number) => number): Instant {
    const selection = this.options.source.select(selector.matchers);
    return (moment) => {
      const time = shiftedTime(selector, moment);
      const series = selection.series();
      this.budget.spend(series.length);
      const labels: LabelSet[] = [];
      const values: number[] = [];
      for (const { labels: own, samples } of series) {
        const at = samples.after(time) - 1;
        if (at < samples.from || samples.times[at]! <= time - this.lookbackMs) continue;
        if (samples.stale > 0 && samples.isStale(at)) continue;
        labels.push(own);
        values.push(take(samples, at));
      }
      return { labels, values };
    };
  }

  private unary(inner: Instant, op: '+' | '-'): Instant {
    if (op === '+') return inner;
    const nameless = withoutNames();
    return (moment) => {
      const { labels, values } = inner(moment);
      return { labels: nameless(labels), values: values.map((value) => -value) };
    };
  }

  private binary(expr: Binary): Instant {
    const { op, left, right, matching, bool } = expr;
    if (typeOf(left) === 'scalar') return this.withScalar(expr, this.instant(right), this.scalar(left), true);
    if (typeOf(right) === 'scalar')
      return this.withScalar(expr, this.instant(left), this.scalar(right), false);
    const [a, b] = [this.instant(left), this.instant(right)];
    const combine = isSetOperator(op) ? combineSets(op, matching) : combineVectors({ ...expr, op, bool });
    return (moment) => combine(a(moment), b(moment));
  }

  private withScalar({ op, bool }: Binary, vector: Instant, scalar: Scalar, scalarFirst: boolean): Instant {
    const nameless = withoutNames();
    if (isComparison(op)) {
      const holds = COMPARISONS[op];
      return (moment) => {
        const { labels, values } = vector(moment);
        const other = scalar(moment);
        return filtered(bool ? nameless(labels) : labels, bool, (i) => {
          const value = values[i]!;
          return { value, holds: scalarFirst ? holds(other, value) : holds(value, other) };
        });
      };
    }
    const compute = ARITHMETIC[op as ArithmeticOperator];
    return (moment) => {
      const { labels, values } = vector(moment);
      const other = scalar(moment);
      return {
        labels: nameless(labels),
        values: values.map((value) => (scalarFirst ? compute(other, value) : compute(value, other))),
      };
    };
  }

  private aggregation(expr: Aggregation): Instant {
    const { op, param } = expr;
    const inner = this.instant(expr.expr);
    if (op === 'count_values') {
      const count = countValues(textOf(param!), expr);
      return (moment) => count(inner(moment));
    }
    const scalar = param === null ? () => NaN : this.scalar(param);
    const compute = aggregate(op, expr);
    return (moment) => compute(inner(moment), scalar(moment));
  }

  private call(expr: Call): Instant {
    const { name, args } = expr;
    if (name === 'absent_over_time') return this.absentOverTime(args[0]!);
    const overRange = OVER_TIME[name] ?? RATES[name];
    if (overRange !== undefined) return this.rangeCall(expr, overRange);
    if (CALENDAR[name] !== undefined && args.length === 0) {
      const compute = CALENDAR[name];
      return ({ time }) => ({ labels: [NAMELESS], values: [compute(time / 1_000, [])] });
    }
    if (ELEMENTWISE[name] !== undefined) return this.elementwise(expr);
    if (name === 'vector') {
      const scalar = this.scalar(args[0]!);
      return (moment) => ({ labels: [NAMELESS], values: [scalar(moment)] });
    }
    if (name === 'absent') return this.absent(args[0]!);
    if (name === 'timestamp') return this.timestamp(args[0]!);
    if (name.startsWith('histogram_')) return this.histogram(expr);
    const inner = this.instant(args[0]!);
    const compute = vectorFunction(expr, this.budget);
    return (moment) => compute(inner(moment));
  }

  private elementwise({ name, args }: Call): Instant {
    const compute = ELEMENTWISE[name]!;
    const inner = this.instant(args[0]!);
    const params = args.slice(1).map((arg) => this.scalar(arg));
    const nameless = withoutNames();
    const empty = name === 'clamp' ? (given: readonly number[]) => given[0]! > given[1]! : () => false;
    return (moment) => {
      const { labels, values } = inner(moment);
      const given = params.map((param) => param(moment));
      if (empty(given)) return EMPTY;
      return { labels: nameless(labels), values: values.map((value) => compute(value, given)) };
    };
  }

  private rangeCall({ name, args }: Call, compute: RangeFunction): Instant {
    const at = args.findIndex((arg) => typeOf(arg) === 'matrix');
    const range = this.range(args[at]!);
    const params = args.filter((_, i) => i !== at).map((arg) => this.scalar(arg));
    const relabel = KEEPS_NAME.has(name) ? unique : withoutNames();
    return (moment) => {
      const given = params.map((param) => param(moment));
      const labels: LabelSet[] = [];
      const values: number[] = [];
      range(moment, (own, window) => {
        const value = compute(window, given);
        if (value === undefined) return;
        labels.push(own);
        values.push(value);
      });
      return { labels: relabel(labels), values };
    };
  }

  private absent(arg: Expr): Instant {
    const instant = this.instant(arg);
    return absence((moment) => instant(moment).labels.length > 0, arg);
  }

  private absentOverTime(arg: Expr): Instant {
    const range = this.range(arg);
    const isThere = (moment: Moment): boolean => {
      let found = false;
      range(moment, () => (found = true));
      return found;
    };
    return absence(isThere, arg);
  }

  /** Of a selector its samples' own times, in seconds; of anything else the time of the evaluation. */
  private timestamp(arg: Expr): Instant {
    const nameless = withoutNames();
    const selector = unwrapped(arg);
    const inner =
      selector.kind === 'vector'
        ? this.newest(selector, (samples, at) => samples.times[at]! / 1_000)
        : withValue(this.instant(arg), ({ time }) => time / 1_000);
    return (moment) => {
      const { labels, values } = inner(moment);
      return { labels: nameless(labels), values };
    };
  }

  private histogram({ name, args }: Call): Instant {
    const inner = this.instant(args.find((arg) => typeOf(arg) === 'vector')!);
    const params = args.filter((arg) => typeOf(arg) === 'scalar').map((arg) => this.scalar(arg));
    const compute =
      name === 'histogram_quantile'
        ? histogramQuantile()
        : name === 'histogram_fraction'
          ? histogramFraction()
          : histogramQuantiles(textOf(args[1]!));
    return (moment) =>
      compute(
        inner(moment),
        params.map((param) => param(moment)),
      );
  }

  private range(expr: Expr): Range {
    const inner = unwrapped(expr);
    if (inner.kind === 'subquery')
      return subqueryRange(inner, this.instant(inner.expr), inner.step ?? this.defaultStepMs, this.budget);
    const { selector, range } = inner as MatrixSelector;
    return storedRange(selector, range, this.options.source.select(selector.matchers), this.budget);
  }
}

const written = onceEach(formatExpr);

function oncePerMoment(instant: Instant): Instant {
  let last: Moment | undefined;
  let vector = EMPTY;
  return (moment) => {
    if (last !== moment) {
      last = undefined;
      vector = instant(moment);
      last = moment;
    }
    return vector;
  };
}

function withValue(instant: Instant, value: (moment: Moment) => number): Instant {
  return (moment) => {
    const { labels } = instant(moment);
    return { labels, values: labels.map(() => value(moment)) };
  };
}

function vectorFunction({ name, args }: Call, budget: Budget): VectorFunction {
  const texts = args.slice(1).map(textOf);
  switch (name) {
    case 'label_replace':
      return labelReplace(texts as [string, string, string, string], budget);
    case 'label_join':
      return labelJoin(texts as [string, string, ...string[]], budget);
    case 'sort':
    case 'sort_desc':
      return sortByValue(name === 'sort_desc');
    case 'sort_by_label':
    case 'sort_by_label_desc':
      return sortByLabel(name === 'sort_by_label_desc', texts);
    default:
      throw new Error(`function ${name} has no implementation`);
  }
}

function textOf(expr: Expr): string {
  const inner = unwrapped(expr);
  return inner.kind === 'string' ? inner.value : '';
}
