/**
 * What is wrong with a rule though it can be evaluated: it pages for everything or for nothing, or its page lacks what it
 * promises. Each finding says what would happen; none keeps a file from being loaded.
 */
import { ALERT_NAME, type Labels } from '../domain/labels';
import type { AlertRule, GroupRule, RuleGroup } from '../domain/rule-group';
import {
  descendants,
  isComparison,
  unwrapped,
  type Aggregation,
  type Binary,
  type Call,
  type Expr,
  type VectorSelector,
} from '../promql/ast';
import { typeOf } from '../promql/check';
import { formatExpr } from '../promql/format';
import { METRIC_NAME } from '../promql/label-set';
import { parseExpr } from '../promql/parse';
import { compileRuleTemplate, RULE_FIELDS } from '../template/prometheus';
import { checkNames } from './alert-references';
import type { Known } from './cross-checks';
import { didYouMean, type Finding, type Path } from './problems';
import { repeated, type SeenRules } from './repeated-rules';
import { haveSameLabels, mayYield, yieldedLabels } from './yielded-labels';

/** What a file is held against, beside itself. */
export interface LintContext {
  readonly seen: SeenRules;
  /** What its rules may refer to; null where nobody knows. */
  readonly names: RuleNames | null;
}

export interface RuleNames {
  readonly alerts: readonly string[];
  readonly receivers: readonly string[];
  readonly runbooks: Known['runbooks'];
}

/** Findings with paths within the file's groups. Rules that are not sound are left out. */
export function lintGroups(
  groups: readonly RuleGroup[],
  unsound: ReadonlySet<GroupRule>,
  context: LintContext,
): Finding[] {
  return groups.flatMap((group, i) =>
    group.rules.flatMap((rule, j) =>
      unsound.has(rule) ? [] : lintRule(group, rule, ['groups', i, 'rules', j], context),
    ),
  );
}

/** `at`: the rule. */
export function lintRule(
  group: RuleGroup,
  rule: GroupRule,
  at: Path,
  { seen, names }: LintContext,
): Finding[] {
  const expr = parseExpr(rule.expr);
  const findings = [
    ...repeated(group, rule, expr, at, seen),
    ...neverYields(expr, [...at, 'expr']),
    ...(names === null ? [] : unknownAlerts(expr, [...at, 'expr'], names)),
  ];
  if (rule.kind === 'record') return findings;
  return [
    ...findings,
    ...(names === null ? [] : unknownReceivers(rule, at, names)),
    ...withoutSeverity(rule, at),
    ...alwaysFires(rule, expr, [...at, 'expr']),
    ...absentMisuse(expr, [...at, 'expr']),
    ...recoveries(rule, expr, [...at, 'recovery']),
    ...templates(rule, expr, at),
  ];
}

const warning = (path: Path, message: string, accepted?: string): Finding => ({
  level: 'warning',
  path,
  message,
  ...(accepted === undefined ? {} : { accepted }),
});

/** Whether written as a composite or as PromQL. A name that is not certain may be any. */
function unknownAlerts(expr: Expr, path: Path, { alerts }: RuleNames): Finding[] {
  const asked = [...descendants(expr)].flatMap((node) => {
    if (node.kind !== 'vector') return [];
    const equalTo = (label: string): string | undefined =>
      node.matchers.find(({ name, op }) => name === label && op === '=')?.value;
    const name = ['ALERTS', 'ALERTS_FOR_STATE'].includes(equalTo(METRIC_NAME) ?? '')
      ? equalTo(ALERT_NAME)
      : undefined;
    return name === undefined || alerts.includes(name) ? [] : [name];
  });
  return [...new Set(asked)].map((name) => {
    const near = didYouMean(name, alerts);
    const hint = near === null ? '' : `; did you mean "${near}"?`;
    return warning(
      path,
      `asks for the alert "${name}", which neither these files nor the configuration have${hint}`,
    );
  });
}

/** Of another configuration they may be right. */
const unknownReceivers = (rule: AlertRule, at: Path, { receivers, runbooks }: RuleNames): Finding[] =>
  checkNames(rule, at, { receivers, runbooks }).map((finding) => ({ ...finding, level: 'warning' }));

function withoutSeverity(rule: AlertRule, at: Path): Finding[] {
  if (Object.hasOwn(rule.labels, 'severity')) return [];
  return [
    warning(
      at,
      `"${rule.name}" has no severity: routes and escalations cannot tell how urgent it is`,
      'labels: { severity: … }',
    ),
  ];
}

/** Of functions: comparisons filter, `absent` is empty while there is something. */
const FILTERING: ReadonlySet<string> = new Set(['absent', 'absent_over_time']);

