/**
 * The server that Alertmanager's clients are pointed at: the application behind a listener that holds slow and greedy
 * clients within bounds, with TLS and users where the web configuration asks for them.
 */
import type { TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { messageOf, TocsinError } from '../domain/errors';
import { createApp } from './app';
import { basicAuth } from './basic-auth';
import type { ApiOptions } from './options';
import type { WebConfig, WebTls } from './port';

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
  const app = createApp(options, {
    ...timeouts,
    ...(web?.tls && {
      https: { ...tlsOptions(web.tls), allowHTTP1: true },
      ...(web.http2 && { http2: true }),
    }),
  });
  if (web !== undefined) guard(app, web);
  if (web?.tls) app.server.on('secureConnection', (socket: TLSSocket) => admit(socket, web.tls!));
  app.server.maxConnections = MOST_CONNECTIONS;
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  const scheme = web?.tls ? 'https' : 'http';
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

/** Every answer has the headers, and every request needs a user where there are users. */
export function guard(app: FastifyInstance, { users, headers }: WebConfig): void {
  const authenticate = Object.keys(users).length === 0 ? null : basicAuth(users);
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(headers);
    if (authenticate === null || (await authenticate(request.headers.authorization))) return;
    return reply
      .code(401)
      .header('www-authenticate', 'Basic')
      .type('text/plain; charset=utf-8')
      .send('Unauthorized\n');
  });
}

/** What the handshake does not decide: whether a certificate may be missing or unverified, and which names it has to have. */
function admit(socket: TLSSocket, { clientAuth, clientSans }: WebTls): void {
  if (clientAuth === 'none' || clientAuth === 'request') return;
  const certificate = socket.getPeerCertificate();
  const isGiven = Object.keys(certificate).length > 0;
  const names = (certificate.subjectaltname ?? '')
    .split(', ')
    .map((name) => name.slice(name.indexOf(':') + 1));
  const isWelcome =
    clientAuth === 'require_any'
      ? isGiven
      : socket.authorized || (clientAuth === 'verify_if_given' && !isGiven);
  const hasName = clientSans.length === 0 || !isGiven || names.some((name) => clientSans.includes(name));
  if (!isWelcome || !hasName) socket.destroy();
}

function tlsOptions(tls: WebTls): object {
  return {
    cert: tls.cert,
    key: tls.key,
    ...(tls.clientCa !== null && { ca: tls.clientCa }),
    requestCert: tls.clientAuth !== 'none',
    rejectUnauthorized: tls.clientAuth === 'require_and_verify',
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ...(tls.ciphers !== null && { ciphers: tls.ciphers }),
    ...(tls.curves !== null && { ecdhCurve: tls.curves }),
  };
}
