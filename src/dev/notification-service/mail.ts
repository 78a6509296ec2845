/** A message as a mail, and the SMTP server's answer to it in our words. */
import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { messageOf } from '../../domain/errors';
import type { IngestPayload } from './payload';

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise STARTTLS where the server offers it. */
  readonly secure?: boolean;
  readonly user?: string | null;
  readonly password?: string | null;
}

export interface Refused {
  readonly address: string;
  readonly reason: string;
  /** A 5xx: the server will never take it. */
  readonly permanent: boolean;
}

/** What the SMTP server did with one message. */
export interface SmtpOutcome {
  readonly accepted: readonly string[];
  readonly refused: readonly Refused[];
}

export interface Mailer {
  /** Never rejects: whatever goes wrong is the reason of those who did not get it. */
  send(
    payload: IngestPayload,
    everyone: readonly string[],
    remaining: readonly string[],
  ): Promise<SmtpOutcome>;
  /** Rejects with the reason when the server does not greet and log us in. */
  check(): Promise<void>;
  close(): void;
}

interface SmtpError {
  readonly responseCode?: number;
  readonly recipient?: string;
  readonly message: string;
}

export function createMailer(smtp: SmtpOptions, from: string): Mailer {
  const transport = createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.secure ?? false,
    ...(smtp.user ? { auth: { user: smtp.user, pass: smtp.password ?? '' } } : {}),
    connectionTimeout: 5_000,
    greetingTimeout: 5_000,
    socketTimeout: 20_000,
  });
  return {
    async send(payload, everyone, remaining) {
      try {
        const { accepted, rejectedErrors } = await transport.sendMail({
          ...mailOf(payload, from),
          to: [...everyone],
          // Everyone is named as addressee; only those who have not got it yet are sent it.
          envelope: { from, to: [...remaining] },
        });
        return { accepted: accepted.map(addressOf), refused: (rejectedErrors ?? []).map(refusedOne) };
      } catch (error) {
        return { accepted: [], refused: refusedAll(error, remaining) };
      }
    },
    async check() {
      await transport.verify();
    },
    close: () => transport.close(),
  };
}

/** For a machine without an SMTP server: whoever watches the log is told. */
export function createPrinter(print: (mail: object) => void): Mailer {
  return {
    send(payload, _everyone, remaining) {
      const { message_id, correlation_id } = payload;
      const { subject, text } = mailOf(payload, '');
      print({ message_id, correlation_id, subject, text });
      return Promise.resolve({ accepted: remaining, refused: [] });
    },
    check: () => Promise.resolve(),
    close: () => undefined,
  };
}

/** Its Message-ID depends on the message alone, so that a mail sent twice shows once; an episode's mails form one thread. */
export function mailOf(payload: IngestPayload, from: string) {
  const thread = `<${hashOf(payload.message_id.split(':').slice(0, 2).join(':'))}@thread.tocsin>`;
  return {
    from,
    subject: payload.subject,
    text: `${payload.body_text}\n${factsOf(payload)}`,
    messageId: `<${hashOf(payload.message_id)}@tocsin>`,
    references: thread,
    inReplyTo: thread,
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Tocsin-Message-Id': payload.message_id,
      ...(payload.correlation_id ? { 'X-Tocsin-Correlation-Id': payload.correlation_id } : {}),
    },
    // The payload comes from the network: it must not make this process read files or URLs.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function factsOf(payload: IngestPayload): string {
  const facts: [string, string | null | undefined][] = [
    ['Alert', payload.alert_name],
    ['Severity', payload.severity],
    ['State', payload.state],
    ['Instance', payload.db_instance_id],
    ['Environment', payload.environment],
    ['Owner', payload.service_owner],
    ['On call', payload.on_call_person],
    ['Runbook', payload.runbook_url],
    ['Dashboard', payload.dashboard_url],
    ['Correlation', payload.correlation_id],
  ];
  const lines = facts.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`);
  return ['', '--', ...lines, ''].join('\n');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function addressOf(entry: string | { address: string }): string {
  return typeof entry === 'string' ? entry : entry.address;
}

function refusedOne(error: SmtpError): Refused {
  return { address: error.recipient ?? '', reason: error.message, permanent: isPermanent(error) };
}

function refusedAll(error: unknown, remaining: readonly string[]): Refused[] {
  const each = (error as { rejectedErrors?: SmtpError[] }).rejectedErrors;
  if (Array.isArray(each) && each.length === remaining.length) return each.map(refusedOne);
  const permanent = isPermanent(error as SmtpError);
  return remaining.map((address) => ({ address, reason: messageOf(error), permanent }));
}

/** No answer at all (connection, timeout) and a failed login (mended by people) may pass. */
function isPermanent(error: { responseCode?: number; code?: string }): boolean {
  return error.responseCode !== undefined && error.responseCode >= 500 && error.code !== 'EAUTH';
}
