/**
 * Calls over HTTP and what came of them. Follows no redirects, connects to no address that the policy denies; a URL's path and
 * query may be secret and are never shown.
 */
import { createHash } from 'node:crypto';
import { Agent, buildConnector, request, type Dispatcher } from 'undici';
import { messageOf } from '../../domain/errors';
import type { Delivery, Revealable } from '../port';
import { AddressDenied, createNetworks, type NetworkPolicy } from './networks';
import { deliveryOfHttp } from './status';

export interface HttpCall {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What was answered; the body as far as it is of interest. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

export interface Caller {
  /** Scheme, host and port. */
  readonly destination: string;
  readonly host: string;
  /**
   * Posts. `make` is asked at each call; when it throws, as for a secret that cannot be read now, another attempt may do. A
   * delivery is what there is instead of an answer.
   */
  call(
    make: () => HttpCall,
    signal: AbortSignal,
  ): Promise<HttpAnswer | Exclude<Delivery, { kind: 'delivered' }>>;
  close(): Promise<void>;
}

/** A client's certificate, and whom it believes. Read anew where it lives in files, for certificates are renewed. */
export interface CallerTls {
  readonly ca: Revealable | null;
  readonly cert: Revealable | null;
  readonly key: Revealable | null;
  readonly serverName: string | null;
  /** The server's certificate is not looked at. */
  readonly insecure: boolean;
}

export interface CallerOptions {
  readonly networks?: NetworkPolicy;
  readonly tls?: CallerTls | null;
  /** How many characters of an answer are read; a few to understand a refusal, by default. */
  readonly bodyLimit?: number;
}

/** Enough of a refusal to understand it. */
const EXCERPT = 200;
const CONNECT_TIMEOUT_MS = 5_000;
const OPEN: NetworkPolicy = { allow: [], deny: [] };

/** `address` tells the destination, which stays that of the beginning. */
export function createCaller(address: string, options: CallerOptions = {}): Caller {
  const { origin, host } = new URL(address);
  const agents = createAgents(options);
  return {
    destination: origin,
    host,
    async call(make, signal) {
      try {
        const { url, headers, body } = make();
        const dispatcher = agents.current();
        const response = await request(url, { method: 'POST', dispatcher, headers, body, signal });
        const { statusCode: status, headers: answered } = response;
        const said = await endOf(response, options.bodyLimit ?? EXCERPT, options.bodyLimit !== undefined);
        return { status, retryAfter: text(answered['retry-after']), body: said };
      } catch (error) {
        if (error instanceof AddressDenied) return { kind: 'refused', error: `${host}: ${error.message}` };
        const words = signal.aborted ? 'no answer in time' : messageOf(error);
        return { kind: 'retry', error: `${host}: ${words}`, retryAfterMs: null };
      }
    },
    close: () => agents.close(),
  };
}

/** One agent for as long as the certificates are the same. */
function createAgents({ networks = OPEN, tls = null }: CallerOptions) {
  let agent: Agent | null = null;
  let madeWith = '';
  return {
    current(): Agent {
      const material = tlsMaterial(tls);
      const digest = createHash('sha256').update(JSON.stringify(material)).digest('hex');
      if (agent !== null && digest === madeWith) return agent;
      void agent?.close();
      madeWith = digest;
      return (agent = new Agent({ connect: guardedConnector(networks, material) }));
    },
    close: async () => void (await agent?.destroy()),
  };
}

function tlsMaterial(tls: CallerTls | null) {
  if (tls === null) return {};
  const { ca, cert, key, serverName, insecure } = tls;
  return {
    ...(ca !== null && { ca: ca.reveal() }),
    ...(cert !== null && { cert: cert.reveal() }),
    ...(key !== null && { key: key.reveal() }),
    ...(serverName !== null && { servername: serverName }),
    rejectUnauthorized: !insecure,
  };
}

/** The socket is connected to one of the addresses that have been looked at: there is no second look-up. */
function guardedConnector(policy: NetworkPolicy, material: object): buildConnector.connector {
  const { checkHost, lookup } = createNetworks(policy);
  const connect = buildConnector({ ...material, timeout: CONNECT_TIMEOUT_MS, lookup });
  return (options, callback) => {
    try {
      checkHost(options.hostname);
    } catch (error) {
      return callback(error as Error, null);
    }
    return connect(options, callback);
  };
}

export const isAnswer = (came: HttpAnswer | Delivery): came is HttpAnswer => 'status' in came;

/** What the code says of a call. */
export const deliveryOf = ({ status, retryAfter, body }: HttpAnswer, host: string): Delivery =>
  deliveryOfHttp(status, host, retryAfter, body.slice(0, EXCERPT).replace(/\s+/g, ' ').trim(), new Date());

export interface JsonPoster {
  readonly destination: string;
  /** `headers` is asked at each post, with the body as it is sent. */
  post(
    body: unknown,
    headers: (body: string) => Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Delivery>;
  close(): Promise<void>;
}

/** `url` is asked at each post. */
export function createJsonPoster(url: () => string, options: CallerOptions = {}): JsonPoster {
  const caller = createCaller(url(), options);
  return {
    destination: caller.destination,
    async post(body, headers, signal) {
      const came = await caller.call(() => jsonCall(url(), body, headers), signal);
      return isAnswer(came) ? deliveryOf(came, caller.host) : came;
    },
    close: () => caller.close(),
  };
}

export function jsonCall(
  url: string,
  value: unknown,
  headers: (body: string) => Readonly<Record<string, string>>,
): HttpCall {
  const body = JSON.stringify(value);
  const ours = { 'content-type': 'application/json', 'user-agent': 'tocsin' };
  return { url: new URL(url), headers: { ...ours, ...headers(body) }, body };
}

export function formCall(
  url: string,
  fields: Readonly<Record<string, string>>,
  headers: () => Readonly<Record<string, string>>,
): HttpCall {
  const ours = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'tocsin' };
  return {
    url: new URL(url),
    headers: { ...ours, ...headers() },
    body: new URLSearchParams(fields).toString(),
  };
}

/** The status has decided; a body that stalls or breaks off changes nothing, unless it is what is `wanted`. */
async function endOf(
  { statusCode, body }: Dispatcher.ResponseData,
  limit: number,
  wanted: boolean,
): Promise<string> {
  try {
    if (statusCode >= 300 || wanted) return await firstOf(body, limit);
    await body.dump({ limit: 65_536 });
  } catch (error) {
    if (wanted && statusCode < 300) throw error;
  }
  return '';
}

async function firstOf(body: Dispatcher.ResponseData['body'], limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, limit);
}

const text = (header: string | string[] | undefined): string | null =>
  header === undefined ? null : Array.isArray(header) ? (header[0] ?? null) : header;
