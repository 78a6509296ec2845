/**
 * `tocsin backtest`: what rules would have paged for, or how two rule sets differ, over metrics that Kafka still holds, or
 * those of a file.
 */
import type { Config } from '../../config/config';
import { problemText } from '../../config/problems';
import { readStreamedGroups } from '../../config/rule-groups';
import { noNamesTaken, takeGroup } from '../../config/taken-names';
import type { RuleGroup } from '../../domain/rule-group';
import { createBacktest, type Backtest } from '../../evaluate/backtest';
import { lookbackOf } from '../../evaluate/rule-series';
import { METRIC_PARTITIONS } from '../../stream/topics';
import { chosenFile, readConfig, serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { matchingFiles, readText } from '../files';
import { paint } from '../show';
import { durationOf, timeOf } from '../words';
import { asJson, tell, tellDifference } from './backtest-report';
import { feedFromFile, feedFromKafka, type Feeding } from './backtest-sources';

export interface BacktestOptions extends ConfigOption {
  readonly rules: readonly string[];
  readonly against: readonly string[];
  readonly interval?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Stands for the rules of the configuration where rule files are named. */
const CONFIGURED = 'configured';
const DAY_MS = 86_400_000;
const FILE_INTERVAL_MS = 60_000;
const LEAST_INTERVAL_MS = 1_000;

export async function backtest(
  context: Context,
  file: string | undefined,
  options: BacktestOptions,
): Promise<ExitCode> {
  const names = [options.rules.length === 0 ? [CONFIGURED] : options.rules, options.against].filter(
    (each) => each.length > 0,
  );
  const isConfigured = names.flat().includes(CONFIGURED);
  const configured = isConfigured ? rulesConfig(context, options) : null;
  const servers = file === undefined ? serverConfig(context, options) : null;
  const span = spanOf(options, context.now(), file === undefined ? DAY_MS : Infinity);
  const defaultIntervalMs = intervalOf(options, servers ?? configured);
  const { externalLabels, externalUrl } = configured ?? servers ?? {};
  const external = { externalLabels, externalUrl };
  const sets = names.map((each) => rulesNamed(context, each, configured));
  const runs = sets.map((groups) =>
    createBacktest({ groups, defaultIntervalMs, partitions: METRIC_PARTITIONS, ...external, ...span }),
  );
  const lookbackMs = Math.max(...sets.map((groups) => lookbackOf(groups, defaultIntervalMs)));
  const fed =
    servers === null
      ? await feedFromFile(context, file!, runs)
      : await feedFromKafka(context, servers, { ...span, lookbackMs }, runs);
  return fed.isWhole ? report(context, fed, runs, options) : stopped(context);
}

function stopped(context: Context): ExitCode {
  context.complain('stopped before all had been read: nothing is told');
  return EXIT.failed;
}

function report(
  context: Context,
  { remarks, upTo, kept }: Feeding,
  runs: readonly Backtest[],
  { json }: BacktestOptions,
): ExitCode {
  const results = runs.map((run) => run.finish(upTo));
  const errors = results.flatMap((result) =>
    result.errors.map(({ group, rule, error }) => `${group}/${rule}: ${error}`),
  );
  const refused = results.flatMap((result) =>
    result.refused.map(
      (metric) =>
        `${metric} has more series in a partition than an evaluator keeps: some were left out, as evaluators do`,
    ),
  );
  for (const remark of new Set([...remarks, ...errors, ...refused]))
    context.complain(paint(context, 'yellow', remark));
  const [after, before] = results;
  if (json) context.print(JSON.stringify({ ...asJson(after!, before), ...kept }, null, 2));
  else if (before === undefined) tell(context, after!);
  else tellDifference(context, before, after!);
  return EXIT.ok;
}

function rulesConfig(context: Context, options: BacktestOptions): Config {
  if (chosenFile(context, options) === null && context.runningDev() === null)
    throw usage('name the rules: --rules FILE, or a configuration that has them: --config FILE');
  const config = readConfig(context, options);
  if (config.ruleGroups.length > 0) return config;
  throw usage(`${config.file} has no rules; name some: --rules FILE`);
}

function spanOf({ from, to }: BacktestOptions, now: number, lengthMs: number) {
  const toMs = to === undefined ? (lengthMs === Infinity ? Infinity : now) : timeOf('--to', to, now);
  const fromMs =
    from === undefined ? (lengthMs === Infinity ? -Infinity : toMs - lengthMs) : timeOf('--from', from, now);
  if (fromMs < toMs) return { fromMs, toMs };
  throw usage(`--from ${from} is not before --to ${to ?? '(now)'}`);
}

function intervalOf({ interval }: BacktestOptions, config: Config | null): number {
  if (interval === undefined) return config?.evaluate.intervalMs ?? FILE_INTERVAL_MS;
  return Math.max(LEAST_INTERVAL_MS, durationOf('--interval', interval));
}

/** The configuration's rules, and those of files of either form. */
function rulesNamed(context: Context, names: readonly string[], configured: Config | null): RuleGroup[] {
  const own = names.includes(CONFIGURED) ? configured!.ruleGroups : [];
  const groups: RuleGroup[] = [...own];
  const taken = noNamesTaken();
  for (const { name, file, written } of own)
    takeGroup(taken, name, {
      file,
      form: Object.keys(written).length > 0 ? 'short' : 'prometheus',
      path: [],
    });
  for (const { path, name } of names.filter((each) => each !== CONFIGURED).flatMap(matchingFiles)) {
    const read = readStreamedGroups(readText(path), name, taken, context.env);
    const errors = read.problems.filter(({ level }) => level === 'error');
    if (errors.length > 0)
      throw usage(`the rules cannot be evaluated:\n${errors.map(problemText).join('\n')}\n`);
    groups.push(...read.groups);
  }
  return groups;
}
