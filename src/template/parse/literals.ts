/** Go's constants: quoted texts, characters and numbers. What is none throws a SyntaxError with Go's words. */
import { escapeAt, unescapedBytes } from '../../domain/quoted-text';
import { quote } from '../format/quote';
import { parseFloat64 } from '../format/parse-float';

const INTEGER =
  /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

/** The text of an interpreted (`"a\n"`) or raw (backquoted) constant. */
export function unquote(literal: string): string {
  const content = literal.slice(1, -1);
  if (literal.startsWith('`')) return content.replaceAll('\r', '');
  const bytes = unescapedBytes(content, '"');
  if (bytes === null) throw new SyntaxError('invalid syntax');
  return decode(bytes);
}

/** The code point, or byte, of a character constant, with its quotes. */
export function unquoteRune(literal: string): bigint {
  const content = literal.slice(1, -1);
  const escape = content.startsWith('\\') ? escapeAt(content, 0, "'") : null;
  const first = escape === null ? content : decode(escape.bytes);
  const point = first.codePointAt(0);
  if (point === undefined || (escape === null && content.startsWith('\\')))
    throw new SyntaxError('invalid syntax');
  const used = escape?.length ?? String.fromCodePoint(point).length;
  if (used < content.length) throw new SyntaxError(`malformed character constant: ${literal}`);
  return BigInt(escape?.isByte ? escape.bytes[0]! : point);
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

function decode(bytes: Iterable<number>): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
