/** An alert that Tocsin raises of itself: what an audit finds, a receiver that a drill did not reach. */
import { fingerprint, type Labels } from './labels';
import { transitionId, type Transition } from './transition';

export interface Raised {
  readonly source: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number | null;
  /** False: it is over. */
  readonly fires: boolean;
  /** Milliseconds. */
  readonly at: number;
  /** What its row says; null where it has none. */
  readonly row: {
    readonly state: string;
    readonly episode: number;
    readonly eventTime: number;
  } | null;
  /** Who is told, instead of those of the route. */
  readonly receivers?: readonly string[];
}

/** What is to be told of it; null: that it is over, and it did not fire. */
export function raisedTransition(raised: Raised): Transition | null {
  const { source, labels, annotations, value, fires, at, row, receivers = [] } = raised;
  const isOpen = row !== null && row.state !== 'RESOLVED';
  if (!fires && !isOpen) return null;
  const eventTime = Math.max(at, (row?.eventTime ?? 0) + 1);
  const of = {
    fingerprint: fingerprint(labels),
    kind: fires ? ('firing' as const) : ('resolved' as const),
    starts_at: new Date(isOpen ? row.episode : eventTime).toISOString(),
    event_time: new Date(eventTime).toISOString(),
  };
  return {
    version: 1,
    transition_id: transitionId(of),
    ...of,
    ...{ source, labels, annotations },
    ends_at: fires ? null : of.event_time,
    ...{ value, threshold: value === null ? null : 0, rule: null, recent: [] },
    correlation_id: `${of.fingerprint}-${eventTime.toString(36)}`,
    ...(isOpen && fires ? { told_again: true } : {}),
    ...(receivers.length > 0 ? { receivers } : {}),
  };
}
