/** What people were told last of an alert that fires, and whether what is found now is worth telling them. */
import type { Labels } from '../domain/labels';
import { numberOf } from '../domain/metric';
import type { Transition } from '../domain/transition';
import type { AlertChange } from './alerting';

export interface Said {
  readonly value: number;
  readonly remarks: string;
  /** Since when only `keep_firing_for` holds it; null where its condition does. */
  readonly keptSince: number | null;
}

/** A change is worth telling from a tenth of the value on, and at most every 10 s. */
const CHANGE_RATIO = 0.1;
const CHANGE_PAUSE_MS = 10_000;
/** An open alert is repeated in time for the retention of `gds.alerts` always to hold it. */
export const REPEAT_AFTER_MS = 24 * 3_600_000;

export const saidOf = ({ alert }: AlertChange): Said => ({
  ...{ value: alert.value, remarks: textOf(alert.remarks), keptSince: alert.keptSince },
});

export const saidIn = ({ annotations, value, kept_since: kept }: Transition): Said => ({
  ...{ remarks: textOf(annotations), keptSince: kept === undefined ? null : Date.parse(kept) },
  value: value === null ? NaN : numberOf(value),
});

/** While an alert flaps its value is no news; that it recovers and breaches again is, as seldom as its value. */
export function isNews(last: Said, toldAt: number, change: AlertChange): boolean {
  const { alert, time } = change;
  const now = saidOf(change);
  if (last.remarks !== now.remarks) return true;
  if (last.keptSince !== now.keptSince && time - toldAt >= CHANGE_PAUSE_MS) return true;
  return alert.remarks.flapping === undefined && isWorthTelling(last.value, toldAt, alert.value, time);
}

/** Whether people should hear of a firing alert's value, after what they were told last. */
function isWorthTelling(told: number, toldAt: number, value: number, time: number): boolean {
  const since = time - toldAt;
  return since >= REPEAT_AFTER_MS || (since >= CHANGE_PAUSE_MS && movedEnough(told, value));
}

function movedEnough(told: number, value: number): boolean {
  if (Number.isNaN(value)) return false;
  if (!Number.isFinite(told) || !Number.isFinite(value)) return told !== value;
  return Math.abs(value - told) >= CHANGE_RATIO * Math.abs(told) && value !== told;
}

const textOf = (remarks: Labels): string => `${remarks.no_data}\0${remarks.flapping}`;
