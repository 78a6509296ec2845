/**
 * The notifier: leases due messages from the queue, lets each go through the stages, and sleeps until the next is due.
 * Any number of processes may run one. Delivery is at least once with a stable message_id: a process that dies while
 * it sends leaves its lease to end, and another sends the same message again. Who is told of what, and when, was
 * decided when the message was put into the queue.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BreakerPolicy } from '../domain/breaker';
import type { FatigueLimit } from '../domain/fatigue';
import { messageOf } from '../domain/errors';
import { nameInAlertmanager } from '../domain/drill';
import type {
  AlertRow,
  NotificationOutcome,
  NotificationQueue,
  QueuedNotification,
  RateLimitStore,
  ReceiverFilter,
} from '../history/port';
import type { Mutes } from '../mute/port';
import type { Logger } from '../observe/observe';
import { backoffMs, exhausted, RETRY_DEFAULTS, type RetryPolicy } from './backoff';
import { BREAKER_DEFAULTS } from './destination';
import { byUrgency } from './digest';
import { createLanes, wantedBy, type HeldBack } from './lanes';
import type { NotifierEvent, Receiver } from './port';
import { createRateLimits } from './rate-limits';
import { dedupStage } from './stages/dedup';
import { recordStage } from './stages/record';
import { sendStage } from './stages/send';
import { createSentMemory } from './stages/sent-memory';
import { silenceStage } from './stages/silence';
import { runStages, type Notification, type Stage, type StageContext } from './stages/stage';
import { throttleStage } from './stages/throttle';
import { timelyStage } from './stages/timely';
import { createWakeUp } from './wake-up';

export interface NotifierOptions {
  readonly queue: NotificationQueue;
  readonly mutes: Mutes;
  readonly receivers: readonly Receiver[];
  /** Others that may change while it runs: the same array for as long as they are the same. */
  readonly changing?: () => readonly Receiver[];
  /** Where receivers have a rate limit. */
  readonly rateLimits?: RateLimitStore;
  /** How many alerts that are alike have a first message of their own; null, the default: all. */
  readonly fatigueLimit?: FatigueLimit | null;
  /** What people call the time; it may be set back. What is measured goes by `elapsedMs` or the queue's own clock. */
  readonly now: () => Date;
  /** Milliseconds since any moment, never going back; the process' own by default. */
  readonly elapsedMs?: () => number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>;
  readonly onEvent?: (event: NotifierEvent) => void;
  /** How many messages one destination gets at once; 16 by default. */
  readonly concurrency?: number;
  /** How long a message is held without a sign of life; 5 s by default. */
  readonly leaseMs?: number;
  /** Who is on call for an escalation step where the message does not say; see `onCallOf`. */
  readonly onCallPerson?: (alert: AlertRow, step: string) => string | null;
  readonly retry?: Partial<RetryPolicy>;
  readonly breaker?: Partial<BreakerPolicy>;
  /** The longest sleep without looking; 5 s by default. */
  readonly maxSleepMs?: number;
  /** How long `stop` waits for what is being sent before it aborts it; 10 s by default. */
  readonly drainMs?: number;
  /** In [0, 1); for the jitter. */
  readonly random?: () => number;
}

export interface Notifier {
  start(): Promise<void>;
  /** Looks at once: a message may have become due. */
  wake(): void;
  /** Takes no more, lets what is being sent end, and resolves. */
  stop(): Promise<void>;
}

/** Wake-ups that come together have one look at the queue: each writer wakes, and so does each message that has left. */
const BETWEEN_TURNS_MS = 25;
/** A lane that is full, or a row that another process holds, must not make the loop spin. */
const SHORTEST_SLEEP_MS = 20;
const AWAY_SLEEP_MS = 500;
/** Another process may know the receiver: after a change of configuration they differ for a while. */
const UNKNOWN_RECEIVER_MS = 60_000;
/** All processes of an instance read an alertmanager.yml again at about the same time. */
const GONE_INTEGRATION = { waitMs: 10_000, tries: 6 };
const AT_ONCE_ELSEWHERE = 50;

