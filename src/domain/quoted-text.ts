/** Texts in quotes as Go writes them: in PromQL, and in Alertmanager's matchers. */

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

/** `\xff` is a byte, not a character: what is written is put together as bytes. */
function unescape(inner: string, quote: string): string | null {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (let at = 0; at < inner.length;) {
    if (inner[at] !== '\\') {
      const end = inner.indexOf('\\', at);
      const plain = inner.slice(at, end < 0 ? inner.length : end);
      bytes.push(...encoder.encode(plain));
      at += plain.length;
      continue;
    }
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(inner);
    if (match === null) return null;
    const [whole, hex, short, long, octal, simple] = match;
    if (simple !== undefined) {
      if ((simple === "'" || simple === '"') && simple !== quote) return null;
      bytes.push(SIMPLE[simple]!);
    } else if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else if (octal !== undefined) bytes.push(parseInt(octal, 8));
    else {
      const code = parseInt((short ?? long)!, 16);
      if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return null;
      bytes.push(...encoder.encode(String.fromCodePoint(code)));
    }
    at += whole.length;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}
