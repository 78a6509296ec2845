/** The types of an expression. What does not fit is refused with its place, and never evaluated as something else. */
import type { Labels } from '../domain/labels';
import { compileMatchers } from '../domain/matchers';
import {
  childrenOf,
  isComparison,
  isSetOperator,
  type Aggregation,
  type Binary,
  type Call,
  type Expr,
  type Place,
  type ValueType,
  type VectorSelector,
} from './ast';
import { ParseError } from './errors';
import { SIGNATURES } from './functions/signatures';

export function typeOf(expr: Expr): ValueType {
  switch (expr.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'vector':
    case 'aggregation':
      return 'vector';
    case 'matrix':
    case 'subquery':
      return 'matrix';
    case 'paren':
    case 'unary':
      return typeOf(expr.expr);
    case 'call':
      return SIGNATURES[expr.name]!.returns;
    case 'binary':
      return typeOf(expr.left) === 'scalar' && typeOf(expr.right) === 'scalar' ? 'scalar' : 'vector';
  }
}

const DOCUMENTED: Readonly<Record<ValueType, string>> = {
  scalar: 'scalar',
  string: 'string',
  vector: 'instant vector',
  matrix: 'range vector',
};

type Fail = (problem: string, place: Place) => never;

/** Throws a ParseError. */
export function checkTypes(expr: Expr, text: string): void {
  const fail: Fail = (problem, place) => {
    throw new ParseError(problem, text, place);
  };
  check(expr, fail);
}

function check(expr: Expr, fail: Fail): void {
  for (const child of childrenOf(expr)) check(child, fail);
  switch (expr.kind) {
    case 'vector':
      return checkSelector(expr, fail);
    case 'call':
      return checkCall(expr, fail);
    case 'aggregation':
      return checkAggregation(expr, fail);
    case 'binary':
      return checkBinary(expr, fail);
    case 'unary': {
      const type = typeOf(expr.expr);
      if (type !== 'scalar' && type !== 'vector')
        fail(
          `unary expression only allowed on expressions of type scalar or instant vector, got "${DOCUMENTED[type]}"`,
          expr.place,
        );
      return;
    }
    case 'subquery':
      if (typeOf(expr.expr) !== 'vector')
        fail(`subquery is only allowed on instant vector, got ${typeOf(expr.expr)} instead`, expr.place);
      return;
    default:
  }
}

/** Without a prototype: a matcher may name any label, `constructor` too. */
const NO_LABELS = Object.freeze(Object.create(null) as Labels);

function checkSelector({ name, matchers, place }: VectorSelector, fail: Fail): void {
  const selective = matchers.some((matcher) => !compileMatchers([matcher])(NO_LABELS));
  if (name === '' && !selective) fail('vector selector must contain at least one non-empty matcher', place);
}

function checkAggregation({ op, expr, param }: Aggregation, fail: Fail): void {
  expect(expr, 'vector', 'aggregation expression', fail);
  if (param !== null)
    expect(param, op === 'count_values' ? 'string' : 'scalar', 'aggregation parameter', fail);
}

function checkCall({ name, args, place }: Call, fail: Fail): void {
  const { args: wanted, variadic } = SIGNATURES[name]!;
  const least = variadic === 0 ? wanted.length : wanted.length - 1;
  const most = variadic < 0 ? Infinity : least + variadic;
  const count = (word: string, n: number): string =>
    `expected ${word}${n} argument(s) in call to "${name}", got ${args.length}`;
  if (variadic === 0 && args.length !== least) fail(count('', least), place);
  if (args.length < least) fail(count('at least ', least), place);
  if (args.length > most) fail(count('at most ', most), place);
  args.forEach((arg, i) =>
    expect(arg, wanted[Math.min(i, wanted.length - 1)]!, `call to function "${name}"`, fail),
  );
}

function expect(expr: Expr, wanted: ValueType, where: string, fail: Fail): void {
  const type = typeOf(expr);
  if (type !== wanted)
    fail(`expected type ${DOCUMENTED[wanted]} in ${where}, got ${DOCUMENTED[type]}`, expr.place);
}

function checkBinary({ op, bool, left, right, matching, place, operatorPlace }: Binary, fail: Fail): void {
  const [leftType, rightType] = [typeOf(left), typeOf(right)];
  const scalars = leftType === 'scalar' && rightType === 'scalar';
  if (bool && !isComparison(op))
    fail('bool modifier can only be used on comparison operators', operatorPlace);
  if (isComparison(op) && !bool && scalars)
    fail('comparisons between scalars must use BOOL modifier', operatorPlace);
  const twice = matching.on ? matching.include.find((label) => matching.labels.includes(label)) : undefined;
  if (twice !== undefined)
    fail(`label "${twice}" must not occur in ON and GROUP clause at once`, operatorPlace);
  for (const [side, type] of [
    [left, leftType],
    [right, rightType],
  ] as const)
    if (type !== 'scalar' && type !== 'vector')
      fail('binary expression must contain only scalar and instant vector types', side.place);
  const vectors = leftType === 'vector' && rightType === 'vector';
  if (!vectors && matching.labels.length > 0)
    fail('vector matching only allowed between instant vectors', place);
  if (!isSetOperator(op)) return;
  if (!vectors) fail(`set operator "${op}" not allowed in binary scalar expression`, place);
  if (matching.group !== 'many-to-many') fail(`no grouping allowed for "${op}" operation`, place);
}
