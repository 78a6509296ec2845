/** What came of test files: for people, as JUnit for a CI server, and which tests are asked for. */
import junit from 'junit-report-builder';
import { messageOf } from '../../domain/errors';
import { compileMatchers } from '../../domain/matchers';
import type { Context } from '../context';
import { usage } from '../failures';
import { paint } from '../show';

export interface Tested {
  readonly file: string;
  /** Why nothing of it could be run. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  readonly tests: readonly { readonly name: string; readonly failures: readonly string[] }[];
}

export const hasFailed = ({ errors, tests }: Tested): boolean =>
  errors.length > 0 || tests.some(({ failures }) => failures.length > 0);

/** Like promtool's: a name need only contain a match. */
export function nameFilter(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const value = patterns.map((pattern) => `.*(?:${pattern}).*`).join('|');
  try {
    const matches = compileMatchers([{ name: 'name', op: '=~', value }]);
    return (name) => matches({ name });
  } catch (error) {
    throw usage(`--run: ${messageOf(error)}`);
  }
}

/** Throws where tests are asked for that no file has. */
export function refuseNoneChosen(tested: readonly Tested[], patterns: readonly string[]): void {
  if (patterns.length === 0 || !tested.every(({ errors, tests }) => errors.length + tests.length === 0))
    return;
  throw usage(`no test has a name that matches ${patterns.join(' or ')}`);
}

export function tell(context: Context, tested: Tested, isChosen: boolean): void {
  for (const warning of tested.warnings)
    context.complain(`  ${paint(context, 'yellow', `WARNING: ${warning}`)}`);
  if (!hasFailed(tested)) {
    const isNone = isChosen && tested.tests.length === 0;
    context.print(isNone ? '  no test of such a name' : `  ${paint(context, 'green', 'SUCCESS')}`);
    context.print('');
    return;
  }
  context.complain(`  ${paint(context, 'red', 'FAILED:')}`);
  for (const error of [...tested.errors, ...tested.tests.flatMap(({ failures }) => failures)])
    context.complain(`${error}\n`);
}

export const casesJson = ({ tests }: Tested) =>
  tests.map(({ name, failures }) => ({ name, passed: failures.length === 0, failures }));

export function writeJunit(path: string, tested: readonly Tested[]): void {
  const builder = junit.newBuilder();
  for (const { file, errors, tests } of tested) {
    const suite = builder.testSuite().name(file);
    for (const error of errors) suite.testCase().name('the file').error(error);
    for (const { name, failures } of tests) {
      const test = suite.testCase().name(name);
      // A test case holds one failure: a second would take the first one's place.
      if (failures.length > 0) test.failure(failures.join('\n\n'));
    }
  }
  builder.writeTo(path);
}
