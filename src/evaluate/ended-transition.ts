/** The end of an open alert that the rules, as they are, do not make. */
import { transitionId, type Transition } from '../domain/transition';
import { KEPT_FIRING, RESOLVED_REASON } from './alert-transition';

export const RULE_CHANGED = 'rule changed';
export const RULE_REMOVED = 'rule removed';

export function endedTransition(last: Transition, at: number, reason: string): Transition {
  const time = new Date(Math.max(at, Date.parse(last.event_time))).toISOString();
  const identity = {
    kind: 'resolved' as const,
    fingerprint: last.fingerprint,
    starts_at: last.starts_at,
    event_time: time,
  };
  const { kept_since: _, annotations, ...rest } = last;
  const { [KEPT_FIRING]: _kept, ...others } = annotations;
  return {
    ...rest,
    ...identity,
    transition_id: transitionId(identity),
    ends_at: time,
    value: null,
    recent: [],
    annotations: { ...others, [RESOLVED_REASON]: reason },
  };
}
