/**
 * One alert as its evaluator sees it: one rule on one series. `judge` is the state machine.
 *
 * - quiet: the last sample did not breach.
 * - pending: samples breach without a break since `pendingSince`, `failures` of them. Fires when that has lasted `for`
 *   and enough in a row, the cool-down is over, and the rule of higher severity does not fire.
 * - firing: since `firingSince`, until a sample meets the recovery condition or the series ends. Meanwhile a value that
 *   has moved enough is told as changed.
 *
 * Event time alone decides. A sample at or before `settledUntil` lies before what `gds.alerts` knows, and a replayed one
 * before the committed offset: from neither may a transition follow, for what followed has been published.
 */
import { breaches, recovers } from '../domain/rule';
import type { Labels } from '../domain/labels';
import type { CompiledRule } from './rule-set';

export interface Identity {
  readonly labels: Labels;
  readonly fingerprint: string;
}

export interface AlertState {
  readonly compiled: CompiledRule;
  /**
   * Made, and what is known of the alert looked up, when a sample first breaches or when an alert of the series is open:
   * most rules never breach on most series, and a label set for each pair of them would be most of the memory.
   */
  identity: Identity | null;
  /** The state of the same rule with the higher severity on the same series. */
  readonly inhibitor: AlertState | null;
  /** NaN unless pending or firing. */
  pendingSince: number;
  failures: number;
  /** NaN unless firing. */
  firingSince: number;
  cooldownUntil: number;
  settledUntil: number;
  /** What was last published of the firing alert. */
  toldValue: number;
  toldAt: number;
  correlationId: string;
}

export type Verdict = 'fires' | 'changed' | 'recovered' | null;

/** A change is worth telling from a tenth of the value on, and at most every 10 s. */
const CHANGE_RATIO = 0.1;
const CHANGE_PAUSE_MS = 10_000;
/** An open alert is repeated in time for the retention of `gds.alerts` always to hold it. */
const REPEAT_AFTER_MS = 24 * 3_600_000;

export const isFiring = (state: AlertState): boolean => !Number.isNaN(state.firingSince);

export const isAstir = (state: AlertState): boolean => state.failures > 0 || isFiring(state);

/** What follows from the sample's compared value. Changes only the pending part of the state; the caller settles the rest. */
export function judge(state: AlertState, time: number, value: number, replayed: boolean): Verdict {
  const settled = replayed || time <= state.settledUntil;
  if (isFiring(state)) return settled ? null : judgeFiring(state, time, value);
  const { rule } = state.compiled;
  if (!breaches(rule, value)) {
    if (state.failures > 0) calm(state);
    return null;
  }
  if (state.failures === 0) state.pendingSince = time;
  state.failures += 1;
  const ripe = state.failures >= rule.consecutiveFailures && time - state.pendingSince >= rule.forMs;
  if (!ripe || settled || time < state.cooldownUntil) return null;
  return state.inhibitor !== null && isFiring(state.inhibitor) ? null : 'fires';
}

function judgeFiring(state: AlertState, time: number, value: number): Verdict {
  if (recovers(state.compiled.rule, value)) return 'recovered';
  return isWorthTelling(state.toldValue, state.toldAt, value, time) ? 'changed' : null;
}

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

/** Ends the pending run. */
export function calm(state: AlertState): void {
  state.pendingSince = NaN;
  state.failures = 0;
}
