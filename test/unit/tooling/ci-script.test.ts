/** `.ci/run` counts what jest reports, and ends with that line whatever fails. npm is a stand-in here. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const SCRIPT = join(__dirname, '../../../.ci/run');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-ci-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Npm {
  readonly ci?: number;
  readonly lint?: number;
  readonly test?: number;
  /** What jest writes of the tests that need no server; null: it wrote nothing. */
  readonly results?: object | null;
  /** What it writes of those that do, and of those that kill theirs; null: nothing. */
  readonly ofServers?: object | null;
  readonly ofChaos?: object | null;
}

function ciRun({
  ci = 0,
  lint = 0,
  test = 0,
  results = null,
  ofServers = results && reported(0),
  ofChaos = results && reported(0),
}: Npm): { status: number | null; last: string; output: string } {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const written = Object.entries({ alone: results, servers: ofServers, chaos: ofChaos }).filter(
    ([, report]) => report !== null,
  );
  for (const [run, report] of written) writeFileSync(join(folder, `${run}.json`), JSON.stringify(report));
  const copies = written.map(([run]) => `cp '${folder}/${run}.json' "\${f%.json}.${run}.json"`).join('; ');
  const write =
    copies === ''
      ? ''
      : `for a in "$@"; do case "$a" in --outputFile=*) f="\${a#*=}"; ${copies};; esac; done`;
  const npm = `#!/bin/sh\ncase "$1" in ci) exit ${ci};; run) exit ${lint};; test) ${write || ':'}\nexit ${test};; esac\nexit 99\n`;
  writeFileSync(join(bin, 'npm'), npm);
  chmodSync(join(bin, 'npm'), 0o755);
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  const { status, stdout } = spawnSync('bash', [SCRIPT], { env, encoding: 'utf8' });
  return { status, last: stdout.trim().split('\n').at(-1)!, output: stdout };
}

const reported = (passed: number, failed = 0, brokenSuites = 0): object => ({
  numTotalTests: passed + failed,
  numPassedTests: passed,
  numFailedTests: failed,
  numRuntimeErrorTestSuites: brokenSuites,
});

test.each([
  ['all is well', { results: reported(42) }, '42 passed, 0 failed', 0],
  ['tests fail', { test: 1, results: reported(40, 2) }, '40 passed, 2 failed', 1],
  ['a suite does not run', { test: 1, results: reported(40, 0, 1) }, '40 passed, 1 failed', 1],
  ['lint fails', { lint: 1, results: reported(42) }, '42 passed, 1 failed', 1],
  ['lint and tests fail', { lint: 1, test: 1, results: reported(41, 1) }, '41 passed, 2 failed', 1],
  [
    'each run has tests',
    { results: reported(30), ofServers: reported(9), ofChaos: reported(3) },
    '42 passed, 0 failed',
    0,
  ],
  ['one run wrote nothing', { test: 1, results: reported(42), ofServers: null }, '42 passed, 1 failed', 1],
  ['chaos failed', { test: 1, results: reported(40), ofChaos: reported(1, 2) }, '41 passed, 2 failed', 1],
  ['the build fails', { test: 2 }, '0 passed, 1 failed', 1],
  ['tests pass but jest ends badly', { test: 1, results: reported(42) }, '42 passed, 1 failed', 1],
  ['the install fails', { ci: 1 }, '0 passed, 1 failed', 1],
] as const)('when %s', (_when, npm, last, status) => {
  expect(ciRun(npm)).toMatchObject({ last, status });
});

test('each step has a line when it begins and one when it ends', () => {
  const { output } = ciRun({ lint: 1, results: reported(1) });
  expect(output).toMatch(/^\[ci 00:\d\d\] npm ci …$/m);
  expect(output).toMatch(/^\[ci\] lint \(eslint, prettier, tsc\): failed \(1\) in \d+ s$/m);
  expect(output).toMatch(/^\[ci\] npm test: ok in \d+ s$/m);
});
