/**
 * E-mail over SMTP. A message's id is stable, so a mailbox can tell a resend, and every message of an episode refers to
 * its first one, so a mail program shows them as one conversation.
 */
import { createTransport } from 'nodemailer';
import { messageOf } from '../../domain/errors';
import { messageId } from '../../domain/identity';
import { INCIDENT_OPENED } from '../../domain/incident';
import type { Channel, Delivery, OutgoingMessage, Revealable } from '../port';
import { htmlOf } from './email-html';
import { deliveryOfSmtp } from './status';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; otherwise STARTTLS where the server offers it. */
  readonly secure: boolean;
  readonly user: string | null;
  readonly password: Revealable | null;
  readonly from: string;
  readonly to: readonly string[];
}

/** Below any sensible attempt's timeout only for a server that is silent from the start; the signal ends the rest. */
const CONNECT_TIMEOUT_MS = 5_000;

export function createEmailChannel(options: EmailOptions): Channel {
  const { host, port, secure, user, password } = options;
  const where = `${host}:${port}`;
  // Each mail has a connection of its own anyway, so a transport for each costs nothing.
  const transport = () =>
    createTransport({
      host,
      port,
      secure,
      ...(user === null ? {} : { auth: { user, pass: password?.reveal() ?? '' } }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      greetingTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: 30_000,
      socketCloseTimeout: 0,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  return {
    kind: 'email',
    destination: `smtp://${where}`,
    async send(message, signal) {
      try {
        const sent = await transport().sendMail({ ...mailOf(message, options), signal });
        return { kind: 'delivered', detail: `${sent.response} (${where})${rejectedNote(sent.rejected)}` };
      } catch (error) {
        return deliveryOfError(error, signal, where);
      }
    },
    close: async () => undefined,
  };
}

function mailOf(message: OutgoingMessage, { from, to }: EmailOptions) {
  const { payload, fingerprint, episode, step } = message;
  const begin = payload.incident === undefined ? 'fire' : INCIDENT_OPENED;
  const root = mailId(messageId(fingerprint, episode, begin), from);
  const thread = step === begin ? {} : { inReplyTo: root, references: root };
  return {
    from,
    to: [...to],
    subject: payload.subject,
    text: payload.body_text,
    html: htmlOf(payload),
    messageId: mailId(payload.message_id, from),
    ...thread,
    headers: { 'X-Tocsin-Message-Id': payload.message_id, 'Auto-Submitted': 'auto-generated' },
  };
}

/** `<fingerprint.episode.step@domain of the sender>`. */
function mailId(id: string, from: string): string {
  const domain = /@([^\s<>]+)/.exec(from)?.[1] ?? 'tocsin.invalid';
  return `<${id.replaceAll(':', '.')}@${domain}>`;
}

function deliveryOfError(error: unknown, signal: AbortSignal, where: string): Delivery {
  if (signal.aborted) return { kind: 'retry', error: `${where}: no answer in time`, retryAfterMs: null };
  const { responseCode, code, response } = error as {
    responseCode?: number;
    code?: string;
    response?: string;
  };
  // The message itself cannot be sent, whatever server it is given to.
  if (code === 'ECONFIG' || (code === 'EENVELOPE' && responseCode === undefined)) {
    return { kind: 'refused', error: `${where}: ${messageOf(error)}` };
  }
  return deliveryOfSmtp(responseCode ?? null, response ?? messageOf(error), where);
}

/** Some have it: sending again would tell those twice. */
function rejectedNote(rejected: readonly unknown[]): string {
  return rejected.length === 0 ? '' : `; not accepted for ${rejected.join(', ')}`;
}
