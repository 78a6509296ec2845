/** Integers and floats with printf's flags. */
import { paddedWithSpaces, padded, type Flags } from './flags';
import { formatFloat64, type FloatForm } from './float';
import { quoteRune } from './quote';
import { runeText, unicodeNotation } from './runes';

const BASES: Readonly<Record<string, number>> = { v: 10, d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

/** Null for a verb that integers don't have. */
export function formatInteger(value: bigint, verb: string, flags: Flags): string | null {
  const base = Object.hasOwn(BASES, verb) ? BASES[verb]! : null;
  if (base !== null) return inBase(value, base, verb, flags);
  switch (verb) {
    case 'c':
      return padded(runeText(value), flags);
    case 'q':
      return padded(quoteRune(runeText(value), flags.plus), flags);
    case 'U':
      return paddedWithSpaces(unicodeNotation(value, Math.max(flags.precision ?? 4, 4), flags.sharp), flags);
    default:
      return null;
  }
}

function inBase(value: bigint, base: number, verb: string, flags: Flags): string {
  if (flags.precision === 0 && value === 0n) return ' '.repeat(flags.width ?? 0);
  const size = value < 0n ? -value : value;
  const digits = size.toString(base).padStart(leastDigits(value, flags), '0');
  const text = signOf(value < 0n, flags) + prefixed(digits, base, verb, flags);
  return paddedWithSpaces(verb === 'X' ? text.toUpperCase() : text, flags);
}

/** The flag 0 fills the width with digits, unless a precision says how many there are. */
function leastDigits(value: bigint, { precision, zero, minus, width, plus, space }: Flags): number {
  if (precision !== undefined) return precision;
  if (!zero || minus || width === undefined) return 0;
  return value < 0n || plus || space ? width - 1 : width;
}

function prefixed(digits: string, base: number, verb: string, { sharp }: Flags): string {
  const octal = sharp && base === 8 && !digits.startsWith('0') ? `0${digits}` : digits;
  if (verb === 'O') return `0o${octal}`;
  if (sharp && base === 16) return `0x${digits}`;
  return sharp && base === 2 ? `0b${digits}` : octal;
}

function signOf(isNegative: boolean, { plus, space }: Flags): string {
  return isNegative ? '-' : plus ? '+' : space ? ' ' : '';
}

/** The form of each verb, and how many digits it has where none are asked for. */
const FLOAT_VERBS: Readonly<Record<string, readonly [FloatForm, number]>> = {
  v: ['g', -1],
  g: ['g', -1],
  G: ['G', -1],
  b: ['b', -1],
  x: ['x', -1],
  X: ['X', -1],
  f: ['f', 6],
  F: ['f', 6],
  e: ['e', 6],
  E: ['E', 6],
};

/** Null for a verb that floats don't have. */
export function formatFloat(value: number, verb: string, flags: Flags): string | null {
  if (!Object.hasOwn(FLOAT_VERBS, verb)) return null;
  const [form, usual] = FLOAT_VERBS[verb]!;
  const precision = flags.precision ?? usual;
  const written = formatFloat64(value, form, precision);
  const sign = /^[+-]/.test(written) ? written[0]! : '+';
  const size = written.replace(/^[+-]/, '');
  const shownSign = sign === '+' && flags.space && !flags.plus ? ' ' : sign;
  const isSigned = flags.plus || shownSign !== '+';
  if (/^[IN]/.test(size)) return notFinite(size, shownSign, flags);
  const digits = flags.sharp && form !== 'b' ? withPoint(size, form, precision) : size;
  return isSigned ? signedFloat(digits, shownSign, flags) : padded(digits, flags);
}

/** The sign goes before the zeros that fill the width. */
function signedFloat(digits: string, sign: string, flags: Flags): string {
  const { zero, minus, width } = flags;
  if (!zero || minus || width === undefined) return padded(sign + digits, flags);
  return sign + digits.padStart(width - 1, '0');
}

/** Infinities have a sign always, NaN where one is asked for; neither is filled with zeros. */
function notFinite(name: string, sign: string, flags: Flags): string {
  const isBare = name === 'NaN' && !flags.space && !flags.plus;
  const isPositive = sign === '+' && !flags.plus;
  return paddedWithSpaces(isBare || (isPositive && name === 'NaN') ? name : sign + name, flags);
}

/** The flag # keeps the point and the zeros after it. */
function withPoint(digits: string, form: FloatForm, precision: number): string {
  const isHexadecimal = form === 'x' || form === 'X';
  const [, number, tail] = (isHexadecimal ? /^(.*?)([pP].*)?$/ : /^(.*?)([eE].*)?$/).exec(digits)!;
  const wanted = form === 'g' || form === 'G' || form === 'x' ? (precision === -1 ? 6 : precision) : 0;
  const pointed = number!.includes('.') ? number! : `${number}.`;
  return pointed + '0'.repeat(Math.max(wanted - significant(number!), 0)) + (tail ?? '');
}

/** Digits from the first that is not zero; a lone zero counts as one. */
function significant(number: string): number {
  if (number === '0') return 1;
  return number.replace(/^[0.]+/, '').replaceAll('.', '').length;
}
