/**
 * Times at which a route is muted or active, as Alertmanager describes them: `weekdays: [monday:friday]` and so on. An
 * instant lies in an interval when it lies in one range of each part that the interval has.
 *
 * Days of a month count by the calendar. (Alertmanager divides the month's hours by 24 and so loses the last day of a month
 * in which clocks are put forward.)
 */

/** Both ends included. */
export interface InclusiveRange {
  readonly begin: number;
  readonly end: number;
}

/** Minutes since midnight; the end excluded. */
export interface TimeRange {
  readonly startMinute: number;
  readonly endMinute: number;
}

/** A part that is null holds at all times, one that is empty at none. */
export interface TimeInterval {
  readonly times: readonly TimeRange[] | null;
  /** Sunday is 0. */
  readonly weekdays: readonly InclusiveRange[] | null;
  /** Negative ones count from the month's end: -1 is its last day. */
  readonly daysOfMonth: readonly InclusiveRange[] | null;
  readonly months: readonly InclusiveRange[] | null;
  readonly years: readonly InclusiveRange[] | null;
  /** A name of the time zone database, or `Local`; null is UTC. */
  readonly location: string | null;
}

interface WallClock {
  readonly year: number;
  /** From 1 on. */
  readonly month: number;
  readonly day: number;
  readonly minute: number;
}

/** Whether an instant, in milliseconds since 1970, lies in the interval. */
export function compileTimeInterval(interval: TimeInterval): (instant: number) => boolean {
  const clock = wallClock(interval.location);
  return (instant) => isWithin(interval, clock(instant));
}

/** When some intervals, taken together, hold, and when that ends and begins. Instants in milliseconds since 1970. */
export interface IntervalTimes {
  holds(instant: number): boolean;
  /** The first instant after `from`, at which they hold, at which they do not any more. */
  end(from: number): number;
  /** The first instant from `from` on at which they hold; null where there is none before `before`. */
  start(from: number, before: number): number | null;
}

const MINUTE_MS = 60_000;
/** Longer than anything that recurs lasts; what goes on for longer is looked at again by then. */
const LONGEST_MS = 400 * 86_400_000;
/** Offsets from UTC, and their changes, lie on it in every zone of today. */
const OFFSET_MINUTES = 15;

/**
 * Found by looking at the wall clock step by step, so that a clock that is put forward or back needs no case of its own: in
 * the night in which 02:00 becomes 03:00, a window from 02:00 to 04:00 lasts one hour, and in the night in which 03:00
 * becomes 02:00, three.
 */
export function intervalTimes(intervals: readonly TimeInterval[]): IntervalTimes {
  const tests = intervals.map(compileTimeInterval);
  const holds = (instant: number): boolean => tests.some((test) => test(instant));
  const stepMs = stepMinutes(intervals) * MINUTE_MS;
  const firstFrom = (from: number, before: number, wanted: boolean): number | null => {
    if (holds(from) === wanted) return from;
    for (let at = (Math.floor(from / stepMs) + 1) * stepMs; at < before; at += stepMs)
      if (holds(at) === wanted) return at;
    return null;
  };
  /** Asked for each alert that it covers: an occurrence is looked through once. */
  let known = { from: 0, end: 0 };
  return {
    holds,
    end(from) {
      if (from < known.from || from >= known.end)
        known = { from, end: firstFrom(from, from + LONGEST_MS, false) ?? from + LONGEST_MS };
      return known.end;
    },
    start: (from, before) => firstFrom(from, before, true),
  };
}

/** The widest step that falls on every boundary of the intervals. */
function stepMinutes(intervals: readonly TimeInterval[]): number {
  const minutes = intervals.flatMap(
    ({ times }) => times?.flatMap(({ startMinute, endMinute }) => [startMinute, endMinute]) ?? [],
  );
  return minutes.reduce(greatestCommonDivisor, OFFSET_MINUTES);
}

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);

function isWithin(interval: TimeInterval, { year, month, day, minute }: WallClock): boolean {
  const { times, weekdays, daysOfMonth, months, years } = interval;
  return (
    holds(times, ({ startMinute, endMinute }) => minute >= startMinute && minute < endMinute) &&
    holds(daysOfMonth, daysIn(year, month, day)) &&
    holds(months, contains(month)) &&
    holds(weekdays, contains(new Date(Date.UTC(year, month - 1, day)).getUTCDay())) &&
    holds(years, contains(year))
  );
}

function holds<T>(ranges: readonly T[] | null, test: (range: T) => boolean): boolean {
  return ranges === null || ranges.some(test);
}

const contains =
  (value: number) =>
  ({ begin, end }: InclusiveRange): boolean =>
    value >= begin && value <= end;

function daysIn(year: number, month: number, day: number): (range: InclusiveRange) => boolean {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const fromStart = (count: number): number => (count < 0 ? last + count + 1 : count);
  return ({ begin, end }) => day >= fromStart(begin) && day <= fromStart(end);
}

