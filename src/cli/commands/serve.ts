/** `tocsin serve`: stands in for Alertmanager with its own configuration file, on servers that run. */
import { prometheusDuration } from '../../domain/strict-duration';
import type { Config } from '../../config/config';
import type { MatcherMode } from '../../domain/alertmanager-matchers';
import { regexOf } from '../../domain/alertmanager-regex';
import { messageOf } from '../../domain/errors';
import { namedText } from '../alertmanager-file';
import { serverConfig, type ConfigOption } from '../configuration';
import type { Context } from '../context';
import { EXIT, usage, type ExitCode } from '../failures';
import { matcherModeOf } from '../matcher-mode';

export interface ServeCommandOptions extends ConfigOption {
  readonly alertmanagerConfig: string;
  readonly listen: string;
  readonly instance?: string;
  readonly enableFeature?: string;
  readonly routePrefix: string;
  readonly externalUrl?: string;
  readonly 'web.config.file'?: string;
  readonly 'web.cors.origin'?: string;
  readonly dispatchStartDelay: string;
  readonly stormSummary?: string;
}

/** Not that of a file: what `tocsin start` runs by it goes its own ways. */
const ALERTMANAGER = 'alertmanager';

export async function serve(context: Context, options: ServeCommandOptions): Promise<ExitCode> {
  const instance = options.instance ?? (context.env.TOCSIN_INSTANCE || ALERTMANAGER);
  const read = (): Config => {
    const config = serverConfig(context, options);
    return { ...config, instance, http: { ...config.http, host: '127.0.0.1', port: 0 } };
  };
  const config = read();
  const listen = listenAddress(options.listen);
  const externalUrl = options.externalUrl ? externalUrlOf(options.externalUrl) : null;
  const matcherMode: MatcherMode = matcherModeOf(options.enableFeature);
  if (!/^[\w.-]{0,80}$/.test(instance))
    throw usage(
      `${options.instance === undefined ? 'TOCSIN_INSTANCE' : '--instance'} ${instance}: letters, digits, _ . and -, at most 80`,
    );
  namedText('--alertmanager-config', options.alertmanagerConfig);
  if (config.escalations.length > 0)
    context.complain(
      `${config.file ?? 'the configuration'}: its escalation writes messages that tocsin serve does not send, only the role effects of instance ${instance} does: name a file without it with --config`,
    );
  await context.wiring.runServe({
    config,
    ...(config.file !== null && { reread: read }),
    alertmanagerConfig: options.alertmanagerConfig,
    listen,
    matcherMode,
    routePrefix: options.routePrefix === '' ? pathOf(externalUrl) : options.routePrefix,
    externalUrl,
    corsOrigin: originsOf(options['web.cors.origin']),
    webConfigFile: options['web.config.file'] ?? null,
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

/** Without a slash at its end: paths are put behind it. */
function externalUrlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw usage(
      `--external-url ${text}: it stands in links, and accepted is a URL such as https://tocsin.example or http://tocsin.example:9093/am`,
    );
  return text.replace(/\/+$/, '');
}

function originsOf(pattern: string | undefined): string | null {
  if (!pattern) return null;
  try {
    regexOf(pattern);
    return pattern;
  } catch (error) {
    throw usage(`--web.cors.origin ${messageOf(error)}`);
  }
}

/** Where a proxy leads people to `/am`, that is what it asks for here, unless it is told to take it away. */
const pathOf = (externalUrl: string | null): string =>
  externalUrl === null ? '' : new URL(externalUrl).pathname.replace(/\/+$/, '');

function delayMs(text: string): number {
  try {
    return prometheusDuration(text);
  } catch {
    throw usage(`--dispatch-start-delay ${text}: accepted is a duration such as 30s`);
  }
}
