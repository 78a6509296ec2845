/** The commands that run the system: `start`, `dev`, `demo`. */
import { join, resolve } from 'node:path';
import { chosenFile, startConfig, type ConfigOption } from '../configuration';
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
  await runRoles(config, roles);
  return EXIT.ok;
}

/** In the order of `ROLES`, each once. */
export function rolesOf(words: readonly string[]): Role[] {
  const named = new Set(words.map((word) => wordOf('role', word, [...ROLES, 'all'])));
  return ROLES.filter((role) => named.has('all') || named.has(role));
}

export interface DevCommandOptions extends ConfigOption {
  readonly data: string;
}

export async function dev(context: Context, options: DevCommandOptions): Promise<ExitCode> {
  const example = join(packageFolder(), 'examples', 'dev.yaml');
  const config = startConfig(context, { config: chosenFile(context, options) ?? example });
  const { runDev } = context.wiring;
  await runDev({ config, dataDir: resolve(options.data), print: context.print });
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
