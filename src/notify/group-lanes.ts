/**
 * What each destination of groups' messages has room for. Integrations of one destination are taken for together; one that has
 * a rate limit is taken for by itself, and so is one that can have nothing now and has a fallback: what has waited long enough
 * is taken for that one.
 */
import type { HeldBackMessages, LimitAnswer } from '../history/port';
import type { Destination } from './destination';
import type { Integration, IntegrationName, ReceiverPolicy } from './port';
import { limitText } from './rate-limits';

export interface GroupLane {
  readonly names: readonly IntegrationName[];
  readonly limit: number;
  readonly heldBack?: HeldBackMessages;
  /** Why its integration is not tried, and the fallback is. */
  readonly instead?: string;
}

export interface GroupLanes {
  readonly lanes: readonly GroupLane[];
  /** When a circuit or a limit lets something through again: null where none holds anything back. */
  readonly retryInMs: number | null;
}

export interface GroupLanesOptions {
  readonly integrations: ReadonlyMap<IntegrationName, Integration>;
  readonly destinationOf: (integration: Integration) => Destination;
  readonly policyOf: (receiver: string) => ReceiverPolicy | undefined;
  /** Of the integrations that have a limit. */
  readonly rooms: ReadonlyMap<IntegrationName, LimitAnswer>;
  /** How many messages a destination that is well is given at a time. */
  readonly batch: (destination: Destination) => number;
  /** For how long it has been failing; 0 where it is not. */
  readonly failingForMs: (integration: IntegrationName) => number;
}

export function groupLanes(options: GroupLanesOptions): GroupLanes {
  const byDestination = new Map<Destination, IntegrationName[]>();
  for (const [name, integration] of options.integrations) {
    const destination = options.destinationOf(integration);
    const names = byDestination.get(destination);
    if (names === undefined) byDestination.set(destination, [name]);
    else names.push(name);
  }
  const waits: (number | null)[] = [];
  const lanes = [...byDestination].flatMap(([destination, names]) => {
    const { allowed, state, retryInMs } = destination.look();
    waits.push(retryInMs);
    const limit = !allowed
      ? 0
      : state === 'closed'
        ? options.batch(destination)
        : Math.min(1, destination.free());
    const limited = names.filter((name) => options.rooms.has(name));
    const own = limited.length === 0 ? names : names.filter((name) => !options.rooms.has(name));
    if (!allowed) {
      const why = `the circuit of ${destination.name} is open`;
      return names.flatMap((name) => lateLane(options, name, why, waits));
    }
    if (limit === 0)
      return names
        .filter((name) => options.failingForMs(name) > 0)
        .flatMap((name) => lateLane(options, name, `${destination.name} answers nothing`, waits));
    return [
      ...(own.length === 0 ? [] : [{ names: own, limit }]),
      ...limited.flatMap((name) => limitedLane(options, name, limit, waits)),
    ];
  });
  const set = waits.filter((wait) => wait !== null);
  return { lanes, retryInMs: set.length === 0 ? null : Math.min(...set) };
}

function limitedLane(
  options: GroupLanesOptions,
  name: IntegrationName,
  most: number,
  waits: (number | null)[],
): GroupLane[] {
  const { free, nextInMs } = options.rooms.get(name)!;
  const limit = options.policyOf(options.integrations.get(name)!.receiver)!.rateLimit!;
  if (free > 0) {
    const heldBack = { urgentFirst: true, under: { name, limit } };
    return [{ names: [name], limit: Math.min(most, free), heldBack }];
  }
  waits.push(nextInMs);
  return lateLane(options, name, limitText(limit), waits);
}

/** What has waited for so long that the fallback tells it. */
function lateLane(
  options: GroupLanesOptions,
  name: IntegrationName,
  why: string,
  waits: (number | null)[],
): GroupLane[] {
  const { receiver } = options.integrations.get(name)!;
  const after = options.policyOf(receiver)?.fallbackAfterMs ?? null;
  const others = fallbackOf(options, receiver);
  if (after === null || others.length === 0) return [];
  const limit = Math.min(...others.map((other) => roomAt(options, other, waits)));
  // One that has failed for long fails a new message no less.
  const waitedMs = options.failingForMs(name) >= after ? 0 : after;
  return limit === 0
    ? []
    : [{ names: [name], limit, heldBack: { waitedMs, urgentFirst: true }, instead: why }];
}

function roomAt(
  { integrations, destinationOf, rooms }: GroupLanesOptions,
  name: IntegrationName,
  waits: (number | null)[],
): number {
  const destination = destinationOf(integrations.get(name)!);
  const room = rooms.get(name);
  const { allowed, retryInMs } = destination.look();
  if (!allowed) waits.push(retryInMs);
  if (room?.free === 0) waits.push(room.nextInMs);
  return allowed ? Math.min(destination.free(), room?.free ?? Infinity) : 0;
}

/** The integrations of the receiver's fallback. */
export function fallbackOf(
  { integrations, policyOf }: Pick<GroupLanesOptions, 'integrations' | 'policyOf'>,
  receiver: string,
): readonly IntegrationName[] {
  const fallback = policyOf(receiver)?.fallback ?? null;
  if (fallback === null) return [];
  return [...integrations].flatMap(([name, other]) => (other.receiver === fallback ? [name] : []));
}
