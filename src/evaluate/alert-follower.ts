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
  /** Whether the alert has been told as firing, or was found so. */
  isFollowed(fingerprint: string): boolean;
}

export function createAlertFollower(options: FollowerOptions): AlertFollower {
  const { known, groupOf, hashOf, onAdopted = () => undefined } = options;
  const told = new Map<string, Told>();
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
    if (last === undefined) return hasEnded(id, alert.firedAt!) ? null : fired(rule, alert, id);
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
    return transition('resolved', rule, alert, id, last, time);
  }

  /** Resolved since it began to fire, by a person or by the process before this one. */
  function hasEnded(id: string, firedAt: number): boolean {
    const before = known(id);
    return before !== undefined && !before.firing && firedAt <= before.eventTime;
  }

  function adopted(id: string): Told | undefined {
    const before = known(id);
    if (before === undefined || !before.firing) return undefined;
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

  return { follow, isFollowed: (id) => told.has(id) };
}
