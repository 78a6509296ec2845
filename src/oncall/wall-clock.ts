/**
 * The wall clock of a time zone: which time it shows at an instant, and at which instants it shows a time. A wall time is
 * written as the milliseconds since 1970 of the same digits in UTC, so that days and hours are added as numbers.
 */
import { DateTime, IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** No zone is further from UTC, in either direction. */
const FURTHEST_MS = 15 * HOUR_MS;
/** Clocks are not changed twice within this. */
const BETWEEN_CHANGES_MS = 12 * HOUR_MS;

export interface WallClock {
  readonly zone: string;
  /** What the clock shows. */
  shown(instant: number): number;
  /**
   * The first instant at which the clock shows `wall` or more: where the time is skipped, the first one after; where it
   * comes twice, the first of the two.
   */
  first(wall: number): number;
  /** All instants at which the clock shows it: none where it is skipped, two where it comes twice. */
  all(wall: number): number[];
  /** The instants after `from`, up to `to`, at which the clock is changed. */
  changes(from: number, to: number): number[];
}

export function wallClock(zone: string): WallClock {
  const rules = IANAZone.create(zone);
  const offset = (instant: number): number => rules.offset(instant) * MINUTE_MS;
  const shown = (instant: number): number => instant + offset(instant);
  const candidates = (wall: number): number[] => {
    const offsets = new Set([offset(wall - FURTHEST_MS), offset(wall + FURTHEST_MS)]);
    return [...offsets].map((each) => wall - each).sort((a, b) => a - b);
  };
  const all = (wall: number): number[] => candidates(wall).filter((instant) => shown(instant) === wall);
  return {
    zone,
    shown,
    all,
    first(wall) {
      const [exact] = all(wall);
      if (exact !== undefined) return exact;
      const around = candidates(wall);
      return firstWhere(around[0]!, around.at(-1)!, (instant) => shown(instant) >= wall);
    },
    changes(from, to) {
      const found: number[] = [];
      for (let at = from; at < to; at += BETWEEN_CHANGES_MS) {
        const end = Math.min(at + BETWEEN_CHANGES_MS, to);
        const before = offset(at);
        if (offset(end) !== before) found.push(firstWhere(at, end, (instant) => offset(instant) !== before));
      }
      return found;
    },
  };
}

/** `holds` is false at `no`, true at `yes`, and turns once between them. */
function firstWhere(no: number, yes: number, holds: (instant: number) => boolean): number {
  let [low, high] = [no, yes];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** A wall time as it is written: `2026-01-05` or `2026-01-05T09:00`. Throws a RangeError. */
export function parseWallTime(text: string): number {
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(text) ? DateTime.fromISO(text, { zone: 'utc' }) : null;
  if (!time?.isValid) throw new RangeError(`${JSON.stringify(text)} is no date or time of day`);
  return time.toMillis();
}

/** `Mon 2026-01-05 09:00 +01:00`, as the clock of the zone shows it. */
export function wallText(instant: number, zone: string): string {
  return DateTime.fromMillis(instant, { zone, locale: 'en' }).toFormat('ccc yyyy-MM-dd HH:mm ZZ');
}
