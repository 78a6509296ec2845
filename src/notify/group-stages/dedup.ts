/**
 * Whom to tell: an integration that was told the same already is told again only when the repeat interval is over. The
 * cases and their order are Alertmanager's; but what people have taken, all of it, is not repeated.
 */
import type { PendingMessage, ToldOfGroup } from '../../history/port';
import type { GroupLook, GroupMember, GroupVerdict, HeldBack, NotificationReason } from '../port';
import type { GroupStage } from './stage';

export interface Told {
  readonly name: string;
  readonly sendResolved: boolean;
}

/** `integrationsOf`: those of a receiver. */
export function dedupStage(integrationsOf: (receiver: string) => readonly Told[]): GroupStage {
  return {
    name: 'dedup',
    exec(state) {
      const { look, passing } = state;
      const decided = integrationsOf(look.receiver).map((integration) =>
        decisionOn(integration, look, passing),
      );
      const messages = decided.flatMap(({ message }) => message);
      const isTaken = decided.some(({ reason }) => reason === 'acknowledged');
      return { ...state, messages, held: isTaken ? [...state.held, ...takenBy(passing)] : state.held };
    },
  };
}

type Message = GroupVerdict['messages'][number];

type Reason = NotificationReason | 'acknowledged' | null;

function decisionOn(
  { name, sendResolved }: Told,
  look: GroupLook,
  passing: readonly GroupMember[],
): { readonly reason: Reason; readonly message: Message[] } {
  const last = look.told.get(name);
  const known = new Set(last?.resolved);
  const firing = passing.filter(({ isOver }) => !isOver).map(({ alert }) => alert.fingerprint);
  const resolved = passing.filter(({ isOver }) => isOver).map(({ alert }) => alert.fingerprint);
  const isRepeatable = passing.some(({ alert, isOver }) => !isOver && alert.acknowledgement === null);
  const reason = reasonFor(last, { firing, resolved, sendResolved, look, isRepeatable });
  if (reason === null || reason === 'acknowledged') {
    // What waits to be sent says what is not so any more. What is being sent is told, and then its end.
    const isTakenBack = last?.pending != null && !last.isTaken;
    return { reason, message: isTakenBack ? [{ integration: name, pending: null, told: false }] : [] };
  }
  // Of a resolve that was told with the last message and is not out of the look yet nobody has to hear again.
  const news = resolved.filter((fingerprint) => !known.has(fingerprint));
  const pending: PendingMessage = { reason, firing, resolved: news };
  const told = firing.length === 0 && !sendResolved;
  const isMade = isSame(last?.pending, pending) && !told;
  return { reason, message: isMade ? [] : [{ integration: name, pending, told }] };
}

const takenBy = (passing: readonly GroupMember[]): HeldBack[] =>
  passing.flatMap(({ alert: { fingerprint, acknowledgement }, isOver }) =>
    isOver || acknowledgement === null
      ? []
      : [{ fingerprint, reason: 'acknowledged' as const, by: [acknowledgement.owner] }],
  );

interface Asked {
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly sendResolved: boolean;
  readonly look: GroupLook;
  readonly isRepeatable: boolean;
}

function reasonFor(last: ToldOfGroup | undefined, asked: Asked): Reason {
  const { firing, resolved, sendResolved, look, isRepeatable } = asked;
  const wasTold = last !== undefined && last.toldAt !== null;
  if (!wasTold) return firing.length > 0 ? 'first notification' : null;
  const before = new Set(last.firing);
  if (firing.some((fingerprint) => !before.has(fingerprint)))
    return before.size === 0 ? 'first notification' : 'new alerts added';
  const isHeard = before.size > 0 || resolved.some((fingerprint) => last.awaited.includes(fingerprint));
  if (firing.length === 0) return isHeard && resolved.length > 0 ? 'all alerts resolved' : null;
  const over = new Set(last.resolved);
  if (sendResolved && resolved.some((fingerprint) => !over.has(fingerprint))) return 'some alerts resolved';
  const isDue = look.at - last.toldAt.getTime() > look.repeatIntervalMs;
  if (!isDue) return null;
  return isRepeatable ? 'repeat interval elapsed' : 'acknowledged';
}

const isSame = (one: PendingMessage | null | undefined, other: PendingMessage): boolean =>
  one != null &&
  one.firing.length === other.firing.length &&
  one.resolved.length === other.resolved.length &&
  one.firing.every((each, index) => each === other.firing[index]) &&
  one.resolved.every((each, index) => each === other.resolved[index]);
