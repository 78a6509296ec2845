/** The headers by which a client says who it is, and those that the configuration adds. */
import type { HttpConfig } from '../../../config/alertmanager/http-config';
import { TocsinError } from '../../../domain/errors';
import type { Secrets } from '../secrets';
import type { TokenSource } from './oauth2';

export type Headers = Record<string, string | string[]>;

/** Throws Passing for what cannot be read. */
export async function credentials(
  config: HttpConfig,
  tokens: TokenSource | null,
  secrets: Secrets,
  signal: AbortSignal,
): Promise<Headers> {
  const { basic_auth: basic, authorization } = config;
  if (authorization !== null) {
    const credential = secrets.reveal(authorization.credentials, authorization.credentials_file);
    return credential === '' ? {} : { authorization: `${authorization.type} ${credential}` };
  }
  if (basic !== null) {
    const username = basic.username || secrets.reveal(null, basic.username_file);
    const password = secrets.reveal(basic.password, basic.password_file);
    const pair = Buffer.from(`${username}:${password}`).toString('base64');
    return { authorization: `Basic ${secrets.note(pair)}` };
  }
  return tokens === null ? {} : { authorization: `Bearer ${await tokens.token(secrets, signal)}` };
}

export function addedHeaders(config: HttpConfig, secrets: Secrets): Headers {
  const all = Object.entries(config.http_headers ?? {}).map(([name, { values, secrets: hidden, files }]) => [
    name,
    [
      ...values,
      ...hidden.map((secret) => secrets.reveal(secret, '')),
      ...files.map((file) => secrets.reveal(null, file)),
    ],
  ]);
  return Object.fromEntries(all) as Headers;
}

/** Secrets by reference are another program's: nothing here could look them up, and Alertmanager cannot either. */
export function refuseReferences(config: HttpConfig, subject: string): void {
  const path = referencesIn(config, '');
  if (path === null) return;
  throw new TocsinError(
    'TOC_CONFIG_INVALID',
    `${subject}: http_config${path} refers to a secret manager, and there is none; name the secret's file instead`,
  );
}

function referencesIn(value: unknown, path: string): string | null {
  if (value === null || typeof value !== 'object') return null;
  for (const [key, each] of Object.entries(value)) {
    const at = `${path}.${key}`;
    if (key.endsWith('_ref') && each !== '') return at;
    const within = referencesIn(each, at);
    if (within !== null) return within;
  }
  return null;
}