function alwaysFires(rule: AlertRule, expr: Expr, path: Path): Finding[] {
  // An alert that proves that alerting works fires always, and says so with this severity.
  if (rule.labels.severity === 'none') return [];
  const top = unwrapped(expr);
  if (top.kind === 'binary' && isComparison(top.op) && top.bool)
    return [warning(path, 'compares with bool, which yields 0 or 1 for every series: each of them fires')];
  if (isConstant(expr))
    return [
      warning(path, 'asks for no series: it fires always', 'severity "none" for an alert that is meant to'),
    ];
  if (filters(expr)) return [];
  return [warning(path, 'has no condition: it fires for every series that it finds')];
}

const isConstant = (expr: Expr): boolean =>
  ![...descendants(expr)].some(({ kind }) => kind === 'vector') && !filters(expr);

/** An alert's series is there while the alert is, so that selecting it is a condition. */
const isAlertSeries = ({ matchers }: VectorSelector): boolean =>
  matchers.some(({ name, op, value }) => name === METRIC_NAME && op === '=' && value === 'ALERTS');

function filters(expr: Expr): boolean {
  const top = unwrapped(expr);
  switch (top.kind) {
    case 'vector':
      return isAlertSeries(top);
    case 'binary':
      if (top.op === 'or') return filters(top.left) && filters(top.right);
      if (top.op === 'and' || top.op === 'unless') return true;
      if (isComparison(top.op)) return !top.bool || filters(top.left) || filters(top.right);
      return filters(top.left) || filters(top.right);
    case 'unary':
    case 'aggregation':
      return filters(top.expr);
    case 'call':
      return FILTERING.has(top.name) || top.args.some((arg) => typeOf(arg) === 'vector' && filters(arg));
    default:
      return false;
  }
}

function neverYields(expr: Expr, path: Path): Finding[] {
  return [...descendants(expr)].flatMap((node): Finding[] => {
    switch (node.kind) {
      case 'vector':
        return contradiction(node, path);
      case 'binary':
        return neverMeet(node, path);
      case 'call':
        return neverComputes(node, path);
      case 'aggregation':
        return lostLabels(node, path);
      default:
        return [];
    }
  });
}

function contradiction({ matchers }: VectorSelector, path: Path): Finding[] {
  const equal = new Map<string, string>();
  for (const { name, op, value } of matchers) {
    if (op === '=' && (equal.get(name) ?? value) !== value)
      return [
        warning(
          path,
          `never yields anything: ${name} cannot be ${JSON.stringify(equal.get(name))} and ${JSON.stringify(value)}`,
        ),
      ];
    if (op === '=') equal.set(name, value);
  }
  const excluded = matchers.find(({ name, op, value }) => op === '!=' && equal.get(name) === value);
  return excluded === undefined
    ? []
    : [
        warning(
          path,
          `never yields anything: ${excluded.name} is asked to be ${JSON.stringify(excluded.value)} and not to be`,
        ),
      ];
}

function neverMeet({ op, left, right, matching }: Binary, path: Path): Finding[] {
  const isOfEach = !matching.on && matching.labels.length === 0;
  if (op === 'and' && isOfEach && excludeEachOther(limitOf(left), limitOf(right)))
    return [warning(path, `never holds: ${formatExpr(left)} and ${formatExpr(right)} exclude each other`)];
  if (typeOf(left) !== 'vector' || typeOf(right) !== 'vector' || !matching.on) return [];
  return ([left, right] as const).flatMap((side) =>
    matching.labels
      .filter((label) => !mayYield(yieldedLabels(side), label))
      .map((label) => warning(path, `matches on "${label}", which ${formatExpr(side)} does not have`)),
  );
}

interface Limit {
  readonly of: string;
  readonly above: boolean;
  readonly limit: number;
  /** The limit itself meets it. */
  readonly inclusive: boolean;
}

function limitOf(expr: Expr): Limit | null {
  const top = unwrapped(expr);
  if (top.kind !== 'binary' || top.bool) return null;
  const limit = unwrapped(top.right);
  if (limit.kind !== 'number' || !/^[<>]/.test(top.op)) return null;
  return {
    of: formatExpr(unwrapped(top.left)),
    above: top.op.startsWith('>'),
    limit: limit.value,
    inclusive: top.op.endsWith('='),
  };
}

/** `x > 5` and `x < 3`. */
function excludeEachOther(a: Limit | null, b: Limit | null): boolean {
  if (a === null || b === null || a.of !== b.of || a.above === b.above) return false;
  const [low, high] = a.above ? [a, b] : [b, a];
  return low.limit > high.limit || (low.limit === high.limit && !(low.inclusive && high.inclusive));
}

