/** The kinds of value that a key of the configuration can take. Each says in one phrase what it accepts. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { DURATION_FORM, formatDuration, tryParseDuration } from '../domain/duration';
import { parseMatcher, MATCHER_FORM, type Matcher } from '../domain/matchers';
import type { Occurrences } from '../domain/rule-group';

/** What a field's reader answers for a value that it does not take. */
export const REFUSED: unique symbol = Symbol('refused');

interface FieldOptions {
  /** Its value is never shown. */
  readonly secret?: boolean;
}

/** Details that an issue carries to `schema-problems.ts`. */
export interface FieldIssue {
  readonly accepted: string;
  readonly secret: boolean;
}

export function field<T>(
  accepted: string,
  read: (value: unknown) => T | typeof REFUSED,
  { secret = false }: FieldOptions = {},
) {
  return z.unknown().transform((value, context): T => {
    const result = read(value);
    if (result !== REFUSED) return result;
    const params: FieldIssue = { accepted, secret };
    context.issues.push({ code: 'custom', input: value, message: 'is not accepted', params: { ...params } });
    return z.NEVER;
  });
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

export const text = (accepted = 'a text') => field(accepted, (value) => (isText(value) ? value : REFUSED));

export const textLike = (form: RegExp, accepted: string, options: FieldOptions = {}) =>
  field(accepted, (value) => (typeof value === 'string' && form.test(value) ? value : REFUSED), options);

/** Where those of alertmanager.yml may be named too. */
export const ANY_RECEIVER = "a receiver's name, or alertmanager/ and the name of one of alertmanager.yml";

/** What people call something. */
export const name = (what: string) =>
  textLike(/^[\w.-]{1,80}$/, `${what} of letters, digits, _ . and -, at most 80`);

/** Numbers may stand as text, because a variable always is one. */
function numberIn(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : NaN;
}

export function count(min: number, max = Number.MAX_SAFE_INTEGER) {
  const accepted =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number from ${min} on`
      : `a whole number from ${min} to ${max}`;
  return field(accepted, (value) => {
    const number = numberIn(value);
    return Number.isInteger(number) && number >= min && number <= max ? number : REFUSED;
  });
}

export const port = () => count(1, 65_535);

export const flag = () =>
  field('true or false', (value) => {
    if (typeof value === 'boolean') return value;
    return value === 'true' ? true : value === 'false' ? false : REFUSED;
  });

/** Node's timers count to 2³¹ ms, which is not quite 25 days; a longer one ends at once. */
const LONGEST_TIMER_MS = 24 * 86_400_000;

/** Milliseconds. */
export function duration(minMs = 0, maxMs = LONGEST_TIMER_MS) {
  const least = minMs > 0 ? `, at least ${minMs} ms` : '';
  const accepted = `${DURATION_FORM}${least}, at most ${formatDuration(maxMs)}`;
  return field(accepted, (value) => {
    const ms = typeof value === 'string' || typeof value === 'number' ? tryParseDuration(value) : null;
    return ms !== null && ms >= minMs && ms <= maxMs ? ms : REFUSED;
  });
}

/** What Go's durations can hold, some 292 years: Prometheus' files may say as much. */
const LONGEST_SPAN_MS = 9_223_372_036_854;

/** Milliseconds of event time, which no timer waits for. */
export const span = () => duration(0, LONGEST_SPAN_MS);

/** A duration, or `off` (or false), which is null. */
export const durationOrOff = (minMs = 1, maxMs = LONGEST_TIMER_MS) => {
  const least = minMs > 1 ? `, at least ${formatDuration(minMs)}` : '';
  const most = maxMs < LONGEST_TIMER_MS ? `, at most ${formatDuration(maxMs)}` : '';
  return field(`${DURATION_FORM}${least}${most}, or off`, (value) => {
    if (value === 'off' || value === false) return null;
    const ms = typeof value === 'string' || typeof value === 'number' ? tryParseDuration(value) : null;
    return ms !== null && ms >= minMs && ms <= maxMs ? ms : REFUSED;
  });
};

/** One of a few words, in any case. */
export function word<const T extends string>(words: readonly T[]) {
  return field(words.join(', '), (value) => {
    const found =
      typeof value === 'string' ? words.find((each) => each === value.trim().toLowerCase()) : undefined;
    return found ?? REFUSED;
  });
}

/** Exactly one of a few signs. */
export const oneOf = <const T extends string>(signs: readonly T[]) =>
  field(signs.join(', '), (value) => signs.find((sign) => sign === value) ?? REFUSED);

export const address = (example: string) =>
  field(`host:port, such as ${example}`, (value) => {
    if (typeof value !== 'string') return REFUSED;
    const found = /^(\[[0-9a-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/i.exec(value.trim());
    return found && Number(found[2]) <= 65_535 ? value.trim() : REFUSED;
  });

export const hostAddress = () =>
  textLike(
    /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?$/i,
    'a host, or host:port, such as 10.0.0.5 or db-tools.example.com:9464',
  );

export const httpUrl = () =>
  field('an http or https URL', (value) => {
    if (!isText(value) || !URL.canParse(value)) return REFUSED;
    return /^https?:$/.test(new URL(value).protocol) ? value : REFUSED;
  });

/** A telephone number as machines write it. */
export const phone = () => textLike(/^\+[1-9]\d{5,14}$/, 'a telephone number such as +4915112345678');

/** Slack's id of a person. */
export const slackUser = () => textLike(/^[UW][A-Z0-9]{2,20}$/, "a person's id in Slack, such as U012AB3CD");

/** An address or a network: `10.1.0.0/16`, `fd00::/8`, `192.0.2.7`. */
export const network = () =>
  field('an address or a network, such as 10.1.0.0/16 or fd00::/8', (value) => {
    const [address = '', bits, ...rest] = typeof value === 'string' ? value.trim().split('/') : [];
    const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1;
    const fits = most > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
    return fits && rest.length === 0 ? (value as string).trim() : REFUSED;
  });

/** A mail address, bare or as `Name <address>`. */
export const mailAddress = () =>
  textLike(
    /^(?:[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/,
    'a mail address such as dba@example.com',
  );

/** Text of a label; numbers and booleans are taken as their text, as YAML people write them. */
export const labelValue = () =>
  field('a text', (value) => {
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : REFUSED;
  });

const LABEL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LABEL_FORM = 'letters, digits and _, not beginning with a digit';
export const labelName = () => textLike(LABEL_NAME, `a label's name: ${LABEL_FORM}`);
export const labels = () => z.record(z.string().regex(LABEL_NAME, LABEL_FORM), labelValue());

export const matcher = () =>
  field(MATCHER_FORM, (value): Matcher | typeof REFUSED => {
    if (typeof value !== 'string') return REFUSED;
    try {
      return parseMatcher(value);
    } catch {
      return REFUSED;
    }
  });

/** A secret as it stands in the file: its text, or the file that it is in. */
export type SecretSpec = { readonly text: string } | { readonly file: string };

export const secret = (accepted = 'a text') =>
  field(
    `${accepted}, \${VARIABLE}, or { file: path }`,
    (value): SecretSpec | typeof REFUSED => {
      if (isText(value)) return { text: value };
      if (typeof value !== 'object' || value === null) return REFUSED;
      const { file, ...rest } = value as Record<string, unknown>;
      return isText(file) && Object.keys(rest).length === 0 ? { file } : REFUSED;
    },
    { secret: true },
  );

/** A threshold's number and the unit that was written with it. */
export interface Amount {
  readonly number: number;
  readonly unit: string | null;
}

export const THRESHOLD_FORM = 'a number, also with a unit: 90%, 1000ms, 30s, 10GiB';
const AMOUNT = /^([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(%|ms|s|sec|min|m|h|d|B|[KMGT]i?B)?$/;

export const amount = () =>
  field(THRESHOLD_FORM, (value): Amount | typeof REFUSED => {
    if (typeof value === 'number') return Number.isFinite(value) ? { number: value, unit: null } : REFUSED;
    const found = typeof value === 'string' ? AMOUNT.exec(value.trim()) : null;
    return found ? { number: Number(found[1]), unit: found[2] ?? null } : REFUSED;
  });

export const positive = () =>
  field('a number above 0', (value) => {
    const number = numberIn(value);
    return number > 0 && number < Infinity ? number : REFUSED;
  });

/** `25%`, or the number without the sign. */
export const percent = () =>
  field('a percentage from 0% to 100%, such as 25%', (value) => {
    const number = numberIn(typeof value === 'string' ? value.trim().replace(/\s*%$/, '') : value);
    return number >= 0 && number <= 100 ? number : REFUSED;
  });

const MOST_OCCURRENCES = 1_000;

/** At least so many of the last so many. */
export const occurrences = () =>
  field(
    `so many of the last so many, at most ${MOST_OCCURRENCES}, such as 3 of 5`,
    (value): Occurrences | typeof REFUSED => {
      const found = typeof value === 'string' ? /^(\d+)\s+of\s+(\d+)$/.exec(value.trim()) : null;
      const [count, of] = [Number(found?.[1]), Number(found?.[2])];
      return count >= 1 && count <= of && of <= MOST_OCCURRENCES ? { count, of } : REFUSED;
    },
  );

export const filePath = () => text('the path of a file');
