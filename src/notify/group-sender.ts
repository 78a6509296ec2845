/**
 * Sends what looks at groups have made. Each destination has its own places and its circuit breaker, so one that hangs
 * delays nobody else; a message is leased while it is sent, and when its holder dies another sends it with the same key.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BreakerPolicy } from '../domain/breaker';
import { messageOf, TocsinError } from '../domain/errors';
import { fnv1a64 } from '../domain/labels';
import type { GroupStore, MessageOutcome, TakenMessage } from '../history/port';
import { createTurns, type Logger } from '../observe/observe';
import { createDestination, type Destination } from './destination';
import type { Delivery, GroupMessage, Integration, IntegrationName, NotificationReason } from './port';
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
  readonly random?: () => number;
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

  /** What each destination has room for. */
  function lanes(): { names: IntegrationName[]; limit: number; retryInMs: number | null }[] {
    const byDestination = new Map<Destination, IntegrationName[]>();
    for (const [name, integration] of integrations()) {
      const destination = destinationOf(integration);
      byDestination.set(destination, [...(byDestination.get(destination) ?? []), name]);
    }
    return [...byDestination].map(([destination, names]) => {
      const { allowed, state, retryInMs } = destination.look();
      const limit = !allowed ? 0 : state === 'closed' ? batch(destination) : Math.min(1, destination.free());
      return { names, limit, retryInMs };
    });
  }

  async function turn(): Promise<number | null> {
    const waiting: IntegrationName[] = [];
    let retryInMs: number | null = null;
    let more = false;
    for (const lane of lanes()) {
      if (lane.retryInMs !== null) retryInMs = Math.min(retryInMs ?? Infinity, lane.retryInMs);
      if (lane.limit === 0) continue;
      waiting.push(...lane.names);
      const taken = await store.takeMessages(lane.names, lane.limit, leaseMs);
      await beginAll(taken);
      more ||= taken.length === lane.limit;
    }
    if (more) onBacklog();
    if (more) return 0;
    if (waiting.length === 0) return retryInMs;
    const next = await store.nextMessageDueInMs(waiting);
    const waits = [next, retryInMs].filter((wait) => wait !== null);
    return waits.length === 0 ? null : Math.min(...waits);
  }

  async function beginAll(taken: readonly TakenMessage[]): Promise<void> {
    if (taken.length === 0) return;
    taken.forEach((message) => held.add(message));
    try {
      await options.refresh();
    } catch (error) {
      taken.forEach((message) => held.delete(message));
      throw error;
    }
    taken.forEach(begin);
  }

  /** What fails here keeps its lease until it ends, and is then taken again. */
  function begin(message: TakenMessage): void {
    const place = `${message.groupKey} ${message.integration}`;
    // This process was too slow to keep it, and is sending it still.
    if (inFlight.has(place)) return;
    const done = send(message)
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

  async function send(message: TakenMessage): Promise<void> {
    const integration = integrations().get(message.integration);
    if (integration === undefined) return store.finish(message, GONE);
    const reason = message.pending.reason as NotificationReason;
    // What begins anew has nothing to do with what was kept for the last time.
    const memory = reason === 'first notification' ? {} : message.memory;
    // The same however often it is sent; another one as soon as it says something else.
    const key = fnv1a64(`${message.groupKey} ${message.integration} ${message.seq}`);
    const destination = destinationOf(integration);
    let began = elapsedMs();
    const record = async (delivery: Delivery | null): Promise<void> => {
      if (delivery === GONE) return store.finish(message, GONE);
      if (delivery !== null) lastTookMs.set(destination, elapsedMs() - began);
      const outcome = outcomeOf(delivery, message, destination);
      await written(() => store.finish(message, outcome));
      report(message, integration, outcome);
      onSent({ integration, outcome: outcome.kind, tookMs: elapsedMs() - began });
    };
    const delivery = await destination.attempt(
      async () => {
        began = elapsedMs();
        const content = compose(message, integration);
        if (content === null) return GONE;
        return withinDeadline(SEND_TIMEOUT_MS, abort.signal, (signal) =>
          integration.notify({ ...content, key, reason, memory }, signal),
        );
      },
      ({ kind }) => kind !== 'retry',
      // A kill repeats what has left and is not written down: no more of it than there are places.
      record,
    );
    if (delivery === null) await record(null);
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
    delivery: Delivery | null,
    { attempts }: TakenMessage,
    destination: Destination,
  ): MessageOutcome {
    if (delivery === null) {
      const afterMs = Math.max(100, destination.look().retryInMs ?? 0);
      return { kind: 'retry', afterMs, error: `the circuit of ${destination.name} is open` };
    }
    if (delivery.kind === 'delivered') return { kind: 'sent', at: now(), memory: delivery.memory };
    if (delivery.kind === 'refused') return { kind: 'refused', error: delivery.error };
    const afterMs = retryInMs(attempts, delivery.retryAfterMs, random());
    return { kind: 'retry', afterMs, error: delivery.error };
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

const aboutOf = ({ groupKey, integration, pending }: TakenMessage) => ({
  ...{ groupKey, integration, reason: pending.reason },
  ...{ firing: pending.firing.length, resolved: pending.resolved.length },
});
