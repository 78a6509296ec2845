/**
 * Tells what becomes of the alerts of rule groups as transitions, each once. What `gds.alerts` knows of an alert counts more
 * than what this process has seen: one that is open there goes on, whoever opened it, and one that ended while nobody looked
 * is resolved. So a process that takes over, with windows read again but without memory, neither resolves nor fires anew.
 *
 * An alert belongs to the partition number that told of it last, whichever senders chose for its instance. Where a series
 * comes in another one from some time on, because partitions were added or its sender chooses otherwise, the alert moves
 * when it begins to fire there: that is told as a change, and the partition before says nothing of it any more. Where it had
 * ended before, because its series is silent there, it fires anew. Rules of another evaluator pool that make an alert of the
 * same labels count as another partition: the alert is the pool's that told of it last, and goes on while one of them has it.
 */
import { fingerprint, type Labels } from '../domain/labels';
import { metricValue, numberOf, type MetricValue } from '../domain/metric';
import type { AlertRule } from '../domain/rule-group';
import {
  poolOf,
  transitionId,
  type Transition,
  type TransitionCondition,
  type TransitionKind,
} from '../domain/transition';
import type { LabelSet } from '../promql/label-set';
import type { KnownAlert } from '../stream/port';
import type { ActiveAlert, AlertChange } from './alerting';
import type { Comparison } from './comparison';

export interface FollowerOptions {
  /** What `gds.alerts` knows of the alert. */
  readonly known: (fingerprint: string) => KnownAlert | undefined;
  readonly about: (rule: AlertRule) => RuleFacts;
  /** The last points of the series that the comparison is about, oldest first. */
  readonly recentOf?: (alert: ActiveAlert, comparison: Comparison) => Transition['recent'];
  readonly onAdopted?: (fingerprint: string) => void;
  /** The partition number whose metrics are evaluated; absent where those of all partitions meet. */
  readonly partition?: number;
  /** The evaluator pool that these are rules of. Default: that of transitions which name none. */
  readonly pool?: string;
}

/** What a transition says of its rule. */
export interface RuleFacts {
  readonly group: string;
  readonly hash: string;
  readonly comparison: Comparison | null;
}

/** The annotation that says why an alert ended, where it did not recover. */
export const RESOLVED_REASON = 'resolved_reason';
/** The annotation that says since when an alert has recovered that the rule's `keep_firing_for` holds open. */
export const KEPT_FIRING = 'keep_firing_for';

interface Told {
  readonly startsAt: number;
  readonly correlationId: string;
  value: number;
  at: number;
  remarks: string;
  kept: string;
  /** By a process before this one: what is decided of an earlier time was decided there. */
  isAdopted: boolean;
  /** From another partition number or pool. */
  readonly isTaken: boolean;
}

/** A change is worth telling from a tenth of the value on, and at most every 10 s. */
const CHANGE_RATIO = 0.1;
const CHANGE_PAUSE_MS = 10_000;
/** An open alert is repeated in time for the retention of `gds.alerts` always to hold it. */
export const REPEAT_AFTER_MS = 24 * 3_600_000;
/** It is in every log line of the episode. */
const MAX_CORRELATION_ID = 200;

/** Whether people should hear of a firing alert's value, after what they were told last. */
export function isWorthTelling(told: number, toldAt: number, value: number, time: number): boolean {
  const since = time - toldAt;
  return since >= REPEAT_AFTER_MS || (since >= CHANGE_PAUSE_MS && movedEnough(told, value));
}

function movedEnough(told: number, value: number): boolean {
  if (Number.isNaN(value)) return false;
  if (!Number.isFinite(told) || !Number.isFinite(value)) return told !== value;
  return Math.abs(value - told) >= CHANGE_RATIO * Math.abs(told) && value !== told;
}

export interface AlertFollower {
  /** The transition that follows, if one does. Called only for evaluations that count, not for those that are done again. */
  follow(change: AlertChange): Transition | null;
  /** Whether `gds.alerts` has it open, and it was not ended here since. */
  isOpen(fingerprint: string): boolean;
}

/** From then on those are forgotten that are known to have ended. */
const MANY_ENDS = 1_000;

