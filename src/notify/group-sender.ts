/**
 * Sends what looks at groups have made. Each destination has its own places and its circuit breaker, so one that hangs
 * delays nobody else; a message is leased while it is sent, and when its holder dies another sends it with the same key.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BreakerPolicy } from '../domain/breaker';
import { messageOf, TocsinError } from '../domain/errors';
import { fnv1a64 } from '../domain/labels';
import type { GroupStore, MessageOutcome, RateLimitStore, TakenMessage } from '../history/port';
import { createTurns, type Logger } from '../observe/observe';
import { createDestination, type Destination } from './destination';
import { fallbackOf, groupLanes, type GroupLane } from './group-lanes';
import type {
  Delivery,
  GroupMessage,
  Integration,
  IntegrationName,
  NotificationReason,
  ReceiverPolicy,
} from './port';
import { createRateLimits } from './rate-limits';
import { withinDeadline } from './within-deadline';

/** A message as its group is now; null where there is no such group any more. */
export type Compose = (
  message: TakenMessage,
  integration: Integration,
) => Omit<GroupMessage, 'key' | 'reason' | 'memory'> | null;

export interface GroupSenderOptions {
  readonly store: Pick<GroupStore, 'takeMessages' | 'nextMessageDueInMs' | 'renew' | 'finish'>;
  readonly integrations: () => ReadonlyMap<IntegrationName, Integration>;
  readonly compose: Compose;
  /** Brings what `compose` shows up to date: another process may have made the message. */
  readonly refresh: () => Promise<void>;
  readonly now: () => Date;
  /** Never goes back. */
  readonly elapsedMs?: () => number;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
  readonly onSent?: (event: GroupSent) => void;
  /** Told again and again for as long as more is to be sent than there are places for, and it does leave. */
  readonly onBacklog?: () => void;
  /** How many messages one destination is sent at once. */
  readonly places?: number;
  readonly leaseMs?: number;
  readonly drainMs?: number;
  readonly breaker?: Partial<BreakerPolicy>;
  /** What is said of a receiver beside the alertmanager.yml; by default nothing of any. */
  readonly policyOf?: (receiver: string) => ReceiverPolicy | undefined;
  /** Where receivers have a rate limit. */
  readonly rateLimits?: RateLimitStore;
  readonly random?: () => number;
}

/** One message on its way. */
interface Sending {
  readonly message: TakenMessage;
  readonly integration: Integration;
  readonly key: string;
  readonly reason: NotificationReason;
  /** Empty where nobody tells it instead. */
  readonly fallback: readonly IntegrationName[];
  /** How long it has been waiting. */
  readonly waitedMs: () => number;
  /** How long its integration has left until the fallback tells it. */
  readonly leftMs: () => number;
  /** How long it had in all; Infinity where nobody tells it instead. */
  readonly afterMs: number;
  /** Whether the integration has failed for so long that the fallback tells it. */
  readonly isFailing: () => boolean;
}

interface Failed {
  readonly kind: 'retry' | 'refused';
  readonly error: string;
  readonly retryAfterMs: number | null;
}

/** Who is tried, and with what. */
interface Way {
  readonly name: IntegrationName;
  readonly integration: Integration;
  readonly memory: TakenMessage['memory'];
  readonly deadlineMs: () => number;
}

interface Tried {
  /** Null where the circuit is open: it was not asked. */
  readonly delivery: Delivery | null;
  /** Null where it was delivered. */
  readonly failed: Failed | null;
  readonly tookMs: number;
}

/** For metrics and logs. */
export interface GroupSent {
  readonly integration: Integration;
  readonly outcome: MessageOutcome['kind'];
  readonly tookMs: number;
}

export interface GroupSender {
  start(): void;
  wake(): void;
  /** Takes no more, lets what is being sent end, and resolves. */
  stop(): Promise<void>;
}

