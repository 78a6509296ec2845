/**
 * `tocsin test config`: does a configuration tell whom its tests say, and nobody else? An alertmanager.yml is asked for routes,
 * groups and mutes, a tocsin.yaml for escalation and for what the fatigue limit does. Exit codes are those of `tocsin test rules`.
 */
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { checkAlertmanager } from '../../config/alertmanager/load';
import { isAlertmanager } from '../../config/alertmanager/recognise';
import type { Config } from '../../config/config';
import { readConfigTests } from '../../config/config-test-file';
import type { TestedNames } from '../../config/config-test-names';
import { checkConfig } from '../../config/load';
import { problemText, type Problem } from '../../config/problems';
import type { MatcherMode } from '../../domain/alertmanager-matchers';
import { alertmanagerReceiver } from '../../domain/drill';
import { compileMatchers } from '../../domain/matchers';
import { pageOf } from '../../dispatch/policy';
import type { Labels } from '../../domain/labels';
import {
  runConfigTest,
  runEscalationTest,
  runFatigueTest,
  type ConfigFailure,
  type FatiguePolicy,
} from '../../whatif/config-test';
import type { ConfigTest } from '../../whatif/port';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { matchingFiles, unreadable } from '../files';
import { matcherModeOf } from '../matcher-mode';
import {
  casesJson,
  hasFailed,
  nameFilter,
  refuseNoneChosen,
  tell,
  writeJunit,
  type Tested,
} from './test-report';

export interface TestConfigOptions {
  readonly run: readonly string[];
  readonly junit?: string;
  readonly json?: boolean;
  readonly enableFeature?: string;
}

export function testConfig(
  context: Context,
  patterns: readonly string[],
  options: TestConfigOptions,
): ExitCode {
  const wanted = nameFilter(options.run);
  const mode = matcherModeOf(options.enableFeature);
  const tested = patterns.flatMap(matchingFiles).map(({ path, name }) => {
    if (!options.json) context.print(`Processing test file: ${name}`);
    const result = testFile(context, { path, name, mode, wanted });
    if (!options.json) tell(context, result, options.run.length > 0);
    return result;
  });
  refuseNoneChosen(tested, options.run);
  if (options.junit !== undefined) writeJunit(options.junit, tested);
  const failed = tested.some(hasFailed);
  if (options.json) {
    const files = tested.map((each) => ({ file: each.file, errors: each.errors, tests: casesJson(each) }));
    context.print(JSON.stringify({ passed: !failed, files }, null, 2));
  }
  return failed ? EXIT.failed : EXIT.ok;
}

interface Asked {
  readonly path: string;
  readonly name: string;
  readonly mode: MatcherMode;
  readonly wanted: (name: string) => boolean;
}

function testFile(context: Context, { path, name, mode, wanted }: Asked): Tested {
  const none: Tested = { file: name, errors: [], warnings: [], tests: [] };
  const content = textOf(path, name);
  if ('error' in content) return { ...none, errors: [content.error] };
  const { file, problems, unknownTo } = readConfigTests(content.text, name, mode, context.now());
  if (file === null) return { ...none, errors: problems.map(problemText) };
  const { config } = file;
  const { run, errors } = runnerOf(context, isAbsolute(config) ? config : join(dirname(path), config), mode);
  if (run === null) return { ...none, errors };
  const misplaced = file.tests.flatMap((test) => run.refuses(test));
  if (misplaced.length > 0) return { ...none, errors: [...new Set(misplaced)] };
  const unknown = unknownTo({ file: config, ...run.names });
  if (unknown.length > 0) return { ...none, errors: unknown.map(problemText) };
  const tests = file.tests
    .filter((test) => wanted(test.name))
    .map((test) => ({
      name: test.name,
      failures: run.failures(test).map((each) => failureText(test, each)),
    }));
  return { ...none, tests };
}

function textOf(path: string, name: string): { text: string } | { error: string } {
  try {
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { error: unreadable(name, error) };
  }
}

interface Runner {
  readonly names: Omit<TestedNames, 'file'>;
  failures(test: ConfigTest): readonly ConfigFailure[];
  /** What this kind of configuration cannot be asked for. */
  refuses(test: ConfigTest): string[];
}

function runnerOf(
  context: Context,
  path: string,
  mode: MatcherMode,
): { run: Runner | null; errors: readonly string[] } {
  const content = textOf(path, path);
  if ('error' in content) return { run: null, errors: [content.error] };
  if (!isAlertmanager(content.text, path)) {
    const { config, problems } = checkConfig(path, context.env);
    if (config === null) return { run: null, errors: errorsOf(problems) };
    const escalations = config.escalations.map(({ matchers, policy }) => ({
      policy,
      matches: compileMatchers(matchers),
    }));
    const policyOf = (labels: Labels) => escalations.find((each) => each.matches(labels))?.policy ?? null;
    return { run: ownRunner(config, policyOf), errors: [] };
  }
  const { config, problems } = checkAlertmanager(content.text, path, { matcherMode: mode });
  if (config === null) return { run: null, errors: errorsOf(problems) };
  const run: Runner = {
    names: {
      receivers: config.receivers.map(({ name }) => name),
      inhibitRules: config.inhibitRules.map(({ name }) => name),
      timeIntervals: config.timeIntervals.map(({ name }) => name),
    },
    failures: (test) => runConfigTest(test, config),
    refuses: ({ name, alerts }) =>
      alerts.some(({ escalation, single, digest, afterMs }) => escalation ?? single ?? digest ?? afterMs > 0)
        ? [
            `test ${name}: escalation, after, single and digest are asked of a tocsin.yaml; ${path} is Alertmanager's and has none of it`,
          ]
        : [],
  };
  return { run, errors: [] };
}

/** Whom an escalation level may name. */
const receiversOf = ({ receivers, alertmanager }: Config): string[] => [
  ...receivers.map(({ name }) => name),
  ...(alertmanager?.receivers ?? []).map(alertmanagerReceiver),
];

/** Who is told by the rule itself is not known here: a test has alerts, and no rules. */
function ownRunner(config: Config, policyOf: Parameters<typeof runEscalationTest>[1]): Runner {
  const pageFor = pageOf(config.page, config.pages, config.pageBySeverity);
  const fatigue: FatiguePolicy = {
    limit: config.fatigueLimit,
    pageOf: (labels) => pageFor({ labels }),
  };
  return {
    names: { receivers: receiversOf(config) },
    failures: (test) => [...runEscalationTest(test, policyOf), ...runFatigueTest(test, fatigue)],
    refuses: ({ name, alerts }) =>
      alerts.some((alert) => alert.receivers ?? alert.told ?? alert.groups ?? alert.mutedBy)
        ? [
            `test ${name}: receivers, told, groups and muted_by are asked of an alertmanager.yml; of a tocsin.yaml escalation, single and digest`,
          ]
        : [],
  };
}

const errorsOf = (problems: readonly Problem[]): string[] =>
  problems.filter(({ level }) => level === 'error').map(problemText);

const failureText = ({ name, at }: ConfigTest, { alert, what, expected, got }: ConfigFailure): string =>
  [
    `    name: ${name}, at ${new Date(at).toISOString()},`,
    `    alert: ${alert}, ${what}:`,
    `        exp: ${expected}`,
    `        got: ${got}`,
  ].join('\n');
