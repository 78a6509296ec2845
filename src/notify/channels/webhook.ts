/**
 * Any JSON webhook: the same payload to a URL of one's own, with headers of one's own. Signed where there is a secret for it:
 * `X-Tocsin-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY`, once for each secret, so that one can be replaced by
 * another without a message that the receiver does not believe.
 */
import { createHmac } from 'node:crypto';
import type { Channel, Revealable } from '../port';
import { createJsonPoster, type CallerOptions } from './http';
import { headerText } from './notification-service';

export interface WebhookOptions extends Pick<CallerOptions, 'networks' | 'tls'> {
  readonly url: Revealable;
  readonly headers: Readonly<Record<string, Revealable>>;
  readonly signingSecrets?: readonly Revealable[];
}

export function createWebhookChannel(options: WebhookOptions): Channel {
  const { url, headers, signingSecrets = [], networks, tls } = options;
  const poster = createJsonPoster(() => url.reveal(), { networks, tls });
  return {
    kind: 'webhook',
    destination: poster.destination,
    send: ({ payload }, signal) => {
      const own = (body: string) => ({
        'idempotency-key': payload.message_id,
        'x-correlation-id': headerText(payload.correlation_id),
        ...signature(signingSecrets, body),
      });
      const theirs = () => Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const);
      return poster.post(payload, (body) => ({ ...own(body), ...Object.fromEntries(theirs()) }), signal);
    },
    close: () => poster.close(),
  };
}

function signature(secrets: readonly Revealable[], body: string): Record<string, string> {
  if (secrets.length === 0) return {};
  const seconds = Math.floor(Date.now() / 1_000);
  const signed = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex')}`,
  );
  return { 'x-tocsin-signature': [`t=${seconds}`, ...signed].join(',') };
}
