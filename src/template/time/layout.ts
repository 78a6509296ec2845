/** Go's layouts for points in time: the reference time `Mon Jan 2 15:04:05 MST 2006`, written as the result shall look. */

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

export const WEEKDAYS = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const;

/** What clocks show at a point in time, in one zone. */
export interface Clock {
  readonly year: number;
  /** 1 is January. */
  readonly month: number;
  readonly day: number;
  /** 1 is the first of January. */
  readonly yearDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** What the zone is called then: `UTC`, `CEST`, or its offset where it has no name. */
  readonly zone: string;
  /** Seconds east of UTC. */
  readonly offset: number;
}

export const PART =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|[345]|PM|pm|-07(?:0000|:00:00|00|:00)?|Z07(?:0000|:00:00|00|:00)?|[.,](?:0+|9+)(?!\d)/g;

const PARTS: Readonly<Record<string, (clock: Clock) => string>> = {
  January: ({ month }) => MONTHS[month - 1]!,
  Jan: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  Monday: ({ weekday }) => WEEKDAYS[weekday]!,
  Mon: ({ weekday }) => WEEKDAYS[weekday]!.slice(0, 3),
  MST: ({ zone }) => zone,
  '01': ({ month }) => filled(month, 2),
  '1': ({ month }) => String(month),
  '02': ({ day }) => filled(day, 2),
  _2: ({ day }) => String(day).padStart(2),
  '2': ({ day }) => String(day),
  '002': ({ yearDay }) => filled(yearDay, 3),
  __2: ({ yearDay }) => String(yearDay).padStart(3),
  '2006': ({ year }) => filled(year, 4),
  '06': ({ year }) => filled(Math.abs(year) % 100, 2),
  '15': ({ hour }) => filled(hour, 2),
  '03': ({ hour }) => filled(hour % 12 || 12, 2),
  '3': ({ hour }) => String(hour % 12 || 12),
  '04': ({ minute }) => filled(minute, 2),
  '4': ({ minute }) => String(minute),
  '05': ({ second }) => filled(second, 2),
  '5': ({ second }) => String(second),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
};

export function formatClock(clock: Clock, layout: string): string {
  return layout.replace(PART, (part) => {
    if (Object.hasOwn(PARTS, part)) return PARTS[part]!(clock);
    if (part.startsWith('Z') && clock.offset === 0) return 'Z';
    if (part.startsWith('Z') || part.startsWith('-')) return offsetText(clock.offset, part.slice(1));
    return fraction(clock.nanosecond, part);
  });
}

/** `form` is `07`, `0700`, `07:00`, or one of the latter two with seconds. */
function offsetText(offset: number, form: string): string {
  const size = Math.abs(offset);
  const parts = [Math.trunc(size / 3600), Math.trunc(size / 60) % 60, size % 60].map((part) =>
    filled(part, 2),
  );
  const count = Math.trunc(form.replaceAll(':', '').length / 2);
  return (offset < 0 ? '-' : '+') + parts.slice(0, count).join(form.includes(':') ? ':' : '');
}

function filled(number: number, digits: number): string {
  return number < 0 ? `-${filled(-number, digits)}` : String(number).padStart(digits, '0');
}

/** `.000` has that many digits, `.999` at most as many, and none where the rest is zero. */
function fraction(nanosecond: number, part: string): string {
  const digits = filled(nanosecond, 9).slice(0, part.length - 1);
  if (part[1] === '0') return part[0] + digits.padEnd(Math.min(part.length - 1, 9), '0');
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : part[0] + kept;
}