function neverComputes({ name, args }: Call, path: Path): Finding[] {
  if (name === 'histogram_quantile' || name === 'quantile_over_time') {
    const q = unwrapped(args[0]!);
    if (q.kind === 'number' && !(q.value >= 0 && q.value <= 1))
      return [warning(path, `${name}: ${q.value} is no quantile`, 'a number from 0 to 1, as 0.99')];
  }
  if (name === 'histogram_quantile' && !mayYield(yieldedLabels(args[1]!), 'le'))
    return [
      warning(
        path,
        'histogram_quantile needs the label "le", which the expression below it drops',
        'by (le, …)',
      ),
    ];
  return [];
}

/** Grouping by a label that is not there puts everything into one group. */
function lostLabels({ expr, grouping, without }: Aggregation, path: Path): Finding[] {
  if (without) return [];
  const labels = yieldedLabels(expr);
  return grouping
    .filter((label) => !mayYield(labels, label))
    .map((label) => warning(path, `groups by "${label}", which ${formatExpr(expr)} does not have`));
}

function absentMisuse(expr: Expr, path: Path): Finding[] {
  return [...descendants(expr)].flatMap((node): Finding[] => {
    if (node.kind === 'binary' && isComparison(node.op)) {
      const sides = [unwrapped(node.left), unwrapped(node.right)];
      const absence = sides.find((side) => side.kind === 'call' && FILTERING.has(side.name));
      if (absence === undefined) return [];
      return [
        warning(path, `${formatExpr(absence)} is 1 or nothing: a comparison adds nothing, or never holds`),
      ];
    }
    if (node.kind !== 'call' || !FILTERING.has(node.name)) return [];
    const about = unwrapped(node.args[0]!);
    if (about.kind === 'vector' || about.kind === 'matrix') return [];
    return [
      warning(
        path,
        `${formatExpr(node)} has no labels: the page cannot say what is absent`,
        'absent of a selector with = matchers',
      ),
    ];
  });
}

/** A recovery that holds at the wrong time ends each alert as it begins, and one that never holds ends none. */
function recoveries(rule: AlertRule, expr: Expr, path: Path): Finding[] {
  if (rule.recovery === null) return [];
  const recovery = parseExpr(rule.recovery);
  const findings = neverYields(recovery, path);
  if (!filters(recovery))
    return [...findings, warning(path, 'has no condition: each alert ends as soon as it fires')];
  if (holdsWhile(expr, recovery))
    findings.push(
      warning(path, `can hold while ${formatExpr(expr)} does: an alert would end as soon as it fires`),
    );
  if (!haveSameLabels(yieldedLabels(expr), yieldedLabels(recovery)))
    findings.push(
      warning(path, 'yields other labels than the expression: it is never about the series that fires'),
    );
  return findings;
}

function holdsWhile(expr: Expr, recovery: Expr): boolean {
  if (formatExpr(expr) === formatExpr(recovery)) return true;
  const [fires, ends] = [limitOf(expr), limitOf(recovery)];
  if (fires === null || ends === null || fires.of !== ends.of) return false;
  return !excludeEachOther(fires, ends);
}

function templates(rule: AlertRule, expr: Expr, at: Path): Finding[] {
  const labels = yieldedLabels(expr);
  const check = (key: 'labels' | 'annotations', texts: Labels): Finding[] =>
    Object.entries(texts).flatMap(([name, text]) =>
      compileRuleTemplate(text, rule.name).references.flatMap(({ kind, path, isAtTop }) => {
        const place = [...at, key, name];
        const label = labelAsked(kind, path, isAtTop);
        if (label !== null && label !== METRIC_NAME && !mayYield(labels, label))
          return [
            warning(
              place,
              `asks for $labels.${label}, which the expression's result does not have: it would be empty`,
            ),
          ];
        if (kind === 'field' && isAtTop && !(RULE_FIELDS as readonly string[]).includes(path[0]!))
          return [
            warning(
              place,
              `asks for .${path[0]}, which there is not`,
              RULE_FIELDS.map((field) => `.${field}`).join(', '),
            ),
          ];
        return [];
      }),
    );
  return [...check('labels', rule.labels), ...check('annotations', rule.annotations)];
}

function labelAsked(kind: string, path: readonly string[], isAtTop: boolean): string | null {
  if (kind === 'variable' && path[0] === '$labels') return path[1] ?? null;
  return kind === 'field' && isAtTop && path[0] === 'Labels' ? (path[1] ?? null) : null;
}
