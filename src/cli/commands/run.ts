/** The commands that run the system: `start`, `dev`, `demo`. */
import { join, resolve } from 'node:path';
import { loadConfig } from '../../config/load';
import { chosenFile, knownNames, startConfig, type ConfigOption } from '../configuration';
import type { ServerEnvironment } from '../../dev/servers';
import { packageFolder } from '../../observe/version';
import type { Context } from '../context';
import { EXIT, type ExitCode } from '../failures';
import { ROLES, type Role } from '../port';
import { wordOf } from '../words';

export async function start(
  context: Context,
  words: readonly string[],
  options: ConfigOption,
): Promise<ExitCode> {
  const roles = rolesOf(words);
  const config = startConfig(context, options);
  const { runRoles } = context.wiring;
  await runRoles(config, roles, () => startConfig(context, options));
  return EXIT.ok;
}

/** In the order of `ROLES`, each once. */
export function rolesOf(words: readonly string[]): Role[] {
  const named = new Set(words.map((word) => wordOf('role', word, [...ROLES, 'all'])));
  return ROLES.filter((role) => named.has('all') || named.has(role));
}

const ANYWHERE: ServerEnvironment = {
  TOCSIN_KAFKA: '127.0.0.1:9092',
  TOCSIN_TEMPORAL: '127.0.0.1:7233',
  TOCSIN_POSTGRES: 'postgres://postgres@127.0.0.1:5432/tocsin',
};

export interface DevCommandOptions extends ConfigOption {
  readonly data: string;
}

/** All problems of the file are told before a server is started. Where those will be is not known by then. */
export async function dev(context: Context, options: DevCommandOptions): Promise<ExitCode> {
  const file = chosenFile(context, options) ?? join(packageFolder(), 'examples', 'dev.yaml');
  const { runDev } = context.wiring;
  startConfig({ ...context, env: { ...context.env, ...ANYWHERE } }, { config: file });
  await runDev({
    configAt: (servers) => loadConfig(file, { ...context.env, ...servers }, knownNames()),
    file: resolve(file),
    dataDir: resolve(options.data),
    print: context.print,
  });
  return EXIT.ok;
}

export async function demo(
  context: Context,
  options: { readonly data: string; readonly keep?: boolean },
): Promise<ExitCode> {
  const { runDemo } = context.wiring;
  const happened = await runDemo({
    dataDir: resolve(options.data),
    print: context.print,
    keep: options.keep,
  });
  return happened ? EXIT.ok : EXIT.failed;
}
