/**
 * The expressions of a rule, parsed once for all partitions: parsing is what making a thousand rules takes longest for. An
 * expression does not change once it is read, so that all may share it, and recognise its parts.
 */
import { onceEach } from '../domain/once-each';
import type { GroupRule } from '../domain/rule-group';
import type { Expr } from '../promql/ast';
import { parseExpr } from '../promql/parse';
import { presenceOf } from '../promql/presence';
import { compileRuleTemplate } from '../template/prometheus';

export interface RuleExprs {
  readonly expr: Expr;
  readonly recovery: Expr | null;
  /** What `expr` is about, whether it holds or not; null where that cannot be told. */
  readonly presence: Expr | null;
  /** What its templates ask for word for word. */
  readonly queries: readonly Expr[];
  /** What the rule reads: `expr`, `recovery` where it has one, and `queries`. */
  readonly all: readonly Expr[];
}

/** Throws a ParseError or a TemplateError. */
export const exprsOf: (rule: GroupRule) => RuleExprs = onceEach((rule) => {
  const expr = parseExpr(rule.expr);
  const recovery = rule.kind === 'alert' && rule.recovery !== null ? parseExpr(rule.recovery) : null;
  const queries = queriesOf(rule).map(parseExpr);
  const all = [expr, ...(recovery === null ? [] : [recovery]), ...queries];
  return { expr, recovery, presence: presenceOf(expr), queries, all };
});

function queriesOf(rule: GroupRule): string[] {
  if (rule.kind === 'record') return [];
  const texts = [...Object.values(rule.labels), ...Object.values(rule.annotations)];
  return texts
    .filter((text) => text.includes('query'))
    .flatMap((text) => compileRuleTemplate(text, rule.name).queries);
}
