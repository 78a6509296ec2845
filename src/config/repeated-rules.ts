/**
 * Rules that repeat one before them, of whichever file: the same rule twice, and another one that makes the same alert. What
 * labels an alert has is known when it fires; that two rules' alerts differ is certain only where their labels do.
 */
import type { AlertRule, GroupRule, RuleGroup } from '../domain/rule-group';
import { descendants, type Expr } from '../promql/ast';
import { formatExpr } from '../promql/format';
import { METRIC_NAME } from '../promql/label-set';
import type { Finding, Path } from './problems';
import { haveSameLabels, yieldedLabels } from './yielded-labels';

/** The rules so far, of all files. */
export interface SeenRules {
  /** What they say → their place. */
  readonly rules: Map<string, string>;
  /** By their name, labels and mode. */
  readonly alerts: Map<string, { readonly expr: Expr; readonly place: string }[]>;
}

export const noRulesSeen = (): SeenRules => ({ rules: new Map(), alerts: new Map() });

export function repeated(
  { file, name }: RuleGroup,
  rule: GroupRule,
  expr: Expr,
  at: Path,
  seen: SeenRules,
): Finding[] {
  const place = `group "${name}"${file === null ? '' : ` of ${file}`}`;
  const id = JSON.stringify([rule.kind, rule.name, formatExpr(expr), sorted(rule.labels)]);
  const known = seen.rules.get(id);
  if (known === undefined) seen.rules.set(id, place);
  const path = [...at, rule.kind];
  if (known !== undefined)
    return [warning(path, `${said(rule)} with this expression and these labels is in ${known} already`)];
  return rule.kind === 'alert' ? sameAlert(rule, expr, path, place, seen) : [];
}

function sameAlert(rule: AlertRule, expr: Expr, path: Path, place: string, { alerts }: SeenRules): Finding[] {
  const id = JSON.stringify([rule.name, sorted(rule.labels), rule.mode]);
  const others = alerts.get(id) ?? [];
  alerts.set(id, [...others, { expr, place }]);
  const other = others.find((each) => mayBeAbout(expr, each.expr));
  return other === undefined
    ? []
    : [
        warning(
          path,
          `${said(rule)} is in ${other.place} already, with these labels: where both find a series it is one alert, which goes on while either holds`,
          'a label that tells them apart',
        ),
      ];
}

const said = ({ name }: GroupRule): string => `"${name}"`;

/** Whether both may yield a series of the same labels. What their selectors ask of a label in different words may differ. */
function mayBeAbout(a: Expr, b: Expr): boolean {
  if (!haveSameLabels(yieldedLabels(a), yieldedLabels(b))) return false;
  const [asked, others] = [matchersIn(a), matchersIn(b)];
  return [...asked].every(([label, matchers]) => [matchers, undefined].includes(others.get(label)));
}

/** What all selectors together ask of each label. */
function matchersIn(expr: Expr): Map<string, string> {
  const found = new Map<string, Set<string>>();
  for (const node of descendants(expr))
    if (node.kind === 'vector')
      for (const { name, op, value } of node.matchers)
        if (name !== METRIC_NAME) found.set(name, (found.get(name) ?? new Set()).add(op + value));
  return new Map([...found].map(([name, texts]) => [name, [...texts].sort().join()]));
}

const sorted = (labels: AlertRule['labels']): [string, string][] =>
  Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));

const warning = (path: Path, message: string, accepted?: string): Finding => ({
  ...{ level: 'warning', path, message },
  ...(accepted === undefined ? {} : { accepted }),
});