export function createAlertFollower(options: FollowerOptions): AlertFollower {
  const { known, about, partition, pool, recentOf = () => [], onAdopted = () => undefined } = options;
  const told = new Map<string, Told>();
  /** Until `gds.alerts` tells their ends back, it takes these for open. */
  const ends = new Map<string, number>();
  const fingerprints = new WeakMap<LabelSet, string>();

  function fingerprintOf(labels: LabelSet): string {
    let found = fingerprints.get(labels);
    if (found === undefined) fingerprints.set(labels, (found = fingerprint(labels.toLabels())));
    return found;
  }

  function follow(change: AlertChange): Transition | null {
    const { kind, alert, time } = change;
    const id = fingerprintOf(alert.labels);
    const elsewhere = toldElsewhere(id);
    if (elsewhere !== undefined) return moved(change, id, elsewhere);
    const last = told.get(id) ?? adopted(id);
    if (kind === 'ends') return last === undefined ? null : ended(change, id, last);
    if (last === undefined) return hasEnded(id, alert.firedAt!) ? null : fired(change, id);
    if (time < last.at || !isNews(last, change)) return null;
    Object.assign(last, { ...saidOf(change), at: time, isAdopted: false });
    return transition('changed', change, id, last, time);
  }

  const isOfOtherPool = ({ rule }: Transition): boolean => rule !== null && poolOf(rule) !== poolOf({ pool });

  function isOfOtherPartition({ rule }: Transition): boolean {
    const by = rule?.partition;
    return partition !== undefined && by !== undefined && by !== partition;
  }

  /** What another partition number or pool has told of it last, unless that is older than what this one has. */
  function toldElsewhere(id: string): KnownAlert | undefined {
    const newest = known(id);
    if (newest === undefined || !(isOfOtherPool(newest.last) || isOfOtherPartition(newest.last)))
      return undefined;
    const { episode, firing, eventTime } = newest;
    const last = told.get(id);
    if (last === undefined) return eventTime > (ends.get(id) ?? -Infinity) ? newest : undefined;
    return episode < last.startsAt || (firing && eventTime < last.at) ? undefined : newest;
  }

  function moved(change: AlertChange, id: string, elsewhere: KnownAlert): Transition | null {
    const { kind, alert, time } = change;
    const wasTaken = told.get(id)?.isTaken ?? false;
    told.delete(id);
    if (kind === 'ends') return null;
    const after = (ms: number): number => Math.max(ms, elsewhere.eventTime + 1);
    if (elsewhere.firing) return kind === 'fires' ? taken(change, id, elsewhere, after(time)) : null;
    // Its end there crossed its being taken from there, or came before it. The end of another pool's rule is none of this one's.
    if (kind === 'fires' || wasTaken || isOfOtherPool(elsewhere.last))
      return fired(change, id, after(alert.firedAt!));
    return hasEnded(id, alert.firedAt!) ? null : fired(change, id);
  }

  function taken(change: AlertChange, id: string, elsewhere: KnownAlert, time: number): Transition {
    const last = { ...toldOf(elsewhere), ...saidOf(change), at: time };
    told.set(id, { ...last, isAdopted: false, isTaken: true });
    onAdopted(id);
    return transition('changed', change, id, last, time);
  }

  /** Also where it fires for long already: it did so when a process died before it could tell. */
  function fired(change: AlertChange, id: string, startsAt = change.alert.firedAt!): Transition {
    const { alert } = change;
    const correlationId = alert.correlationId?.slice(0, MAX_CORRELATION_ID) ?? `${id}-${startsAt}`;
    const last: Told = {
      ...{ startsAt, correlationId, ...saidOf(change), at: startsAt },
      ...{ isAdopted: false, isTaken: false },
    };
    told.set(id, last);
    return transition('firing', change, id, last, startsAt);
  }

  /** A good sample may be older than the evaluation that was last told; the end is told after it. */
  function ended(change: AlertChange, id: string, last: Told): Transition | null {
    if (change.time <= last.at && last.isAdopted) return null;
    const time = Math.max(change.time, last.at + 1);
    told.delete(id);
    ends.set(id, time);
    if (ends.size > MANY_ENDS) for (const each of ends.keys()) if (!known(each)?.firing) ends.delete(each);
    return transition('resolved', change, id, last, time);
  }

  /** Resolved since it began to fire, by a person or by the process before this one. */
  function hasEnded(id: string, firedAt: number): boolean {
    const before = known(id);
    return before !== undefined && !before.firing && firedAt <= before.eventTime;
  }

  /** Undefined, too, where its end is on its way. */
  function openOf(id: string): KnownAlert | undefined {
    const before = known(id);
    const isOpen = before?.firing === true && before.eventTime > (ends.get(id) ?? -Infinity);
    return isOpen ? before : undefined;
  }

  function adopted(id: string): Told | undefined {
    const before = openOf(id);
    if (before === undefined) return undefined;
    const last = toldOf(before);
    told.set(id, last);
    onAdopted(id);
    return last;
  }

  function transition(
    kind: TransitionKind,
    change: AlertChange,
    id: string,
    { startsAt, correlationId }: Told,
    time: number,
  ): Transition {
    const { rule, alert, endValue } = change;
    const at = new Date(time).toISOString();
    const identity = { kind, fingerprint: id, starts_at: new Date(startsAt).toISOString(), event_time: at };
    const { group, hash, comparison } = about(rule);
    const isOver = kind === 'resolved';
    return {
      version: 1,
      transition_id: transitionId(identity),
      ...identity,
      source: 'evaluator',
      labels: alert.labels.toLabels(),
      annotations: annotationsOf(change),
      ends_at: isOver ? at : null,
      value: isOver ? valueOrNull(endValue) : metricValue(alert.value),
      threshold: comparison?.threshold ?? null,
      rule: {
        ...{ group, name: rule.name, hash },
        ...(rule.unit !== null && { unit: rule.unit }),
        ...(partition !== undefined && { partition }),
        ...(pool !== undefined && { pool }),
      },
      recent: comparison === null ? [] : recentOf(alert, comparison),
      correlation_id: correlationId,
      ...(comparison !== null && { condition: conditionOf(comparison, alert) }),
      ...(rule.cooldownMs !== null && { cooldown_ms: rule.cooldownMs }),
      ...(rule.runbook !== null && { runbook: rule.runbook }),
      ...(rule.receivers !== null && { receivers: rule.receivers }),
    };
  }

  return { follow, isOpen: (id) => openOf(id) !== undefined };
}

