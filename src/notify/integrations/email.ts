/**
 * `email`: one mail a message over SMTP, with the parts and headers that are configured. Its Message-Id is that of the
 * message, the same at each try, so a mailbox can tell a resend.
 */
import { createHmac, createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { messageOf } from '../../domain/errors';
import { deliveryOfSmtp } from '../channels/status';
import type { Delivery } from '../port';
import { groupHash } from './group-hash';
import { tlsMaterial } from './http/tls';
import type { Attempt, Kind } from './integration';

type Options = OptionsOf<'email'>;

/** Below any sensible attempt's timeout only for a server that is silent from the start; the signal ends the rest. */
const CONNECT_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 60_000;
const SMTPS = 465;
const SUBJECT = '{{ template "email.default.subject" . }}';
/** Ports that have a name. */
const PORTS: Readonly<Record<string, number>> = {
  smtp: 25,
  smtps: SMTPS,
  submission: 587,
  submissions: SMTPS,
};

export const email: Kind<'email'> = (options) => {
  const { host, port: written } = options.smarthost!;
  const port = PORTS[written] ?? Number(written);
  const where = `${host}:${written}`;
  return {
    address: { url: `smtp://${host.includes(':') ? `[${host}]` : host}:${port}` },
    async send(attempt) {
      const mail = mailOf(attempt, options);
      // Each mail has a connection of its own: what its login is and which certificates hold is read now.
      const transport = createTransport({
        ...connection(attempt, options, host, port),
        ...login(attempt, options),
      });
      try {
        const sent = await transport.sendMail({ ...mail, signal: attempt.signal });
        return { kind: 'delivered', detail: `${sent.response} (${where})${rejectedNote(sent.rejected)}` };
      } catch (error) {
        return deliveryOfError(error, where);
      }
    },
  };
};

function connection({ secrets }: Attempt, options: Options, host: string, port: number) {
  const secure = options.force_implicit_tls ?? port === SMTPS;
  const requireTLS = options.require_tls === true && !secure;
  const tls = tlsMaterial(options.tls_config ?? NO_TLS, secrets);
  return {
    ...{ host, port, secure, requireTLS },
    // As in Alertmanager: who does not require it may have a server whose certificate holds for nobody.
    ignoreTLS: !requireTLS,
    tls: { servername: host, ...tls },
    ...(options.hello !== '' && { name: options.hello }),
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

const NO_TLS = {
  ...{
    ca: '',
    cert: '',
    key: null,
    ca_file: '',
    cert_file: '',
    key_file: '',
    ca_ref: '',
    cert_ref: '',
    key_ref: '',
  },
  ...{ server_name: '', insecure_skip_verify: false, min_version: null, max_version: null },
};

/** A server that offers no login gets none. CRAM-MD5 has a secret of its own, and PLAIN may act for somebody else. */
function login({ secrets }: Attempt, options: Options) {
  const { auth_username: user, auth_identity: identity } = options;
  if (user === '') return {};
  const pass = secrets.reveal(options.auth_password, options.auth_password_file);
  const secret = secrets.reveal(options.auth_secret, options.auth_secret_file);
  return {
    auth: { user, pass: pass || secret },
    ...(pass === '' && secret !== '' && { authMethod: 'CRAM-MD5' }),
    customAuth: {
      ...(secret !== '' && { 'CRAM-MD5': (exchange: Exchange) => cramMd5(exchange, user, secret) }),
      ...(identity !== '' && {
        PLAIN: (exchange: Exchange) => plain(exchange, `${identity}\0${user}\0${pass}`),
      }),
    },
  };
}

/** What nodemailer gives to a login of one's own. */
interface Exchange {
  sendCommand(
    command: string,
  ): Promise<{ readonly status: number; readonly text: string; readonly response: string }>;
}

async function cramMd5({ sendCommand }: Exchange, user: string, secret: string): Promise<void> {
  const { status, text, response } = await sendCommand('AUTH CRAM-MD5');
  if (status !== 334) throw new Error(response);
  const challenge = Buffer.from(text.trim(), 'base64');
  const digest = createHmac('md5', secret).update(challenge).digest('hex');
  await accepted(sendCommand(Buffer.from(`${user} ${digest}`).toString('base64')));
}

const plain = ({ sendCommand }: Exchange, credentials: string): Promise<void> =>
  accepted(sendCommand(`AUTH PLAIN ${Buffer.from(credentials).toString('base64')}`));

async function accepted(answer: ReturnType<Exchange['sendCommand']>): Promise<void> {
  const { status, response } = await answer;
  if (status < 200 || status >= 300) throw new Error(response);
}

function mailOf(attempt: Attempt, options: Options) {
  const { text, html } = attempt;
  const [from, to] = [text(options.from), text(options.to)];
  const own = Object.entries(options.headers).map(([name, value]) => [name, text(value)] as const);
  const headers = {
    Subject: text(SUBJECT),
    From: from,
    To: to,
    'Message-Id': messageId(attempt, from),
    'Auto-Submitted': 'auto-generated',
    ...threading(attempt, options),
    ...Object.fromEntries(own),
  };
  return {
    envelope: { from, to },
    headers,
    ...(options.text !== '' && { text: text(options.text) }),
    ...(options.html !== '' && { html: html(options.html) }),
  };
}

/** `<hash of the message's key@domain of the sender>`. */
function messageId({ message }: Attempt, from: string): string {
  const domain = /@([^\s<>,]+)/.exec(from)?.[1] ?? 'tocsin.invalid';
  return `<${createHash('sha256').update(message.key).digest('hex').slice(0, 32)}@${domain}>`;
}

/** All mails of a group refer to one that was never sent, which mail programs show as a conversation. */
function threading({ message, now }: Attempt, { threading: options }: Options): Record<string, string> {
  if (!options.enabled) return {};
  const day = options.thread_by_date === 'none' ? '' : new Date(now).toISOString().slice(0, 10);
  const root = `<alert-${groupHash(message).slice(0, 16)}-${day}@alertmanager>`;
  return { References: root, 'In-Reply-To': root };
}

function deliveryOfError(error: unknown, where: string): Delivery {
  const { responseCode, code, response } = error as {
    readonly responseCode?: number;
    readonly code?: string;
    readonly response?: string;
  };
  // The message itself cannot be sent, whatever server it is given to.
  if (code === 'ECONFIG' || (code === 'EENVELOPE' && responseCode === undefined)) {
    return { kind: 'refused', error: `${where}: ${messageOf(error)}` };
  }
  // A server without TLS says so with a code that is about the command: it may have TLS again.
  const said = code === 'ETLS' ? null : (responseCode ?? null);
  return deliveryOfSmtp(said, response ?? messageOf(error), where);
}

/** Some have it: sending again would tell those twice. */
const rejectedNote = (rejected: readonly unknown[]): string =>
  rejected.length === 0 ? '' : `; not accepted for ${rejected.join(', ')}`;
