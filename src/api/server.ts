/**
 * The server that Alertmanager's clients are pointed at: the application behind a listener that holds slow and greedy
 * clients within bounds, with TLS and users where the web configuration asks for them.
 */
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { messageOf, TocsinError } from '../domain/errors';
import { createApp } from './app';
import { guard } from './guard';
import type { ApiOptions } from './options';
import { keepTls, tlsOptions } from './tls';

export interface Listen {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

export interface Api {
  /** `http://127.0.0.1:9093`, without the route prefix. */
  readonly address: string;
  readonly port: number;
  /** Lets requests under way end. */
  close(): Promise<void>;
}

/** A client has this long to send its request, so that idle ones do not use up connections. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than most proxies keep theirs, which then never meet a connection that is being closed. */
const KEEP_ALIVE_MS = 120_000;
const MOST_CONNECTIONS = 4_096;

/** Throws TOC_CONFIG_INVALID when the address cannot be listened on. */
export async function createApi(options: ApiOptions, { host, port }: Listen): Promise<Api> {
  const { web } = options;
  const first = web?.();
  const app = createApp(options, {
    ...timeouts,
    ...(first?.tls && {
      https: { ...tlsOptions(first.tls), allowHTTP1: true },
      ...(first.http2 && { http2: true }),
    }),
  });
  if (web !== undefined) guard(app, web);
  if (first?.tls) keepTls(app.server as unknown as TlsServer, () => web!().tls, first.tls);
  app.server.maxConnections = MOST_CONNECTIONS;
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  const scheme = first?.tls ? 'https' : 'http';
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw new TocsinError(
      'TOC_CONFIG_INVALID',
      `the API cannot listen on ${host}:${port}: ${messageOf(cause)}; give another address`,
      { cause },
    );
  }
  const taken = (app.server.address() as AddressInfo).port;
  const address = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${taken}`;
  options.log.info({ address }, "Alertmanager's API is served");
  return { address, port: taken, close: () => app.close() };
}

const timeouts = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  // Clients that keep their connections open must not hold up the end of the process.
  forceCloseConnections: 'idle',
};
