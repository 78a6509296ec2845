/** Texts in quotes as Go writes them: in PromQL, in Alertmanager's matchers, and in templates. */

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([abfnrtv\\'"]))/y;

export interface Escape {
  /** How much of the text it is. */
  readonly length: number;
  readonly bytes: ArrayLike<number> & Iterable<number>;
  /** `\xff` and `\377` are a byte, not a character. */
  readonly isByte: boolean;
}

/** The text within quotes; null when it is not well formed. Back quotes take everything as it is. */
export function unquote(text: string): string | null {
  const quote = text[0];
  if (text.length < 2 || quote !== text.at(-1)) return null;
  const inner = text.slice(1, -1);
  if (quote === '`') return inner;
  if (inner.includes('\n')) return null;
  if (!inner.includes('\\')) return inner;
  return unescape(inner, quote!);
}

function unescape(inner: string, quote: string): string | null {
  const bytes = unescapedBytes(inner, quote);
  if (bytes === null) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}

/** What stands within these quotes, as bytes, since an escape may stand for a single one; null when it is not well formed. */
export function unescapedBytes(inner: string, quote: string): number[] | null {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (let at = 0; at < inner.length;) {
    if (inner[at] === '\\') {
      const escape = escapeAt(inner, at, quote);
      if (escape === null) return null;
      bytes.push(...escape.bytes);
      at += escape.length;
      continue;
    }
    const end = inner.indexOf('\\', at);
    const plain = inner.slice(at, end < 0 ? inner.length : end);
    for (const byte of encoder.encode(plain)) bytes.push(byte);
    at += plain.length;
  }
  return bytes;
}

/** The escape that begins there; null when there is none that these quotes know. */
export function escapeAt(text: string, at: number, quote: string): Escape | null {
  ESCAPE.lastIndex = at;
  const match = ESCAPE.exec(text);
  if (match === null) return null;
  const [whole, hex, short, long, octal, simple] = match;
  const { length } = whole;
  if (hex !== undefined) return { length, bytes: [parseInt(hex, 16)], isByte: true };
  if (octal !== undefined) return { length, bytes: [parseInt(octal, 8)], isByte: true };
  if (simple !== undefined) {
    const isOtherQuote = (simple === "'" || simple === '"') && simple !== quote;
    return isOtherQuote ? null : { length, bytes: [SIMPLE[simple]!], isByte: false };
  }
  const code = parseInt((short ?? long)!, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return null;
  return { length, bytes: new TextEncoder().encode(String.fromCodePoint(code)), isByte: false };
}
