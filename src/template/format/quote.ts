/** Texts in Go's quotes, as strconv.Quote makes them. */
import { isPrintable, REPLACEMENT } from './runes';

const ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** `asciiOnly` escapes all other characters, as `%+q` does. */
export function quote(text: string, asciiOnly = false): string {
  return `"${[...text].map((rune) => escaped(rune, '"', asciiOnly)).join('')}"`;
}

/** A character in single quotes. */
export function quoteRune(rune: string, asciiOnly = false): string {
  return `'${escaped(rune, "'", asciiOnly)}'`;
}

/** Whether the text can stand between backquotes as it is: without control characters but tabs. */
export function canBackquote(text: string): boolean {
  return !/[`\ufeff]|(?!\t)[^\P{Cc}\u0080-\u009f]/u.test(text);
}

function escaped(rune: string, mark: string, asciiOnly: boolean): string {
  if (rune === mark || rune === '\\') return `\\${rune}`;
  const code = rune.codePointAt(0)!;
  if (code >= 0xd800 && code <= 0xdfff) return escaped(REPLACEMENT, mark, asciiOnly);
  if ((!asciiOnly || code < 0x80) && isPrintable(rune)) return rune;
  if (Object.hasOwn(ESCAPES, rune)) return ESCAPES[rune]!;
  if (code < 0x20 || code === 0x7f) return `\\x${hexadecimal(code, 2)}`;
  return code < 0x10000 ? `\\u${hexadecimal(code, 4)}` : `\\U${hexadecimal(code, 8)}`;
}

function hexadecimal(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
