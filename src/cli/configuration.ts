/** Which configuration a command works with: `--config`, else TOCSIN_CONFIG, else ./tocsin.yaml. */
import { existsSync } from 'node:fs';
import type { Config } from '../config/config';
import type { Known } from '../config/cross-checks';
import { loadConfig } from '../config/load';
import { problemText } from '../config/problems';
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
    throw usage(`there is no ${DEFAULT_FILE} here; name one with --config or in TOCSIN_CONFIG`);
  return file;
}

/** Checked against the runbooks and metrics that are there; warnings are told. */
export function startConfig(context: Context, option: ConfigOption): Config {
  const config = loadConfig(requiredFile(context, option), context.env, knownNames());
  for (const warning of config.warnings) context.complain(problemText(warning));
  return config;
}

/** For commands that only look something up in the file. */
export function readConfig(context: Context, option: ConfigOption): Config {
  return loadConfig(requiredFile(context, option), context.env);
}

/** For commands that reach servers: without a file, those at the default addresses or in the environment. */
export function serverConfig(context: Context, option: ConfigOption): Config {
  const file = chosenFile(context, option);
  return loadConfig(file ?? { text: SERVERS, path: null }, context.env);
}

/** Where servers are when nobody configured anything. */
const SERVERS = `
kafka: { brokers: ["\${TOCSIN_KAFKA:-127.0.0.1:9092}"] }
temporal: { address: "\${TOCSIN_TEMPORAL:-127.0.0.1:7233}" }
postgres: { url: "\${TOCSIN_POSTGRES:-postgres://postgres@127.0.0.1:5432/tocsin}" }
`;

/** What a configuration may refer to. Loads the collectors, so only where it is checked. */
export function knownNames(): Known {
  const { runbooks } = lazy.runbooks();
  const { CATALOGUE } = lazy.catalogue();
  const groups: Record<string, string[]> = {};
  for (const { type, group } of CATALOGUE)
    if (group !== null && !groups[type]?.includes(group)) (groups[type] ??= []).push(group);
  return { runbooks, metrics: CATALOGUE, groups };
}
