/**
 * One HTTP client for all kinds of receivers, made of an `http_config`: who we are, through which proxy, with which
 * certificates, and whether redirects are followed. What is secret or lives in a file is read at each request.
 *
 * A redirected request keeps its method and body, whatever the code is except 303: turned into a GET, as browsers do
 * and Alertmanager does, it would tell nobody and yet be answered with success. Credentials stay with the first host.
 */
import { request, type Dispatcher } from 'undici';
import type { HttpConfig } from '../../../config/alertmanager/http-config';
import { Passing, Refused } from '../outcome';
import type { Secrets } from '../secrets';
import { bodyOf } from './body';
import { createConnections } from './connections';
import { addedHeaders, credentials, type Headers } from './credentials';
import { createTokenSource } from './oauth2';
import type { Environment } from './proxy';

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Host and port of who answered. */
  readonly where: string;
  header(name: string): string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The body. */
  text(limit?: number): Promise<string>;
  /** Nobody wants the body: the connection is kept where it ends soon. Waits for nothing. */
  discard(): void;
}

export interface HttpClient {
  /** Throws Passing or Refused, or what the connection failed with. */
  send(asked: HttpRequest, secrets: Secrets, signal: AbortSignal): Promise<HttpAnswer>;
  close(): Promise<void>;
}

const MOST_REDIRECTS = 10;
const BODY_LIMIT = 1_048_576;
const DISCARDED = 65_536;
const UNAUTHORIZED = 401;
const SEE_OTHER = 303;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, SEE_OTHER, 307, 308]);

export interface HttpClientOptions {
  readonly environment: Environment;
  readonly now: () => number;
}

export function createHttpClient(config: HttpConfig, { environment, now }: HttpClientOptions): HttpClient {
  const connections = createConnections(config, config.enable_http2, environment);
  const tokens = config.oauth2 === null ? null : createTokenSource(config.oauth2, environment, now);

  async function once(asked: HttpRequest, url: URL, isOwn: boolean, secrets: Secrets, signal: AbortSignal) {
    const own: Headers = isOwn
      ? { ...addedHeaders(config, secrets), ...(await credentials(config, tokens, secrets, signal)) }
      : {};
    const { method = 'POST', body } = asked;
    // What the kind itself says of its request is of the first host alone too: it may be a key.
    const headers = {
      'user-agent': 'tocsin',
      ...own,
      ...(isOwn ? asked.headers : contentOnly(asked.headers)),
    };
    return request(url, { method, headers, body, signal, dispatcher: connections.to(url, secrets) });
  }

  async function following(asked: HttpRequest, secrets: Secrets, signal: AbortSignal): Promise<HttpAnswer> {
    const first = addressOf(asked.url);
    let [current, url] = [asked, first];
    for (let count = 0; count <= MOST_REDIRECTS; count++) {
      const response = await once(current, url, url.host === first.host, secrets, signal);
      const location = firstOf(response.headers.location);
      if (!REDIRECTS.has(response.statusCode) || location === null || !config.follow_redirects)
        return answerOf(response, url);
      await response.body.dump();
      url = redirected(url, location);
      if (response.statusCode === SEE_OTHER)
        current = { method: 'GET', url: url.href, headers: asked.headers };
    }
    throw new Refused(`${first.host}: more than ${MOST_REDIRECTS} redirects`);
  }

  return {
    async send(asked, secrets, signal) {
      const answer = await following(asked, secrets, signal);
      if (answer.status !== UNAUTHORIZED || tokens === null) return answer;
      // The token may have been taken back before its end.
      tokens.forget();
      return following(asked, secrets, signal);
    },
    close: async () => {
      await Promise.all([connections.close(), tokens?.close()]);
    },
  };
}

function addressOf(url: string): URL {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Refused('the address is no http or https URL');
  }
  return new URL(url);
}

function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new Passing(`${from.host}: redirected to what is no URL`);
  const url = new URL(location, from);
  if (!/^https?:$/.test(url.protocol)) throw new Refused(`${from.host}: redirected to ${url.protocol}`);
  if (from.protocol === 'https:' && url.protocol === 'http:')
    throw new Refused(`${from.host}: redirected from https to http (${url.host})`);
  return url;
}

const contentOnly = (headers: HttpRequest['headers'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() === 'content-type'));

function answerOf(response: Dispatcher.ResponseData, url: URL): HttpAnswer {
  return {
    status: response.statusCode,
    where: url.host,
    header: (name) => firstOf(response.headers[name]),
    headers: Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [name, firstOf(value) ?? '']),
    ),
    text: (limit = BODY_LIMIT) => bodyOf(response.body, limit),
    discard: () => void response.body.dump({ limit: DISCARDED }).catch(() => undefined),
  };
}

const firstOf = (header: string | string[] | undefined): string | null =>
  (Array.isArray(header) ? header[0] : header) ?? null;
