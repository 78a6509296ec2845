/** What a way to tell people looks like: channels, and the receivers that are configured on them. */
import type { Labels } from '../domain/labels';
import type { NotificationPayload } from '../domain/notification';

/** A message on its way. `payload.message_id` is the same however often and through whichever channel it is sent. */
export interface OutgoingMessage {
  readonly payload: NotificationPayload;
  readonly fingerprint: string;
  readonly episode: number;
  readonly step: string;
}

/** What an integration keeps of a delivery for the group's next one, such as the id of the message that it updates then. */
export type Memory = Readonly<Record<string, string>>;

/** What came of one attempt. Only `retry` can go better another time. */
export type Delivery =
  | { readonly kind: 'delivered'; readonly detail: string; readonly memory?: Memory }
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

/** An alert as a group's message shows it. Times are ISO 8601 in UTC. */
export interface GroupAlert {
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: string;
  /** When it ended, or when it will unless it is sent again; null where its end is not known. */
  readonly endsAt: string | null;
  /** Where the alert comes from, empty where nobody said. */
  readonly generatorUrl: string;
}

/** Why a group is told of now, in the words that Alertmanager's templates and webhooks have for it. */
export type NotificationReason =
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed'
  | 'unknown';

/** What one integration is to tell of a group. `key` is the same at each try of the same message. */
export interface GroupMessage {
  readonly key: string;
  readonly groupKey: string;
  readonly receiver: string;
  readonly groupLabels: Labels;
  /** Firing ones first as Alertmanager orders them; resolved ones only where the integration wants them. */
  readonly alerts: readonly GroupAlert[];
  /** Of the route, with what the receiver adds; values are expanded. */
  readonly routeLabels: Labels;
  /** When the group was looked at, ms. */
  readonly at: number;
  readonly reason: NotificationReason;
  /** What this integration kept at its last delivery for the group since all of it was resolved; empty at the first. */
  readonly memory: Memory;
}

/** One way of a receiver of alertmanager.yml to tell people of a group. */
export interface Integration {
  readonly receiver: string;
  /** `webhook`, `email`, `slack`, … */
  readonly kind: string;
  /** Among all of the receiver's integrations. */
  readonly index: number;
  readonly sendResolved: boolean;
  /** What fails together: scheme, host and port. Integrations of one destination share its circuit breaker. */
  readonly destination: string;
  /** Never throws; ends soon after `signal` aborts, which is how a timeout arrives. */
  notify(message: GroupMessage, signal: AbortSignal): Promise<Delivery>;
  close(): Promise<void>;
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
