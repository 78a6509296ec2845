/** What a sender to the alerts API says, as transitions. */
import type { PostedAlert } from '../api/port';
import { fingerprint } from '../domain/labels';
import { API_SOURCE, transitionId, type Transition } from '../domain/transition';

/**
 * `receivedAt`: ms; greater than that of anything that was received before, for it orders what a sender says.
 * `isOpen`: whether the alert is known to fire with these annotations, so that it is no news.
 * `knownAt`: the event time of what is known of an alert. What another process received before comes before, also where that
 * one's clock is ahead of ours.
 */
export function transitionOf(
  posted: PostedAlert,
  receivedAt: number,
  isOpen: (fingerprint: string, posted: PostedAlert) => boolean,
  knownAt: (fingerprint: string) => number = () => -Infinity,
): Transition {
  const { labels, annotations, startsAt, endsAt, timedOut, generatorUrl } = posted;
  const isOver = Date.parse(endsAt) <= receivedAt;
  const alert = fingerprint(labels);
  const id = {
    fingerprint: alert,
    kind: isOver ? ('resolved' as const) : ('firing' as const),
    starts_at: startsAt,
    event_time: new Date(Math.max(receivedAt, knownAt(alert) + 1)).toISOString(),
  };
  return {
    version: 1,
    transition_id: transitionId(id),
    ...id,
    source: API_SOURCE,
    labels,
    annotations,
    ends_at: isOver ? endsAt : null,
    ...{ value: null, threshold: null, rule: null, recent: [] },
    correlation_id: `${id.fingerprint}-${receivedAt.toString(36)}`,
    ...(isOver ? {} : { expires_at: endsAt, timed_out: timedOut }),
    ...(generatorUrl === '' ? {} : { generator_url: generatorUrl }),
    ...(!isOver && isOpen(id.fingerprint, posted) ? { told_again: true } : {}),
  };
}

/** That an alert's sender has not told it again in time. */
export function expiryOf(alert: {
  readonly fingerprint: string;
  readonly labels: Transition['labels'];
  readonly annotations: Transition['annotations'];
  readonly startsAt: number;
  readonly expiresAt: number;
  readonly updatedAt: number;
}): Transition {
  const expiresAt = new Date(alert.expiresAt).toISOString();
  const id = {
    fingerprint: alert.fingerprint,
    kind: 'resolved' as const,
    starts_at: new Date(alert.startsAt).toISOString(),
    // Whoever told it last may have a clock that is ahead of the sender's.
    event_time: new Date(Math.max(alert.expiresAt, alert.updatedAt)).toISOString(),
  };
  return {
    version: 1,
    transition_id: transitionId(id),
    ...id,
    source: API_SOURCE,
    labels: alert.labels,
    annotations: alert.annotations,
    ends_at: expiresAt,
    ...{ value: null, threshold: null, rule: null, recent: [] },
    correlation_id: `${alert.fingerprint}-${alert.expiresAt.toString(36)}`,
    expires_at: expiresAt,
  };
}
