/**
 * The small HTTP server of every role: `/metrics`, `/livez`, `/readyz`, and what roles let people do. It listens on the loopback address unless told
 * otherwise, because the metrics and the reasons in `/readyz` name targets and addresses.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, TocsinError } from '../domain/errors';
import { cannotListen } from './cannot-listen';
import type { Health } from './health';
import type { Logger } from './logger';
import type { Metrics } from './metrics';

export interface ObservabilityOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly log?: Logger;
  /** What a POST to a path does, as roles add to it; it answers with text, and with 500 and the reason when it throws. */
  readonly actions?: ReadonlyMap<string, () => Promise<string>>;
  /** What a GET of a path tells, as roles add to it. */
  readonly answers?: ReadonlyMap<string, Answering>;
}

/**
 * Lines of JSON, made as fast as they are read. What is thrown before the first is answered with 400 (TOC_USAGE), 503 (what
 * can be tried again) or 500; afterwards the answer is cut off. `gone` aborts when nobody waits for it any more.
 */
export type Answering = (query: URLSearchParams, gone: AbortSignal) => AsyncIterable<string>;

export interface Observability {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Throws TOC_CANNOT_LISTEN when the address cannot be listened on. */
export async function startObservability(options: ObservabilityOptions): Promise<Observability> {
  const host = options.host ?? '127.0.0.1';
  const server = createServer((request, response) =>
    serve(options, request, response).catch(() => response.destroy()),
  );
  await listen(server, host, options.port);
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  options.log?.info({ url }, 'metrics and health are served');
  return { url, port, close: () => close(server) };
}

const PATHS = ['/metrics', '/livez', '/readyz'];
/** Each piece that is sent costs as much as what is in it. */
const CHUNK_LENGTH = 65_536;
/** Who reads an answer more slowly is not waited for. */
const READ_WITHIN_MS = 30_000;

async function serve(
  options: ObservabilityOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, query } = targetOf(request);
  const answering = request.method === 'GET' ? options.answers?.get(pathname) : undefined;
  if (answering !== undefined) {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return tell(() => answering(query, gone.signal), response);
  }
  const { status, type, body } = await answer(options, request).catch((error): Answer =>
    json(500, { error: messageOf(error) }),
  );
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function tell(lines: () => AsyncIterable<string>, response: ServerResponse): Promise<void> {
  try {
    const iterator = lines()[Symbol.asyncIterator]();
    const first = await iterator.next();
    response.writeHead(200, {
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
    });
    const text = Readable.from(endedLines(first, iterator), { objectMode: false });
    await pipeline(text, response, { signal: AbortSignal.timeout(READ_WITHIN_MS) });
  } catch (error) {
    if (response.headersSent) return void response.destroy();
    const { status, type, body } = json(statusOf(error), { error: messageOf(error) });
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
    response.end(body);
  }
}

async function* endedLines(
  first: IteratorResult<string>,
  iterator: AsyncIterator<string>,
): AsyncGenerator<string> {
  try {
    let text = '';
    for (let next = first; next.done !== true; next = await iterator.next()) {
      text += `${next.value}\n`;
      if (text.length < CHUNK_LENGTH) continue;
      yield text;
      text = '';
    }
    yield text;
  } finally {
    await iterator.return?.();
  }
}

function statusOf(error: unknown): number {
  if (!(error instanceof TocsinError)) return 500;
  return error.code === 'TOC_USAGE' ? 400 : error.retryable ? 503 : 500;
}

function targetOf({ url = '/' }: IncomingMessage): { pathname: string; query: URLSearchParams } {
  const [pathname = '/', ...rest] = url.split('?');
  return { pathname, query: new URLSearchParams(rest.join('?')) };
}

async function answer(
  { metrics, health, actions, answers }: ObservabilityOptions,
  request: IncomingMessage,
): Promise<Answer> {
  const path = targetOf(request).pathname;
  const action = actions?.get(path);
  // A browser says where a page comes from that sends something: no page has a part in this.
  if (action !== undefined && request.headers.origin !== undefined)
    return json(403, { error: 'not for web pages' });
  if (action !== undefined)
    return request.method === 'POST' || request.method === 'PUT'
      ? { status: 200, type: 'text/plain; charset=utf-8', body: `${await action()}\n` }
      : json(405, { error: 'only POST or PUT' });
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'only GET' });
  switch (path) {
    case '/metrics':
      // The gauges of the dependencies are fed by their checks; nobody may be asking for readiness. A scrape waits for none.
      void health.readiness();
      return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() };
    case '/livez': {
      const liveness = health.liveness();
      return json(liveness.status === 'alive' ? 200 : 503, liveness);
    }
    case '/readyz': {
      const readiness = await health.readiness();
      return json(readiness.status === 'ready' ? 200 : 503, readiness);
    }
    default:
      return json(404, { error: `served here: ${[...PATHS, ...(answers?.keys() ?? [])].join(', ')}` });
  }
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', body: `${JSON.stringify(body)}\n` };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(cannotListen('the server of metrics and health', { host, port }, 'http.port', cause)),
    );
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
