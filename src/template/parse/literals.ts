/** Go's constants: quoted texts, characters and numbers. What is none throws a SyntaxError with Go's words. */
import { quote } from '../format/quote';
import { parseFloat64 } from '../format/parse-float';

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
};

const ESCAPE =
  /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(["'abfnrtv\\]))|([^\\]+)/uy;

const INTEGER =
  /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

/** The text of an interpreted (`"a\n"`) or raw (backquoted) constant. */
export function unquote(literal: string): string {
  const content = literal.slice(1, -1);
  if (literal.startsWith('`')) return content.replaceAll('\r', '');
  return decode(unescaped(content, '"'));
}

/** The code point, or byte, of a character constant, with its quotes. */
export function unquoteRune(literal: string): bigint {
  const content = literal.slice(1, -1);
  ESCAPE.lastIndex = 0;
  const match = ESCAPE.exec(content);
  if (!match) throw new SyntaxError('invalid syntax');
  const [escape, hex, , , octal, , plain] = match;
  const bytes = [...bytesOf(match, "'")];
  const isByte = hex !== undefined || octal !== undefined;
  const first = plain ?? decode(bytes);
  const used = plain === undefined ? escape.length : String.fromCodePoint(first.codePointAt(0)!).length;
  if (used < content.length) throw new SyntaxError(`malformed character constant: ${literal}`);
  return BigInt(isByte ? bytes[0]! : first.codePointAt(0)!);
}

export interface Constant {
  readonly integer?: bigint;
  readonly float: number;
  readonly isFloat: boolean;
}

/** A number; complex ones are refused. */
export function parseNumber(text: string): Constant {
  if (/[\d.]i$/.test(text) && /\d/.test(text))
    throw new SyntaxError(`complex constants are not supported: ${quote(text)}`);
  const integer = parseInteger(text);
  if (integer !== null) return { integer, float: Number(integer), isFloat: false };
  const float = floatOf(text);
  if (!/[.eEpP]/.test(text)) throw new SyntaxError(`integer overflow: ${quote(text)}`);
  const isHexadecimalInteger = /^0[xX]/.test(text) && !/[pP]/.test(text);
  return { integer: exactInteger(float), float, isFloat: !isHexadecimalInteger };
}

/** Go keeps what only an unsigned integer can hold: it fails when it is used, not here. */
function parseInteger(text: string): bigint | null {
  const match = INTEGER.exec(text);
  if (!match) return null;
  const digits = match[2]!.replaceAll('_', '');
  const size = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === '-' ? -size : size;
  const most = match[1] === '' ? MAX_UINT : MAX_INT;
  return value >= MIN_INT && value <= most ? value : null;
}

function floatOf(text: string): number {
  try {
    return parseFloat64(text);
  } catch {
    throw new SyntaxError(`illegal number syntax: ${quote(text)}`);
  }
}

function exactInteger(float: number): bigint | undefined {
  if (!Number.isInteger(float)) return undefined;
  const integer = BigInt(float);
  return integer >= MIN_INT && integer <= MAX_INT ? integer : undefined;
}

function decode(bytes: readonly number[]): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** Bytes, since `\x` and octal escapes stand for single ones. */
function unescaped(content: string, mark: string): number[] {
  const bytes: number[] = [];
  ESCAPE.lastIndex = 0;
  while (ESCAPE.lastIndex < content.length) {
    const match = ESCAPE.exec(content);
    if (!match) throw new SyntaxError('invalid syntax');
    for (const byte of bytesOf(match, mark)) bytes.push(byte);
  }
  return bytes;
}

function bytesOf(
  [, hex, short, long, octal, simple, plain]: RegExpExecArray,
  mark: string,
): Iterable<number> {
  const encoder = new TextEncoder();
  if (plain !== undefined) return encoder.encode(plain);
  if (hex !== undefined) return [Number.parseInt(hex, 16)];
  if (octal !== undefined) return [octalByte(octal)];
  if (simple !== undefined) return [simpleEscape(simple, mark)];
  const code = Number.parseInt(short ?? long!, 16);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new SyntaxError('invalid syntax');
  return encoder.encode(String.fromCodePoint(code));
}

function octalByte(digits: string): number {
  const byte = Number.parseInt(digits, 8);
  if (byte > 255) throw new SyntaxError('invalid syntax');
  return byte;
}

function simpleEscape(character: string, mark: string): number {
  if (character !== '"' && character !== "'") return SIMPLE_ESCAPES[character]!;
  if (character !== mark) throw new SyntaxError('invalid syntax');
  return character.charCodeAt(0);
}
