/**
 * What is read from disk only when a command needs it, so that `tocsin --help` starts before any driver is loaded. By
 * `createRequire`, because it finds the modules in `dist` as in the sources.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Synthetic, Wiring } from './port';

const read = createRequire(__filename);

export const lazy = {
  alerts: () => read('./commands/alerts') as typeof import('./commands/alerts'),
  showAlert: () => read('./commands/show-alert') as typeof import('./commands/show-alert'),
  rules: () => read('./commands/rules') as typeof import('./commands/rules'),
  targets: () => read('./commands/targets') as typeof import('./commands/targets'),
  check: () => read('./commands/check') as typeof import('./commands/check'),
  run: () => read('./commands/run') as typeof import('./commands/run'),
  generate: () => read('./commands/generate') as typeof import('./commands/generate'),
  version: () => packageVersion(__dirname),

  catalogue: () => read('../collect/catalogue') as typeof import('../collect/catalogue'),
  synthetic: () => read('../collect/synthetic') as Synthetic,
  runbooks: () => read('../../runbooks') as typeof import('../../runbooks'),
};

/** The files of `workers/` that fulfil the port. */
export const wiring: Wiring = {
  openOperator: (config) => (read('../../workers/operator') as Wiring).openOperator(config),
  runRoles: (config, roles) => (read('../../workers/roles') as Wiring).runRoles(config, roles),
  runDev: (options) => (read('../../workers/dev') as Wiring).runDev(options),
  runDemo: (options) => (read('../../workers/demo') as Wiring).runDemo(options),
  openPublisher: (config) => (read('../../workers/publisher') as Wiring).openPublisher(config),
};

/** The package's file is two folders up in the sources and three in `dist`. */
function packageVersion(folder: string): string {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return (read(file) as { version: string }).version;
  return packageVersion(dirname(folder));
}
