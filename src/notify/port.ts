/** What a way to tell people looks like: channels, and the receivers that are configured on them. */
import type { DrilledReceiver, DrillOutcome } from '../domain/drill';
import type { Labels } from '../domain/labels';
import type { NotificationPayload } from '../domain/notification';
import type { AlertRow, KnownAlert, PendingMessage, RateLimit, ToldOfGroup } from '../history/port';

/** A message on its way. `payload.message_id` is the same however often and through whichever channel it is sent. */
export interface OutgoingMessage {
  readonly payload: NotificationPayload;
  readonly fingerprint: string;
  readonly episode: number;
  readonly step: string;
  /** How often it has been tried before, by whomever: above 0 the service may have it, for an answer can be lost. */
  readonly attempts: number;
  /** What this receiver kept at its last delivery of the episode; empty at the first. */
  readonly memory: Memory;
  /** What it tells of, its own first. */
  readonly alerts: readonly AlertRow[];
}

/**
 * What is kept of a delivery for the next one of the same group or episode, such as the id of the message that it updates then. Where
 * that message is another alert's, which told of this one too, `of` is its id.
 */
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
  /** `notification_service`, `webhook`, `slack`, … */
  readonly kind: string;
  /** Each message interrupts somebody, as a call does: only those leave that ask for an action. */
  readonly interrupts?: boolean;
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
  /** It does not want to hear of ends, though it may be asked to; left out: whoever makes messages knows. */
  readonly sendResolved?: boolean;
  /** So long after a message was due it goes there although this one might still take it; null or left out: never. */
  readonly fallbackAfterMs?: number | null;
  /** How many messages it may be sent; null or left out: all. */
  readonly rateLimit?: RateLimit | null;
}

/** What a drill's workflow asks for. */
export interface Drills {
  /** Tells each way of the receiver, once however often it is asked; `attempts`: how often it was before. */
  drill(drilled: DrilledReceiver, attempts: number, signal: AbortSignal): Promise<DrillOutcome>;
  /** Raises, or ends, an alert for each receiver. `at`: when the drill was over, milliseconds. */
  conclude(drill: string, outcomes: readonly DrillOutcome[], at: number): Promise<void>;
  /** Ends and forgets what there is of receivers that are not drilled any more. */
  forgetOthers(
    configured: readonly { readonly drill: string; readonly receivers: readonly string[] }[],
  ): Promise<void>;
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
  /** In Alertmanager's order; resolved ones only where the integration wants them. */
  readonly alerts: readonly GroupAlert[];
  /** Of the route, with what the receiver adds; values may be templates. */
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

/** What tocsin.yaml says of a receiver of alertmanager.yml; each of its integrations goes by it for itself. */
export interface ReceiverPolicy {
  /** The receiver whose integrations tell what this one refuses, or fails to take for `fallbackAfterMs`. */
  readonly fallback: string | null;
  /** Null: only what is refused goes there. */
  readonly fallbackAfterMs: number | null;
  readonly rateLimit: RateLimit | null;
}

/** What names an integration among all, also from one process to the next: `receiver/kind/index`. */
export type IntegrationName = string;

/** A member of a group that is looked at. */
export interface GroupMember {
  readonly alert: KnownAlert;
  readonly isOver: boolean;
}

/** A group as it is looked at: its members, and what its receiver's integrations were told of it last. */
export interface GroupLook {
  readonly key: string;
  readonly at: number;
  readonly receiver: string;
  readonly repeatIntervalMs: number;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly members: readonly GroupMember[];
  readonly told: ReadonlyMap<IntegrationName, ToldOfGroup>;
}

/** A named reason for which nobody is told of an alert now. */
export interface HeldBack {
  readonly fingerprint: string;
  /** `acknowledged`: told before, and not told again while all that fires in the group is taken. */
  readonly reason: 'silence' | 'maintenance' | 'inhibition' | 'time interval' | 'acknowledged';
  /** Ids of silences, names of maintenances and time intervals, fingerprints of sources, people. */
  readonly by: readonly string[];
}

/** What a look comes to: whom to tell what, and of whom nobody is told. */
export interface GroupVerdict {
  readonly messages: readonly {
    readonly integration: IntegrationName;
    readonly pending: PendingMessage | null;
    /** There is nothing to send, and it counts as told. */
    readonly told: boolean;
  }[];
  readonly held: readonly HeldBack[];
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
