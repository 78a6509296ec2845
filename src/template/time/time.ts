/** Go's time.Time in UTC, for templates: nanoseconds since 1970, and the methods that alerts' texts use. */
import { CallError, define, type FunctionTable } from '../value/functions';
import { formatFloat64 } from '../format/float';
import { GoObject } from '../value/values';
import { duration, SECOND } from './duration';
import { formatClock, MONTHS, WEEKDAYS, type Clock } from './layout';

const MILLISECOND = 1_000_000n;
const DAY_MS = 86_400_000;
const MIN_INT = -(2 ** 63);
const MAX_INT = 2 ** 63;

/** The layout of `String`. */
const PLAIN = '2006-01-02 15:04:05.999999999 -0700 MST';

/** `pointer` for what Prometheus' toTime answers: a `*time.Time`. */
export function time(nanoseconds: bigint, pointer = false): GoObject {
  return new GoObject({
    type: pointer ? '*time.Time' : 'time.Time',
    text: () => timeText(nanoseconds),
    methods: methodsOf(nanoseconds),
    subject: nanoseconds,
  });
}

export function timeText(nanoseconds: bigint): string {
  return formatClock(clockOf(nanoseconds), PLAIN);
}

/** Seconds since 1970 to whole milliseconds, which is what Prometheus has. Throws a CallError. */
export function nanosecondsAt(seconds: number): bigint {
  if (!Number.isFinite(seconds)) throw new CallError('value is NaN or Inf');
  const nanoseconds = seconds * 1e9;
  if (nanoseconds > MAX_INT || nanoseconds < MIN_INT) {
    const shown = formatFloat64(seconds, 'g', -1);
    throw new CallError(`${shown} cannot be represented as a nanoseconds timestamp since it overflows int64`);
  }
  return (BigInt(Math.trunc(nanoseconds)) / MILLISECOND) * MILLISECOND;
}

function nanosecondsIn(object: GoObject): bigint {
  return object.subject as bigint;
}

function methodsOf(nanoseconds: bigint): FunctionTable {
  return { ...clockMethods(nanoseconds), ...unixMethods(nanoseconds), ...calculations(nanoseconds) };
}

function clockMethods(nanoseconds: bigint): FunctionTable {
  const part = (name: keyof Clock) => define([], () => BigInt(clockOf(nanoseconds)[name]));
  return {
    Format: define(['string'], (layout) => formatClock(clockOf(nanoseconds), layout)),
    String: define([], () => timeText(nanoseconds)),
    Year: part('year'),
    Month: define([], () => named('time.Month', clockOf(nanoseconds).month, MONTHS, 1)),
    Day: part('day'),
    Weekday: define([], () => named('time.Weekday', clockOf(nanoseconds).weekday, WEEKDAYS, 0)),
    YearDay: part('yearDay'),
    Hour: part('hour'),
    Minute: part('minute'),
    Second: part('second'),
    Nanosecond: part('nanosecond'),
  };
}

function unixMethods(nanoseconds: bigint): FunctionTable {
  return {
    Unix: define([], () => floored(nanoseconds, SECOND)),
    UnixMilli: define([], () => floored(nanoseconds, MILLISECOND)),
    UnixMicro: define([], () => floored(nanoseconds, 1000n)),
    UnixNano: define([], () => nanoseconds),
  };
}

function calculations(nanoseconds: bigint): FunctionTable {
  return {
    UTC: define([], () => time(nanoseconds)),
    Add: define(['time.Duration'], (length) => time(nanoseconds + length.underlying!)),
    Sub: define(['time.Time'], (other) => duration(nanoseconds - nanosecondsIn(other))),
    AddDate: define(['int', 'int', 'int'], (years, months, days) =>
      time(addDate(nanoseconds, Number(years), Number(months), Number(days))),
    ),
    Before: define(['time.Time'], (other) => nanoseconds < nanosecondsIn(other)),
    After: define(['time.Time'], (other) => nanoseconds > nanosecondsIn(other)),
    Equal: define(['time.Time'], (other) => nanoseconds === nanosecondsIn(other)),
  };
}

/** A month or day of the week: a number that prints its name. */
function named(type: string, number: number, names: readonly string[], first: number): GoObject {
  const name = names[number - first]!;
  return new GoObject({
    type,
    underlying: BigInt(number),
    text: () => name,
    methods: { String: define([], () => name) },
  });
}

function clockOf(nanoseconds: bigint): Clock {
  const seconds = floored(nanoseconds, SECOND);
  const date = dateAt(Number(seconds) * 1000);
  const yearStart = new Date(date);
  yearStart.setUTCMonth(0, 1);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    yearDay: Math.round((date.getTime() - yearStart.getTime()) / DAY_MS) + 1,
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    nanosecond: Number(nanoseconds - seconds * SECOND),
  };
}

/** A day that the month does not have runs on into the next, in Go as in JavaScript. */
function addDate(nanoseconds: bigint, years: number, months: number, days: number): bigint {
  const milliseconds = floored(nanoseconds, MILLISECOND);
  const date = dateAt(Number(milliseconds));
  date.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth() + months, date.getUTCDate() + days);
  const rest = nanoseconds - milliseconds * MILLISECOND;
  return BigInt(dateAt(date.getTime()).getTime()) * MILLISECOND + rest;
}

function dateAt(milliseconds: number): Date {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) throw new CallError('the time is more than 275,000 years away');
  return date;
}

function floored(number: bigint, unit: bigint): bigint {
  const whole = number / unit;
  return number < 0n && whole * unit !== number ? whole - 1n : whole;
}
