/**
 * The expressions of a rule, parsed once for all partitions: parsing is what making a thousand rules takes longest for. An
 * expression does not change once it is read, so that all may share it, and recognise its parts.
 */
import { onceEach } from '../domain/once-each';
import type { GroupRule } from '../domain/rule-group';
import type { Expr } from '../promql/ast';
import { parseExpr } from '../promql/parse';
import { presenceOf } from '../promql/presence';

export interface RuleExprs {
  readonly expr: Expr;
  readonly recovery: Expr | null;
  /** What `expr` is about, whether it holds or not; null where that cannot be told. */
  readonly presence: Expr | null;
  /** What the rule reads: `expr`, and `recovery` where it has one. */
  readonly all: readonly Expr[];
}

/** Throws a ParseError. */
export const exprsOf: (rule: GroupRule) => RuleExprs = onceEach((rule) => {
  const expr = parseExpr(rule.expr);
  const recovery = rule.kind === 'alert' && rule.recovery !== null ? parseExpr(rule.recovery) : null;
  return { expr, recovery, presence: presenceOf(expr), all: recovery === null ? [expr] : [expr, recovery] };
});
