const { existsSync } = require('node:fs');
const { join } = require('node:path');

/**
 * Tests run on TypeScript through SWC; types are checked by `npm run lint`. Each project says what its suites stand on, and
 * jest runs a project's set-up only when one of its tests is selected: unit tests alone start no server.
 */
const sources = ['src', 'workflows', 'activities', 'workers', 'runbooks'].filter((folder) =>
  existsSync(join(__dirname, folder)),
);

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

const withAllTests = process.env.npm_lifecycle_event === 'test';

/** The rooms that decide whether somebody is paged or something is touched. */
const DECIDING = ['domain', 'evaluate', 'dispatch', 'mute', 'notify', 'oncall', 'remediate'];

const atLeast = (lines, rooms) => rooms.map((room) => [`./src/${room}/`, { lines }]);

module.exports = {
  testTimeout: 60_000,
  projects: [
    project('unit', ['unit']),
    project('workflows', ['workflows', 'replay'], 'setup-workflows'),
    project('servers', ['contract', 'acceptance'], 'setup-servers'),
    project('chaos', ['chaos'], 'setup-servers'),
  ],
  // Only with all tests: a few suites' coverage says nothing.
  collectCoverage: withAllTests,
  // Counters in the code: V8's own counting makes the whole run take twice as long.
  coverageProvider: 'babel',
  coverageReporters: ['text', 'json-summary'],
  ...(withAllTests && { coverageThreshold: { global: {}, ...Object.fromEntries(atLeast(90, DECIDING)) } }),
  // Counting costs time everywhere: it is done where a bound is set.
  collectCoverageFrom: DECIDING.map((room) => `src/${room}/**/*.ts`),
  coveragePathIgnorePatterns: ['/node_modules/', '/dist/', '/.tocsin/', '/test/'],
};
