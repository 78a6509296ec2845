/**
 * Keeps an artifact's data within 64 KiB of JSON: long lists lose their ends first, then long texts, and the whole says so.
 * The work is bounded like the result: each try gives up as soon as it is too large, so that a provider that finds
 * megabytes does not hold up the process.
 */

export const MAX_BYTES = 64 * 1_024;

interface Caps {
  readonly items: number;
  readonly characters: number;
  readonly keys: number;
}

const WHOLE: Caps = { items: Infinity, characters: Infinity, keys: Infinity };
const LONGEST_TEXT = 16_384;
const DEEPEST = 100;

/** What is cut more at each try. */
const CUTS: readonly Caps[] = [
  ...[1_024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1].map((items) => ({
    items,
    characters: LONGEST_TEXT,
    keys: Infinity,
  })),
  ...[4_096, 1_024, 256].map((characters) => ({ items: 1, characters, keys: Infinity })),
  { items: 10, characters: 256, keys: 20 },
  { items: 1, characters: 256, keys: 20 },
];

/**
 * `data` as JSON gives it back, at most `MAX_BYTES` of UTF-8. What was cut has `truncated: true` at its top. Throws for
 * what JSON cannot hold: a bigint, or more than 100 levels, which is a cycle.
 */
export function boundedData(data: unknown): unknown {
  const whole = copied(data, WHOLE);
  if (whole !== TOO_LARGE) return whole ?? null;
  for (const caps of CUTS) {
    const cut = copied(data, caps);
    if (cut !== TOO_LARGE) return { truncated: true, ...(isRecord(cut) ? cut : { items: cut }) };
  }
  return { truncated: true };
}

const TOO_LARGE = Symbol('too large');
/** Room for `{"truncated":true,"items":…}`. */
const MARK_BYTES = 32;

function copied(data: unknown, caps: Caps): unknown {
  const meter = { left: MAX_BYTES - MARK_BYTES };
  try {
    return copy(data, caps, meter, 0);
  } catch (error) {
    if (error === TOO_LARGE) return TOO_LARGE;
    throw error;
  }
}

interface Meter {
  left: number;
}

function spend(meter: Meter, bytes: number): void {
  meter.left -= bytes;
  // no error with its stack: it is thrown a few times for each large artifact, and caught right here
  if (meter.left < 0) throw TOO_LARGE;
}

/** As `JSON.parse(JSON.stringify(value))`; undefined for what JSON leaves out. */
function copy(value: unknown, caps: Caps, meter: Meter, depth: number): unknown {
  if (depth > DEEPEST) throw new RangeError(`the data are more than ${DEEPEST} levels deep`);
  const plain = jsonOf(value);
  switch (typeof plain) {
    case 'string':
      return copyText(plain, caps, meter);
    case 'number':
      spend(meter, String(plain).length);
      return Number.isFinite(plain) ? plain : null;
    case 'boolean':
      spend(meter, 5);
      return plain;
    case 'bigint':
      throw new TypeError('the data hold a bigint, which JSON does not know');
    case 'object':
      if (plain === null) return copyNull(meter);
      return Array.isArray(plain)
        ? copyList(plain, caps, meter, depth)
        : copyRecord(plain as Record<string, unknown>, caps, meter, depth);
    default:
      return undefined;
  }
}

/** Dates and others say themselves what they are in JSON. */
function jsonOf(value: unknown): unknown {
  const { toJSON } = (typeof value === 'object' && value !== null ? value : {}) as { toJSON?: unknown };
  return typeof toJSON === 'function' ? (toJSON.call(value) as unknown) : value;
}

function copyNull(meter: Meter): null {
  spend(meter, 4);
  return null;
}

function copyText(text: string, { characters }: Caps, meter: Meter): string {
  const kept = text.length <= characters ? text : `${whole(text.slice(0, characters))}…`;
  // Every character takes a byte at least; a text that is far too long is not even encoded.
  if (kept.length > meter.left) spend(meter, kept.length);
  spend(meter, Buffer.byteLength(JSON.stringify(kept)));
  return kept;
}

/** Without half a character at its end. */
const whole = (text: string): string => text.replace(/[\ud800-\udbff]$/, '');

function copyList(list: readonly unknown[], caps: Caps, meter: Meter, depth: number): unknown[] {
  spend(meter, 2);
  const kept: unknown[] = [];
  for (let index = 0; index < Math.min(list.length, caps.items); index++) {
    spend(meter, 1);
    kept.push(copy(list[index], caps, meter, depth + 1) ?? null);
  }
  return kept;
}

function copyRecord(
  record: Record<string, unknown>,
  caps: Caps,
  meter: Meter,
  depth: number,
): Record<string, unknown> {
  spend(meter, 2);
  const kept: Record<string, unknown> = {};
  let keys = 0;
  for (const key in record) {
    if (!Object.hasOwn(record, key)) continue;
    if (++keys > caps.keys) break;
    const value = copy(record[key], caps, meter, depth + 1);
    if (value === undefined) continue;
    spend(meter, Buffer.byteLength(JSON.stringify(key)) + 2);
    // a key `__proto__` is one like another
    Object.defineProperty(kept, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return kept;
}

const isRecord = (data: unknown): data is Record<string, unknown> =>
  typeof data === 'object' && data !== null && !Array.isArray(data);
