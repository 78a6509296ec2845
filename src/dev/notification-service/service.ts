/**
 * A small notification service, so that the first page has where to go: `POST /ingest` and `/alerts` take a message, find
 * its recipients and send it by mail. It answers 200 only when the SMTP server has taken the mail, once for each message_id.
 * Without an SMTP server it prints mails in its log.
 * Whom to tell, when and how often is decided before a message comes here.
 */
import { timingSafeEqual, createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../domain/errors';
import { cannotListen } from '../../observe/observe';
import { openDeliveryLog } from './delivery-log';
import { createIngest, type IngestAnswer } from './ingest';
import { createMailer, createPrinter, type SmtpOptions } from './mail';
import { readPayload, type IngestPayload } from './payload';
import { openRecipients, type RecipientsSource } from './recipients';

export type { RecipientsSource } from './recipients';
export type { SmtpOptions } from './mail';

export interface NotificationServiceOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly recipients: RecipientsSource;
  /** Null: mails are printed in the log, and nobody is sent one. */
  readonly smtp: SmtpOptions | null;
  readonly from: string;
  /** Remembers the message_ids that went out; one process a file. */
  readonly deliveriesFile: string;
  /** When given, senders must show it as `Authorization: Bearer`. */
  readonly token?: string | null;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  readonly log?: ServiceLog;
}

/** The part of a pino logger that is used. */
export interface ServiceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface NotificationService {
  readonly url: string;
  readonly port: number;
  /** Rejects with the reason when the SMTP server does not take mails now; for a readiness check. */
  check(): Promise<void>;
  /** Takes no more messages, and resolves when those under way are answered. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Record<string, string>;
}

interface Door {
  readonly ingest: (payload: IngestPayload) => Promise<IngestAnswer>;
  readonly token: string | null;
  readonly maxBodyBytes: number;
  readonly log: ServiceLog | undefined;
}

const DEFAULT_MAX_BODY_BYTES = 1024 * 1024;
const PATHS = ['/ingest', '/alerts'];

/** @throws TOC_CONFIG_INVALID when the recipients' file cannot be used, TOC_CANNOT_LISTEN when the address cannot, TOC_USAGE when the file of deliveries is in use. */
export async function startNotificationService(
  options: NotificationServiceOptions,
): Promise<NotificationService> {
  const { log } = options;
  const recipients = await openRecipients(options.recipients);
  const deliveries = await openDeliveryLog(options.deliveriesFile, Date.now());
  const mailer =
    options.smtp === null
      ? createPrinter((fields) => log?.info(fields, 'a mail, printed for want of an SMTP server'))
      : createMailer(options.smtp, options.from);
  const ingest = createIngest({
    deliveries,
    recipients,
    mailer,
    now: Date.now,
    onUnrecorded: (message_id, error) =>
      log?.error(
        { message_id, error: messageOf(error) },
        'sent, but not recorded: a restart may send it again',
      ),
  });
  const closeParts = async () => {
    mailer.close();
    await Promise.all([deliveries.close(), recipients.close()]);
  };
  const door: Door = {
    ingest,
    log,
    token: options.token ?? null,
    maxBodyBytes: options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
  };
  const host = options.host ?? '127.0.0.1';
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    // While closing, a kept connection would hold the end up for its whole keep-alive time.
    response.shouldKeepAlive &&= server.listening;
    void serve(door, request, response);
  });
  try {
    await listen(server, host, options.port);
  } catch (error) {
    await closeParts();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log?.info({ url }, `the notification service listens on ${url}`);
  return {
    url,
    port,
    check: () => mailer.check(),
    async close() {
      await closeServer(server);
      await closeParts();
    },
  };
}

async function serve(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, body, headers } = await answer(door, request).catch((error: unknown): Answer => {
    door.log?.error({ error: messageOf(error) }, 'a request failed');
    return { status: 500, body: { status: 'failed', reason: messageOf(error) } };
  });
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

async function answer(door: Door, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (path === '/livez') return { status: 200, body: { status: 'alive' } };
  if (!PATHS.includes(path)) return refusal(404, 'served here: POST /ingest, POST /alerts, GET /livez');
  if (request.method !== 'POST') return { ...refusal(405, 'only POST'), headers: { allow: 'POST' } };
  if (!mayEnter(door.token, request.headers.authorization)) return refusal(401, 'a bearer token is needed');
  const body = await readBody(request, door.maxBodyBytes);
  if (body === null) {
    const tooLarge = refusal(413, `the body is larger than ${door.maxBodyBytes} bytes`);
    return { ...tooLarge, headers: { connection: 'close' } };
  }
  return take(door, body);
}

async function take(door: Door, body: string): Promise<Answer> {
  const read = readPayload(body);
  if ('problems' in read) {
    door.log?.warn({ problems: read.problems }, 'a message was refused as invalid');
    return { status: 400, body: { status: 'invalid', problems: read.problems } };
  }
  const { message_id, correlation_id } = read.payload;
  const answered = await door.ingest(read.payload);
  const fields = { message_id, correlation_id, http_status: answered.status, ...answered.body };
  if (answered.status === 200) door.log?.info(fields, 'message taken');
  else door.log?.warn(fields, 'message not delivered');
  return answered;
}

function refusal(status: number, reason: string): Answer {
  return { status, body: { status: 'refused', reason } };
}

/** Compares hashes, so that the time it takes tells nothing of the token. */
function mayEnter(token: string | null, header: string | undefined): boolean {
  if (token === null) return true;
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(`Bearer ${token}`), hash(header ?? ''));
}

/** Null when it is too large. The rest is read and thrown away: a client that still writes would not see our answer. */
async function readBody(request: IncomingMessage, limit: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size > limit ? null : Buffer.concat(chunks).toString('utf8');
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(cannotListen('the notification service', { host, port }, 'notification_service.listen', cause)),
    );
    server.listen(port, host, resolve);
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
