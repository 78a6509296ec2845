/** `tocsin check`: is the configuration right? Starts nothing and reaches nothing. */
import { checkConfig } from '../../config/load';
import type { Config } from '../../config/config';
import { problemText, type Problem } from '../../config/problems';
import { knownNames, requiredFile } from '../configuration';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { paint } from '../show';

export interface CheckOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export async function check(
  context: Context,
  file: string | undefined,
  options: CheckOptions,
): Promise<ExitCode> {
  const path = requiredFile(context, { config: file ?? options.config });
  const { config, problems } = checkConfig(path, context.env, knownNames());
  if (options.json)
    context.print(
      JSON.stringify(
        { file: path, valid: config !== null, problems, summary: config && counts(config) },
        null,
        2,
      ),
    );
  else tell(context, path, config, problems);
  return config === null ? EXIT.usage : EXIT.ok;
}

function tell(context: Context, path: string, config: Config | null, problems: readonly Problem[]): void {
  for (const problem of problems)
    context.complain(paint(context, problem.level === 'error' ? 'red' : 'yellow', problemText(problem)));
  if (config === null) {
    const errors = problems.filter(({ level }) => level === 'error').length;
    context.complain(`${path} has ${plural(errors, 'problem')}; nothing would start`);
    return;
  }
  const parts = Object.entries(counts(config)).map(([name, count]) =>
    plural(
      count,
      name.replace('_', ' ').replace(/(ie)?s$/, (end) => (end === 'ies' ? 'y' : '')),
    ),
  );
  context.print(`${paint(context, 'green', `${path} is valid`)}: ${parts.join(', ')}`);
}

function counts({ targets, ruleGroups, receivers, escalations }: Config): Record<string, number> {
  return {
    targets: targets.length,
    rules: ruleGroups.reduce((sum, { rules }) => sum + rules.length, 0),
    receivers: receivers.length,
    escalation_policies: escalations.length,
  };
}

const plural = (count: number, noun: string): string =>
  `${count} ${count === 1 ? noun : noun.replace(/y$/, 'ie')}${count === 1 ? '' : 's'}`;
