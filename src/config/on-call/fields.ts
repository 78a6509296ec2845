/** The kinds of value that on-call schedules and people's ways take. */
import { z } from 'zod';
import { tryParseDuration } from '../../domain/duration';
import {
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  parseYears,
} from '../../domain/time-interval';
import { field, REFUSED, text } from '../fields';

const MINUTE_MS = 60_000;
/** Turns of a few minutes are nobody's duty; longer ones than a year have no end that anybody sees. */
const TURN = { leastMinutes: 30, mostMinutes: 366 * 1_440 };

/** Minutes of a turn. */
export const handoff = () =>
  field('daily, weekly, or a duration of whole minutes from 30m to 366d, such as 12h', (value) => {
    if (value === 'daily') return 1_440;
    if (value === 'weekly') return 7 * 1_440;
    const ms = typeof value === 'string' || typeof value === 'number' ? tryParseDuration(value) : null;
    const minutes = (ms ?? NaN) / MINUTE_MS;
    const fits = minutes >= TURN.leastMinutes && minutes <= TURN.mostMinutes;
    return Number.isInteger(minutes) && fits ? minutes : REFUSED;
  });

/** What the clock of the schedule's zone shows, as it is written. */
export const wallTime = () =>
  field('a date or a time of day without a zone: 2026-01-05 or 2026-01-05T09:00', (value) => {
    if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(value)) return REFUSED;
    const whole = value.length === 10 ? `${value}T00:00` : value;
    const time = new Date(`${whole}Z`);
    // A day that the month does not have would become one of the next.
    return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(whole) ? value : REFUSED;
  });

/** Milliseconds since 1970. */
export const instant = () =>
  field('a time with a zone, such as 2026-01-05T09:00:00Z or 2026-01-05T09:00+01:00', (value) => {
    const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
    const ms = typeof value === 'string' && form.test(value) ? Date.parse(value) : NaN;
    return Number.isNaN(ms) ? REFUSED : ms;
  });

export interface ContactSpec {
  readonly receiver: string;
  readonly afterMs: number;
}

export const contact = () =>
  field("a receiver's name, or one and when: sms after 5m", (value): ContactSpec | typeof REFUSED => {
    const found = typeof value === 'string' ? /^([\w.-]+)(?:\s+after\s+(\S+))?$/.exec(value.trim()) : null;
    const afterMs = found?.[2] === undefined ? 0 : tryParseDuration(found[2]);
    return found === null || afterMs === null ? REFUSED : { receiver: found[1]!, afterMs };
  });

const ranges = <T>(accepted: string, parse: (text: string) => T) =>
  z
    .array(
      field(accepted, (value) => {
        try {
          return typeof value === 'string' || typeof value === 'number' ? parse(String(value)) : REFUSED;
        } catch {
          return REFUSED;
        }
      }),
    )
    .nullable()
    .default(null);

const timeOfDay = () =>
  field('HH:MM from 00:00 to 24:00', (value) => {
    try {
      return typeof value === 'string' ? parseTimeOfDay(value) : REFUSED;
    } catch {
      return REFUSED;
    }
  });

const intervalShape = {
  times: z
    .array(z.strictObject({ start_time: timeOfDay(), end_time: timeOfDay() }))
    .nullable()
    .default(null),
  weekdays: ranges('days such as monday or monday:friday; a week begins with sunday', parseWeekdays),
  days_of_month: ranges('days such as 1, 1:5 or -3:-1', parseDaysOfMonth),
  months: ranges('months such as may, 5 or may:august', parseMonths),
  years: ranges('years such as 2026 or 2026:2030', parseYears),
};

/** Times in the zone of what they belong to. */
export const timesOfSchedule = () => z.strictObject(intervalShape);
export const timesInZone = () => z.strictObject({ ...intervalShape, time_zone: text().default('UTC') });

export type RawTimes = z.output<ReturnType<typeof timesOfSchedule>>;