export function createNotifier(options: NotifierOptions): Notifier {
  const { queue, mutes, now, log, onEvent = () => undefined } = options;
  const {
    concurrency = 16,
    leaseMs = 5_000,
    maxSleepMs = 5_000,
    drainMs = 10_000,
    random = Math.random,
    elapsedMs = () => performance.now(),
    fatigueLimit = null,
    changing = () => NONE,
  } = options;
  const retry: RetryPolicy = { ...RETRY_DEFAULTS, ...options.retry };
  let changed = changing();
  const everybody = (): readonly Receiver[] => [...options.receivers, ...changed];
  const receivers = new Map(everybody().map((receiver) => [receiver.name, receiver]));
  const lanes = createLanes(
    everybody(),
    concurrency,
    { ...BREAKER_DEFAULTS, ...options.breaker },
    elapsedMs,
    (destination, state) => {
      log.warn({ destination, state }, `the circuit of ${destination} is ${state}`);
      onEvent({ kind: 'circuit', destination, state });
    },
  );
  function follow(): void {
    if (changing() === changed) return;
    changed = changing();
    receivers.clear();
    everybody().forEach((receiver) => receivers.set(receiver.name, receiver));
    lanes.take(everybody());
  }

  const limitOf = new Map(
    options.receivers.flatMap(({ name, rateLimit }) => (rateLimit ? [[name, rateLimit] as const] : [])),
  );
  if (options.rateLimits === undefined && limitOf.size > 0)
    throw new RangeError('rate limits need a store that counts over all processes');
  const limits = createRateLimits(options.rateLimits, (name) => limitOf.get(name) ?? null);
  const sent = createSentMemory();
  const abort = new AbortController();
  // Each message on its way listens to it, so there are as many listeners as messages.
  setMaxListeners(0, abort.signal);
  const context: StageContext = { now, signal: abort.signal };
  const alarm = createWakeUp();
  const inFlight = new Map<string, Promise<void>>();
  let stopping = false;
  let away = false;
  /**
   * While Postgres is away all leases end, and their holders cannot record what they have sent: each has one lease's time
   * to do so before another process takes its messages.
   */
  let orphansFrom = -Infinity;
  let unknownAt = -Infinity;

  const send = sendStage({
    receivers,
    destinationOf: lanes.destinationOf,
    onCallPerson: ({ facts, queued }) =>
      queued.onCallPerson ?? options.onCallPerson?.(facts.alert, queued.step) ?? null,
    retry,
    random,
    elapsedMs,
    sent,
    limits,
  });
  const record = recordStage({ queue, sent, onRecorded });
  /** Of each alert by itself; what passes is sent, as one where it is of one bundle. */
  const deciding: readonly Stage[] = [
    ...[timelyStage, silenceStage(mutes), dedupStage(sent)],
    ...(fatigueLimit === null ? [] : [throttleStage(queue, fatigueLimit)]),
  ];

  function onRecorded({ queued, facts, outcome }: Notification): void {
    if (outcome === null) return;
    if (outcome.kind === 'limited') {
      log.debug(
        { messageId: queued.messageId, receiver: queued.receiver },
        `message waits: ${outcome.detail}`,
      );
      return;
    }
    const reason =
      outcome.kind === 'sent' ? outcome.via : 'reason' in outcome ? outcome.reason : outcome.error;
    const latencyMs = now().getTime() - queued.dueAt.getTime();
    const { messageId, receiver, step } = queued;
    const detail = 'detail' in outcome ? outcome.detail : undefined;
    const level = outcome.kind === 'dead' ? 'error' : outcome.kind === 'retry' ? 'warn' : 'info';
    log[level](
      {
        messageId,
        receiver,
        step,
        reason,
        detail,
        latencyMs,
        attempts: queued.attempts + 1,
        correlation_id: facts.alert.correlationId,
      },
      `message ${outcome.kind}`,
    );
    onEvent({ kind: outcome.kind, receiver, step, reason, latencyMs, messageId });
  }

  /** Not yet known to the history, or to this process' configuration: another time. */
  async function putOff(
    queued: QueuedNotification,
    waitMs: number,
    error: string,
    tries = retry.maxAttempts,
  ): Promise<void> {
    const gaveUp = exhausted({ ...retry, maxAttempts: tries }, queued.attempts, queued.ageMs);
    await queue.finish(
      queued.id,
      gaveUp === null
        ? { kind: 'retry', afterMs: waitMs, error }
        : { kind: 'dead', error: `${gaveUp}: ${error}` },
    );
    log.warn({ messageId: queued.messageId, receiver: queued.receiver }, error);
  }

  /** Whoever is named in alertmanager.yml no more is given up soon, for then the next level is told. */
  function putOffUnknown(queued: QueuedNotification): Promise<void> {
    const there = nameInAlertmanager(queued.receiver);
    if (there === null)
      return putOff(queued, UNKNOWN_RECEIVER_MS, `receiver "${queued.receiver}" is not configured here`);
    const { waitMs, tries } = GONE_INTEGRATION;
    return putOff(queued, waitMs, `alertmanager.yml has no integration ${there} (any more)`, tries);
  }

  /** Null where it is put off. */
  async function begun(queued: QueuedNotification): Promise<Notification | null> {
    const receiver = receivers.get(queued.receiver);
    if (receiver === undefined) {
      await putOffUnknown(queued);
      return null;
    }
    const facts = await queue.facts(queued.fingerprint, queued.episode);
    if (facts === null) {
      const waitMs = backoffMs(retry, queued.attempts, null, random());
      await putOff(queued, waitMs, 'the history does not know the alert yet');
      return null;
    }
    return { queued, receiver, facts, outcome: null, notes: [] };
  }

  /** Of one bundle. */
  async function handle(bundle: readonly QueuedNotification[]): Promise<void> {
    const known = (await Promise.all(bundle.map(begun))).filter((each) => each !== null);
    const decided = await Promise.all(known.map((each) => runStages(deciding, context, each)));
    const passing = decided.filter(({ outcome }) => outcome === null);
    const rest = decided.filter(({ outcome }) => outcome !== null);
    const done = [...rest, ...(await sentTogether(passing))];
    await Promise.all(done.map((each) => record.exec(context, each)));
  }

  async function sentTogether(passing: readonly Notification[]): Promise<readonly Notification[]> {
    const [first, ...fellows] = leading(passing);
    if (first === undefined) return [];
    const { outcome, ...of } = await send.exec(context, {
      ...first,
      fellows: fellows.map(({ facts }) => facts),
    });
    if (outcome === null) throw new Error(`message ${first.queued.messageId} was sent without an outcome`);
    const went = fellows.map((each) => {
      const theirs = outcome.kind === 'sent' ? withIt(outcome, first.queued, each.queued) : outcome;
      if (theirs.kind === 'sent') sent.remember(each.queued, theirs);
      return { ...each, outcome: theirs };
    });
    const own = isDigest(first) && went.length > 0 ? showing(outcome, first.queued) : outcome;
    return [{ ...of, outcome: own }, ...went];
  }

  /** What fails here keeps its lease until it ends, and is then taken again. */
  function begin(bundle: readonly QueuedNotification[]): void {
    const [{ id: first, messageId }] = bundle as readonly [QueuedNotification];
    const work = handle(bundle)
      .catch((error: unknown) =>
        log.error({ messageId, err: error }, `message not handled: ${messageOf(error)}`),
      )
      .then(() => limits.release(first))
      .catch((error: unknown) => log.warn({ messageId, err: error }, 'its permit was not given back'))
      .finally(() => {
        bundle.forEach(({ id }) => inFlight.delete(id));
        alarm.wake();
      });
    bundle.forEach(({ id }) => inFlight.set(id, work));
  }

  /** Whether more may be there. */
  async function takeFor(filter: ReceiverFilter, limit: number): Promise<boolean> {
    if (limit <= 0 || stopping) return false;
    const orphans = !away && elapsedMs() >= orphansFrom;
    const taken = await queue.take(limit, leaseMs, filter, orphans);
    const bundles = bundlesOf(taken.filter(({ id }) => !inFlight.has(id)));
    const permit = 'only' in filter ? filter.under : undefined;
    for (const bundle of bundles) {
      if (permit !== undefined)
        limits.hold(
          permit.name,
          bundle.map(({ id }) => id),
        );
      begin(bundle);
    }
    return taken.length >= limit;
  }

  /** They are nobody's hurry here, so they are looked for once a while. */
  async function takeUnknown(): Promise<boolean> {
    if (elapsedMs() < unknownAt) return false;
    unknownAt = elapsedMs() + maxSleepMs;
    return takeFor({ except: [...receivers.keys()] }, AT_ONCE_ELSEWHERE);
  }

  async function takeAll(): Promise<boolean> {
    follow();
    let more = await takeUnknown();
    const rooms = await limits.look(limitOf.keys());
    for (const lane of lanes.all()) {
      const { receivers: only, limit, limited } = wantedBy(lane, rooms);
      more = (await takeFor({ only }, limit)) || more;
      for (const each of limited)
        more = (await takeFor({ only: each.receivers, ...each.heldBack }, each.limit)) || more;
    }
    return more;
  }

  /** Until a message is due to somebody who can have it, or a circuit lets one through again. A place that frees wakes. */
  async function sleepMs(): Promise<number> {
    const rooms = await limits.look(limitOf.keys());
    const looks = lanes.all().map((lane) => wantedBy(lane, rooms));
    const able = looks.flatMap(({ limited, ...own }) => [own, ...limited]).filter(({ limit }) => limit > 0);
    const late = able.filter(
      (each): each is HeldBack => 'heldBack' in each && (each.heldBack.waitedMs ?? 0) > 0,
    );
    const due = able.filter((each) => !late.includes(each as HeldBack));
    const next = await Promise.all([
      queue.nextDueInMs({ only: due.flatMap(({ receivers: names }) => names) }),
      ...late.map(({ receivers: only, heldBack }) => queue.nextDueInMs({ only, ...heldBack })),
    ]);
    const opens = lanes.all().map(({ destination }) => destination.look().retryInMs);
    const permits = looks.map(({ nextInMs }) => nextInMs);
    const waits = [...next, ...opens, ...permits].filter((wait): wait is number => wait !== null);
    return Math.min(maxSleepMs, Math.max(SHORTEST_SLEEP_MS, Math.min(...waits)));
  }

  async function turn(): Promise<void> {
    try {
      const more = await takeAll();
      if (away) {
        log.info({}, 'the queue of messages is there again');
        orphansFrom = elapsedMs() + leaseMs;
      }
      away = false;
      if (!more && !stopping) await alarm.wait(alarm.woken() ? 0 : await sleepMs());
    } catch (error) {
      if (!away) log.warn({ err: error }, `the queue of messages cannot be read: ${messageOf(error)}`);
      away = true;
      if (!stopping) await alarm.wait(AWAY_SLEEP_MS);
    }
  }

  async function run(): Promise<void> {
    while (!stopping) {
      const next = elapsedMs() + BETWEEN_TURNS_MS;
      await turn();
      if (elapsedMs() < next && !stopping) await sleep(next - elapsedMs());
    }
  }

  async function renew(): Promise<void> {
    const ids = [...inFlight.keys()];
    if (ids.length === 0) return;
    await queue
      .renew(ids, leaseMs)
      .catch((error: unknown) => log.debug({ err: error }, 'leases could not be renewed'));
  }

  let running: Promise<void> = Promise.resolve();
  let renewing: NodeJS.Timeout | undefined;
  let unlisten: () => Promise<void> = async () => undefined;

  return {
    async start() {
      unlisten = await queue.listen(alarm.wake);
      renewing = setInterval(() => void renew(), leaseMs / 3);
      running = run();
    },
    wake: alarm.wake,
    async stop() {
      stopping = true;
      alarm.wake();
      await running;
      const limit = setTimeout(() => abort.abort(), drainMs);
      await Promise.all(inFlight.values());
      clearTimeout(limit);
      clearInterval(renewing);
      await unlisten();
    },
  };
}

