/**
 * One lane a destination: a lane takes no more rows than its destination has places, so rows for one that hangs stay in
 * the queue, where another process can take them, and no other lane waits behind them.
 */
import type { BreakerPolicy, BreakerState } from '../domain/breaker';
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

/**
 * What a lane can do now. While the circuit is open its receivers without a fallback are left in the queue, untried;
 * while it is being probed, one message is taken at a time.
 */
export function wantedBy({ destination, receivers }: Lane): Wanted {
  const { allowed, state } = destination.look();
  const able = allowed ? receivers : receivers.filter(({ fallback }) => fallback !== null);
  const limit = state === 'closed' || !allowed ? destination.free() : Math.min(1, destination.free());
  return { receivers: able.map(({ name }) => name), limit: able.length === 0 ? 0 : limit };
}
