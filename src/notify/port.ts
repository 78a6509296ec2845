/** What a way to tell people looks like: channels, and the receivers that are configured on them. */
import type { NotificationPayload } from '../domain/notification';

/** A message on its way. `payload.message_id` is the same however often and through whichever channel it is sent. */
export interface OutgoingMessage {
  readonly payload: NotificationPayload;
  readonly fingerprint: string;
  readonly episode: number;
  readonly step: string;
}

/** What came of one attempt. Only `retry` can go better another time. */
export type Delivery =
  | { readonly kind: 'delivered'; readonly detail: string }
  | { readonly kind: 'retry'; readonly error: string; readonly retryAfterMs: number | null }
  | { readonly kind: 'refused'; readonly error: string };

/** A secret of the configuration. It may be rotated while we run, so a channel reveals it at each send and keeps it nowhere. */
export interface Revealable {
  /** Throws when it cannot be read. */
  reveal(): string;
}

export interface Channel {
  /** `notification_service`, `webhook`, `email`. */
  readonly kind: string;
  /** What fails together: scheme, host and port. Channels of one destination share its circuit breaker. */
  readonly destination: string;
  /** Never throws; ends soon after `signal` aborts, which is how a timeout arrives. */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
}

export interface Receiver {
  readonly name: string;
  readonly channel: Channel;
  readonly routingKey: string | null;
  /** How long one attempt may take. */
  readonly timeoutMs: number;
  /** The receiver that gets the message while this one cannot. */
  readonly fallback: string | null;
}

/** For metrics and logs. */
export type NotifierEvent =
  | {
      readonly kind: 'sent' | 'dropped' | 'held' | 'retry' | 'dead';
      readonly receiver: string;
      readonly step: string;
      /** The stage's reason for a drop or hold; the error of a retry or death; for a sent message through whom it went. */
      readonly reason: string;
      /** From the time it was due until now. */
      readonly latencyMs: number;
      readonly messageId: string;
    }
  | {
      readonly kind: 'circuit';
      readonly destination: string;
      readonly state: 'closed' | 'open' | 'half-open';
    };
