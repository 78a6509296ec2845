/** Zones of the time zone database, as the platform's own calendar knows them. */
import { CallError } from '../value/functions';
import { NAMES_OF_ZONES } from './zone-names';

export interface Zone {
  /** Its name and its distance from UTC in seconds, at a number of seconds since 1970. */
  at(seconds: number): { readonly name: string; readonly offset: number };
}

export const UTC: Zone = { at: () => ({ name: 'UTC', offset: 0 }) };

/** Where only the distance from UTC is known. */
export const zoneAt = (offset: number): Zone =>
  offset === 0 ? UTC : { at: () => ({ name: plainOffset(offset, true), offset }) };

/** Making one takes long, and a template may ask for one at each alert. There are no more than names of zones. */
const MADE = new Map<string, Zone>([
  ['', UTC],
  ['UTC', UTC],
  ['Local', UTC],
]);

/** The empty name is UTC, as for Go. Throws a CallError for a name that there is not. */
export function zoneNamed(name: string): Zone {
  const made = MADE.get(name) ?? makeZone(name);
  MADE.set(name, made);
  return made;
}

function makeZone(name: string): Zone {
  const clock = formatOf(name, 'longOffset');
  const english = formatOf(name, 'short');
  return {
    at(seconds) {
      const offset = offsetOf(partOf(clock, seconds));
      return { offset, name: nameOf(partOf(english, seconds), name, offset, seconds) };
    },
  };
}

/** Milliseconds since 1970 at which clocks in the zone show what `shown` would be in UTC. */
export function instantOf(shown: number, zone: Zone): number {
  const guess = shown - zone.at(shown / 1000).offset * 1000;
  return shown - zone.at(guess / 1000).offset * 1000;
}

function formatOf(zone: string, timeZoneName: 'longOffset' | 'short'): Intl.DateTimeFormat {
  try {
    // British English has the abbreviations of Europe, American English those of America.
    const locale = zone.startsWith('America/') || zone.startsWith('US/') ? 'en-US' : 'en-GB';
    return new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName });
  } catch (cause) {
    throw new CallError(`unknown time zone ${zone}`, { cause });
  }
}

function partOf(format: Intl.DateTimeFormat, seconds: number): string {
  const parts = format.formatToParts(new Date(seconds * 1000));
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
}

/** `GMT`, `GMT+02:00` or `GMT-00:44:30`. */
function offsetOf(text: string): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /^GMT(?:([+-])(\d+)(?::(\d+))?(?::(\d+))?)?$/.exec(text) ?? [];
  const size = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? -size : size;
}

const HALF_YEAR = 183 * 86_400;

function nameOf(text: string, zone: string, offset: number, seconds: number): string {
  const known = NAMES_OF_ZONES.get(zone);
  if (known === undefined && !/^(?:GMT|UTC)[+-]/.test(text)) return text;
  if (!known) return plainOffset(offset);
  if (known.standard === known.summer) return known.standard;
  return offset > otherOffset(zone, seconds) ? known.summer : known.standard;
}

function otherOffset(zone: string, seconds: number): number {
  return offsetOf(partOf(formatOf(zone, 'longOffset'), seconds + HALF_YEAR));
}

/** A zone without an abbreviation is called by its offset: `+03`, `-0330`. */
function plainOffset(offset: number, isWhole = false): string {
  const size = Math.abs(offset);
  const minutes = Math.trunc(size / 60) % 60;
  const digits = (number: number): string => String(number).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${digits(Math.trunc(size / 3600))}${minutes === 0 && !isWhole ? '' : digits(minutes)}`;
}
