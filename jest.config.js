const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { join, relative } = require('node:path');

/**
 * Tests run on TypeScript through SWC; types are checked by `npm run lint`. Each project says what its suites stand on, and
 * jest runs a project's set-up only when one of its tests is selected: unit tests alone start no server.
 */
const sources = ['src', 'workflows', 'activities', 'workers', 'runbooks'].filter((folder) =>
  existsSync(join(__dirname, folder)),
);

const covered = process.env.npm_lifecycle_event === 'test' || process.argv.includes('--coverage');

/** Ports and words compile to nothing, so no test can load them; their lines would count as never run. */
function typesOnly() {
  const { transformSync } = require('@swc/core');
  const jsc = { parser: { syntax: 'typescript' }, target: 'es2022' };
  const files = sources.flatMap((folder) =>
    readdirSync(join(__dirname, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return files
    .filter((file) => /^\s*(export \{\s*\};?)?\s*$/.test(compiled(file)))
    .map((file) => relative(__dirname, file));

  function compiled(file) {
    const { code } = transformSync(readFileSync(file, 'utf8'), { jsc, swcrc: false, configFile: false });
    return code.replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
  }
}

const project = (displayName, folders, setup) => ({
  displayName,
  rootDir: __dirname,
  roots: ['<rootDir>/test', ...sources.map((folder) => `<rootDir>/${folder}`)],
  testEnvironment: 'node',
  testMatch: folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`),
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, sourceMaps: 'inline' },
    ],
  },
  ...(setup && {
    globalSetup: `<rootDir>/test/harness/${setup}.ts`,
    globalTeardown: '<rootDir>/test/harness/teardown.ts',
  }),
});

module.exports = {
  testTimeout: 60_000,
  projects: [
    project('unit', ['unit']),
    project('workflows', ['workflows', 'replay'], 'setup-workflows'),
    project('servers', ['contract', 'acceptance', 'chaos'], 'setup-servers'),
  ],
  // Only with all tests: a few suites' coverage says nothing.
  collectCoverage: process.env.npm_lifecycle_event === 'test',
  coverageProvider: 'v8',
  coverageReporters: ['text', 'json-summary'],
  collectCoverageFrom: [
    ...sources.map((folder) => `${folder}/**/*.ts`),
    '!**/*.d.ts',
    ...(covered ? typesOnly().map((file) => `!${file}`) : []),
  ],
  coveragePathIgnorePatterns: ['/node_modules/', '/dist/', '/.tocsin/', '/test/'],
};
