/** Posts JSON and says what came of it. Follows no redirects; a URL's path and query may be secret and are never shown. */
import { Agent, request, type Dispatcher } from 'undici';
import { messageOf } from '../../domain/errors';
import type { Delivery } from '../port';
import { deliveryOfHttp } from './status';

export interface JsonPoster {
  /** Scheme, host and port. */
  readonly destination: string;
  /** `headers` is asked at each post; when it throws, as for a secret that cannot be read now, another attempt may do. */
  post(
    body: unknown,
    headers: () => Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Delivery>;
  close(): Promise<void>;
}

/** Enough of a refusal to understand it. */
const EXCERPT = 200;
const CONNECT_TIMEOUT_MS = 5_000;

/** `url` is asked at each post; the destination stays that of the beginning. */
export function createJsonPoster(url: () => string): JsonPoster {
  const { origin, host } = new URL(url());
  const agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  return {
    destination: origin,
    post: (body, headers, signal) => post(agent, host, () => requestOf(url, body, headers), signal),
    close: () => agent.destroy(),
  };
}

interface JsonRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function requestOf(
  url: () => string,
  body: unknown,
  headers: () => Readonly<Record<string, string>>,
): JsonRequest {
  const ours = { 'content-type': 'application/json', 'user-agent': 'tocsin' };
  return { url: new URL(url()), headers: { ...ours, ...headers() }, body: JSON.stringify(body) };
}

async function post(
  agent: Agent,
  host: string,
  make: () => JsonRequest,
  signal: AbortSignal,
): Promise<Delivery> {
  try {
    const { url, headers, body } = make();
    const response = await request(url, { method: 'POST', dispatcher: agent, headers, body, signal });
    const { statusCode, headers: answered } = response;
    const excerpt = await endOf(response);
    return deliveryOfHttp(statusCode, host, text(answered['retry-after']), excerpt, new Date());
  } catch (error) {
    const words = signal.aborted ? 'no answer in time' : messageOf(error);
    return { kind: 'retry', error: `${host}: ${words}`, retryAfterMs: null };
  }
}

/** The status has decided; a body that stalls or breaks off changes nothing. */
async function endOf({ statusCode, body }: Dispatcher.ResponseData): Promise<string> {
  try {
    if (statusCode < 300) await body.dump({ limit: 65_536 });
    else return (await firstOf(body)).replace(/\s+/g, ' ').trim();
  } catch {
    // See above.
  }
  return '';
}

async function firstOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  let start = '';
  for await (const chunk of body) {
    start += String(chunk);
    if (start.length >= EXCERPT) break;
  }
  return start.slice(0, EXCERPT);
}

const text = (header: string | string[] | undefined): string | null =>
  header === undefined ? null : Array.isArray(header) ? (header[0] ?? null) : header;
