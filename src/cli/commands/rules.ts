/** `tocsin rules`: which rules are configured, and what one of them means. */
import type { Config } from '../../config/config';
import { didYouMean } from '../../config/problems';
import { formatDuration } from '../../domain/duration';
import { nextLevel } from '../../domain/escalation';
import { labelsText } from '../../domain/labels';
import { compileMatchers, matcherText } from '../../domain/matchers';
import { OPPOSITE, type ThresholdRule } from '../../domain/rule';
import type { GroupRule, RuleGroup } from '../../domain/rule-group';
import { exprsOf } from '../../evaluate/rule-expr';
import { formatExpr } from '../../promql/format';
import { parseExpr } from '../../promql/parse';
import { readConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { amountText, facts, paint, severityStyle, tableOf, unitOf, type Column } from '../show';

export interface RulesOptions extends ConfigOption {
  readonly json?: boolean;
}

const COLUMNS: readonly Column<ThresholdRule>[] = [
  { title: 'NAME', value: ({ name }) => name },
  { title: 'SEVERITY', value: ({ severity }) => severity, style: ({ severity }) => severityStyle(severity) },
  { title: 'CONDITION', value: conditionText, flexible: true },
  { title: 'FOR', value: ({ forMs }) => (forMs === 0 ? '–' : formatDuration(forMs)) },
  { title: 'GROUP', value: ({ group }) => group },
  { title: 'SERIES', value: (rule) => seriesText(rule), flexible: true },
];

interface Grouped {
  readonly group: RuleGroup;
  readonly rule: GroupRule;
}

const forOf = ({ rule }: Grouped): number => (rule.kind === 'alert' ? rule.forMs : 0);

const GROUPED_COLUMNS: readonly Column<Grouped>[] = [
  { title: 'NAME', value: ({ rule }) => rule.name },
  { title: 'KIND', value: ({ rule }) => rule.kind },
  { title: 'EXPRESSION', value: ({ rule }) => rule.expr, flexible: true },
  { title: 'FOR', value: (each) => (forOf(each) === 0 ? '–' : formatDuration(forOf(each))) },
  { title: 'GROUP', value: ({ group }) => group.name },
  { title: 'FILE', value: ({ group }) => group.file ?? '' },
];

const groupedToJson = ({ group, rule }: Grouped): object => ({
  group: group.name,
  file: group.file,
  ...rule,
});

export async function listRules(context: Context, options: RulesOptions): Promise<ExitCode> {
  const { rules, ruleGroups } = readConfig(context, options);
  const grouped = ruleGroups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
  if (options.json)
    context.print(JSON.stringify([...rules.map(toJson), ...grouped.map(groupedToJson)], null, 2));
  else if (rules.length + grouped.length === 0) context.print('No rules are configured.');
  else {
    const tables = [
      rules.length > 0 ? [tableOf(context, COLUMNS, rules)] : [],
      grouped.length > 0 ? [tableOf(context, GROUPED_COLUMNS, grouped)] : [],
    ].flat();
    context.print(tables.join('\n\n'));
  }
  return EXIT.ok;
}

/** Says in sentences when the rule fires and recovers, who is then told, and what may be done. */
export async function explainRule(context: Context, name: string, options: RulesOptions): Promise<ExitCode> {
  const config = readConfig(context, options);
  const rules = config.rules.filter((rule) => rule.name === name || `${rule.group}/${rule.name}` === name);
  const grouped = config.ruleGroups.flatMap((group) =>
    group.rules
      .filter((rule) => rule.name === name || `${group.name}/${rule.name}` === name)
      .map((rule) => ({ group, rule })),
  );
  if (rules.length + grouped.length === 0) {
    const near = didYouMean(name, [
      ...config.rules.map((rule) => rule.name),
      ...config.ruleGroups.flatMap((group) => group.rules.map((rule) => rule.name)),
    ]);
    throw usage(
      `there is no rule ${JSON.stringify(name)}${near === null ? '' : `; did you mean "${near}"?`}; see \`tocsin rules list\``,
    );
  }
  if (options.json) {
    const explained = rules.map((rule) => ({
      ...toJson(rule),
      explanation: Object.fromEntries(explanation(rule, config)),
    }));
    context.print(JSON.stringify([...explained, ...grouped.map(groupedToJson)], null, 2));
  } else {
    const paragraphs = [
      ...rules.map((rule) => paragraph(context, rule, config)),
      ...grouped.map((each) => groupedParagraph(context, each, config)),
    ];
    context.print(paragraphs.join('\n\n'));
  }
  return EXIT.ok;
}

function groupedParagraph(context: Context, { group, rule }: Grouped, config: Config): string {
  const every = formatDuration(group.intervalMs ?? config.evaluate.intervalMs);
  const lasting =
    rule.kind === 'alert' && rule.forMs > 0 ? `, and has been for ${formatDuration(rule.forMs)}` : '';
  const kept =
    rule.kind === 'alert' && rule.keepFiringForMs > 0
      ? `${formatDuration(rule.keepFiringForMs)} after it yields nothing more`
      : 'when it yields nothing more';
  const rows: [string, string | null][] = [
    ['Expression', formatExpr(parseExpr(rule.expr))],
    ['Evaluated', `every ${every}`],
    ...(rule.kind === 'alert'
      ? ([
          ['Fires', `when the expression yields something${lasting}`],
          ['Recovers', kept],
          ['Labels', labelsText({ alertname: rule.name, ...rule.labels })],
          ['Tells', tellsText(config)],
          ...Object.entries(rule.annotations),
        ] as [string, string][])
      : ([['Makes', `the series ${rule.name} with ${labelsText(rule.labels)}`]] as [string, string][])),
  ];
  return `${paint(context, 'bold', rule.name)}  ${rule.kind}  (group ${group.name} of ${group.file})\n${facts(context, rows)}`;
}

function paragraph(context: Context, rule: ThresholdRule, config: Config): string {
  const title = `${paint(context, 'bold', rule.name)}  ${paint(context, severityStyle(rule.severity), rule.severity)}  (group ${rule.group}, ${rule.hash})`;
  return `${title}\n${facts(context, explanation(rule, config))}`;
}

function explanation(rule: ThresholdRule, config: Config): [string, string | null][] {
  return [
    [
      'About',
      seriesText(rule) === ''
        ? `every series of ${rule.metric}`
        : `the series of ${rule.metric} with ${seriesText(rule)}`,
    ],
    ['Fires', firesText(rule)],
    [
      'Not while',
      rule.inhibitedBy === null
        ? null
        : `the ${rule.inhibitedBy} rule of the same name fires for the same series`,
    ],
    ['Recovers', recoversText(rule)],
    ['In PromQL', promqlText(rule)],
    ['Quiet', quietText(rule, config)],
    ['Labels', labelsText({ alertname: rule.name, severity: rule.severity, ...rule.labels })],
    ['Tells', tellsText(config)],
    ['Escalates', escalatesText(rule, config)],
    [
      'Runbook',
      rule.runbook === null ? 'the one whose matchers hold, if there is one' : `${rule.runbook} only`,
    ],
    ...Object.entries(rule.annotations).map(([name, value]): [string, string] => [name, value]),
  ];
}

function promqlText(rule: ThresholdRule): string {
  const { fires, recovers } = exprsOf(rule);
  return `${formatExpr(fires)}${recovers === null ? '' : `, until ${formatExpr(recovers)}`}`;
}

/** A rule's own cool-down holds after every resolve, the default only after one by hand. */
function quietText({ cooldownMs: own }: ThresholdRule, { cooldownMs: byDefault }: Config): string | null {
  if (own === 0 || (own === null && byDefault === 0)) return null;
  return own === null
    ? `for ${formatDuration(byDefault)} after a resolve by hand`
    : `for ${formatDuration(own)} after a resolve`;
}

function conditionText(rule: ThresholdRule): string {
  const recovery =
    rule.recoveryThreshold === null
      ? ''
      : `, recovers at ${amountText(rule.recoveryThreshold, unitOf(rule.metric))}`;
  const what =
    rule.windowMs === 0 ? rule.metric : `mean over ${formatDuration(rule.windowMs)} of ${rule.metric}`;
  return `${what} ${rule.operator} ${amountText(rule.threshold, unitOf(rule.metric))}${recovery}`;
}

const seriesText = ({ matchers }: ThresholdRule): string => matchers.map(matcherText).join(', ');

function firesText({
  metric,
  operator,
  threshold,
  windowMs,
  consecutiveFailures,
  forMs,
}: ThresholdRule): string {
  const what =
    windowMs === 0 ? `a sample of ${metric}` : `the mean of ${metric} over ${formatDuration(windowMs)}`;
  const times = consecutiveFailures === 1 ? '' : `, ${consecutiveFailures} samples in a row`;
  const lasting = forMs === 0 ? ', at once' : `, and has been for ${formatDuration(forMs)}`;
  return `when ${what} is ${operator} ${amountText(threshold, unitOf(metric))}${times}${lasting}`;
}

function recoversText({ metric, operator, threshold, recoveryThreshold }: ThresholdRule): string {
  return `when it is ${OPPOSITE[operator]} ${amountText(recoveryThreshold ?? threshold, unitOf(metric))}`;
}

function tellsText({ page }: Config): string {
  if (page.length === 0) return 'nobody: route.receivers is empty';
  return page
    .map(({ receiver, notifyAfter, deadlineMs }) =>
      notifyAfter === 'fire'
        ? `${receiver} at once`
        : `${receiver} after ${notifyAfter === 'enrich' ? 'enrichment' : 'remediation'}, at the latest after ${formatDuration(deadlineMs)}`,
    )
    .join('; ');
}

/** By the labels that are known beforehand; those of a series may make another policy's matchers hold. */
function escalatesText(rule: ThresholdRule, { escalations }: Config): string {
  const labels = {
    ...Object.fromEntries(
      rule.matchers.filter(({ op }) => op === '=').map(({ name, value }) => [name, value]),
    ),
    ...rule.labels,
    alertname: rule.name,
    severity: rule.severity,
  };
  const policy = escalations.find(({ matchers }) => compileMatchers(matchers)(labels))?.policy;
  if (policy === undefined)
    return escalations.length === 0
      ? 'to nobody: no policy is configured'
      : 'to nobody, unless the labels of the series meet a policy';
  let waitMs = policy.delayMs;
  const levels: string[] = [];
  for (let told = 0; told < policy.levels.length; told++) {
    const { spec } = nextLevel(policy, told)!;
    levels.push(`${spec.name} after ${formatDuration(waitMs)}`);
    waitMs += spec.timeoutMs;
  }
  return `${policy.name}: ${levels.join(', ')}${policy.repeat === 0 ? '' : `; ${policy.repeat} times again`}`;
}

function toJson(rule: ThresholdRule): object {
  return {
    group: rule.group,
    name: rule.name,
    metric: rule.metric,
    matchers: rule.matchers.map(matcherText),
    operator: rule.operator,
    threshold: rule.threshold,
    recovery_threshold: rule.recoveryThreshold,
    severity: rule.severity,
    for_ms: rule.forMs,
    window_ms: rule.windowMs,
    consecutive_failures: rule.consecutiveFailures,
    cooldown_ms: rule.cooldownMs,
    labels: rule.labels,
    annotations: rule.annotations,
    runbook: rule.runbook,
    inhibited_by: rule.inhibitedBy,
    hash: rule.hash,
  };
}
