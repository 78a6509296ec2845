/** `tocsin serve`: stands in for Alertmanager with its own configuration file, on servers that run. */
import { regexOf } from '../../domain/alertmanager-regex';
import { messageOf } from '../../domain/errors';
import { prometheusDuration } from '../../domain/strict-duration';
import type { Config } from '../../config/config';
import type { MatcherMode } from '../../domain/alertmanager-matchers';
import { serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { matcherModeOf } from '../matcher-mode';

export interface ServeCommandOptions extends ConfigOption {
  readonly alertmanagerConfig: string;
  readonly listen: string;
  readonly instance: string;
  readonly enableFeature?: string;
  readonly routePrefix: string;
  readonly externalUrl?: string;
  readonly 'web.config.file'?: string;
  readonly 'web.cors.origin'?: string;
  readonly dispatchStartDelay: string;
  readonly stormSummary?: string;
}

export async function serve(context: Context, options: ServeCommandOptions): Promise<ExitCode> {
  const read = (): Config => {
    const config = serverConfig(context, options);
    return { ...config, instance: options.instance, http: { ...config.http, host: '127.0.0.1', port: 0 } };
  };
  const config = read();
  const listen = listenAddress(options.listen);
  const matcherMode: MatcherMode = matcherModeOf(options.enableFeature);
  if (!/^[\w.-]{0,80}$/.test(options.instance))
    throw usage(`--instance ${options.instance}: letters, digits, _ . and -, at most 80`);
  await context.wiring.runServe({
    config,
    ...(config.file !== null && { reread: read }),
    alertmanagerConfig: options.alertmanagerConfig,
    listen,
    matcherMode,
    routePrefix: options.routePrefix,
    externalUrl: options.externalUrl ?? null,
    webConfigFile: options['web.config.file'] ?? null,
    corsOrigin: corsOrigin(options['web.cors.origin'] ?? ''),
    dispatchStartDelayMs: delayMs(options.dispatchStartDelay),
    stormReceiver: options.stormSummary ?? null,
  });
  return EXIT.ok;
}

/** `:9093` listens on all addresses, as Alertmanager's does. */
function listenAddress(text: string): { host: string; port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (found === null || port > 65_535)
    throw usage(`--listen ${text}: accepted is HOST:PORT such as 127.0.0.1:9093, or :9093 for all addresses`);
  return { host: found[1] ?? (found[2] === '' ? '::' : found[2]!), port };
}

/** Looked at before anything is started. */
function corsOrigin(source: string): string | null {
  if (source === '') return null;
  try {
    regexOf(source);
    return source;
  } catch (error) {
    throw usage(`--web.cors.origin ${source}: ${messageOf(error)}`);
  }
}

function delayMs(text: string): number {
  try {
    return prometheusDuration(text);
  } catch {
    throw usage(`--dispatch-start-delay ${text}: accepted is a duration such as 30s`);
  }
}
