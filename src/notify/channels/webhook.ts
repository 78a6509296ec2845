/** Any JSON webhook: the same payload to a URL of one's own, with headers of one's own. */
import type { Channel, Revealable } from '../port';
import { createJsonPoster } from './http';
import { headerText } from './notification-service';

export interface WebhookOptions {
  readonly url: Revealable;
  readonly headers: Readonly<Record<string, Revealable>>;
}

export function createWebhookChannel({ url, headers }: WebhookOptions): Channel {
  const poster = createJsonPoster(() => url.reveal());
  return {
    kind: 'webhook',
    destination: poster.destination,
    send: ({ payload }, signal) => {
      const own = {
        'idempotency-key': payload.message_id,
        'x-correlation-id': headerText(payload.correlation_id),
      };
      const theirs = () => Object.entries(headers).map(([name, value]) => [name, value.reveal()] as const);
      return poster.post(payload, () => ({ ...own, ...Object.fromEntries(theirs()) }), signal);
    },
    close: () => poster.close(),
  };
}
