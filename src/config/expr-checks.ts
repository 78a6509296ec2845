/** What is checked of every rule's texts, in whatever form the rule is written: expressions and templates. */
import { messageOf } from '../domain/errors';
import { typeOf } from '../promql/check';
import { needsOf } from '../promql/needs';
import { parseExpr } from '../promql/parse';
import { LOOKBACK_MS } from '../promql/prepare';
import { compileRuleTemplate } from '../template/prometheus';
import type { Finding, Path } from './problems';

/** A scalar is taken where Prometheus takes one: as an element without labels. */
export function checkExpr(expr: string, path: Path): Finding[] {
  return checkType(expr, path, ['vector', 'scalar'], 'an instant vector or a scalar');
}

/** A recovery has to name series, which a scalar cannot. */
export function checkRecovery(expr: string, path: Path): Finding[] {
  return checkType(expr, path, ['vector'], 'an instant vector');
}

function checkType(expr: string, path: Path, types: readonly string[], accepted: string): Finding[] {
  const value = JSON.stringify(expr);
  try {
    const type = typeOf(parseExpr(expr));
    return types.includes(type) ? [] : [{ path, value, message: `is a ${type}`, accepted }];
  } catch (error) {
    return [{ path, value, message: notParsed(error) }];
  }
}

/** The line and the column in it are the expression's own, not the file's. */
export const notParsed = (error: unknown): string =>
  `could not be parsed: in the expression, ${messageOf(error)}`;

/** Labels and annotations, whose values are templates. */
export function checkTemplates(
  texts: Readonly<Record<string, string>> | null | undefined,
  alert: string,
  at: Path,
): Finding[] {
  return Object.entries(texts ?? {}).flatMap(([name, text]) => checkTemplate(text, alert, [...at, name]));
}

function checkTemplate(text: string, alert: string, path: Path): Finding[] {
  try {
    const { queries } = compileRuleTemplate(text, `__alert_${alert}`);
    return queries.flatMap((query) => checkExpr(query, path)).map(ofQuery);
  } catch (error) {
    return [{ path, value: JSON.stringify(text), message: `is no template: ${messageOf(error)}` }];
  }
}

const ofQuery = (finding: Finding): Finding => ({
  ...finding,
  message: `asks a query that ${finding.message}`,
});

/** Why an evaluator cannot answer what templates ask word for word. They must be without error. */
export function queriesNotStreamed(
  texts: Readonly<Record<string, string>> | null | undefined,
  at: Path,
): Finding[] {
  return Object.entries(texts ?? {}).flatMap(([name, text]) =>
    compileRuleTemplate(text, name)
      .queries.flatMap((query) => notStreamed(query, [...at, name]))
      .map(ofQuery),
  );
}

/** Why an evaluator, which has a stretch of the past, cannot answer. */
export function notStreamed(text: string, path: Path): Finding[] {
  const expr = parseExpr(text);
  const value = JSON.stringify(text);
  const fixed = needsOf(expr, { lookbackMs: LOOKBACK_MS, defaultStepMs: LOOKBACK_MS }).some(
    ({ backMs }) => backMs === Infinity,
  );
  return fixed
    ? [{ path, value, message: 'asks for a time of its own with @: what a stream has passed is not kept' }]
    : [];
}
