/**
 * What an expression says something about, whether it holds or not: the expression without what it filters by. `m > 90` is
 * about `m`, so that `m` tells a series that is well from one of which nothing is known.
 */
import { isComparison, type Binary, type Expr, type MatrixSelector } from './ast';
import { typeOf } from './check';

/** Null where that cannot be told: what holds because something is absent is about nothing. */
export function presenceOf(expr: Expr): Expr | null {
  return saysAbsence(expr) ? null : unfiltered(expr);
}

function saysAbsence(expr: Expr): boolean {
  if (expr.kind === 'call') return expr.name.startsWith('absent') || expr.args.some(saysAbsence);
  if (expr.kind === 'binary') return saysAbsence(expr.left) || saysAbsence(expr.right);
  return 'expr' in expr && saysAbsence(expr.expr);
}

function unfiltered(expr: Expr): Expr {
  switch (expr.kind) {
    case 'number':
    case 'string':
    case 'vector':
    case 'matrix':
      return expr;
    case 'call':
      return { ...expr, args: expr.args.map(unfiltered) };
    case 'binary':
      return unfilteredBinary(expr);
    default:
      return { ...expr, expr: unfiltered(expr.expr) as Exclude<Expr, MatrixSelector> };
  }
}

function unfilteredBinary(expr: Binary): Expr {
  const [left, right] = [unfiltered(expr.left), unfiltered(expr.right)];
  if (expr.op === 'unless') return left;
  if (!isComparison(expr.op) || expr.bool) return { ...expr, left, right };
  if (typeOf(right) === 'scalar') return left;
  if (typeOf(left) === 'scalar') return right;
  // A sum has an element for each pair that is compared, with the same labels but for the name.
  return { ...expr, op: '+', left, right };
}