/** Messages that wait here for a place at their destination. Who takes over when this process dies waits for their leases. */
const READY = 96;
const QUICK_MS = 50;
const GONE = { kind: 'refused', error: 'its group or receiver is not there any more' } as const;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
/** A destination that asks for more than this is asking for the message to be forgotten. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;
/** One that fails is asked again soon: somebody waits to be paged, and Alertmanager would ask without a pause. */
const BREAKER: BreakerPolicy = { failureThreshold: 10, resetMs: 5_000, successThreshold: 1 };
const AWAY_MS = 250;
const SEND_TIMEOUT_MS = 60_000;
const SHORTEST_TRY_MS = 1_000;
const SHORTEST_WAIT_MS = 50;

export function createGroupSender(options: GroupSenderOptions): GroupSender {
  const {
    store,
    integrations,
    compose,
    now,
    log,
    onSent = () => undefined,
    onBacklog = () => undefined,
  } = options;
  const { places = 16, leaseMs = 5_000, drainMs = 10_000, random = Math.random } = options;
  const elapsedMs = options.elapsedMs ?? (() => performance.now());
  const breaker = { ...BREAKER, ...options.breaker };
  const destinations = new Map<string, Destination>();
  const lastTookMs = new Map<Destination, number>();
  /** Since when each failing integration has delivered nothing. */
  const failingSince = new Map<IntegrationName, number>();
  const abort = new AbortController();
  setMaxListeners(0, abort.signal);
  const inFlight = new Map<string, Promise<void>>();
  /** Whose leases are renewed: from the moment in which they were taken, since what they tell has to be read first. */
  const held = new Set<TakenMessage>();

  const destinationOf = ({ destination: name }: Integration): Destination => {
    const known = destinations.get(name);
    if (known !== undefined) return known;
    const made = createDestination(name, places, breaker, elapsedMs, (state) =>
      log.warn({ destination: name, state }, `the circuit of ${name} is ${state}`),
    );
    destinations.set(name, made);
    return made;
  };

  /**
   * Of a destination that is quick, many at a time, so that a storm is not taken one by one. What waits for one that is slow
   * stays where it is taken back when its alerts end.
   */
  function batch(destination: Destination): number {
    if ((lastTookMs.get(destination) ?? Infinity) > QUICK_MS) return destination.free();
    const room = destination.free(READY);
    return room < READY / 2 ? 0 : room;
  }

  const policyOf: NonNullable<GroupSenderOptions['policyOf']> = options.policyOf ?? (() => undefined);
  const limits = createRateLimits(options.rateLimits, (name) => {
    const integration = integrations().get(name);
    return (integration && policyOf(integration.receiver)?.rateLimit) ?? null;
  });

  const failingForMs = (name: IntegrationName): number => {
    const since = failingSince.get(name);
    return since === undefined ? 0 : elapsedMs() - since;
  };

  async function turn(): Promise<number | null> {
    const rooms = await limits.look(integrations().keys());
    const { lanes, retryInMs } = groupLanes({
      ...{ integrations: integrations(), destinationOf, policyOf, rooms, batch, failingForMs },
    });
    let more = false;
    for (const { names, limit, heldBack, instead = null } of lanes) {
      if (limit === 0) continue;
      const taken = await store.takeMessages(names, limit, leaseMs, heldBack);
      await beginAll(taken, instead);
      more ||= taken.length === limit;
    }
    if (more) onBacklog();
    if (more) return 0;
    const waits = [...(await nextDue(lanes)), retryInMs].filter((wait) => wait !== null);
    return waits.length === 0 ? null : Math.min(...waits);
  }

  /** Of what goes to fallbacks each for itself. */
  async function nextDue(lanes: readonly GroupLane[]): Promise<(number | null)[]> {
    const able = lanes.filter(({ limit }) => limit > 0);
    const late = able.filter(({ heldBack }) => (heldBack?.waitedMs ?? 0) > 0);
    const names = able.filter((lane) => !late.includes(lane)).flatMap((lane) => lane.names);
    return Promise.all([
      ...(names.length === 0 ? [] : [store.nextMessageDueInMs(names)]),
      ...late.map((lane) => store.nextMessageDueInMs(lane.names, lane.heldBack)),
    ]);
  }

  /** `instead`: why the fallback tells it and its integration is not tried. */
  async function beginAll(taken: readonly TakenMessage[], instead: string | null): Promise<void> {
    if (taken.length === 0) return;
    taken.forEach((message) => held.add(message));
    try {
      await options.refresh();
    } catch (error) {
      taken.forEach((message) => held.delete(message));
      throw error;
    }
    taken.forEach((message) => begin(message, instead));
  }

  /** What fails here keeps its lease until it ends, and is then taken again. */
  function begin(message: TakenMessage, instead: string | null): void {
    const place = `${message.groupKey} ${message.integration}`;
    // This process was too slow to keep it, and is sending it still.
    if (inFlight.has(place)) return void held.delete(message);
    const done = send(message, instead)
      .catch((error: unknown) =>
        log.error({ ...aboutOf(message), err: error }, `message not handled: ${messageOf(error)}`),
      )
      .finally(() => {
        inFlight.delete(place);
        held.delete(message);
        turns.wake();
      });
    inFlight.set(place, done);
  }

  async function send(message: TakenMessage, instead: string | null): Promise<void> {
    const integration = integrations().get(message.integration);
    if (integration === undefined) return store.finish(message, GONE);
    const sending = sendingOf(message, integration);
    const isLate = message.attempts > 0 && sending.leftMs() <= 0;
    if (instead === null && !isLate) {
      const first = await sendOwn(sending);
      if (first !== null) await sendBy(sending, first);
      return;
    }
    // The fallback comes first by now, and spares the integration; that has another try where it could.
    const failed = instead ?? `it could not be told for ${Math.round(sending.waitedMs() / 1_000)} s`;
    await sendBy(sending, { kind: 'retry', error: failed, retryAfterMs: null }, instead === null);
  }

  function sendingOf(message: TakenMessage, integration: Integration): Sending {
    const { receiver } = integration;
    const hasFiring = message.pending.firing.length > 0;
    const fallback = fallbackOf({ integrations: integrations(), policyOf }, receiver).filter(
      (name) => hasFiring || integrations().get(name)!.sendResolved,
    );
    const after = fallback.length === 0 ? null : policyOf(receiver)!.fallbackAfterMs;
    const afterMs = after ?? Infinity;
    const took = elapsedMs();
    const waitedMs = (): number => message.ageMs + elapsedMs() - took;
    const reason = message.pending.reason as NotificationReason;
    return {
      ...{ message, integration, fallback, waitedMs, reason, afterMs },
      // The same however often it is sent, and by whom; another one as soon as it says something else.
      key: fnv1a64(`${message.groupKey} ${message.integration} ${message.seq}`),
      leftMs: () => afterMs - waitedMs(),
      isFailing: () => after !== null && Math.max(waitedMs(), failingForMs(message.integration)) >= after,
    };
  }

  /**
   * One try by an integration, in its destination's place. `record` is done before the place is free: a kill repeats what has
   * left and is not written down, and that is no more than there are places.
   */
  async function attempt(
    { message, key, reason }: Sending,
    { name, integration, memory, deadlineMs }: Way,
    record: (tried: Tried) => Promise<void>,
  ): Promise<void> {
    const destination = destinationOf(integration);
    let began = elapsedMs();
    const ended = async (delivery: Delivery | null): Promise<void> => {
      const tookMs = elapsedMs() - began;
      if (delivery !== GONE) noteFailure(name, delivery);
      if (delivery !== null && delivery !== GONE) lastTookMs.set(destination, tookMs);
      await record({ delivery, failed: failureOf(delivery, destination), tookMs });
    };
    const delivery = await destination.attempt(
      async () => {
        began = elapsedMs();
        const content = compose(message, integration);
        if (content === null) return GONE;
        return withinDeadline(deadlineMs(), abort.signal, (signal) =>
          integration.notify({ ...content, key, reason, memory }, signal),
        );
      },
      ({ kind }) => kind !== 'retry',
      ended,
    );
    if (delivery === null) await ended(null);
  }

  /** Null where what came of it is written down; otherwise why the fallback is to tell it. */
  async function sendOwn(sending: Sending, isLast = false): Promise<Failed | null> {
    const { message, integration, reason, fallback } = sending;
    // What begins anew has nothing to do with what was kept for the last time.
    const memory = reason === 'first notification' ? {} : message.memory;
    const deadlineMs = (): number => (isLast ? SEND_TIMEOUT_MS : deadlineOf(sending));
    const way = { name: message.integration, integration, memory, deadlineMs };
    let left: Failed | null = null;
    await attempt(sending, way, async (tried) => {
      const { delivery, failed, tookMs } = tried;
      if (delivery === GONE) return store.finish(message, GONE);
      const isTakenOver = failed?.kind === 'refused' ? fallback.length > 0 : sending.isFailing();
      if (failed !== null && (isLast || isTakenOver)) {
        left = failed;
        onSent({ integration, outcome: failed.kind, tookMs });
        return;
      }
      const outcome = outcomeOf(tried, sending);
      await written(() => store.finish(message, outcome));
      report(message, integration, outcome);
      onSent({ integration, outcome: outcome.kind, tookMs });
    });
    return left;
  }

  /** By the fallback; where that cannot tell it either, it is tried again, `ownToo`: also here. */
  async function sendBy(sending: Sending, first: Failed, ownToo = false): Promise<void> {
    const second = await sendInstead(sending, first);
    if (second === null) return;
    const own = ownToo ? await sendOwn(sending, true) : first;
    if (own === null) return;
    const { message, integration } = sending;
    const error = [own.error, second.error].filter((each) => each !== '').join('; ');
    const outcome: MessageOutcome =
      own.kind === 'refused' && second.kind === 'refused'
        ? { kind: 'refused', error }
        : { kind: 'retry', error, afterMs: retryInMs(message.attempts, second.retryAfterMs, random()) };
    await written(() => store.finish(message, outcome));
    report(message, integration, outcome);
  }

  /**
   * By all integrations of the fallback. It is told as soon as one of them has it; null then. The place of the integration
   * that it was for is free by now: who waits for one place while he holds another waits in a circle.
   */
  async function sendInstead(sending: Sending, first: Failed): Promise<Failed | null> {
    const { message, integration, fallback } = sending;
    const failures: Failed[] = [];
    let isTold = false;
    let isGone = false;
    const tell = async (name: IntegrationName): Promise<void> => {
      const other = integrations().get(name);
      if (other === undefined) return;
      const limited = await limits.take(name);
      if (limited !== null) {
        const error = `${name}: ${limited.error}`;
        return void failures.push({ kind: 'retry', error, retryAfterMs: limited.nextInMs });
      }
      const way = { name, integration: other, memory: {}, deadlineMs: () => SEND_TIMEOUT_MS };
      await attempt(sending, way, async ({ delivery, failed, tookMs }) => {
        // What has not left gives its permit back.
        if (delivery === null || delivery === GONE) await limits.giveBack(name);
        if (delivery === GONE) return void (isGone = true);
        if (delivery !== null) onSent({ integration: other, outcome: failed?.kind ?? 'sent', tookMs });
        if (failed !== null) return void failures.push({ ...failed, error: `${name}: ${failed.error}` });
        if (isTold) return;
        isTold = true;
        const sent = { kind: 'sent', at: now(), instead: { via: name, why: first.error } } as const;
        await written(() => store.finish(message, sent));
        log.info(
          { ...aboutOf(message), attempts: message.attempts + 1, via: name },
          `${other.receiver}/${other.kind}: told of ${message.pending.firing.length} firing instead of ${integration.receiver}/${integration.kind}: ${first.error}`,
        );
      });
    };
    await Promise.all(fallback.map(tell));
    if (isGone && !isTold) return store.finish(message, GONE).then(() => null);
    if (!isTold) return togetherOf(failures);
    for (const { error } of failures)
      log.warn({ ...aboutOf(message), error }, `not told instead of ${integration.receiver}: ${error}`);
    return null;
  }

  /** A refusal is an answer. */
  function noteFailure(name: IntegrationName, delivery: Delivery | null): void {
    if (delivery !== null && delivery.kind !== 'retry') failingSince.delete(name);
    else if (!failingSince.has(name)) failingSince.set(name, elapsedMs());
  }

  /** What has left and is not written down would be sent again: it is tried for as long as Postgres is away. */
  async function written(finish: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await finish();
      } catch (error) {
        const isAway = error instanceof TocsinError && error.retryable;
        if (!isAway || abort.signal.aborted) throw error;
        await sleep(AWAY_MS);
      }
    }
  }

  function outcomeOf(
    { delivery, failed }: Tried,
    { message: { attempts }, leftMs }: Sending,
  ): MessageOutcome {
    if (delivery?.kind === 'delivered') return { kind: 'sent', at: now(), memory: delivery.memory };
    const { kind, error, retryAfterMs } = failed!;
    if (kind === 'refused') return { kind, error };
    const afterMs =
      delivery === null ? Math.max(100, retryAfterMs ?? 0) : retryInMs(attempts, retryAfterMs, random());
    // Once the fallback's turn has come, a pause of the integration holds nobody up.
    return { kind, afterMs: Math.min(afterMs, Math.max(SHORTEST_WAIT_MS, leftMs())), error };
  }

  function report(message: TakenMessage, integration: Integration, outcome: MessageOutcome): void {
    const about = { ...aboutOf(message), attempts: message.attempts + 1 };
    const { receiver, kind } = integration;
    if (outcome.kind === 'sent')
      log.info(about, `${receiver}/${kind}: told of ${message.pending.firing.length} firing`);
    else
      log[outcome.kind === 'refused' ? 'error' : 'warn'](
        { ...about, error: outcome.error },
        `${receiver}/${kind}: not told, ${outcome.kind === 'refused' ? 'and refused for good' : 'tried again'}: ${outcome.error}`,
      );
  }

  const turns = createTurns({
    turn,
    onError: (error, again) =>
      log[again ? 'debug' : 'warn']({ err: error }, `messages cannot be taken: ${messageOf(error)}`),
  });
  let renewing: NodeJS.Timeout | undefined;

  async function renew(): Promise<void> {
    await store
      .renew([...held], leaseMs)
      .catch((error: unknown) => log.debug({ err: error }, 'leases could not be renewed'));
  }

  return {
    start() {
      renewing = setInterval(() => void renew(), leaseMs / 3);
      turns.start();
    },
    wake: turns.wake,
    async stop() {
      await turns.stop();
      const limit = setTimeout(() => abort.abort(), drainMs);
      await Promise.all(inFlight.values());
      clearTimeout(limit);
      clearInterval(renewing);
    },
  };
}

