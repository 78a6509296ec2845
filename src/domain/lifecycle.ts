/**
 * The states of an alert and the only moves between them.
 *
 * - FIRING: the condition holds and nobody has taken it; escalation runs.
 * - ACKNOWLEDGED: a person holds it until the lease ends; escalation waits at its step.
 * - RESOLVED: the condition has ended, or a person said so. From the second episode on the alert cools down here, and
 *   fires again as its next episode.
 *
 * SILENCED is no state of its own: it is derived from the silences, and coexists with ACKNOWLEDGED.
 */
import { TocsinError } from './errors';

export const ALERT_STATES = ['FIRING', 'ACKNOWLEDGED', 'RESOLVED'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** What people are shown: a silenced alert that fires is SILENCED, an acknowledged one stays ACKNOWLEDGED. */
export type ShownState = AlertState | 'SILENCED';

export type LifecycleEvent = 'fire' | 'acknowledge' | 'unacknowledge' | 'lapse' | 'resolve';

const MOVES: Readonly<Record<AlertState, Partial<Record<LifecycleEvent, AlertState>>>> = {
  FIRING: { acknowledge: 'ACKNOWLEDGED', resolve: 'RESOLVED' },
  ACKNOWLEDGED: {
    acknowledge: 'ACKNOWLEDGED',
    unacknowledge: 'FIRING',
    lapse: 'FIRING',
    resolve: 'RESOLVED',
  },
  RESOLVED: { fire: 'FIRING' },
};

/** Whether the move is in the table; the words of the refusal otherwise. */
export function refusal(state: AlertState, event: LifecycleEvent): string | null {
  return MOVES[state][event] === undefined ? `cannot ${event} an alert that is ${state}` : null;
}

/** The state after `event`; throws TOC_ILLEGAL_MOVE when the table has no such move. */
export function move(state: AlertState, event: LifecycleEvent): AlertState {
  const next = MOVES[state][event];
  if (next === undefined) throw new TocsinError('TOC_ILLEGAL_MOVE', refusal(state, event)!);
  return next;
}

export function shownState(state: AlertState, silenced: boolean): ShownState {
  return state === 'FIRING' && silenced ? 'SILENCED' : state;
}
