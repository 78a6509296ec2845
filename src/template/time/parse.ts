/** Reads a time that is written in one of Go's layouts. */
import { CallError } from '../value/functions';
import { quote } from '../format/quote';
import { MONTHS, PART, WEEKDAYS } from './layout';

type Parts = Partial<
  Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'nanosecond' | 'offset', number>
> & { isAfternoon?: boolean; isBeforeNoon?: boolean };

interface Reader {
  readonly form: string;
  readonly read: (text: string, parts: Parts) => void;
}

const short = (name: string): string => name.slice(0, 3);

function number(form: string, part: keyof Omit<Parts, 'isAfternoon' | 'isBeforeNoon'>): Reader {
  return { form, read: (text, parts) => void (parts[part] = Number(text)) };
}

function named(names: readonly string[], part: 'month' | null): Reader {
  const read = (text: string, parts: Parts): void => {
    const index = names.findIndex((name) => name.toLowerCase() === text.toLowerCase());
    if (part !== null) parts[part] = index + 1;
  };
  return { form: names.join('|'), read };
}

const halfDay: Reader = {
  form: '[AaPp][Mm]',
  read(text, parts) {
    if (text.toLowerCase() === 'pm') parts.isAfternoon = true;
    else parts.isBeforeNoon = true;
  },
};

const READERS: Readonly<Record<string, Reader>> = {
  January: named(MONTHS, 'month'),
  Jan: named(MONTHS.map(short), 'month'),
  Monday: named(WEEKDAYS, null),
  Mon: named(WEEKDAYS.map(short), null),
  MST: { form: '[A-Z]{3,5}|[+-]\\d{2,4}', read: () => undefined },
  '01': number('\\d{2}', 'month'),
  '1': number('\\d{1,2}', 'month'),
  '02': number('\\d{2}', 'day'),
  _2: number(' ?\\d{1,2}', 'day'),
  '2': number('\\d{1,2}', 'day'),
  '2006': number('\\d{4}', 'year'),
  '06': {
    form: '\\d{2}',
    read: (text, parts) => void (parts.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000)),
  },
  '15': number('\\d{1,2}', 'hour'),
  '03': number('\\d{2}', 'hour'),
  '3': number('\\d{1,2}', 'hour'),
  '04': number('\\d{2}', 'minute'),
  '4': number('\\d{1,2}', 'minute'),
  '05': number('\\d{2}', 'second'),
  '5': number('\\d{1,2}', 'second'),
  PM: halfDay,
  pm: halfDay,
};

export interface ParsedTime {
  /** Since 1970. */
  readonly nanoseconds: bigint;
  /** Seconds east of UTC. */
  readonly offset: number;
}

/** What the layout leaves out is that of the first of January 0000, UTC. Throws a CallError. */
export function parseTime(layout: string, text: string): ParsedTime {
  const parts = partsOf(layout, text);
  const { year = 0, month = 1, day = 1, minute = 0, second = 0, nanosecond = 0, offset = 0 } = parts;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hourOf(parts), minute, second);
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hourOf(parts) < 24;
  if (!isReal || minute > 59 || second > 59) throw new CallError(`parsing time ${quote(text)}: out of range`);
  const milliseconds = BigInt(date.getTime()) - BigInt(offset) * 1000n;
  return { nanoseconds: milliseconds * 1_000_000n + BigInt(nanosecond), offset };
}

function hourOf({ hour = 0, isAfternoon, isBeforeNoon }: Parts): number {
  if (isAfternoon && hour < 12) return hour + 12;
  return isBeforeNoon && hour === 12 ? 0 : hour;
}

function partsOf(layout: string, text: string): Parts {
  const parts: Parts = {};
  let rest = text;
  const take = (form: string, what: string): string => {
    const found = new RegExp(`^(?:${form})`, 'i').exec(rest);
    if (found === null)
      throw new CallError(
        `parsing time ${quote(text)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(what)}`,
      );
    rest = rest.slice(found[0].length);
    return found[0];
  };
  let at = 0;
  for (const { 0: part, index } of layout.matchAll(PART)) {
    take(literal(layout.slice(at, index)), layout.slice(at, index));
    readPart(part, parts, take);
    at = index + part.length;
    if (part === '05' || part === '5') readFraction(layout.slice(at), parts, take);
  }
  take(literal(layout.slice(at)), layout.slice(at));
  if (rest !== '') throw new CallError(`parsing time ${quote(text)}: extra text: ${quote(rest)}`);
  return parts;
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

type Take = (form: string, what: string) => string;

function readPart(part: string, parts: Parts, take: Take): void {
  if (Object.hasOwn(READERS, part)) {
    const reader = READERS[part]!;
    return reader.read(take(reader.form, part), parts);
  }
  if (/^[.,]/.test(part))
    return fraction(take(part[1] === '0' ? `[.,]\\d{${part.length - 1}}` : '(?:[.,]\\d+)?', part), parts);
  if (part === '002' || part === '__2') throw new CallError(`cannot read the day of a year (${part})`);
  const offset = take(`${part.startsWith('Z') ? 'Z|' : ''}[+-]${part.slice(1).replace(/\d/g, '\\d')}`, part);
  const [hours = '0', minutes = '0', seconds = '0'] = offset.match(/\d{2}/g) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  parts.offset = offset.startsWith('-') ? -size : size;
}

/** Go takes a fraction behind the seconds also where the layout has none. */
function readFraction(layout: string, parts: Parts, take: Take): void {
  if (!/^[.,][09]/.test(layout)) fraction(take('(?:[.,]\\d+)?', ''), parts);
}

function fraction(text: string, parts: Parts): void {
  if (text !== '') parts.nanosecond = Number(text.slice(1).padEnd(9, '0').slice(0, 9));
}
