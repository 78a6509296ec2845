/** `tocsin rules`: which rules are configured, and what one of them means. */
import type { Config } from '../../config/config';
import type { WrittenRule } from '../../config/short-forms/group';
import { mayYield, yieldedLabels } from '../../config/yielded-labels';
import { formatDuration } from '../../domain/duration';
import { nextLevel } from '../../domain/escalation';
import { labelsText, type Labels } from '../../domain/labels';
import { compileMatchers } from '../../domain/matchers';
import { ruleHash, type AlertRule, type GroupRule, type RuleGroup } from '../../domain/rule-group';
import { severityClass } from '../../domain/severity';
import { shortened } from '../../domain/shortened';
import { globalReasons } from '../../evaluate/global-groups';
import { descendants, type Expr } from '../../promql/ast';
import { formatExpr } from '../../promql/format';
import { METRIC_NAME } from '../../promql/label-set';
import { parseExpr } from '../../promql/parse';
import { readConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { rulesNamed } from '../rule-names';
import { facts, paint, severityStyle, tableOf, type Column } from '../show';

export interface RulesOptions extends ConfigOption {
  readonly json?: boolean;
}

interface Grouped {
  readonly group: RuleGroup;
  readonly rule: GroupRule;
  /** What stands in the file, where the rule is in short form. */
  readonly written: WrittenRule | null;
}

type Alerting = Grouped & { readonly rule: AlertRule };

const COLUMNS: readonly Column<Grouped>[] = [
  { title: 'NAME', value: ({ rule }) => rule.name },
  { title: 'KIND', value: ({ rule }) => rule.kind },
  {
    title: 'SEVERITY',
    value: ({ rule }) => rule.labels.severity ?? '–',
    style: ({ rule }) => severityStyle(rule.labels.severity ?? ''),
  },
  { title: 'FOR', value: ({ rule }) => lastingText(rule) },
  { title: 'MODE', value: ({ rule }) => (rule.kind === 'alert' ? rule.mode : '–') },
  { title: 'GROUP', value: ({ group }) => group.name },
  { title: 'FILE', value: ({ group }) => group.file ?? '', flexible: true },
  { title: 'EXPRESSION', value: (each) => shortened(conditionText(each), LONGEST_CONDITION), flexible: true },
];

/** `tocsin rules explain` and `--json` tell all of it. */
const LONGEST_CONDITION = 100;

const lastingText = (rule: GroupRule): string =>
  rule.kind === 'record' || rule.forMs === 0 ? '–' : formatDuration(rule.forMs);

function conditionText({ rule }: Grouped): string {
  const expr = canonical(rule.expr);
  return rule.kind === 'record' || rule.recovery === null
    ? expr
    : `${expr}, until ${canonical(rule.recovery)}`;
}

const canonical = (expr: string): string => formatExpr(parseExpr(expr));

const allRules = ({ ruleGroups }: Config): Grouped[] =>
  ruleGroups.flatMap((group) =>
    group.rules.map((rule) => ({ group, rule, written: group.written[rule.name] ?? null })),
  );

export async function listRules(context: Context, options: RulesOptions): Promise<ExitCode> {
  const rules = allRules(readConfig(context, options));
  if (options.json) context.print(JSON.stringify(rules.map(toJson), null, 2));
  else if (rules.length === 0) context.print('No rules are configured.');
  else context.print(tableOf(context, COLUMNS, rules));
  return EXIT.ok;
}

/** Says in sentences when the rule fires and recovers, who is then told, and what may be done. */
export async function explainRule(context: Context, name: string, options: RulesOptions): Promise<ExitCode> {
  const config = readConfig(context, options);
  const found = rulesNamed(allRules(config), name);
  if (options.json) {
    const explained = found.map((each) => ({
      ...toJson(each),
      explanation: Object.fromEntries(explanation(each, config)),
    }));
    context.print(JSON.stringify(explained, null, 2));
  } else context.print(found.map((each) => paragraph(context, each, config)).join('\n\n'));
  return EXIT.ok;
}

function paragraph(context: Context, each: Grouped, config: Config): string {
  const { group, rule, written } = each;
  const { severity } = rule.labels;
  const kind = rule.kind === 'alert' && severity !== undefined ? severity : rule.kind;
  const file = group.file === null ? '' : ` of ${group.file}`;
  const title = `${paint(context, 'bold', rule.name)}  ${paint(context, severityStyle(kind), kind)}  (group ${group.name}${file}, ${ruleHash(rule)})`;
  const parts = [title, facts(context, explanation(each, config))];
  if (written !== null)
    parts.push(`  ${paint(context, 'dim', `Written (${written.form})`)}`, indented(written.text));
  return parts.join('\n');
}

const indented = (text: string): string =>
  text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');

type Fact = readonly [string, string | null];

function explanation(each: Grouped, config: Config): Fact[] {
  const { rule, group } = each;
  const every = `every ${formatDuration(group.intervalMs ?? config.evaluate.intervalMs)}`;
  const expression: Fact = ['Expression', canonical(rule.expr)];
  const where: Fact = ['Where', whereText(each, config)];
  if (rule.kind === 'alert') return [expression, where, ...alertFacts({ ...each, rule }, every, config)];
  return [
    expression,
    where,
    ['Evaluated', every],
    ['Makes', `the series ${rule.name} with ${labelsText(rule.labels)}`],
  ];
}

/** By each partition, or once for all of them, and because of what. */
function whereText({ rule, group }: Grouped, { ruleGroups }: Config): string {
  const reason = globalReasons(ruleGroups).get(group);
  if (reason === undefined) return 'by each partition for its instances: its group needs no others at once';
  const { because } = reason;
  const who = reason.rule === rule ? 'it' : `${reason.rule.name} of its group`;
  const why =
    because.kind === 'crosses'
      ? `${who} has ${formatExpr(because.part)}, which asks all instances at once`
      : `${who} may read ${readText(because.made)} of the group ${because.group.name}, which is evaluated so`;
  return `in one place for all partitions: ${why}`;
}

const readText = (made: GroupRule): string =>
  made.kind === 'record' ? made.name : `the ALERTS of ${made.name}`;

function alertFacts({ rule, group }: Alerting, every: string, config: Config): Fact[] {
  return [
    ['Evaluated', evaluatedText(rule, group, every)],
    ['Fires', firesText(rule)],
    [
      'Not while',
      rule.inhibitedBy === null
        ? null
        : `the ${rule.inhibitedBy} rule of the same name fires for the same series`,
    ],
    ['Recovers', recoversText(rule)],
    ['Flaps', flapsText(rule)],
    ['No data', NO_DATA_TEXTS[rule.noData]],
    ['Quiet', quietText(rule, config)],
    ['Mode', MODE_TEXTS[rule.mode]],
    ['Unit', rule.unit],
    ['Labels', labelsText({ alertname: rule.name, ...rule.labels })],
    ['Tells', tellsText(rule, config)],
    ['Escalates', rule.mode === 'active' ? escalatesText(rule, config) : null],
    [
      'Runbook',
      rule.runbook === null ? 'the one whose matchers hold, if there is one' : `${rule.runbook} only`,
    ],
    ...Object.entries(rule.annotations),
  ];
}

function evaluatedText({ delayMs }: AlertRule, { queryOffsetMs }: RuleGroup, every: string): string {
  const agoMs = delayMs + (queryOffsetMs ?? 0);
  return agoMs === 0 ? every : `${every}, as of ${formatDuration(agoMs)} ago`;
}

function firesText({ occurrences, forMs }: AlertRule): string {
  const atOnce = occurrences === null ? ', at once' : '';
  const lasting = forMs === 0 ? atOnce : `, and has been for ${formatDuration(forMs)}`;
  return `when the expression yields something${occurrencesText(occurrences)}${lasting}`;
}

function occurrencesText(occurrences: AlertRule['occurrences']): string {
  if (occurrences === null) return '';
  const { count, of } = occurrences;
  return count === of ? ` ${of} times in a row` : ` in ${count} of its last ${of} evaluations`;
}

function recoversText({ recovery, keepFiringForMs }: AlertRule): string {
  const when = recovery === null ? 'it yields nothing more' : `${canonical(recovery)} holds`;
  return keepFiringForMs === 0 ? `when ${when}` : `${formatDuration(keepFiringForMs)} after ${when}`;
}

function flapsText({ flapping }: AlertRule): string | null {
  if (flapping === null) return null;
  const { lowPercent, highPercent, windowMs } = flapping;
  return `when more than ${highPercent}% of the evaluations of ${formatDuration(windowMs)} change it, until fewer than ${lowPercent}% do; meanwhile it fires`;
}

const NO_DATA_TEXTS: Readonly<Record<AlertRule['noData'], string>> = {
  ok: 'counts as a value that does not breach',
  alert: 'counts as a breach',
  keep: 'decides nothing: the alert stays as it is',
};

const MODE_TEXTS: Readonly<Record<AlertRule['mode'], string | null>> = {
  active: null,
  shadow: 'shadow: it is evaluated and recorded, and nobody is told',
  off: 'off: it is not evaluated',
};

/** A rule's own cool-down holds after every resolve, the default only after one by hand. */
function quietText({ cooldownMs: own }: AlertRule, { cooldownMs: byDefault }: Config): string | null {
  if (own === 0 || (own === null && byDefault === 0)) return null;
  return own === null
    ? `for ${formatDuration(byDefault)} after a resolve by hand`
    : `for ${formatDuration(own)} after a resolve`;
}

function tellsText(rule: AlertRule, { page, pageBySeverity, receivers }: Config): string {
  const { mode, receivers: own, labels } = rule;
  if (mode !== 'active') return 'nobody';
  const severity = pageBySeverity && severityClass(labels.severity);
  const told =
    own === null
      ? severity === null
        ? page
        : pageBySeverity![severity]
      : receivers
          .filter(({ name }) => own.includes(name))
          .map(({ name, notifyAfter, deadlineMs }) => ({ receiver: name, notifyAfter, deadlineMs }));
  if (told.length === 0)
    return severity === null
      ? 'nobody: route.receivers is empty'
      : `nobody: it is on lists and dashboards, as route.severity_routing has it for ${severity}`;
  return told
    .map(({ receiver, notifyAfter, deadlineMs }) =>
      notifyAfter === 'fire'
        ? `${receiver} at once`
        : `${receiver} after ${notifyAfter === 'enrich' ? 'enrichment' : 'remediation'}, at the latest after ${formatDuration(deadlineMs)}`,
    )
    .join('; ');
}

/** By the labels that are known beforehand; those of a series may make another policy's matchers hold. */
function escalatesText(rule: AlertRule, { escalations }: Config): string {
  const labels = { ...labelsAsked(parseExpr(rule.expr)), ...rule.labels, alertname: rule.name };
  const policy = escalations.find(({ matchers }) => compileMatchers(matchers)(labels))?.policy;
  if (policy === undefined)
    return escalations.length === 0
      ? 'to nobody: no policy is configured'
      : 'to nobody, unless the labels of the series meet a policy';
  let waitMs = policy.delayMs;
  const levels: string[] = [];
  for (let told = 0; told < policy.levels.length; told++) {
    const { spec } = nextLevel(policy, told)!;
    const maybe = spec.when === undefined ? '' : ' if its condition holds';
    levels.push(`${spec.name} after ${formatDuration(waitMs)}${maybe}`);
    waitMs += spec.timeoutMs;
  }
  return `${policy.name}: ${levels.join(', ')}${policy.repeat === 0 ? '' : `; ${policy.repeat} times again`}`;
}

/** What every selector asks a label to be, the result's series have too, unless the expression drops it. */
function labelsAsked(expr: Expr): Labels {
  const selectors = [...descendants(expr)].filter((node) => node.kind === 'vector');
  const yielded = yieldedLabels(expr);
  const asked = (selectors[0]?.matchers ?? []).filter(
    ({ name, op, value }) =>
      op === '=' &&
      name !== METRIC_NAME &&
      mayYield(yielded, name) &&
      selectors.every(({ matchers }) =>
        matchers.some((other) => other.name === name && other.op === '=' && other.value === value),
      ),
  );
  return Object.fromEntries(asked.map(({ name, value }) => [name, value]));
}

function toJson({ group, rule, written }: Grouped): object {
  const common = {
    group: group.name,
    file: group.file,
    ...{ kind: rule.kind, name: rule.name, expr: rule.expr, labels: rule.labels, hash: ruleHash(rule) },
  };
  if (rule.kind === 'record') return common;
  return {
    ...common,
    annotations: rule.annotations,
    severity: rule.labels.severity ?? null,
    for_ms: rule.forMs,
    keep_firing_for_ms: rule.keepFiringForMs,
    recovery: rule.recovery,
    occurrences: rule.occurrences,
    cooldown_ms: rule.cooldownMs,
    flapping: rule.flapping && {
      low_percent: rule.flapping.lowPercent,
      high_percent: rule.flapping.highPercent,
      window_ms: rule.flapping.windowMs,
    },
    no_data: rule.noData,
    evaluation_delay_ms: rule.delayMs,
    mode: rule.mode,
    runbook: rule.runbook,
    receivers: rule.receivers,
    unit: rule.unit,
    inhibited_by: rule.inhibitedBy,
    written,
  };
}
