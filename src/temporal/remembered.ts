/** Transitions that alerts' rows are the memory of, for lives that have not heard them. */
import { transitionId, type Transition } from '../domain/transition';
import type { AlertRow } from '../history/port';

/** The firing transition that a row is the memory of. */
export function firingOf(row: AlertRow, source: string): Transition {
  const of = {
    fingerprint: row.fingerprint,
    kind: 'firing' as const,
    starts_at: new Date(row.episode).toISOString(),
    event_time: new Date(row.eventTime).toISOString(),
  };
  return {
    ...of,
    version: 1,
    transition_id: transitionId(of),
    source,
    labels: row.labels,
    annotations: row.annotations,
    ends_at: null,
    value: row.value,
    threshold: row.threshold,
    rule: row.rule,
    recent: row.recent,
    correlation_id: row.correlationId,
    ...(row.condition === null ? {} : { condition: row.condition }),
    ...(row.cooldownMs === null ? {} : { cooldown_ms: row.cooldownMs }),
    ...(row.runbook === null ? {} : { runbook: row.runbook }),
  };
}

/** The end of the episode that a row says is over. */
export function resolvedOf(row: AlertRow, source: string): Transition {
  const of = {
    fingerprint: row.fingerprint,
    kind: 'resolved' as const,
    starts_at: new Date(row.episode).toISOString(),
    event_time: new Date(row.eventTime).toISOString(),
  };
  return {
    ...firingOf(row, source),
    ...of,
    transition_id: transitionId(of),
    ends_at: row.endsAt ?? of.event_time,
    recent: [],
  };
}
