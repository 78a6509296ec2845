/** The enterprise notification service: `POST {url}/ingest`, which takes each message_id once. */
import type { Channel, Revealable } from '../port';
import { createJsonPoster, type CallerOptions } from './http';

export interface NotificationServiceOptions extends Pick<CallerOptions, 'networks'> {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token: Revealable | null;
}

export function createNotificationServiceChannel({
  url,
  token,
  networks,
}: NotificationServiceOptions): Channel {
  const poster = createJsonPoster(() => `${url.replace(/\/+$/, '')}/ingest`, { networks });
  return {
    kind: 'notification_service',
    destination: poster.destination,
    send: ({ payload }, signal) => {
      const headers = () => ({
        'idempotency-key': payload.message_id,
        'x-correlation-id': headerText(payload.correlation_id),
        ...(token !== null && { authorization: `Bearer ${token.reveal()}` }),
      });
      return poster.post(payload, headers, signal);
    },
    close: () => poster.close(),
  };
}

/** A correlation id may come from anywhere; a header takes visible ASCII only. */
export const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
