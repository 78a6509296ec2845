/** Go's time.Time for templates: nanoseconds since 1970, a zone, and the methods that alerts' texts use. */
import { CallError, define, type FunctionTable } from '../value/functions';
import { formatFloat64 } from '../format/float';
import { GoObject } from '../value/values';
import { duration, SECOND, within } from './duration';
import { formatClock, MONTHS, WEEKDAYS, type Clock } from './layout';
import { instantOf, UTC, type Zone } from './zone';

const MILLISECOND = 1_000_000n;
const DAY_MS = 86_400_000;
const MIN_INT = -(2 ** 63);
const MAX_INT = 2 ** 63;

/** The layout of `String`. */
const PLAIN = '2006-01-02 15:04:05.999999999 -0700 MST';

/** The layout of JSON. */
const RFC_3339 = '2006-01-02T15:04:05.999999999Z07:00';

/** `pointer` for what Prometheus' toTime answers: a `*time.Time`. */
export function time(nanoseconds: bigint, pointer = false, zone = UTC): GoObject {
  return new GoObject({
    type: pointer ? '*time.Time' : 'time.Time',
    text: () => timeText(nanoseconds, zone),
    methods: () => methodsOf(nanoseconds, zone),
    subject: { nanoseconds, zone } satisfies Moment,
  });
}

interface Moment {
  readonly nanoseconds: bigint;
  readonly zone: Zone;
}

const momentOf = (object: GoObject): Moment => object.subject as Moment;

export function timeText(nanoseconds: bigint, zone = UTC): string {
  return formatClock(clockOf(nanoseconds, zone), PLAIN);
}

/** The same point in time as it is in another zone. */
export const timeIn = (object: GoObject, zone: Zone): GoObject =>
  time(momentOf(object).nanoseconds, false, zone);

export function formatTime(object: GoObject, layout: string): string {
  const { nanoseconds, zone } = momentOf(object);
  return formatClock(clockOf(nanoseconds, zone), layout);
}

export const timeJson = (object: GoObject): string => formatTime(object, RFC_3339);

export const nanosecondsIn = (object: GoObject): bigint => momentOf(object).nanoseconds;

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

function methodsOf(nanoseconds: bigint, zone: Zone): FunctionTable {
  return {
    ...clockMethods(() => clockOf(nanoseconds, zone)),
    ...unixMethods(nanoseconds),
    ...calculations(nanoseconds, zone),
  };
}

function clockMethods(clock: () => Clock): FunctionTable {
  const part = (name: Exclude<keyof Clock, 'zone'>) => define([], () => BigInt(clock()[name]));
  return {
    Format: define(['string'], (layout) => formatClock(clock(), layout)),
    String: define([], () => formatClock(clock(), PLAIN)),
    Year: part('year'),
    Month: define([], () => named('time.Month', clock().month, MONTHS, 1)),
    Day: part('day'),
    Weekday: define([], () => named('time.Weekday', clock().weekday, WEEKDAYS, 0)),
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

function calculations(nanoseconds: bigint, zone: Zone): FunctionTable {
  const there = (later: bigint) => time(later, false, zone);
  return {
    UTC: define([], () => time(nanoseconds)),
    Add: define(['time.Duration'], (length) => there(nanoseconds + length.underlying!)),
    Sub: define(['time.Time'], (other) => duration(within(nanoseconds - nanosecondsIn(other)))),
    AddDate: define(['int', 'int', 'int'], (years, months, days) =>
      there(addDate(nanoseconds, zone, Number(years), Number(months), Number(days))),
    ),
    Before: define(['time.Time'], (other) => nanoseconds < nanosecondsIn(other)),
    After: define(['time.Time'], (other) => nanoseconds > nanosecondsIn(other)),
    Equal: define(['time.Time'], (other) => nanoseconds === nanosecondsIn(other)),
    IsZero: define([], () => nanoseconds === ZERO_TIME),
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

/** Go's time without a value: the first of January of the year 1. */
export const ZERO_TIME = BigInt(Date.parse('0001-01-01T00:00:00Z')) * MILLISECOND;

function clockOf(nanoseconds: bigint, zone: Zone): Clock {
  const seconds = floored(nanoseconds, SECOND);
  const at = zone.at(Number(seconds));
  const date = dateAt((Number(seconds) + at.offset) * 1000);
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
    zone: at.name,
    offset: at.offset,
  };
}

/** A day that the month does not have runs on into the next, in Go as in JavaScript. */
function addDate(nanoseconds: bigint, zone: Zone, years: number, months: number, days: number): bigint {
  const milliseconds = floored(nanoseconds, MILLISECOND);
  const date = dateAt(Number(milliseconds) + zone.at(Number(milliseconds) / 1000).offset * 1000);
  date.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth() + months, date.getUTCDate() + days);
  const rest = nanoseconds - milliseconds * MILLISECOND;
  return BigInt(instantOf(dateAt(date.getTime()).getTime(), zone)) * MILLISECOND + rest;
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
