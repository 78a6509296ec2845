/** One decision on a message's way. A stage that decides sets the outcome; the ones after it let the message pass. */
import type {
  HeldForDigest,
  Holder,
  NotificationFacts,
  NotificationOutcome,
  QueuedNotification,
} from '../../history/port';
import type { Digest } from '../digest';
import type { Receiver } from '../port';

export interface Notification {
  readonly queued: QueuedNotification;
  readonly receiver: Receiver;
  readonly facts: NotificationFacts;
  /** Decided already: null while the message is on its way. */
  readonly outcome: NotificationOutcome | null;
  /** What should be known of how it was decided, such as mutes that could not be read. */
  readonly notes: readonly string[];
  /** Alerts that the message tells of beside its own. */
  readonly fellows?: readonly NotificationFacts[];
  /** It waited for a digest, or for the end of one, which leaves now. */
  readonly digest?: Digest;
}

export interface StageContext {
  readonly now: () => Date;
  /** Aborts when the process has to end. */
  readonly signal: AbortSignal;
}

export interface Stage {
  readonly name: string;
  exec(context: StageContext, notification: Notification): Promise<Notification>;
}

/** A stage for messages that nobody has decided on. */
export function deciding(name: string, decide: Stage['exec']): Stage {
  return {
    name,
    exec: async (context, notification) =>
      notification.outcome === null ? decide(context, notification) : notification,
  };
}

/** Why a message is not sent, and what decided so. */
export interface Because {
  readonly reason: string;
  readonly detail: string;
  readonly by?: readonly Holder[];
}

export function drop(notification: Notification, because: Because): Notification {
  return { ...notification, outcome: { kind: 'dropped', ...because } };
}

/** To be decided on again after `forMs`. */
export function hold(
  notification: Notification,
  forMs: number,
  because: Because & { readonly digest?: HeldForDigest },
): Notification {
  return { ...notification, outcome: { kind: 'held', forMs, ...because } };
}

export async function runStages(
  stages: readonly Stage[],
  context: StageContext,
  notification: Notification,
): Promise<Notification> {
  let current = notification;
  for (const stage of stages) current = await stage.exec(context, current);
  return current;
}
