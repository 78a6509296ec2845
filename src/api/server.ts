/**
 * The server that Alertmanager's clients are pointed at: the application behind a listener that holds slow and greedy
 * clients within bounds, with TLS and users where the web configuration asks for them.
 */
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { cannotListen } from '../observe/observe';
import { createApp } from './app';
import { guard } from './guard';
import type { ApiOptions } from './options';
import { ALERTMANAGER_VERSION, revisionOf } from './stands-in-for';
import { tallyOf } from './tally';
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
  /** Lets requests under way end, for ten seconds at most. */
  close(): Promise<void>;
}

/** A client has this long to send its request, so that idle ones do not use up connections. */
const REQUEST_TIMEOUT_MS = 60_000;
const HEADERS_TIMEOUT_MS = 15_000;
/** Longer than most proxies keep theirs, which then never meet a connection that is being closed. */
const KEEP_ALIVE_MS = 120_000;
const MOST_CONNECTIONS = 4_096;
/** Whoever has not got an answer by then asks another process. */
const CLOSE_WITHIN_MS = 10_000;

/** Throws TOC_CANNOT_LISTEN when the address cannot be listened on. */
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
  options.metrics.tally(tallyOf(options));
  options.metrics.buildInfo.set({ version: ALERTMANAGER_VERSION, revision: revisionOf(options.version) }, 1);
  if (web !== undefined) guard(app, web);
  if (first?.tls) keepTls(app.server as unknown as TlsServer, () => web!().tls, first.tls);
  const connections = openConnections(app.server);
  app.server.maxConnections = MOST_CONNECTIONS;
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  const scheme = first?.tls ? 'https' : 'http';
  try {
    await app.listen({ host, port });
  } catch (cause) {
    throw cannotListen('the API', { host, port }, '--listen', cause);
  }
  const taken = (app.server.address() as AddressInfo).port;
  const address = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${taken}`;
  options.log.info({ address }, "Alertmanager's API is served");
  return { address, port: taken, close: () => connections.endWith(() => app.close()) };
}

/** Node takes a connection that has said nothing yet for a busy one, and would wait for its first words. */
function openConnections(server: NetServer) {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const drop = (which: (socket: Socket) => boolean): void => {
    for (const socket of open) if (which(socket)) socket.destroy();
  };
  return {
    async endWith(close: () => Promise<void>): Promise<void> {
      const closed = close();
      drop(({ bytesRead }) => bytesRead === 0);
      const timer = setTimeout(() => drop(() => true), CLOSE_WITHIN_MS);
      await closed.finally(() => clearTimeout(timer));
    },
  };
}

const timeouts = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  // Clients that keep their connections open must not hold up the end of the process.
  forceCloseConnections: 'idle',
};
