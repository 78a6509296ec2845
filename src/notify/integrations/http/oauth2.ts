/** Tokens of OAuth 2.0, by a client's secret or by a signed assertion (RFC 7523), kept until they end. */
import { createSign, randomUUID } from 'node:crypto';
import { request, type Dispatcher } from 'undici';
import type { HttpConfig } from '../../../config/alertmanager/http-config';
import { Passing, Refused } from '../outcome';
import type { Secrets } from '../secrets';
import { bodyOf } from './body';
import { createConnections } from './connections';
import type { Environment } from './proxy';

export type Oauth2Config = NonNullable<HttpConfig['oauth2']>;

export interface TokenSource {
  /** Throws Passing or Refused. */
  token(secrets: Secrets, signal: AbortSignal): Promise<string>;
  /** The server that the token is for did not take it. */
  forget(): void;
  close(): Promise<void>;
}

interface Token {
  readonly value: string;
  /** What it was asked for with: a rotated secret asks for a new one. */
  readonly credential: string;
  readonly endsAt: number;
}

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** A token that ends while the message is on its way is no use. */
const EARLY_MS = 10_000;
const ASSERTION_S = 600;
const TOKEN_LIMIT = 1_048_576;

export function createTokenSource(
  config: Oauth2Config,
  environment: Environment,
  now: () => number,
): TokenSource {
  const connections = createConnections(config, false, environment);
  const isAssertion = config.grant_type === JWT_BEARER;
  let kept: Token | null = null;
  return {
    async token(secrets, signal) {
      const credential = isAssertion
        ? secrets.reveal(config.client_certificate_key, config.client_certificate_key_file)
        : secrets.reveal(config.client_secret, config.client_secret_file);
      if (kept !== null && kept.credential === credential && kept.endsAt > now())
        return secrets.note(kept.value);
      const ask = (form: Record<string, string>, headers: Record<string, string>) =>
        post(config, connections.to(new URL(config.token_url), secrets), form, headers, signal);
      const answer = isAssertion
        ? await ask({ grant_type: JWT_BEARER, assertion: assertion(config, credential, now()) }, {})
        : await byClientSecret(config, credential, ask);
      kept = tokenOf(answer, credential, now());
      return secrets.note(kept.value);
    },
    forget: () => void (kept = null),
    close: () => connections.close(),
  };
}

interface TokenAnswer {
  readonly status: number;
  readonly body: string;
}

type Ask = (form: Record<string, string>, headers: Record<string, string>) => Promise<TokenAnswer>;

/** Servers want the client's secret in the header or in the form, and do not say which. */
async function byClientSecret(
  { client_id: id }: Oauth2Config,
  secret: string,
  ask: Ask,
): Promise<TokenAnswer> {
  const grant = { grant_type: 'client_credentials' };
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  const answer = await ask(grant, { authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
  const isRefused = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  return isRefused ? ask({ ...grant, client_id: id, client_secret: secret }, {}) : answer;
}

async function post(
  config: Oauth2Config,
  dispatcher: Dispatcher,
  form: Record<string, string>,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<TokenAnswer> {
  const scope: Record<string, string> = config.scopes.length === 0 ? {} : { scope: config.scopes.join(' ') };
  const response = await request(config.token_url, {
    method: 'POST',
    dispatcher,
    signal,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'tocsin', ...headers },
    body: new URLSearchParams({ ...scope, ...form, ...config.endpoint_params }).toString(),
  });
  return { status: response.statusCode, body: await bodyOf(response.body, TOKEN_LIMIT) };
}

function assertion(config: Oauth2Config, key: string, now: number): string {
  const algorithm = config.signature_algorithm || 'RS256';
  const seconds = Math.floor(now / 1000);
  const claims = {
    iss: config.iss || config.client_id,
    sub: config.client_id,
    aud: config.audience || config.token_url,
    jti: randomUUID(),
    iat: seconds,
    exp: seconds + ASSERTION_S,
    ...(config.scopes.length > 0 && { scope: config.scopes.join(' ') }),
    ...config.claims,
  };
  const kid = config.client_certificate_key_id;
  const header = { alg: algorithm, typ: 'JWT', ...(kid !== '' && { kid }) };
  const unsigned = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  try {
    return `${unsigned}.${createSign(`RSA-SHA${algorithm.slice(2)}`)
      .update(unsigned)
      .sign(key, 'base64url')}`;
  } catch {
    throw new Refused('client_certificate_key is no private RSA key');
  }
}

function tokenOf({ status, body }: TokenAnswer, credential: string, now: number): Token {
  const words = `the token server answered HTTP ${status}`;
  if (status >= 500 || status === 429) throw new Passing(words);
  // A client that is not known now may be so after its configuration is mended there.
  if (status < 200 || status >= 300) throw new Passing(`${words}: ${body.slice(0, 200)}`);
  const { access_token: value, expires_in: lifetime } = parsed(body);
  if (typeof value !== 'string' || value === '') throw new Passing(`${words} without an access_token`);
  const seconds = Number(lifetime ?? Infinity);
  return { value, credential, endsAt: now + seconds * 1_000 - EARLY_MS };
}

function parsed(body: string): { readonly access_token?: unknown; readonly expires_in?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return Object.fromEntries(new URLSearchParams(body));
  }
}