/**
 * Alertmanager's pauses: half a second, and half as much again with each attempt; by chance up to half longer, but never
 * shorter, so that a receiver that is too slow has its rest. A Retry-After is the least. `random` is in [0, 1).
 */
function retryInMs(attempts: number, retryAfterMs: number | null, random: number): number {
  const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 1.5 ** Math.min(attempts, 30)) * (1 + random / 2);
  return Math.max(pause, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
}

/**
 * By its fallback's time a message that hangs is let go, so that it hangs nowhere longer than that. One that nobody could send
 * until then has as long as if it were new.
 */
function deadlineOf({ leftMs, afterMs }: Sending): number {
  const left = leftMs();
  return Math.min(SEND_TIMEOUT_MS, Math.max(SHORTEST_TRY_MS, left > 0 ? left : afterMs));
}

/** Null where it was delivered; of a circuit that is open there is no delivery. */
function failureOf(delivery: Delivery | null, destination: Destination): Failed | null {
  if (delivery?.kind === 'delivered') return null;
  if (delivery?.kind === 'refused') return { ...delivery, retryAfterMs: null };
  if (delivery !== null) return delivery;
  const error = `the circuit of ${destination.name} is open`;
  return { kind: 'retry', error, retryAfterMs: destination.look().retryInMs };
}

/** Refused only where all have refused. */
function togetherOf(failures: readonly Failed[]): Failed {
  const kind =
    failures.some((failed) => failed.kind === 'retry') || failures.length === 0 ? 'retry' : 'refused';
  const rests = failures.flatMap(({ retryAfterMs }) => (retryAfterMs === null ? [] : [retryAfterMs]));
  const retryAfterMs = rests.length < failures.length || rests.length === 0 ? null : Math.min(...rests);
  return { kind, error: failures.map(({ error }) => error).join('; '), retryAfterMs };
}

const aboutOf = ({ groupKey, integration, pending }: TakenMessage) => ({
  ...{ groupKey, integration, reason: pending.reason },
  ...{ firing: pending.firing.length, resolved: pending.resolved.length },
});
