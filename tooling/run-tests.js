/**
 * `npm test`: all tests. Those that need no server run beside those that wait for servers most of their time, so that two
 * cores are enough for both; coverage is counted where it is bounded, in the former. With arguments that choose tests, jest
 * runs alone with them.
 */
const { spawn } = require('node:child_process');
const { join } = require('node:path');

const JEST = join(__dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const OUTPUT = '--outputFile=';

/** Each half writes its results beside the other's. */
const RUNS = [
  { name: 'servers', args: ['--selectProjects', 'servers', '--coverage=false'] },
  { name: 'alone', args: ['--selectProjects', 'unit', 'workflows'] },
];

function jest(args) {
  const child = spawn(process.execPath, [JEST, '--runInBand', ...args], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function argsOf({ name, args }, given) {
  const named = given.map((arg) =>
    arg.startsWith(OUTPUT) ? arg.replace(/(\.json)?$/, `.${name}.json`) : arg,
  );
  return [...args, ...named];
}

async function main(given) {
  const chooses = given.some((arg) => arg !== '--json' && !arg.startsWith(OUTPUT));
  if (chooses) return jest(given);
  const codes = await Promise.all(RUNS.map((run) => jest(argsOf(run, given))));
  return Math.max(...codes);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