/** The machine's own zone. */
const LOCAL = 'Local';

function wallClock(location: string | null): (instant: number) => WallClock {
  if (location === null || location === 'UTC') return utcClock;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: location === LOCAL ? undefined : location,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' },
  });
  return (instant) => {
    const parts = Object.fromEntries(
      format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    ) as Record<'year' | 'month' | 'day' | 'hour' | 'minute', number>;
    return { ...parts, minute: parts.hour * 60 + parts.minute };
  };
}

function utcClock(instant: number): WallClock {
  const time = new Date(instant);
  return {
    year: time.getUTCFullYear(),
    month: time.getUTCMonth() + 1,
    day: time.getUTCDate(),
    minute: time.getUTCHours() * 60 + time.getUTCMinutes(),
  };
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = [
  ...['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august'],
  ...['september', 'october', 'november', 'december'],
];

/** Minutes since midnight of `HH:MM`, up to 24:00. Throws a RangeError. */
export function parseTimeOfDay(text: string): number {
  const match = /^(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/.exec(text);
  if (match === null) throw new RangeError('is no time of day');
  return Number(match[1] ?? match[3]) * 60 + Number(match[2] ?? match[4]);
}

/** `monday` or `monday:friday`. Throws a RangeError, as the three below do. */
export function parseWeekdays(text: string): InclusiveRange {
  const range = parseRange(text, (word) => named(WEEKDAYS.indexOf(word), word, 'a day of the week'));
  return inOrder(range, 'ends before it begins: a week begins with sunday, so write two ranges');
}

/** `1:5`, `-3:-1`, `25:-1`. */
export function parseDaysOfMonth(text: string): InclusiveRange {
  const range = parseRange(text, (word) => integer(word, 'a day of a month'));
  const { begin, end } = range;
  for (const day of [begin, end]) {
    if (day === 0 || day < -31 || day > 31) throw new RangeError(`has ${day}, which no month has`);
  }
  if (begin < 0 && end > 0) {
    throw new RangeError(
      'begins with a day counted from the month’s end and ends with one counted from its start',
    );
  }
  // February has 28 days at least: a range that is empty even there is meant otherwise.
  const inFebruary = (day: number): number => (day < 0 ? 28 + day : day);
  if (inFebruary(begin) > inFebruary(end)) throw new RangeError('ends before it begins');
  return range;
}

/** `may:august`, `1:3`. Any number is taken, as Alertmanager takes it. */
export function parseMonths(text: string): InclusiveRange {
  const range = parseRange(text, (word) => {
    const month = MONTHS.indexOf(word) + 1;
    return month > 0 ? month : integer(word, 'a month');
  });
  return inOrder(range, 'ends before it begins: write two ranges');
}

/** `2026`, `2026:2030`. */
export function parseYears(text: string): InclusiveRange {
  return inOrder(
    parseRange(text, (word) => integer(word, 'a year')),
    'ends before it begins',
  );
}

function parseRange(text: string, read: (word: string) => number): InclusiveRange {
  const words = text.toLowerCase().split(':');
  if (words.length > 2) throw new RangeError('has more than one colon');
  const [begin, end = begin] = words.map(read);
  return { begin: begin!, end: end! };
}

function inOrder(range: InclusiveRange, message: string): InclusiveRange {
  if (range.begin > range.end) throw new RangeError(message);
  return range;
}

function named(index: number, word: string, what: string): number {
  if (index < 0) throw new RangeError(`has ${JSON.stringify(word)}, which is not ${what}`);
  return index;
}

function integer(word: string, what: string): number {
  if (!/^[+-]?\d+$/.test(word) || !Number.isSafeInteger(Number(word))) {
    throw new RangeError(`has ${JSON.stringify(word)}, which is not ${what}`);
  }
  return Number(word);
}

/** Of three letters ICU knows some that the time zone database does not have. */
const SHORT_ZONES = [
  'CET',
  'EET',
  'EST',
  'GMT',
  'HST',
  'MET',
  'MST',
  'PRC',
  'ROC',
  'ROK',
  'UCT',
  'UTC',
  'WET',
];

/**
 * Whether the time zone database has this name, or it is `Local`, the machine's own zone. Names are exact: `europe/berlin`
 * is none.
 */
export function isTimeZone(name: string): boolean {
  if (name === LOCAL) return true;
  if (/^[A-Z]{3}$/.test(name)) return SHORT_ZONES.includes(name);
  // Intl takes a name in any case of letters; in the database each word after a slash begins with a capital.
  if (!/^[A-Z][A-Za-z0-9]*(?:[/_+-][A-Za-z0-9]+)*$/.test(name) || /\/[a-z]|^SystemV/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
  } catch {
    return false;
  }
  const lowerCase = name.toLowerCase();
  const canonical = Intl.supportedValuesOf('timeZone').find((known) => known.toLowerCase() === lowerCase);
  return canonical === undefined || canonical === name;
}
