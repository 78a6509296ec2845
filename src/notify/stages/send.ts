/**
 * Sends, within the destination's bulkhead and circuit breaker. When the receiver cannot have it, because its circuit is
 * open, it refuses the message for good, or it has been tried in vain for too long, the fallback receiver gets it with the same
 * message_id. Otherwise it is tried again later, until it is given up.
 */
import type { NotificationOutcome } from '../../history/port';
import { backoffMs, exhausted, type RetryPolicy } from '../backoff';
import type { Destination } from '../destination';
import { buildPayload } from '../payload';
import type { Delivery, OutgoingMessage, Receiver } from '../port';
import type { Limited, RateLimits } from '../rate-limits';
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
  /** Never goes back. */
  readonly elapsedMs: () => number;
  readonly sent: SentMemory;
  /** Left out: there are none. */
  readonly limits?: Pick<RateLimits, 'take'>;
}

export function sendStage(options: SendOptions): Stage {
  return deciding('send', async (context, notification) => {
    const outcome = await deliver(options, context, notification);
    if (outcome.kind === 'sent') options.sent.remember(notification.queued, outcome);
    return { ...notification, outcome };
  });
}

const SHORTEST_WAIT_MS = 50;

/** Not tried: the circuit is `open`, or the rate limit is reached. */
type Attempt =
  Delivery | { readonly kind: 'open' | 'limited'; readonly error: string; readonly retryInMs: number | null };

async function deliver(
  options: SendOptions,
  context: StageContext,
  notification: Notification,
): Promise<NotificationOutcome> {
  const { receiver, queued } = notification;
  const fallback = fallbackOf(options, notification);
  const leftMs = untilLate(options, notification);
  if (fallback !== undefined && queued.lastError !== null && leftMs() <= 0)
    return deliverLate(options, context, notification, fallback);
  const first = await attempt(options, context, notification, receiver);
  if (first.kind === 'delivered') return sentVia(receiver, first, notification);
  if (fallback === undefined) return later(options, notification, first);
  if (!needsFallback(options, receiver, first) && leftMs() > 0)
    return noLaterThan(leftMs(), later(options, notification, first));
  const second = await attempt(options, context, notification, fallback);
  if (second.kind === 'delivered') return sentInstead(fallback, second, notification, `: ${first.error}`);
  return laterByBoth(options, notification, { first, second, fallback });
}

/** The fallback comes first by now, and spares the receiver, which may have asked for a rest; then that has another try. */
async function deliverLate(
  options: SendOptions,
  context: StageContext,
  notification: Notification,
  fallback: Receiver,
): Promise<NotificationOutcome> {
  const { receiver, queued } = notification;
  const second = await attempt(options, context, notification, fallback);
  const why = `, which could not be told for ${Math.round(queued.waitedMs / 1_000)} s: ${queued.lastError}`;
  if (second.kind === 'delivered') return sentInstead(fallback, second, notification, why);
  const first = await attempt(options, context, notification, receiver);
  if (first.kind === 'delivered') return sentVia(receiver, first, notification);
  return laterByBoth(options, notification, { first, second, fallback });
}

/** How long the receiver has left, by `fallbackAfterMs`, until its fallback is told: 0 and less when that is over. */
function untilLate({ elapsedMs }: SendOptions, { receiver, queued }: Notification): () => number {
  const { fallbackAfterMs = null } = receiver;
  const began = elapsedMs();
  return () => (fallbackAfterMs ?? Infinity) - queued.waitedMs - (elapsedMs() - began);
}

/** Once the fallback's turn has come, a pause of the receiver holds nobody up. */
function noLaterThan(leftMs: number, outcome: NotificationOutcome): NotificationOutcome {
  if (outcome.kind !== 'retry') return outcome;
  return { ...outcome, afterMs: Math.min(outcome.afterMs, Math.max(SHORTEST_WAIT_MS, leftMs)) };
}

type Failed = Exclude<Attempt, { kind: 'delivered' }>;

function laterByBoth(
  options: SendOptions,
  notification: Notification,
  {
    first,
    second,
    fallback,
  }: { readonly first: Failed; readonly second: Failed; readonly fallback: Receiver },
): NotificationOutcome {
  const both = `${first.error}; ${fallback.name}: ${second.error}`;
  // A limit alone is waited for: what the other one answered does not end the message.
  if (first.kind === 'limited' && (second.kind === 'limited' || second.kind === 'refused'))
    return { kind: 'limited', detail: both, afterMs: Math.max(SHORTEST_WAIT_MS, first.retryInMs ?? 0) };
  const worse = first.kind === 'refused' || first.kind === 'limited' ? second : first;
  return later(options, notification, { ...worse, error: both });
}

function sentInstead(
  fallback: Receiver,
  delivery: Delivered,
  notification: Notification,
  why: string,
): NotificationOutcome {
  const detail = `${delivery.detail}; instead of ${notification.receiver.name}${why}`;
  return sentVia(fallback, { ...delivery, detail }, notification);
}

async function attempt(
  options: SendOptions,
  context: StageContext,
  notification: Notification,
  receiver: Receiver,
): Promise<Attempt> {
  const destination = options.destinationOf(receiver);
  const limited = await limitOf(options, notification, receiver);
  if (limited !== null) return { kind: 'limited', error: limited.error, retryInMs: limited.nextInMs };
  const message = messageFor(options, context, notification, receiver);
  const call = (): Promise<Delivery> =>
    withinDeadline(receiver.timeoutMs, context.signal, (signal) => receiver.channel.send(message, signal));
  const delivery = await destination.attempt(call, ({ kind }) => kind !== 'retry');
  if (delivery !== null) return delivery;
  const { retryInMs } = destination.look();
  return { kind: 'open', error: `the circuit of ${destination.name} is open`, retryInMs };
}

/** Where nothing can leave anyway no permit is taken. */
async function limitOf(
  { limits, destinationOf }: SendOptions,
  { queued }: Notification,
  receiver: Receiver,
): Promise<Limited | null> {
  if (limits === undefined || !destinationOf(receiver).look().allowed) return null;
  return limits.take(receiver.name, queued.id);
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
  const others = fellows.map(({ alert }) => alert);
  const payload = buildPayload(notification.facts, {
    messageId,
    step,
    routingKey: receiver.routingKey,
    onCallPerson,
    fellows: others,
    digest,
    now: context.now(),
  });
  const memory = memories[receiver.name] ?? {};
  const alerts = [notification.facts.alert, ...others];
  return { payload, fingerprint, episode, step, attempts, memory, alerts };
}

/** A telephone takes over what asks for an action, and nothing else. */
function fallbackOf({ receivers }: SendOptions, notification: Notification): Receiver | undefined {
  const { fallback } = notification.receiver;
  const found = fallback === null ? undefined : receivers.get(fallback);
  return found?.channel.interrupts === true && !asksForAction(notification) ? undefined : found;
}

/** A single failure is tried again at the same place; a circuit that it opened, or a refusal, is not waited for. */
function needsFallback({ destinationOf }: SendOptions, receiver: Receiver, first: Attempt): boolean {
  if (first.kind === 'limited') return false;
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
  failed: Failed,
): NotificationOutcome {
  if (failed.kind === 'refused') return { kind: 'dead', error: failed.error };
  if (failed.kind === 'limited') return { kind: 'limited', detail: failed.error };
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
