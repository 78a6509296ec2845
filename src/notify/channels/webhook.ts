/** Any JSON webhook: the same payload to a URL of one's own, with headers of one's own. */
import type { Channel } from '../port';
import { createJsonPoster } from './http';
import { headerText } from './notification-service';

export interface WebhookOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function createWebhookChannel({ url, headers }: WebhookOptions): Channel {
  const poster = createJsonPoster(url);
  return {
    kind: 'webhook',
    destination: poster.destination,
    send: ({ payload }, signal) => {
      const own = {
        'idempotency-key': payload.message_id,
        'x-correlation-id': headerText(payload.correlation_id),
      };
      return poster.post(payload, { ...own, ...headers }, signal);
    },
    close: () => poster.close(),
  };
}
