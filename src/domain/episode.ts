/**
 * Episodes: one firing of an alert from its first transition to its resolve. An episode's id is the millisecond at
 * which it began, so every process names it alike without asking another.
 *
 * `applyTransition` is the one place that says what a transition does. It is idempotent: a record that is delivered or
 * produced again, also after later ones, changes nothing.
 */
import { API_SOURCE, type Transition } from './transition';

export interface EpisodeState {
  /** Milliseconds since 1970 at which the current or last episode began; also its id. */
  readonly episode: number;
  readonly firing: boolean;
  /** Event time of the last transition that was applied, in milliseconds. */
  readonly eventTime: number;
}

export type Outcome = 'opened' | 'repeated' | 'changed' | 'resolved' | 'stale';

export interface Applied {
  readonly state: EpisodeState | null;
  readonly outcome: Outcome;
}

/**
 * - firing, nothing open: opens an episode when it began after the last one, otherwise stale. A sender to the API says when
 *   it saw the alert first and may come back to it with that same time: its episode is then named by when it was received.
 * - firing, open: repeated (a second evaluator, a sender's repeat); the episode keeps its id.
 * - resolved, open: resolves, unless it is older than what was applied last.
 * - changed, open: changed. Everything else is stale.
 */
export function applyTransition(
  state: EpisodeState | null,
  transition: Pick<Transition, 'kind' | 'starts_at' | 'event_time'> & Partial<Pick<Transition, 'source'>>,
): Applied {
  const startsAt = Date.parse(transition.starts_at);
  const eventTime = Date.parse(transition.event_time);
  const open = state !== null && state.firing;
  if (transition.kind === 'firing' && !open) {
    if (state !== null && eventTime < state.eventTime) return { state, outcome: 'stale' };
    const begins = state === null || startsAt > state.episode;
    if (!begins && (transition.source !== API_SOURCE || eventTime === state.eventTime))
      return { state, outcome: 'stale' };
    return { state: { episode: begins ? startsAt : eventTime, firing: true, eventTime }, outcome: 'opened' };
  }
  if (!open || eventTime < state.eventTime) return { state, outcome: 'stale' };
  const seen = { ...state, eventTime };
  if (transition.kind === 'firing') return { state: seen, outcome: 'repeated' };
  if (transition.kind === 'changed') return { state: seen, outcome: 'changed' };
  return { state: { ...seen, firing: false }, outcome: 'resolved' };
}
