/**
 * Tells what becomes of the alerts of rule groups as transitions, each once. What `gds.alerts` knows of an alert counts more
 * than what this process has seen: one that is open there goes on, whoever opened it, and one that ended while nobody looked
 * is resolved. So a process that takes over, with windows read again but without memory, neither resolves nor fires anew.
 */
import { fingerprint } from '../domain/labels';
import { metricValue, numberOf } from '../domain/metric';
import type { AlertRule } from '../domain/rule-group';
import { transitionId, type Transition, type TransitionKind } from '../domain/transition';
import type { LabelSet } from '../promql/label-set';
import { isWorthTelling } from './alert-state';
import type { Known } from './evaluator';
import type { ActiveAlert, AlertChange } from './rule-group';

export interface FollowerOptions {
  /** What `gds.alerts` knows of the alert. */
  readonly known: (fingerprint: string) => Known | undefined;
  readonly groupOf: (rule: AlertRule) => string;
  readonly hashOf: (rule: AlertRule) => string;
  readonly onAdopted?: (fingerprint: string) => void;
}

interface Told {
  readonly startsAt: number;
  readonly correlationId: string;
  value: number;
  at: number;
}

export interface AlertFollower {
  /** The transition that follows, if one does. Called only for evaluations that count, not for those that are done again. */
  follow(change: AlertChange): Transition | null;
  /** The alert has been told as ended by somebody else who has its transitions sent. */
  hasEnded(fingerprint: string, time: number): void;
  /** Whether the alert has been told as firing or was found so, and what has become of it is told. */
  isFollowed(fingerprint: string): boolean;
}

/** From then on those are forgotten that are known to have ended. */
const MANY_ENDS = 1_000;

export function createAlertFollower(options: FollowerOptions): AlertFollower {
  const { known, groupOf, hashOf, onAdopted = () => undefined } = options;
  const told = new Map<string, Told>();
  /** Until `gds.alerts` tells them back, it takes these for open. */
  const ends = new Map<string, number>();
  const fingerprints = new WeakMap<LabelSet, string>();

  function fingerprintOf(labels: LabelSet): string {
    let found = fingerprints.get(labels);
    if (found === undefined) fingerprints.set(labels, (found = fingerprint(labels.toLabels())));
    return found;
  }

  function follow({ kind, rule, alert, time }: AlertChange): Transition | null {
    const id = fingerprintOf(alert.labels);
    const last = told.get(id) ?? adopted(id);
    if (kind === 'ends') return last === undefined ? null : ended(rule, alert, id, last, time);
    if (last === undefined) return isOver(id, alert.firedAt!) ? null : fired(rule, alert, id);
    if (!isWorthTelling(last.value, last.at, alert.value, time)) return null;
    last.value = alert.value;
    last.at = time;
    return transition('changed', rule, alert, id, last, time);
  }

  /** Also where it fires for long already: it did so when a process died before it could tell. */
  function fired(rule: AlertRule, alert: ActiveAlert, id: string): Transition {
    const startsAt = alert.firedAt!;
    const last = { startsAt, correlationId: `${id}-${startsAt}`, value: alert.value, at: startsAt };
    told.set(id, last);
    return transition('firing', rule, alert, id, last, startsAt);
  }

  /** What was told of a later time counts: this evaluation was done before. */
  function ended(
    rule: AlertRule,
    alert: ActiveAlert,
    id: string,
    last: Told,
    time: number,
  ): Transition | null {
    if (time <= last.at) return null;
    told.delete(id);
    hasEnded(id, time);
    return transition('resolved', rule, alert, id, last, time);
  }

  /** Resolved since it began to fire, by a person or by the process before this one. */
  function isOver(id: string, firedAt: number): boolean {
    const before = known(id);
    return before !== undefined && !before.firing && firedAt <= before.eventTime;
  }

  function hasEnded(id: string, time: number): void {
    ends.set(id, time);
    if (ends.size > MANY_ENDS) for (const each of ends.keys()) if (!known(each)?.firing) ends.delete(each);
  }

  function adopted(id: string): Told | undefined {
    const before = known(id);
    if (before === undefined || !before.firing) return undefined;
    if (before.eventTime <= (ends.get(id) ?? -Infinity)) return undefined;
    const { value, correlation_id: correlationId } = before.last;
    const last: Told = {
      ...{ startsAt: before.episode, correlationId, at: before.eventTime },
      value: value === null ? NaN : numberOf(value),
    };
    told.set(id, last);
    onAdopted(id);
    return last;
  }

  function transition(
    kind: TransitionKind,
    rule: AlertRule,
    alert: ActiveAlert,
    id: string,
    { startsAt, correlationId }: Told,
    time: number,
  ): Transition {
    const at = new Date(time).toISOString();
    const identity = { kind, fingerprint: id, starts_at: new Date(startsAt).toISOString(), event_time: at };
    return {
      version: 1,
      transition_id: transitionId(identity),
      ...identity,
      source: 'evaluator',
      labels: alert.labels.toLabels(),
      annotations: alert.annotations().toLabels(),
      ends_at: kind === 'resolved' ? at : null,
      value: kind === 'resolved' ? null : metricValue(alert.value),
      threshold: null,
      rule: { group: groupOf(rule), name: rule.name, hash: hashOf(rule) },
      recent: [],
      correlation_id: correlationId,
    };
  }

  return { follow, hasEnded, isFollowed: (id) => told.has(id) || ends.has(id) };
}
