/**
 * Escalation policies: levels of people, each told when the level before it has not answered in its time. Level 1 is
 * told `delayMs` after the alert fired. Acknowledgement and silence stop the clock; when they end, it goes on where it
 * stood. A level whose condition does not hold when its turn comes is skipped with a reason, and the next one has its turn
 * at once. Who a level's people and schedules are at that time is decided where the message is written.
 *
 * Lives are replayed: of a policy without conditions the answers here must stay what they are.
 */
import type { Labels } from './labels';
import type { Urgency } from './severity';
import { compileTimeInterval, type TimeInterval } from './time-interval';

/** All that is there has to hold. */
export interface EscalationCondition {
  /** It is one of these times, and none of `notHours`. */
  readonly hours?: readonly TimeInterval[];
  readonly notHours?: readonly TimeInterval[];
  readonly severities?: readonly string[];
  /** At least so many alerts of the group are open. */
  readonly alerts?: number;
}

export interface EscalationLevel {
  readonly name: string;
  readonly receivers: readonly string[];
  /** By name; told in the way that they want for the urgency. */
  readonly people?: readonly string[];
  /** Whoever is on call in these when the level is told. */
  readonly schedules?: readonly string[];
  /** Left out: by the alert's severity. */
  readonly urgency?: Urgency;
  readonly when?: EscalationCondition;
  /** How long this level has to acknowledge before the next is told. */
  readonly timeoutMs: number;
}

export interface EscalationPolicy {
  readonly name: string;
  readonly delayMs: number;
  readonly levels: readonly EscalationLevel[];
  /** How many times the whole chain is gone through again when nobody answers. */
  readonly repeat: number;
  /** Alerts that have these labels in common are one group for a condition on their number. */
  readonly groupBy?: readonly string[];
}

/** Where the chain stands: `told` counts the levels told so far over all rounds. */
export interface EscalationProgress {
  readonly told: number;
  /** What is left of the wait for the next level; null when the chain has ended. */
  readonly remainingMs: number | null;
}

export function beginEscalation(policy: EscalationPolicy): EscalationProgress {
  return policy.levels.length === 0
    ? { told: 0, remainingMs: null }
    : { told: 0, remainingMs: policy.delayMs };
}

/** The level that is told next (1-based within its round), or null at the end of the chain. */
export function nextLevel(
  policy: EscalationPolicy,
  told: number,
): { level: number; round: number; spec: EscalationLevel } | null {
  const count = policy.levels.length;
  if (count === 0 || told >= count * (policy.repeat + 1)) return null;
  const index = told % count;
  return { level: index + 1, round: Math.floor(told / count) + 1, spec: policy.levels[index]! };
}

/** The whole wait for the next level when `told` have been told; null at the end of the chain. */
export function waitAfter(policy: EscalationPolicy, told: number): number | null {
  return (told === 0 ? beginEscalation(policy) : advance(policy, told - 1)).remainingMs;
}

/** Progress after the next level has been told. */
export function advance(policy: EscalationPolicy, told: number): EscalationProgress {
  const current = nextLevel(policy, told);
  if (current === null) return { told, remainingMs: null };
  const more = nextLevel(policy, told + 1) !== null;
  return { told: told + 1, remainingMs: more ? current.spec.timeoutMs : null };
}

/** What conditions look at. */
export interface EscalatingAlert {
  readonly labels: Labels;
  /** How many alerts of its group are open, with it; null when nobody knows. */
  readonly openAlerts: number | null;
}

export interface Skip {
  readonly reason: 'outside_hours' | 'other_severity' | 'too_few_alerts';
  readonly text: string;
}

/** Why the level is not told now, or null. What is not known does not keep anybody from being told. */
export function whySkipped({ when }: EscalationLevel, alert: EscalatingAlert, now: number): Skip | null {
  if (when === undefined) return null;
  const { hours, notHours = [], severities, alerts } = when;
  if (hours?.every((interval) => lies(interval, now) === false) || notHours.some((one) => lies(one, now)))
    return { reason: 'outside_hours', text: 'it is none of its hours' };
  const severity = alert.labels['severity'];
  if (severity !== undefined && severities?.every((word) => !sameWord(word, severity)))
    return { reason: 'other_severity', text: `the severity is ${severity}, not ${severities.join(' or ')}` };
  if (alerts !== undefined && alert.openAlerts !== null && alert.openAlerts < alerts)
    return { reason: 'too_few_alerts', text: `${alert.openAlerts} of at least ${alerts} alerts are open` };
  return null;
}

const sameWord = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Null where nobody can say: a machine may lack a time zone that another one has. */
function lies(interval: TimeInterval, now: number): boolean | null {
  try {
    return compileTimeInterval(interval)(now);
  } catch {
    return null;
  }
}

export interface EscalationStep {
  /** How many levels have had their turn with it, over all rounds: its number. */
  readonly told: number;
  readonly level: number;
  readonly round: number;
  readonly spec: EscalationLevel;
}

export interface SkippedStep extends EscalationStep {
  readonly skip: Skip;
}

export interface NextToTell {
  readonly skipped: readonly SkippedStep[];
  /** Null when nobody is left. */
  readonly step: EscalationStep | null;
  /** After the step has been told, or the chain has ended without one. */
  readonly progress: EscalationProgress;
}

/**
 * Whose turn it is now, after those who are skipped, and how the chain goes on. A skip takes no time: when a whole round is
 * skipped, so would be all that follow, and the chain ends with this one.
 */
export function nextToTell(
  policy: EscalationPolicy,
  told: number,
  alert: EscalatingAlert,
  now: number,
): NextToTell {
  const skipped: SkippedStep[] = [];
  for (let at = told; ; at++) {
    const next = skipped.length < policy.levels.length ? nextLevel(policy, at) : null;
    if (next === null) return { skipped, step: null, progress: { told: at, remainingMs: null } };
    const step = { ...next, told: at + 1 };
    const skip = whySkipped(next.spec, alert, now);
    if (skip === null) return { skipped, step, progress: advance(policy, at) };
    skipped.push({ ...step, skip });
  }
}

export interface PlannedStep extends EscalationStep {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly skip: Skip | null;
}

/** What would happen to an alert that fires now and that nobody answers. */
export function planEscalation(policy: EscalationPolicy, alert: EscalatingAlert, now: number): PlannedStep[] {
  const plan: PlannedStep[] = [];
  let at = now;
  for (let progress = beginEscalation(policy); progress.remainingMs !== null;) {
    at += progress.remainingMs;
    const turn = nextToTell(policy, progress.told, alert, at);
    plan.push(...turn.skipped.map((step) => ({ ...step, at })));
    if (turn.step !== null) plan.push({ ...turn.step, at, skip: null });
    progress = turn.progress;
  }
  return plan;
}

/** The labels whose alerts have to be counted before the next level has its turn; null when no condition asks for it. */
export function countedBy(policy: EscalationPolicy): readonly string[] | null {
  const asks = policy.levels.some(({ when }) => when?.alerts !== undefined);
  return asks ? (policy.groupBy ?? ['alertname']) : null;
}
