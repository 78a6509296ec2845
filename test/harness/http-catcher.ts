/** A receiver of HTTP requests that keeps what it got and answers as the test says. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CaughtRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
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

/** `port` is for a receiver that comes back where an earlier one was. */
export async function startHttpCatcher(port = 0): Promise<HttpCatcher> {
  const requests: CaughtRequest[] = [];
  const waiting: HttpAnswer[] = [];
  let otherwise: HttpAnswer | ((request: CaughtRequest) => HttpAnswer) = { status: 200, body: {} };
  const server = createServer((request, response) => {
    void readAll(request).then(async (body) => {
      const got = caught(request, body);
      requests.push(got);
      const usual = typeof otherwise === 'function' ? otherwise(got) : otherwise;
      await give(waiting.shift() ?? usual, response);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    requests,
    answer: (...answers) => void waiting.push(...answers),
    answerAlways: (answer) => void (otherwise = answer),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  // A client may leave in the middle; what came is kept.
  await new Promise<void>((resolve) => {
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', resolve);
    request.once('close', resolve);
  });
  return Buffer.concat(chunks).toString('utf8');
}

function caught(request: IncomingMessage, body: string): CaughtRequest {
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body,
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

async function give(answer: HttpAnswer, response: ServerResponse): Promise<void> {
  if (answer === 'hang') return;
  if (answer === 'drop') return void response.socket?.destroy();
  if (answer.delayMs !== undefined) await sleep(answer.delayMs);
  const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(body);
}
