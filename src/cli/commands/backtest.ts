/** `tocsin backtest`: what these rules would have paged for, or how two rule sets differ, over metrics of a file. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { messageOf } from '../../domain/errors';
import { labelsText } from '../../domain/labels';
import type { RuleGroup } from '../../domain/rule-group';
import { problemText } from '../../config/problems';
import { readRuleGroups } from '../../config/rule-groups';
import {
  createBacktest,
  difference,
  type Backtest,
  type BacktestResult,
  type WouldBeAlert,
} from '../../evaluate/backtest';
import { decodeMetric } from '../../stream/codec';
import { eventTimeMs } from '../../stream/metric-message';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { matchingFiles, readText } from '../files';
import { paint, tableOf } from '../show';
import { durationOf } from '../words';
import { lengthOf, othersOf, timeText, WOULD_BE_COLUMNS } from './would-be-alerts';

export interface BacktestOptions {
  readonly rules: readonly string[];
  readonly against: readonly string[];
  readonly interval: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

const PROGRESS_EVERY = 500_000;

export async function backtest(context: Context, file: string, options: BacktestOptions): Promise<ExitCode> {
  if (options.rules.length === 0) throw usage('name the rules: --rules FILE');
  const runs = [options.rules, options.against]
    .filter((files) => files.length > 0)
    .map((files) => runOf(files, options));
  const refused = await feed(context, file, runs);
  if (refused > 0)
    context.complain(
      paint(context, 'yellow', `${refused} lines of ${file} are no metrics and were left out`),
    );
  const [after, before] = runs.map((run) => run.finish());
  for (const { rule, error } of after!.errors)
    context.complain(paint(context, 'yellow', `${rule}: ${error}`));
  if (options.json) context.print(JSON.stringify(asJson(after!, before), null, 2));
  else if (before === undefined) tell(context, after!);
  else tellDifference(context, before, after!);
  return EXIT.ok;
}

function runOf(files: readonly string[], options: BacktestOptions): Backtest {
  return createBacktest({
    groups: groupsOf(files),
    defaultIntervalMs: Math.max(1_000, durationOf('--interval', options.interval)),
    fromMs: timeOf('--from', options.from, -Infinity),
    toMs: timeOf('--to', options.to, Infinity),
  });
}

function timeOf(option: string, text: string | undefined, fallback: number): number {
  const time = text === undefined ? fallback : eventTimeMs(text);
  if (Number.isNaN(time))
    throw usage(`${option} ${text} is no time; accepted: ISO 8601 with a zone, as 2026-11-21T10:00:00Z`);
  return time;
}

function groupsOf(patterns: readonly string[]): RuleGroup[] {
  return patterns.flatMap(matchingFiles).flatMap(({ path, name }) => {
    const { groups, problems } = readRuleGroups(readText(path), name);
    const errors = problems.filter(({ level }) => level === 'error');
    if (errors.length > 0)
      throw usage(`the rules cannot be evaluated:\n${errors.map(problemText).join('\n')}\n`);
    return groups;
  });
}

/** How many lines are no metrics. */
async function feed(context: Context, file: string, runs: readonly Backtest[]): Promise<number> {
  let lines = 0;
  let refused = 0;
  const input = file === '-' ? process.stdin : createReadStream(file);
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (line.trim() === '') continue;
      const decoded = decodeMetric(Buffer.from(line));
      if (decoded.ok) for (const run of runs) run.offer(decoded.value, eventTimeMs(decoded.value.timestamp));
      else refused += 1;
      if (++lines % PROGRESS_EVERY === 0) context.complain(`${lines.toLocaleString('en')} metrics …`);
    }
  } catch (error) {
    throw usage(`cannot read ${file}: ${messageOf(error)}`);
  }
  return refused;
}

function tell(context: Context, { alerts, metrics, series }: BacktestResult): void {
  if (alerts.length > 0) context.print(tableOf(context, WOULD_BE_COLUMNS, alerts));
  context.print(
    `${alerts.length} ${alerts.length === 1 ? 'alert' : 'alerts'} from ${metrics.toLocaleString('en')} metrics (${series} series that the rules ask for)`,
  );
}

function tellDifference(context: Context, before: BacktestResult, after: BacktestResult): void {
  const { added, removed, moved, same } = difference(before.alerts, after.alerts);
  const section = (title: string, alerts: readonly WouldBeAlert[]): void => {
    if (alerts.length === 0) return;
    context.print(paint(context, 'bold', title));
    context.print(tableOf(context, WOULD_BE_COLUMNS, alerts, 2));
  };
  section('Only with --rules:', added);
  section('Only with --against:', removed);
  if (moved.length > 0) context.print(paint(context, 'bold', 'At another time:'));
  for (const { before: old, after: now } of moved)
    context.print(
      `  ${now.rule} ${labelsText(othersOf(now.labels))}: ${timeText(old.startsAt)} (${lengthOf(old)}) with --against, ${timeText(now.startsAt)} (${lengthOf(now)}) with --rules`,
    );
  context.print(
    `${added.length} more, ${removed.length} fewer, ${moved.length} at another time, ${same} the same`,
  );
}

function asJson(after: BacktestResult, before: BacktestResult | undefined) {
  if (before === undefined) return { ...after, alerts: after.alerts.map(dated) };
  const { added, removed, moved, same } = difference(before.alerts, after.alerts);
  return {
    added: added.map(dated),
    removed: removed.map(dated),
    moved: moved.map(({ before: old, after: now }) => ({ before: dated(old), after: dated(now) })),
    same,
  };
}

function dated({ activeAt, startsAt, endsAt, ...alert }: WouldBeAlert) {
  return {
    ...alert,
    active_at: timeText(activeAt),
    starts_at: timeText(startsAt),
    ends_at: endsAt === null ? null : timeText(endsAt),
  };
}
