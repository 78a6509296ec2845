/** Words of the command line → values; each refusal names what was given and what is accepted. */
import { DURATION_FORM, tryParseDuration } from '../domain/duration';
import { messageOf } from '../domain/errors';
import { parseMatcher } from '../domain/matchers';
import { didYouMean } from '../config/problems';
import { eventTimeMs } from '../stream/metric-message';
import { usage } from './failures';

/** Milliseconds, more than 0. */
export function durationOf(option: string, text: string): number {
  const ms = tryParseDuration(text);
  if (ms === null || ms <= 0)
    throw usage(`${option}: ${JSON.stringify(text)} is not accepted; give ${DURATION_FORM}, more than 0`);
  return ms;
}

/** Milliseconds since 1970 of an ISO 8601 time with a zone, or of so long ago: `6h`. */
export function timeOf(option: string, text: string, now: number): number {
  const ago = tryParseDuration(text);
  const time = ago === null ? eventTimeMs(text) : now - ago;
  if (!Number.isNaN(time)) return time;
  throw usage(
    `${option} ${text} is no time; accepted: ISO 8601 with a zone, as 2026-11-21T10:00:00Z, or how long ago, as 6h`,
  );
}

/** Milliseconds since 1970 of an ISO 8601 time with a zone, of now, or of so long from now: `+2h`. */
export function instantOf(option: string, text: string, now: number): number {
  if (text === 'now') return now;
  if (text.startsWith('+')) return now + durationOf(option, text.slice(1));
  const time = eventTimeMs(text);
  if (!Number.isNaN(time)) return time;
  throw usage(
    `${option} ${text} is no time; accepted: ISO 8601 with a zone, as 2026-11-21T10:00:00Z, now, or so long from now, as +2h`,
  );
}

/** A fingerprint or the beginning of one, in lower case. */
export function fingerprintOf(text: string): string {
  if (/^[0-9a-f]{1,16}$/i.test(text)) return text.toLowerCase();
  throw usage(
    `${JSON.stringify(text)} is no fingerprint; give 1 to 16 hex digits, as \`tocsin alerts list\` shows them`,
  );
}

export function countOf(option: string, text: string, min: number, max: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw usage(
    `${option}: ${JSON.stringify(text)} is not accepted; give a whole number from ${min} to ${max}`,
  );
}

/** One of `words`, in any case. */
export function wordOf<T extends string>(what: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const near = didYouMean(text, words);
  const hint = near === null ? '' : ` did you mean "${near}"?`;
  throw usage(`${JSON.stringify(text)} is no ${what};${hint} accepted: ${words.join(', ')}`);
}

export function matcherOf(text: string): string {
  try {
    parseMatcher(text);
    return text;
  } catch (error) {
    throw usage(`--matcher: ${messageOf(error)}`);
  }
}
