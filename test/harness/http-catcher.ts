/** A receiver of HTTP requests that keeps what it got and answers as the test says. */
import { createServer, ServerResponse, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CaughtRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** `1.1` or `2.0`. */
  readonly version: string;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** `hang` never answers, `drop` closes the connection without an answer. */
export type HttpAnswer =
  | 'hang'
  | 'drop'
  | {
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
      readonly delayMs?: number;
      /** Begins with the body and never ends it. */
      readonly stalls?: boolean;
    };

export interface HttpCatcher {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly CaughtRequest[];
  /** The next requests get these answers in order, one each. */
  answer(...answers: readonly HttpAnswer[]): void;
  /** What every request gets for which no answer is waiting, or what decides it; at first 200 with {}. */
  answerAlways(answer: HttpAnswer | ((request: CaughtRequest) => HttpAnswer)): void;
  close(): Promise<void>;
}

export interface HttpsOptions {
  readonly key: string;
  readonly cert: string;
  /** Clients have to show a certificate of this authority. */
  readonly clientsOf?: string;
  readonly maxVersion?: 'TLSv1.2';
}

/**
 * `port` is for a receiver that comes back where an earlier one was. With `https` it speaks HTTP/1.1 and HTTP/2, at
 * `https://localhost`.
 */
export async function startHttpCatcher(port = 0, https?: HttpsOptions): Promise<HttpCatcher> {
  const requests: CaughtRequest[] = [];
  const waiting: HttpAnswer[] = [];
  let otherwise: HttpAnswer | ((request: CaughtRequest) => HttpAnswer) = { status: 200, body: {} };
  const listener = (request: AnyRequest, response: AnyResponse): void => {
    void readAll(request).then(async (body) => {
      const got = caught(request, body);
      requests.push(got);
      const usual = typeof otherwise === 'function' ? otherwise(got) : otherwise;
      await give(waiting.shift() ?? usual, response);
    });
  };
  const server = https === undefined ? createServer(listener) : createSecureServer(secure(https), listener);
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket: { destroy(): void }) => sockets.add(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: https === undefined ? `http://127.0.0.1:${bound}` : `https://localhost:${bound}`,
    requests,
    answer: (...answers) => void waiting.push(...answers),
    answerAlways: (answer) => void (otherwise = answer),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

const secure = ({ clientsOf, ...options }: HttpsOptions) => ({
  ...options,
  allowHTTP1: true,
  ...(clientsOf !== undefined && { ca: clientsOf, requestCert: true, rejectUnauthorized: true }),
});

async function readAll(request: AnyRequest): Promise<string> {
  const chunks: Buffer[] = [];
  // A client may leave in the middle; what came is kept.
  await new Promise<void>((resolve) => {
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', resolve);
    request.once('close', resolve);
  });
  return Buffer.concat(chunks).toString('utf8');
}

function caught(request: AnyRequest, body: string): CaughtRequest {
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body,
    version: request.httpVersion,
    json: parsed(body),
    at: Date.now(),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function give(answer: HttpAnswer, response: AnyResponse): Promise<void> {
  if (answer === 'hang') return;
  if (answer === 'drop') return drop(response);
  if (answer.delayMs !== undefined) await sleep(answer.delayMs);
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
  const headers = { 'content-type': 'application/json', ...answer.headers };
  if (response instanceof ServerResponse) response.writeHead(answer.status, headers);
  else response.writeHead(answer.status, headers);
  if (answer.stalls) (response as ServerResponse).write(`${body} …`);
  else response.end(body);
}

function drop(response: AnyResponse): void {
  if (response instanceof ServerResponse) response.socket?.destroy();
  else response.stream.session?.destroy();
}
