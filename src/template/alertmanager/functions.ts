/** The functions of Alertmanager's templates, beside Go's own. */
import { HUMANIZE } from '../functions/humanize';
import { TEXTS } from '../functions/texts';
import { title } from '../functions/title';
import { toLower } from '../functions/upper-lower';
import { duration } from '../time/duration';
import { parseTime } from '../time/parse';
import { formatTime, nanosecondsIn, time, timeIn, ZERO_TIME } from '../time/time';
import { zoneAt, zoneNamed } from '../time/zone';
import { CallError, define, defineVariadic, type FunctionTable } from '../value/functions';
import { toJson } from '../value/json';
import { markup, safeUrl } from '../value/marked';
import { GoList, GoMap, type GoObject, stringList, typeName, type Value } from '../value/values';

/** Functions that answer the same always. */
const CONSTANT: FunctionTable = {
  ...TEXTS,
  // Here the other letters of a word become small ones.
  title: define(['string'], (text) => title(text, toLower)),
  trimSpace: define(['string'], (text) => text.trim()),
  join: define(['string', '[]string'], (separator, texts) => texts.items.join(separator)),
  safeHtml: define(['string'], markup),
  safeUrl: define(['string'], safeUrl),
  urlUnescape: define(['string'], unescapeQuery),
  stringSlice: defineVariadic([], 'string', (...texts) => stringList(texts)),
  date: define(['string', 'time.Time'], (layout, at) => formatTime(at, layout)),
  tz: define(['string', 'time.Time'], (name, at) => timeIn(at, zoneNamed(name))),
  humanizeDuration: HUMANIZE.humanizeDuration!,
  toDate: define(['string', 'string'], (layout, text) => timeOr(layout, text, time(ZERO_TIME))),
  mustToDate: define(['string', 'string'], parsed),
  toJson: define(['any'], toJson),
  base64encode: define(['string'], encodeBase64),
  base64decode: define(['string'], decodeBase64),
  list: defineVariadic([], 'any', (...values) => new GoList(values)),
  append: defineVariadic(
    ['[]interface {}'],
    'any',
    (list, ...values) => new GoList([...list.items, ...values]),
  ),
  dict: defineVariadic([], 'any', (...values) => dictionary(values)),
};

export interface MomentOfRendering {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly routeLabels: Readonly<Record<string, string>>;
}

export function alertmanagerFunctions({ now, routeLabels }: MomentOfRendering): FunctionTable {
  const nanoseconds = BigInt(Math.trunc(now)) * 1_000_000n;
  return {
    ...CONSTANT,
    now: define([], () => time(nanoseconds)),
    since: define(['time.Time'], (at) => duration(nanoseconds - nanosecondsIn(at))),
    routeLabels: define(['string'], (name) => (Object.hasOwn(routeLabels, name) ? routeLabels[name] : '')),
  };
}

function parsed(layout: string, text: string): GoObject {
  const { nanoseconds, offset } = parseTime(layout, text);
  return time(nanoseconds, false, zoneAt(offset));
}

function timeOr(layout: string, text: string, otherwise: GoObject): GoObject {
  try {
    return parsed(layout, text);
  } catch {
    return otherwise;
  }
}

function unescapeQuery(text: string): string {
  const wrong = /%(?![0-9a-f]{2}).{0,2}/is.exec(text);
  if (wrong !== null) throw new CallError(`invalid URL escape ${JSON.stringify(wrong[0])}`);
  const bytes = [...new TextEncoder().encode(text.replaceAll('+', ' '))];
  const signs = bytes.map((byte) => String.fromCharCode(byte)).join('');
  const decoded = signs.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 16)),
  );
  return textOf(decoded);
}

/** One character a byte. */
const textOf = (signs: string): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(signs, (sign) => sign.charCodeAt(0)));

/** With the signs that a URL's query takes, and padded. */
function encodeBase64(text: string): string {
  const signs = [...new TextEncoder().encode(text)].map((byte) => String.fromCharCode(byte)).join('');
  return btoa(signs).replaceAll('+', '-').replaceAll('/', '_');
}

function decodeBase64(text: string): string {
  const wrong = /[^A-Za-z0-9_=\r\n-]/.exec(text);
  const bare = text.replace(/[\r\n]/g, '');
  if (wrong !== null || bare.length % 4 !== 0 || /=[^=]|={3}/.test(bare)) {
    throw new CallError(`illegal base64 data at input byte ${wrong?.index ?? bare.length}`);
  }
  return textOf(atob(bare.replaceAll('-', '+').replaceAll('_', '/')));
}

function dictionary(values: readonly Value[]): GoMap {
  if (values.length % 2 !== 0) throw new CallError('dict requires an even number of arguments');
  const entries = new Map<string, Value>();
  for (let index = 0; index < values.length; index += 2) {
    const key = values[index];
    if (typeof key !== 'string') throw new CallError(`dict keys must be strings, and not ${typeName(key)}`);
    entries.set(key, values[index + 1] ?? null);
  }
  return new GoMap(entries);
}
