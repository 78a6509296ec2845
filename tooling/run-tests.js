/**
 * `npm test`: all tests. Those that need no server, and then those that kill theirs, run beside those that wait for servers
 * most of their time, so that two cores are enough for both; coverage is counted where it is bounded, in the first. With
 * arguments that choose tests, jest runs alone with them.
 */
const { spawn } = require('node:child_process');
const { join } = require('node:path');

const JEST = join(__dirname, '..', 'node_modules', 'jest', 'bin', 'jest.js');
const OUTPUT = '--outputFile=';

/** Two rows at the same time, and the runs of each one after the other. Each writes its results beside the others'. */
const ROWS = [
  [{ name: 'servers', args: ['--selectProjects', 'servers', '--coverage=false'] }],
  [
    { name: 'alone', args: ['--selectProjects', 'unit', 'workflows'] },
    { name: 'chaos', args: ['--selectProjects', 'chaos', '--coverage=false'] },
  ],
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
  return Math.max(...(await Promise.all(ROWS.map((row) => oneByOne(row, given)))));
}

async function oneByOne(runs, given) {
  let worst = 0;
  for (const run of runs) worst = Math.max(worst, await jest(argsOf(run, given)));
  return worst;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
