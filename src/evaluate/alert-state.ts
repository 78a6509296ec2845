/**
 * The life of one alert of a rule, from evaluation to evaluation:
 *
 * - pending: the condition holds, since `activeAt`. Fires when it has held for `for`, in enough of the last evaluations, the
 *   cool-down is over, and the rule that inhibits it does not fire. Where N of M evaluations count, one that does not hold
 *   leaves it pending for as long as an earlier one counts.
 * - firing: until it has recovered, and then for `keep_firing_for`; while it flaps it goes on. A condition that neither holds
 *   nor has recovered changes nothing.
 * - gone: neither.
 *
 * An evaluation that knows nothing changes nothing.
 */
import type { AlertRule } from '../domain/rule-group';
import type { Labels } from '../domain/labels';
import type { LabelSet } from '../promql/label-set';
import type { Moment } from '../promql/prepare';

/** What an evaluation finds of an alert. `fails`: the condition holds no more, but what it is about has not recovered. */
export type Verdict = 'holds' | 'fails' | 'recovered' | 'unknown';

/** What became of an alert at an evaluation: it begins to fire, goes on firing, or has ceased to. */
export type ChangeKind = 'fires' | 'holds' | 'ends';

/** An element that an expression yields, as an alert. */
export interface Yielded {
  readonly series: LabelSet;
  readonly labels: LabelSet;
  readonly value: number;
  readonly moment: Moment;
}

export interface Alert extends Yielded {
  value: number;
  readonly activeAt: number;
  /** When the condition was last found to hold, and how long after the time before: at first, between evaluations. */
  readonly heldAt: number;
  readonly heldEvery: number;
  state: 'pending' | 'firing';
  /** When it began to fire; null while it is pending. */
  firedAt: number | null;
  /** When it recovered; null while it has not. */
  keptSince: number | null;
  /** What the last evaluations found, as many as the rule counts. */
  readonly found: boolean[];
  /** Evaluations before this time are over: somebody else did them, or samples decided ahead of the group's time. */
  settledUntil: number;
  /** Found open: what exactly it is about need not be known. */
  readonly isAdopted: boolean;
  /** What stands beside the rule's annotations: why it goes on. */
  remarks: Labels;
  /** Of the sample that began it, where one did. */
  readonly correlationId: string | null;
  /** The series of its state. */
  stateSeries: LabelSet;
  readonly forState: LabelSet;
}

export interface Circumstances {
  /** Whether it is too early after its end, or the rule that inhibits it fires. */
  readonly mayFire: () => boolean;
  readonly flaps: boolean;
}

export type Outcome = ChangeKind | 'gone' | null;

export function advance(
  alert: Alert,
  verdict: Verdict,
  rule: AlertRule,
  time: number,
  { mayFire, flaps }: Circumstances,
): Outcome {
  const isFiring = alert.state === 'firing';
  if (verdict === 'unknown') return isFiring ? 'holds' : null;
  if (!isFiring) {
    if (verdict !== 'holds') return alert.found.includes(true) ? null : 'gone';
    if (!isRipe(alert, rule, time) || !mayFire()) return null;
    alert.state = 'firing';
    alert.firedAt = time;
    return 'fires';
  }
  if (verdict === 'holds') alert.keptSince = null;
  if (verdict !== 'recovered' || flaps) return 'holds';
  alert.keptSince ??= time;
  return time - alert.keptSince < rule.keepFiringForMs ? 'holds' : 'ends';
}

function isRipe({ activeAt, found }: Alert, { forMs, occurrences }: AlertRule, time: number): boolean {
  if (time - activeAt < forMs) return false;
  return occurrences === null || found.filter(Boolean).length >= occurrences.count;
}

/** A pending alert does not bridge a gap: longer than three intervals, and than three of the slowest collection (5 min). */
const MIN_GAP_MS = 900_000;
const GAP_INTERVALS = 3;

/** Whether too long has passed since the condition was last found to hold for nothing to have happened meanwhile. */
export const isInterrupted = ({ heldAt, heldEvery }: Alert, time: number): boolean =>
  time - heldAt > Math.max(MIN_GAP_MS, GAP_INTERVALS * heldEvery);

/** Remembers what an evaluation found, as far as the rule counts. */
export function remember({ found }: Alert, { occurrences }: AlertRule, holds: boolean): void {
  if (occurrences === null) return;
  found.push(holds);
  if (found.length > occurrences.of) found.shift();
}
