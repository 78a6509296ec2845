/** Posts JSON and says what came of it. Follows no redirects; a URL's path and query may be secret and are never shown. */
import { Agent, request, type Dispatcher } from 'undici';
import { messageOf } from '../../domain/errors';
import type { Delivery } from '../port';
import { deliveryOfHttp } from './status';

export interface JsonPoster {
  /** Scheme, host and port. */
  readonly destination: string;
  post(body: unknown, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

/** Enough of a refusal to understand it. */
const EXCERPT = 200;
const CONNECT_TIMEOUT_MS = 5_000;

export function createJsonPoster(url: string): JsonPoster {
  const target = new URL(url);
  const agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  return {
    destination: target.origin,
    post: (body, headers, signal) => post(agent, target, body, headers, signal),
    close: () => agent.destroy(),
  };
}

async function post(
  agent: Agent,
  target: URL,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Delivery> {
  try {
    const response = await request(target, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json', 'user-agent': 'tocsin', ...headers },
      body: JSON.stringify(body),
      signal,
    });
    const { statusCode, headers: answered } = response;
    const excerpt = await endOf(response);
    return deliveryOfHttp(statusCode, target.host, text(answered['retry-after']), excerpt, new Date());
  } catch (error) {
    const words = signal.aborted ? 'no answer in time' : messageOf(error);
    return { kind: 'retry', error: `${target.host}: ${words}`, retryAfterMs: null };
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
