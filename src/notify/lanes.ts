/**
 * One lane a destination: a lane takes no more rows than its destination has places, so rows for one that hangs stay in
 * the queue, where another process can take them, and no other lane waits behind them.
 */
import type { BreakerPolicy, BreakerState } from '../domain/breaker';
import type { HeldBackMessages, LimitAnswer } from '../history/port';
import { createDestination, type Destination } from './destination';
import type { Receiver } from './port';

export interface Lane {
  readonly destination: Destination;
  readonly receivers: readonly Receiver[];
}

export interface Wanted {
  readonly receivers: readonly string[];
  readonly limit: number;
}

export interface Lanes {
  /** Those of the receivers that there are now. */
  all(): readonly Lane[];
  /** From now on these are there. What is known of a destination stays known. */
  take(receivers: readonly Receiver[]): void;
  /** Also of a receiver that is gone and is still being sent to. */
  destinationOf(receiver: Receiver): Destination;
}

export function createLanes(
  first: readonly Receiver[],
  places: number,
  policy: BreakerPolicy,
  elapsedMs: () => number,
  onCircuit: (destination: string, state: BreakerState['kind']) => void,
): Lanes {
  const destinations = new Map<string, Destination>();

  function named(name: string): Destination {
    const known = destinations.get(name);
    if (known !== undefined) return known;
    const made = createDestination(name, places, policy, elapsedMs, (state) => onCircuit(name, state));
    destinations.set(name, made);
    return made;
  }

  function lanesOf(receivers: readonly Receiver[]): readonly Lane[] {
    const names = [...new Set(receivers.map(({ channel }) => channel.destination))];
    return names.map((name) => ({
      destination: named(name),
      receivers: receivers.filter(({ channel }) => channel.destination === name),
    }));
  }

  let lanes = lanesOf(first);
  return {
    all: () => lanes,
    take: (receivers) => void (lanes = lanesOf(receivers)),
    destinationOf: ({ channel }) => named(channel.destination),
  };
}

/** Of a receiver whose rate limit holds messages back. */
export interface HeldBack extends Wanted {
  readonly heldBack: HeldBackMessages;
}

/** What a lane can do now. */
export interface LaneLook extends Wanted {
  /** One each, since what they may be sent differs. */
  readonly limited: readonly HeldBack[];
  /** When the first limit lets one more through; null where none holds anything back. */
  readonly nextInMs: number | null;
}

/**
 * While the circuit is open its receivers without a fallback are left in the queue, untried; while it is being probed, one
 * message is taken at a time. `rooms`: of the receivers that have a limit. Where it is reached, what has waited for long
 * enough is taken for the fallback, and the rest stays in the queue.
 */
export function wantedBy(
  { destination, receivers }: Lane,
  rooms: ReadonlyMap<string, LimitAnswer> = new Map(),
): LaneLook {
  const { allowed, state } = destination.look();
  const able = allowed ? receivers : receivers.filter(({ fallback }) => fallback !== null);
  const places = state === 'closed' || !allowed ? destination.free() : Math.min(1, destination.free());
  // Of what goes to the fallback anyway, the receiver's own limit says nothing.
  const limited = allowed ? able.filter(({ name }) => rooms.has(name)) : [];
  const free = able.filter((receiver) => !limited.includes(receiver)).map(({ name }) => name);
  const reached = limited.filter(({ name }) => rooms.get(name)!.free === 0);
  return {
    receivers: free,
    limit: free.length === 0 ? 0 : places,
    limited: limited.flatMap((receiver) => heldBack(receiver, rooms.get(receiver.name)!, places)),
    nextInMs: reached.length === 0 ? null : Math.min(...reached.map(({ name }) => rooms.get(name)!.nextInMs)),
  };
}

function heldBack(
  { name, rateLimit, fallback, fallbackAfterMs = null }: Receiver,
  { free }: LimitAnswer,
  places: number,
): HeldBack[] {
  const receivers = [name];
  if (free > 0) {
    const under = { name, limit: rateLimit! };
    return [{ receivers, limit: Math.min(free, places), heldBack: { urgentFirst: true, under } }];
  }
  if (fallback === null || fallbackAfterMs === null) return [];
  return [{ receivers, limit: places, heldBack: { urgentFirst: true, waitedMs: fallbackAfterMs } }];
}
