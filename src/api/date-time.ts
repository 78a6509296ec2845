/** Times as Alertmanager's API takes and gives them: RFC 3339, or without a zone, which is UTC then. */
import { malformed } from './refusal';

const FORM = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d+))?([Zz]|[+-]\d{2}:?\d{2})?$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What Go writes where no time was given. */
const NO_TIME = Date.parse('0001-01-01T00:00:00Z');

/** Milliseconds since 1970; null where it stands for no time. Throws a 400 that names the place. */
export function timeOf(value: unknown, path: string): number | null {
  if (value === undefined || value === null) return null;
  // As Alertmanager's library reads an empty text.
  if (value === '') return 0;
  const time = typeof value === 'string' ? parseTime(value) : NaN;
  if (Number.isNaN(time)) {
    throw malformed(
      `${path} in body is ${JSON.stringify(value)}, but has to be a time such as 2026-01-31T12:00:00.000Z`,
    );
  }
  return time === NO_TIME ? null : time;
}

/** Whatever sender writes times as this does, writes another one hundreds of times: alerts of a request end together. */
let last: { readonly text: string; readonly time: number } = { text: '', time: NaN };

/** Of a text that is what `isoTime` would write of it; NaN for anything else, and for what stands for no time. */
export function plainTime(text: unknown): number {
  if (typeof text !== 'string' || text.length !== 24) return NaN;
  if (text === last.text) return last.time;
  const time = Date.parse(text);
  if (Number.isNaN(time) || time === NO_TIME || isoTime(time) !== text) return NaN;
  last = { text, time };
  return time;
}

/** NaN for what is none. */
export function parseTime(text: string): number {
  const match = FORM.exec(text);
  if (match === null) return DAY.test(text) ? exactly(text, 'T00:00:00', '', 'Z') : NaN;
  const [, day, clock, fraction = '', zone = 'Z'] = match as unknown as [
    string,
    string,
    string,
    string?,
    string?,
  ];
  return exactly(day, `T${clock.length === 5 ? `${clock}:00` : clock}`, fraction, zone);
}

/** The 31st of February and 24:00 are times to JavaScript. */
function exactly(day: string, clock: string, fraction: string, zone: string): number {
  const local = Date.parse(`${day}${clock}Z`);
  if (Number.isNaN(local) || !isoTime(local).startsWith(`${day}${clock}`)) return NaN;
  const offset = /^[Zz]$/.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  return Date.parse(`${day}${clock}.${`${fraction}000`.slice(0, 3)}${offset}`);
}

export const isoTime = (time: number): string => new Date(time).toISOString();
