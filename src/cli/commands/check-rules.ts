/** `tocsin check rules`: can these rule files be evaluated, and do they mean what their authors want? */
import { problemText, type Problem } from '../../config/problems';
import { checkRuleFile } from '../../config/rule-groups';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { namedFiles, readText } from '../files';
import { paint } from '../show';

export interface CheckRulesOptions {
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
  const seen = new Map<string, string>();
  const checked = files.map(({ path, name }) => ({
    file: name,
    ...checkRuleFile(readText(path), name, seen, context.env),
  }));
  const problems = checked.flatMap((each) => each.problems);
  const failed = problems.some(({ level }) => level === 'error' || options.strict === true);
  if (options.json)
    context.print(JSON.stringify({ valid: !failed, files: checked.map(summary), problems }, null, 2));
  else for (const each of checked) tell(context, each);
  return failed ? EXIT.usage : EXIT.ok;
}

interface Checked {
  readonly file: string;
  readonly groups: readonly { readonly rules: readonly unknown[] }[];
  readonly problems: readonly Problem[];
}

const summary = ({ file, groups }: Checked) => ({ file, groups: groups.length, rules: countRules(groups) });
const countRules = (groups: Checked['groups']): number =>
  groups.reduce((sum, { rules }) => sum + rules.length, 0);

function tell(context: Context, { file, groups, problems }: Checked): void {
  for (const problem of problems)
    context.complain(paint(context, problem.level === 'error' ? 'red' : 'yellow', problemText(problem)));
  const errors = problems.filter(({ level }) => level === 'error').length;
  const warnings = problems.length - errors;
  const remarks = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  if (errors > 0) context.complain(`${file} has ${errors} ${errors === 1 ? 'error' : 'errors'}${remarks}`);
  else
    context.print(
      `${paint(context, 'green', `${file} is valid`)}: ${countRules(groups)} rules in ${groups.length} groups${remarks}`,
    );
}
