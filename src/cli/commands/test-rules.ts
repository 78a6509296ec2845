/**
 * `tocsin test rules`: do the rules do what their tests say? Exit codes are promtool's: 0 all passed, 1 a test failed or
 * could not be run.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { RuleGroup } from '../../domain/rule-group';
import { filesOf } from '../../config/globs';
import { didYouMean, problemText } from '../../config/problems';
import { readRuleGroups } from '../../config/rule-groups';
import { readRuleTests } from '../../config/rule-test-file';
import type { RuleTest, RuleTestFile } from '../../evaluate/port';
import { runRuleTest, type TestedRule } from '../../evaluate/rule-test';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { matchingFiles, unreadable } from '../files';
import { failureLines } from '../test-failure';
import {
  casesJson,
  hasFailed,
  nameFilter,
  refuseNoneChosen,
  tell,
  writeJunit,
  type Tested,
} from './test-report';

export interface TestRulesOptions {
  readonly run: readonly string[];
  readonly coverage?: boolean;
  readonly junit?: string;
  readonly json?: boolean;
}

interface TestedFile extends Tested {
  readonly tests: readonly TestedCase[];
  readonly rules: readonly TestedRule[];
}

interface TestedCase {
  readonly name: string;
  readonly failures: readonly string[];
  readonly covered: readonly TestedRule[];
}

export function testRules(
  context: Context,
  patterns: readonly string[],
  options: TestRulesOptions,
): ExitCode {
  const wanted = nameFilter(options.run);
  const files = patterns.flatMap(matchingFiles);
  const tested = files.map(({ path, name }) => {
    if (!options.json) context.print(`Processing test file: ${name}`);
    const result = testFile(path, name, wanted);
    if (!options.json) tell(context, result, options.run.length > 0);
    return result;
  });
  refuseNoneChosen(tested, options.run);
  if (options.junit !== undefined) writeJunit(options.junit, tested);
  const failed = tested.some(hasFailed);
  if (options.json) context.print(JSON.stringify({ passed: !failed, files: tested.map(asJson) }, null, 2));
  else if (options.coverage) tellCoverage(context, tested);
  return failed ? EXIT.failed : EXIT.ok;
}

function testFile(path: string, name: string, wanted: (name: string) => boolean): TestedFile {
  const none = { file: name, warnings: [], tests: [], rules: [] };
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    return { ...none, errors: [unreadable(name, error)] };
  }
  const { file, problems } = readRuleTests(content, name);
  if (file === null) return { ...none, errors: problems.map(problemText) };
  const { groups, errors, warnings } = readRules(file, dirname(path));
  if (errors.length > 0) return { ...none, errors, warnings };
  const tests = file.tests
    .filter((test) => wanted(test.named ? test.name : ''))
    .map((test) => testCase(test, file, groups));
  const unknown = unknownAlerts(file, groups);
  return { ...none, errors: [], warnings: [...warnings, ...unknown], tests, rules: groups.flatMap(rulesOf) };
}

/** An alert that no rule has never fires: a test that expects just that passes, whatever the rules do. */
function unknownAlerts({ tests }: RuleTestFile, groups: readonly RuleGroup[]): string[] {
  const rules = groups.flatMap((group) => group.rules).filter(({ kind }) => kind === 'alert');
  const known = [...new Set(rules.map(({ name }) => name))];
  const asked = new Set(tests.flatMap(({ alerts }) => alerts.map(({ alertname }) => alertname)));
  return [...asked]
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = didYouMean(name, known);
      const hint = near === null ? '' : `; did you mean "${near}"?`;
      return `the rule files have no alert ${JSON.stringify(name)}${hint}`;
    });
}

function testCase(test: RuleTest, file: RuleTestFile, groups: readonly RuleGroup[]): TestedCase {
  const { failures, covered } = runRuleTest(test, file, groups);
  return {
    name: test.name,
    failures: failures.map((failure) => failureLines(test, failure).join('\n')),
    covered,
  };
}

const rulesOf = ({ file, name, rules }: RuleGroup): TestedRule[] =>
  rules.map((rule) => ({ file, group: name, rule: rule.name }));

function readRules({ ruleFiles }: RuleTestFile, folder: string) {
  const groups: RuleGroup[] = [];
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const pattern of ruleFiles) {
    const found = filesOf(pattern, folder);
    if (found.length === 0) warnings.push(`no file matches ${pattern}`);
    for (const path of found) {
      try {
        const read = readRuleGroups(readFileSync(path, 'utf8'), path);
        groups.push(...read.groups);
        errors.push(...read.problems.filter(({ level }) => level === 'error').map(problemText));
      } catch (error) {
        errors.push(unreadable(path, error));
      }
    }
  }
  return { groups, errors, warnings };
}

/** Rules of all files that no test reached. */
function untested(tested: readonly TestedFile[]): TestedRule[] {
  const id = ({ file, group, rule }: TestedRule): string => JSON.stringify([file, group, rule]);
  const reached = new Set(tested.flatMap(({ tests }) => tests.flatMap(({ covered }) => covered.map(id))));
  const all = new Map(tested.flatMap(({ rules }) => rules.map((rule) => [id(rule), rule])));
  return [...all].filter(([key]) => !reached.has(key)).map(([, rule]) => rule);
}

function tellCoverage(context: Context, tested: readonly TestedFile[]): void {
  const missing = untested(tested);
  const total = new Set(tested.flatMap(({ rules }) => rules.map((rule) => JSON.stringify(rule)))).size;
  const share = total === 0 ? 100 : Math.floor(((total - missing.length) / total) * 100);
  context.print(`Coverage: ${total - missing.length} of ${total} rules (${share} %)`);
  for (const { file, group, rule } of missing)
    context.print(`  ${rule}: never fired or yielded anything (group "${group}", ${basename(file ?? '')})`);
}

function asJson(tested: TestedFile) {
  const { file, errors, warnings } = tested;
  return { file, errors, warnings, tests: casesJson(tested), untested: untested([tested]) };
}
