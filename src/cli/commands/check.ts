/** `tocsin check`: is the configuration right? Tocsin's own, or Alertmanager's. Starts nothing and reaches nothing. */
import { existsSync, readFileSync } from 'node:fs';
import type { AlertmanagerConfig } from '../../config/alertmanager/config';
import { checkAlertmanager } from '../../config/alertmanager/load';
import { isAlertmanager } from '../../config/alertmanager/recognise';
import type { Route } from '../../config/alertmanager/route';
import { checkConfig } from '../../config/load';
import type { Config } from '../../config/config';
import { problemText, type Problem } from '../../config/problems';
import type { MatcherMode } from '../../domain/alertmanager-matchers';
import { knownNames, requiredFile } from '../configuration';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { paint } from '../show';
import { matcherModeOf } from '../matcher-mode';

export interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly enableFeature?: string;
}

interface Checked {
  readonly problems: readonly Problem[];
  /** Null where there are errors. */
  readonly counts: Readonly<Record<string, number>> | null;
}

export async function check(
  context: Context,
  file: string | undefined,
  options: CheckOptions,
): Promise<ExitCode> {
  const path = requiredFile(context, { config: file ?? options.config });
  const { problems, counts } = checked(context, path, matcherModeOf(options.enableFeature));
  if (options.json)
    context.print(JSON.stringify({ file: path, valid: counts !== null, problems, summary: counts }, null, 2));
  else tell(context, path, counts, problems);
  return counts === null ? EXIT.usage : EXIT.ok;
}

function checked(context: Context, path: string, mode: MatcherMode): Checked {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : null;
  if (text !== null && isAlertmanager(text, path)) {
    const { config, problems } = checkAlertmanager(text, path, { matcherMode: mode });
    return { problems, counts: config && alertmanagerCounts(config) };
  }
  const { config, problems } = checkConfig(path, context.env, knownNames());
  return { problems, counts: config && ownCounts(config) };
}

function tell(
  context: Context,
  path: string,
  counts: Readonly<Record<string, number>> | null,
  problems: readonly Problem[],
): void {
  for (const problem of problems)
    context.complain(paint(context, problem.level === 'error' ? 'red' : 'yellow', problemText(problem)));
  if (counts === null) {
    const errors = problems.filter(({ level }) => level === 'error').length;
    context.complain(`${path} has ${plural(errors, 'problem')}; nothing would start`);
    return;
  }
  const parts = Object.entries(counts).map(([name, count]) =>
    plural(
      count,
      name.replace('_', ' ').replace(/(ie)?s$/, (end) => (end === 'ies' ? 'y' : '')),
    ),
  );
  context.print(`${paint(context, 'green', `${path} is valid`)}: ${parts.join(', ')}`);
}

function ownCounts({ targets, ruleGroups, receivers, escalations }: Config): Record<string, number> {
  return {
    targets: targets.length,
    rules: ruleGroups.reduce((sum, { rules }) => sum + rules.length, 0),
    receivers: receivers.length,
    escalation_policies: escalations.length,
  };
}

function alertmanagerCounts(config: AlertmanagerConfig): Record<string, number> {
  return {
    routes: routesIn(config.route),
    receivers: config.receivers.length,
    inhibit_rules: config.inhibitRules.length,
    time_intervals: config.timeIntervals.length,
    templates: config.templates.length,
  };
}

const routesIn = ({ routes }: Route): number => routes.reduce((sum, route) => sum + routesIn(route), 1);

const plural = (count: number, noun: string): string =>
  `${count} ${count === 1 ? noun : noun.replace(/y$/, 'ie')}${count === 1 ? '' : 's'}`;
