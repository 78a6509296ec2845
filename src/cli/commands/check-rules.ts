/** `tocsin check rules`: can these rule files be evaluated, and do they mean what their authors want? */
import { problemText, type Problem } from '../../config/problems';
import { checkConfig } from '../../config/load';
import { checkRuleFile, readRuleGroups } from '../../config/rule-groups';
import { noRulesSeen } from '../../config/repeated-rules';
import type { RuleNames } from '../../config/rule-lint';
import { noNamesTaken } from '../../config/taken-names';
import { chosenFile, knownNames, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { namedFiles, readText } from '../files';
import { paint } from '../show';

export interface CheckRulesOptions extends ConfigOption {
  readonly json?: boolean;
  readonly strict?: boolean;
}

export function checkRules(
  context: Context,
  patterns: readonly string[],
  options: CheckRulesOptions,
): ExitCode {
  const files = patterns.flatMap(namedFiles);
  if (files.length === 0) throw usage(`no file matches ${patterns.join(', ')}`);
  const read = files.map(({ path, name }) => ({ name, text: readText(path) }));
  const lint = {
    ...{ seen: noRulesSeen(), taken: noNamesTaken() },
    names: knownTo(context, options, read),
  };
  const checked = read.map(({ name, text }) => ({
    file: name,
    ...checkRuleFile(text, name, lint, context.env),
  }));
  const problems = checked.flatMap((each) => each.problems);
  const failed = problems.some(({ level }) => level === 'error' || options.strict === true);
  if (options.json)
    context.print(JSON.stringify({ valid: !failed, files: checked.map(summary), problems }, null, 2));
  else for (const each of checked) tell(context, each);
  return failed ? EXIT.usage : EXIT.ok;
}

/** What rules may refer to: alerts of these files and of the configuration, its receivers; null without one. */
function knownTo(
  context: Context,
  options: CheckRulesOptions,
  files: readonly { readonly name: string; readonly text: string }[],
): RuleNames | null {
  const path = chosenFile(context, options);
  if (path === null) return null;
  const { config } = checkConfig(path, context.env);
  if (config === null) {
    const why = `${path} has problems (\`tocsin check\` tells them)`;
    context.complain(`names of alerts, receivers and runbooks are not checked: ${why}`);
    return null;
  }
  const groups = [
    ...config.ruleGroups,
    ...files.flatMap(({ name, text }) => readRuleGroups(text, name, context.env).groups),
  ];
  return {
    alerts: groups.flatMap(({ rules }) =>
      rules.filter(({ kind }) => kind === 'alert').map(({ name }) => name),
    ),
    receivers: config.receivers.map(({ name }) => name),
    runbooks: knownNames().runbooks,
  };
}

interface Checked {
  readonly file: string;
  readonly groups: readonly { readonly rules: readonly unknown[] }[];
  readonly problems: readonly Problem[];
}

const summary = ({ file, groups }: Checked) => ({ file, groups: groups.length, rules: countRules(groups) });
const countRules = (groups: Checked['groups']): number =>
  groups.reduce((sum, { rules }) => sum + rules.length, 0);

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function tell(context: Context, { file, groups, problems }: Checked): void {
  for (const problem of problems)
    context.complain(paint(context, problem.level === 'error' ? 'red' : 'yellow', problemText(problem)));
  const errors = problems.filter(({ level }) => level === 'error').length;
  const warnings = problems.length - errors;
  const remarks = warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`;
  if (errors > 0) context.complain(`${file} has ${counted(errors, 'error')}${remarks}`);
  else
    context.print(
      `${paint(context, 'green', `${file} is valid`)}: ${counted(countRules(groups), 'rule')} in ${counted(groups.length, 'group')}${remarks}`,
    );
}
