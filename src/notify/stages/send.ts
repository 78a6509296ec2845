/**
 * Sends, within the destination's bulkhead and circuit breaker. When the receiver cannot have it, because its circuit is
 * open or it refuses the message for good, the fallback receiver gets it with the same message_id. Otherwise it is tried
 * again later, until it is given up.
 */
import type { NotificationOutcome } from '../../history/port';
import { backoffMs, exhausted, type RetryPolicy } from '../backoff';
import type { Destination } from '../destination';
import { buildPayload } from '../payload';
import type { Delivery, OutgoingMessage, Receiver } from '../port';
import { withinDeadline } from '../within-deadline';
import type { SentMemory } from './sent-memory';
import { asksForAction } from './timely';
import { deciding, type Notification, type Stage, type StageContext } from './stage';

export interface SendOptions {
  readonly receivers: ReadonlyMap<string, Receiver>;
  readonly destinationOf: (receiver: Receiver) => Destination;
  readonly onCallPerson: (notification: Notification) => string | null;
  readonly retry: RetryPolicy;
  readonly random: () => number;
  readonly sent: SentMemory;
}

export function sendStage(options: SendOptions): Stage {
  return deciding('send', async (context, notification) => {
    const outcome = await deliver(options, context, notification);
    if (outcome.kind === 'sent') options.sent.remember(notification.queued, outcome);
    return { ...notification, outcome };
  });
}

/** `open`: not tried, since the circuit is open. */
type Attempt =
  Delivery | { readonly kind: 'open'; readonly error: string; readonly retryInMs: number | null };

async function deliver(
  options: SendOptions,
  context: StageContext,
  notification: Notification,
): Promise<NotificationOutcome> {
  const { receiver } = notification;
  const first = await attempt(options, context, notification, receiver);
  if (first.kind === 'delivered') return sentVia(receiver, first, notification);
  const fallback = fallbackOf(options, notification);
  if (fallback === undefined || !needsFallback(options, receiver, first))
    return later(options, notification, first);
  const second = await attempt(options, context, notification, fallback);
  if (second.kind === 'delivered') {
    const detail = `${second.detail}; instead of ${receiver.name}: ${first.error}`;
    return sentVia(fallback, { ...second, detail }, notification);
  }
  const both = `${first.error}; ${fallback.name}: ${second.error}`;
  const worse = first.kind === 'refused' ? second : first;
  return later(options, notification, { ...worse, error: both });
}

async function attempt(
  options: SendOptions,
  context: StageContext,
  notification: Notification,
  receiver: Receiver,
): Promise<Attempt> {
  const destination = options.destinationOf(receiver);
  const message = messageFor(options, context, notification, receiver);
  const call = (): Promise<Delivery> =>
    withinDeadline(receiver.timeoutMs, context.signal, (signal) => receiver.channel.send(message, signal));
  const delivery = await destination.attempt(call, ({ kind }) => kind !== 'retry');
  if (delivery !== null) return delivery;
  const { retryInMs } = destination.look();
  return { kind: 'open', error: `the circuit of ${destination.name} is open`, retryInMs };
}

function messageFor(
  options: SendOptions,
  context: StageContext,
  notification: Notification,
  receiver: Receiver,
): OutgoingMessage {
  const { messageId, fingerprint, episode, step, attempts, memories } = notification.queued;
  const { fellows = [], digest } = notification;
  const onCallPerson = options.onCallPerson(notification);
  const payload = buildPayload(notification.facts, {
    messageId,
    step,
    routingKey: receiver.routingKey,
    onCallPerson,
    fellows: fellows.map(({ alert }) => alert),
    digest,
    now: context.now(),
  });
  return { payload, fingerprint, episode, step, attempts, memory: memories[receiver.name] ?? {} };
}

/** A telephone takes over what asks for an action, and nothing else. */
function fallbackOf({ receivers }: SendOptions, notification: Notification): Receiver | undefined {
  const { fallback } = notification.receiver;
  const found = fallback === null ? undefined : receivers.get(fallback);
  return found?.channel.interrupts === true && !asksForAction(notification) ? undefined : found;
}

/** A single failure is tried again at the same place; a circuit that it opened, or a refusal, is not waited for. */
function needsFallback({ destinationOf }: SendOptions, receiver: Receiver, first: Attempt): boolean {
  return first.kind !== 'retry' || destinationOf(receiver).look().state === 'open';
}

type Delivered = Extract<Delivery, { kind: 'delivered' }>;

/** A delivery that keeps nothing leaves what was kept before. */
function sentVia(
  receiver: Receiver,
  { detail, memory }: Delivered,
  { notes }: Notification,
): NotificationOutcome {
  const said = { kind: 'sent' as const, via: receiver.name, detail: [detail, ...notes].join('; ') };
  return memory === undefined ? said : { ...said, memory };
}

function later(
  { retry, random }: SendOptions,
  { queued }: Notification,
  failed: Exclude<Attempt, { kind: 'delivered' }>,
): NotificationOutcome {
  if (failed.kind === 'refused') return { kind: 'dead', error: failed.error };
  const gaveUp = exhausted(retry, queued.attempts, queued.ageMs);
  if (gaveUp !== null) return { kind: 'dead', error: `${gaveUp}: ${failed.error}` };
  const waitMs = backoffMs(
    retry,
    queued.attempts,
    failed.kind === 'retry' ? failed.retryAfterMs : null,
    random(),
  );
  const opensInMs = failed.kind === 'open' ? (failed.retryInMs ?? 0) : 0;
  return { kind: 'retry', afterMs: Math.max(waitMs, opensInMs), error: failed.error };
}
