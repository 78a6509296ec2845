/** Which configuration a command works with: `--config`, else TOCSIN_CONFIG, else ./tocsin.yaml. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config';
import type { Known } from '../config/cross-checks';
import type { Env } from '../config/env';
import { checkConfig, loadConfig } from '../config/load';
import { problemText } from '../config/problems';
import { atServers } from '../config/servers';
import type { RunningDev } from '../dev/running';
import type { Context } from './context';
import { usage } from './failures';
import { lazy } from './lazy';

export const DEFAULT_FILE = 'tocsin.yaml';

export interface ConfigOption {
  readonly config?: string;
}

/** Null where there is none. */
export function chosenFile({ env }: Context, { config }: ConfigOption): string | null {
  if (config !== undefined) return config;
  if (env.TOCSIN_CONFIG) return env.TOCSIN_CONFIG;
  return existsSync(DEFAULT_FILE) ? DEFAULT_FILE : null;
}

/** The file that has to be there. */
export function requiredFile(context: Context, option: ConfigOption): string {
  const file = chosenFile(context, option);
  if (file === null)
    throw usage(
      `there is no ${DEFAULT_FILE} here; name one with --config or in TOCSIN_CONFIG, such as --config examples/dev.yaml`,
    );
  return file;
}

/** Checked against the runbooks and metrics that are there; warnings are told. */
export function startConfig(context: Context, option: ConfigOption): Config {
  const config = loadConfig(requiredFile(context, option), context.env, knownNames());
  for (const warning of config.warnings) context.complain(problemText(warning));
  return config;
}

/** For commands that only look something up in the file: without one, in that of the `tocsin dev` that runs here. */
export function readConfig(context: Context, option: ConfigOption): Config {
  const dev = devOf(context, option);
  return loadConfig(dev?.file ?? requiredFile(context, option), dev?.env ?? context.env);
}

/**
 * For commands that reach servers: those of the `tocsin dev` that runs here, unless another file is named; without
 * either, those in the environment or at the default addresses.
 */
export function serverConfig(context: Context, option: ConfigOption): Config {
  const file = chosenFile(context, option);
  const dev = devOf(context, option);
  if (dev === null) return loadConfig(file ?? DEFAULT_SERVERS, context.env);
  if (file !== null) return atServers(loadConfig(file, dev.env), dev.env);
  // Its file may take more from the environment than this terminal has; where the servers are is known all the same.
  const { config } = checkConfig(dev.file, dev.env);
  return config === null ? loadConfig(DEFAULT_SERVERS, dev.env) : atServers(config, dev.env);
}

export interface InstanceOption extends ConfigOption {
  /** Of `tocsin serve`; left out, the configuration's, and where its file names none TOCSIN_INSTANCE. */
  readonly instance?: string;
}

/** For commands that may ask for another instance on the same servers, of which the file says nothing more. */
export function instanceConfig(context: Context, option: InstanceOption): Config {
  const config = serverConfig(context, option);
  const instance = option.instance ?? (config.instance || context.env.TOCSIN_INSTANCE || '');
  return instance === config.instance ? config : { ...config, instance, file: null };
}

/** Whose alerts were asked for, for who has forgotten to name another. */
export const instanceText = ({ instance }: Config): string =>
  instance === '' ? 'the default instance (--instance names another)' : `instance ${instance}`;

/** Servers that this terminal's environment names go before those of the running one. */
function devOf(
  context: Context,
  option: ConfigOption,
): { file: string; env: Env & RunningDev['environment'] } | null {
  const file = chosenFile(context, option);
  const dev = context.runningDev();
  if (dev === null || (file !== null && resolve(file) !== dev.file)) return null;
  const set = Object.entries(context.env).filter((each): each is [string, string] => Boolean(each[1]));
  return { file: dev.file, env: { ...dev.environment, ...Object.fromEntries(set) } };
}

/** Nobody has configured anything: servers are where the environment says, or at their usual ports. */
const DEFAULT_SERVERS = { path: null, text: '' };

/** What a configuration may refer to. Loads the collectors, so only where it is checked. */
export function knownNames(): Known {
  const { runbooks } = lazy.runbooks();
  const { CATALOGUE } = lazy.catalogue();
  const groups: Record<string, string[]> = {};
  for (const { type, group } of CATALOGUE)
    if (group !== null && !groups[type]?.includes(group)) (groups[type] ??= []).push(group);
  return { runbooks, metrics: CATALOGUE, groups };
}