const NONE: readonly Receiver[] = [];

type SentOutcome = Extract<NotificationOutcome, { kind: 'sent' }>;

/** Of a digest, what still asks for something. */
const leading = (passing: readonly Notification[]): readonly Notification[] =>
  passing.some(isDigest) ? [...passing].sort((a, b) => byUrgency(a.facts.alert, b.facts.alert)) : passing;

const isDigest = ({ digest }: Notification): boolean => digest !== undefined;

/** The message of a digest shows all its alerts: what is new of the one that leads it is told below it too. */
function showing(outcome: NotificationOutcome, { messageId }: QueuedNotification): NotificationOutcome {
  if (outcome.kind !== 'sent' || outcome.memory === undefined) return outcome;
  return { ...outcome, memory: { ...outcome.memory, of: messageId } };
}

/** What a receiver has kept for the alert itself is better than what it keeps for the message that told of it too. */
function withIt(
  { memory, ...outcome }: SentOutcome,
  { messageId }: QueuedNotification,
  { memories }: QueuedNotification,
): SentOutcome {
  const detail = `${outcome.detail}; in the message ${messageId}`;
  if (memory === undefined || memories[outcome.via] !== undefined) return { ...outcome, detail };
  return { ...outcome, detail, memory: { ...memory, of: messageId } };
}

/**
 * Those that are sent as one, oldest first, however often they were tried: whoever leads gives the message its id. One that is of
 * no bundle is alone.
 */
function bundlesOf(taken: readonly QueuedNotification[]): QueuedNotification[][] {
  const found = new Map<string, QueuedNotification[]>();
  for (const queued of taken) {
    const { id, bundle, receiver, onCallPerson } = queued;
    const key = bundle == null ? id : JSON.stringify([bundle, receiver, onCallPerson ?? null]);
    found.set(key, [...(found.get(key) ?? []), queued]);
  }
  return [...found.values()].map((all) => all.sort((a, b) => Number(a.id) - Number(b.id)));
}
