/** Which labels the result of an expression can have, as far as that can be told without any series. */
import { isSetOperator, unwrapped, type Binary, type Call, type Expr } from '../promql/ast';
import { typeOf } from '../promql/check';
import { METRIC_NAME } from '../promql/label-set';

/** `all`: any label but those; otherwise those and no others. */
export interface YieldedLabels {
  readonly all: boolean;
  readonly names: ReadonlySet<string>;
}

const ANY: YieldedLabels = { all: true, names: new Set() };
const NONE: YieldedLabels = { all: false, names: new Set() };
const only = (names: Iterable<string>): YieldedLabels => ({ all: false, names: new Set(names) });

export const mayYield = ({ all, names }: YieldedLabels, name: string): boolean => names.has(name) !== all;

export function haveSameLabels(a: YieldedLabels, b: YieldedLabels): boolean {
  if (a.all || b.all) return a.all === b.all;
  return a.names.size === b.names.size && [...a.names].every((name) => b.names.has(name));
}

export function yieldedLabels(expr: Expr): YieldedLabels {
  const top = unwrapped(expr);
  switch (top.kind) {
    case 'number':
    case 'string':
      return NONE;
    case 'vector':
      return without(
        ANY,
        top.matchers.filter(({ op, value }) => op === '=' && value === '').map(({ name }) => name),
      );
    case 'matrix':
      return yieldedLabels(top.selector);
    case 'subquery':
    case 'unary':
      return yieldedLabels(top.expr);
    case 'aggregation': {
      const inner = yieldedLabels(top.expr);
      const value = top.op === 'count_values' && top.param?.kind === 'string' ? [top.param.value] : [];
      if (['topk', 'bottomk', 'limitk', 'limit_ratio'].includes(top.op)) return inner;
      if (top.without) return plus(without(inner, [...top.grouping, METRIC_NAME]), value);
      return only([...top.grouping.filter((name) => mayYield(inner, name)), ...value]);
    }
    case 'call':
      return ofCall(top);
    case 'binary':
      return ofBinary(top);
  }
}

function ofCall({ name, args }: Call): YieldedLabels {
  if (name === 'absent' || name === 'absent_over_time') {
    const about = unwrapped(args[0]!);
    const selector = about.kind === 'matrix' ? about.selector : about;
    if (selector.kind !== 'vector') return NONE;
    return only(
      selector.matchers
        .filter((each) => each.op === '=' && each.name !== METRIC_NAME)
        .map((each) => each.name),
    );
  }
  const subject = args.find((arg) => typeOf(arg) === 'vector' || typeOf(arg) === 'matrix');
  if (subject === undefined) return NONE;
  const inner = yieldedLabels(subject);
  const made = unwrapped(args[1] ?? subject);
  if ((name === 'label_replace' || name === 'label_join') && made.kind === 'string')
    return plus(inner, [made.value]);
  return name.startsWith('histogram_') ? without(inner, ['le']) : inner;
}

function ofBinary({ op, left, right, matching }: Binary): YieldedLabels {
  if (typeOf(left) === 'scalar') return yieldedLabels(right);
  if (typeOf(right) === 'scalar') return yieldedLabels(left);
  const [a, b] = [yieldedLabels(left), yieldedLabels(right)];
  if (op === 'or') return either(a, b);
  if (isSetOperator(op)) return a;
  if (matching.group === 'many-to-one') return plus(a, matching.include);
  if (matching.group === 'one-to-many') return plus(b, matching.include);
  return matching.on
    ? only(matching.labels.filter((name) => mayYield(a, name)))
    : without(a, matching.labels);
}

const plus = ({ all, names }: YieldedLabels, more: readonly string[]): YieldedLabels => ({
  all,
  names: new Set(all ? [...names].filter((name) => !more.includes(name)) : [...names, ...more]),
});

const without = ({ all, names }: YieldedLabels, less: readonly string[]): YieldedLabels => ({
  all,
  names: new Set(all ? [...names, ...less] : [...names].filter((name) => !less.includes(name))),
});

function either(a: YieldedLabels, b: YieldedLabels): YieldedLabels {
  if (!a.all && !b.all) return only([...a.names, ...b.names]);
  const lacked = [...(a.all ? a : b).names].filter((name) => !mayYield(a, name) && !mayYield(b, name));
  return { all: true, names: new Set(lacked) };
}
