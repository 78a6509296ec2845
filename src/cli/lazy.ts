/**
 * What is read from disk only when a command needs it, so that `tocsin --help` starts before any driver is loaded. By
 * `createRequire`, because it finds the modules in `dist` as in the sources.
 */
import { createRequire } from 'node:module';
import { packageVersion } from '../observe/version';
import type { Synthetic, Wiring } from './port';

const read = createRequire(__filename);

export const lazy = {
  alerts: () => read('./commands/alerts') as typeof import('./commands/alerts'),
  showAlert: () => read('./commands/show-alert') as typeof import('./commands/show-alert'),
  oncall: () => read('./commands/oncall') as typeof import('./commands/oncall'),
  incidents: () => read('./commands/incidents') as typeof import('./commands/incidents'),
  maintenance: () => read('./commands/maintenance') as typeof import('./commands/maintenance'),
  silences: () => read('./commands/silences') as typeof import('./commands/silences'),
  remediation: () => read('./commands/remediation') as typeof import('./commands/remediation'),
  rules: () => read('./commands/rules') as typeof import('./commands/rules'),
  shadow: () => read('./commands/shadow') as typeof import('./commands/shadow'),
  targets: () => read('./commands/targets') as typeof import('./commands/targets'),
  check: () => read('./commands/check') as typeof import('./commands/check'),
  checkRules: () => read('./commands/check-rules') as typeof import('./commands/check-rules'),
  testRules: () => read('./commands/test-rules') as typeof import('./commands/test-rules'),
  backtest: () => read('./commands/backtest') as typeof import('./commands/backtest'),
  query: () => read('./commands/query') as typeof import('./commands/query'),
  run: () => read('./commands/run') as typeof import('./commands/run'),
  generate: () => read('./commands/generate') as typeof import('./commands/generate'),
  serve: () => read('./commands/serve') as typeof import('./commands/serve'),
  why: () => read('./commands/why') as typeof import('./commands/why'),
  routes: () => read('./commands/routes') as typeof import('./commands/routes'),
  configDiff: () => read('./commands/config-diff') as typeof import('./commands/config-diff'),
  drills: () => read('./commands/drills') as typeof import('./commands/drills'),
  receivers: () => read('./commands/receivers') as typeof import('./commands/receivers'),
  testConfig: () => read('./commands/test-config') as typeof import('./commands/test-config'),
  send: () => read('./commands/send') as typeof import('./commands/send'),
  version: packageVersion,

  catalogue: () => read('../collect/catalogue') as typeof import('../collect/catalogue'),
  synthetic: () => read('../collect/synthetic') as Synthetic,
  runbooks: () => read('../../runbooks') as typeof import('../../runbooks'),
};

const workers = {
  operator: () => read('../../workers/operator') as typeof import('../../workers/operator'),
  roles: () => read('../../workers/roles') as typeof import('../../workers/roles'),
  dev: () => read('../../workers/dev') as typeof import('../../workers/dev'),
  serve: () => read('../../workers/serve') as typeof import('../../workers/serve'),
  receiverTest: () => read('../../workers/receiver-test') as typeof import('../../workers/receiver-test'),
  demo: () => read('../../workers/demo') as typeof import('../../workers/demo'),
  publisher: () => read('../../workers/publisher') as typeof import('../../workers/publisher'),
  shadow: () => read('../../workers/shadow') as typeof import('../../workers/shadow'),
  keptMetrics: () => read('../../workers/kept-metrics') as typeof import('../../workers/kept-metrics'),
  query: () => read('../../workers/query') as typeof import('../../workers/query'),
};

/** The files of `workers/` that fulfil the port. */
export const wiring: Wiring = {
  openOperator: (config) => workers.operator().openOperator(config),
  runRoles: (...args) => workers.roles().runRoles(...args),
  runDev: (options) => workers.dev().runDev(options),
  runServe: (options) => workers.serve().runServe(options),
  testReceivers: (test) => workers.receiverTest().testReceivers(test),
  runDemo: (options) => workers.demo().runDemo(options),
  openPublisher: (config) => workers.publisher().openPublisher(config),
  readMetrics: (...args) => workers.keptMetrics().readMetrics(...args),
  readShadow: (...args) => workers.shadow().readShadow(...args),
  openEvaluators: (...args) => workers.query().openEvaluators(...args),
};
