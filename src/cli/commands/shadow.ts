/** `tocsin rules shadow`: what rules on trial would have done, as evaluators have recorded it. */
import type { Config } from '../../config/config';
import { formatDuration } from '../../domain/duration';
import { ruleHash, type AlertRule, type GroupRule } from '../../domain/rule-group';
import { createTrial, TOLD_AGAIN_WITHIN_MS, type TrialAlert } from '../../evaluate/trial';
import { readConfig, serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { rulesNamed } from '../rule-names';
import { span, tableOf, type Column } from '../show';
import { durationOf } from '../words';
import { timeText, WOULD_BE_COLUMNS } from './would-be-alerts';

export interface ShadowOptions extends ConfigOption {
  readonly since: string;
  readonly json?: boolean;
}

interface OnTrial {
  readonly group: Config['ruleGroups'][number];
  readonly rule: AlertRule;
}

interface Outcome extends OnTrial {
  readonly alerts: readonly TrialAlert[];
  readonly began: number;
  readonly open: number;
  /** What goes on counts with what it has lasted so far. Null without alerts. */
  readonly medianMs: number | null;
  readonly longestMs: number | null;
  /** Alerts of the rule as it was before it was changed; they do not count. */
  readonly before: number;
}

export async function shadowRules(
  context: Context,
  name: string | undefined,
  options: ShadowOptions,
): Promise<ExitCode> {
  const length = durationOf('--since', options.since);
  const rules = onTrial(readConfig(context, options), name);
  const sinceMs = context.now() - length;
  const outcomes = rules.length === 0 ? [] : await outcomesOf(context, rules, sinceMs, options);
  if (options.json)
    context.print(JSON.stringify({ since: timeText(sinceMs), rules: outcomes.map(toJson) }, null, 2));
  else if (rules.length === 0) context.print('No rule is on trial: none has `mode: shadow`.');
  else tell(context, outcomes, formatDuration(length));
  return EXIT.ok;
}

function onTrial({ ruleGroups }: Config, name: string | undefined): OnTrial[] {
  const all = ruleGroups.flatMap((group) => group.rules.map((rule) => ({ group, rule })));
  const named = name === undefined ? all : rulesNamed(all, name);
  const found = named.flatMap(({ group, rule }) => (isOnTrial(rule) ? [{ group, rule }] : []));
  if (name !== undefined && found.length === 0)
    throw usage(`${name} is not on trial: it has no \`mode: shadow\``);
  return found;
}

const isOnTrial = (rule: GroupRule): rule is AlertRule => rule.kind === 'alert' && rule.mode === 'shadow';

async function outcomesOf(
  context: Context,
  rules: readonly OnTrial[],
  sinceMs: number,
  options: ShadowOptions,
): Promise<Outcome[]> {
  const trial = createTrial();
  const config = serverConfig(context, options);
  await context.wiring.readShadow(config, sinceMs - TOLD_AGAIN_WITHIN_MS, trial.take);
  const alerts = trial.since(sinceMs);
  return rules.map((each) => outcomeOf(each, alerts, sinceMs, context.now()));
}

function outcomeOf(
  { group, rule }: OnTrial,
  all: readonly TrialAlert[],
  sinceMs: number,
  now: number,
): Outcome {
  const hash = ruleHash(rule);
  const named = all.filter((alert) => alert.group === group.name && alert.rule === rule.name);
  const alerts = named.filter((alert) => alert.hash === hash);
  const lengths = alerts.map((alert) => lastedMs(alert, now)).sort((a, b) => a - b);
  return {
    ...{ group, rule, alerts },
    began: alerts.filter(({ startsAt }) => startsAt >= sinceMs).length,
    open: alerts.filter(({ endsAt }) => endsAt === null).length,
    medianMs: medianOf(lengths),
    longestMs: lengths.at(-1) ?? null,
    before: named.length - alerts.length,
  };
}

const lastedMs = ({ startsAt, endsAt }: TrialAlert, now: number): number =>
  Math.max(0, (endsAt ?? now) - startsAt);

function medianOf(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null;
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

const lengthText = (ms: number | null): string => (ms === null ? '–' : span(ms));

const COLUMNS: readonly Column<Outcome>[] = [
  { title: 'RULE', value: ({ rule }) => rule.name },
  { title: 'BEGAN', value: ({ began }) => String(began) },
  { title: 'OPEN', value: ({ open }) => String(open) },
  { title: 'MEDIAN', value: ({ medianMs }) => lengthText(medianMs) },
  { title: 'LONGEST', value: ({ longestMs }) => lengthText(longestMs) },
  { title: 'GROUP', value: ({ group }) => group.name },
];

function tell(context: Context, outcomes: readonly Outcome[], since: string): void {
  context.print(tableOf(context, COLUMNS, outcomes));
  const alerts = outcomes
    .flatMap((outcome) => outcome.alerts)
    .sort((a, b) => b.startsAt - a.startsAt || (a.fingerprint < b.fingerprint ? -1 : 1));
  context.print('');
  if (alerts.length > 0) context.print(tableOf(context, WOULD_BE_COLUMNS, alerts));
  else context.print(`Nothing was recorded in the last ${since}.`);
  for (const { rule, before } of outcomes)
    if (before > 0) context.print(`${rule.name}: ${before} more before the rule was changed, not counted`);
}

function toJson({ group, rule, alerts, began, open, medianMs, longestMs, before }: Outcome): object {
  return {
    ...{ group: group.name, name: rule.name, hash: ruleHash(rule), severity: rule.labels.severity ?? null },
    ...{ began, open, median_ms: medianMs, longest_ms: longestMs, before_change: before },
    alerts: alerts.map(({ fingerprint, labels, startsAt, endsAt, value }) => ({
      ...{ fingerprint, labels, value },
      starts_at: timeText(startsAt),
      ends_at: endsAt === null ? null : timeText(endsAt),
    })),
  };
}