function toldOf({ episode, eventTime, last: { value, annotations, correlation_id } }: KnownAlert): Told {
  return {
    ...{ startsAt: episode, correlationId: correlation_id, at: eventTime, isAdopted: true, isTaken: false },
    ...{ remarks: textOf(annotations), kept: annotations[KEPT_FIRING] ?? '' },
    value: value === null ? NaN : numberOf(value),
  };
}

const valueOrNull = (value: number | null): MetricValue | null =>
  value === null ? null : metricValue(value);

const saidOf = (change: AlertChange): Pick<Told, 'value' | 'remarks' | 'kept'> => ({
  ...{ value: change.alert.value, remarks: textOf(change.alert.remarks), kept: keptText(change) },
});

const textOf = (remarks: Labels): string => `${remarks.no_data}\0${remarks.flapping}`;

/** Empty where nothing holds it open but its condition. */
function keptText({ kind, rule, alert: { keptSince } }: AlertChange): string {
  if (kind === 'ends' || keptSince === null) return '';
  const until = keptSince + rule.keepFiringForMs;
  return `recovered at ${new Date(keptSince).toISOString()}, goes on firing until ${new Date(until).toISOString()}`;
}

function annotationsOf(change: AlertChange): Labels {
  const [kept, { reason }] = [keptText(change), change];
  return {
    ...change.alert.annotations().toLabels(),
    ...(kept !== '' && { [KEPT_FIRING]: kept }),
    ...(reason !== null && { [RESOLVED_REASON]: reason }),
  };
}

/** While an alert flaps its value is no news; what it recovers and breaches again is, as seldom as its value. */
function isNews(last: Told, change: AlertChange): boolean {
  const { alert, time } = change;
  if (last.remarks !== textOf(alert.remarks)) return true;
  if (last.kept !== keptText(change) && time - last.at >= CHANGE_PAUSE_MS) return true;
  return alert.remarks.flapping === undefined && isWorthTelling(last.value, last.at, alert.value, time);
}

/** What a repair is verified by. */
function conditionOf(comparison: Comparison, { series }: ActiveAlert): TransitionCondition {
  const { metric, operator, threshold, recoveryThreshold, windowMs } = comparison;
  return {
    ...{ metric, operator, threshold },
    series: series.withoutName().toLabels(),
    recovery_threshold: recoveryThreshold,
    ...(windowMs > 0 && { window_ms: windowMs }),
  };
}
