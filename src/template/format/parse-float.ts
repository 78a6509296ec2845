/** Numbers as Go's strconv.ParseFloat reads them: decimal or hexadecimal, with underscores, infinities and NaN. */
import { quote } from './quote';
import { CallError } from '../value/functions';

const DECIMAL = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F_]*)\.?([0-9a-fA-F_]*)[pP]([+-]?\d[\d_]*)$/;
/** An underscore stands between digits, or after the prefix. */
const STRAY_UNDERSCORE = /(?:^|[^0-9a-fA-FxX])_|_(?:[^0-9a-fA-F]|$)/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** Throws a CallError that names the text. */
export function parseFloat64(text: string): number {
  const infinity = INFINITY.exec(text);
  if (infinity) return infinity[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  const value = STRAY_UNDERSCORE.test(text) ? null : finite(text);
  if (value === null) throw new CallError(`strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`);
  if (!Number.isFinite(value)) {
    throw new CallError(`strconv.ParseFloat: parsing ${quote(text)}: value out of range`);
  }
  return value;
}

function finite(text: string): number | null {
  if (DECIMAL.test(text)) return Number(text.replaceAll('_', ''));
  const match = HEXADECIMAL.exec(text.replaceAll('_', ''));
  if (!match || match[2]! + match[3]! === '') return null;
  const [, sign, whole, fraction, exponent] = match;
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const value = scaled(mantissa, Number(exponent) - 4 * fraction!.length);
  return sign === '-' ? -value : value;
}

/** mantissa × 2^exponent, rounded once, to the nearest even. */
function scaled(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  // Below the 53 bits of a normal number, or the fewer ones of a subnormal, rounding has to happen here.
  const surplus = Math.max(bits - 53, -1074 - exponent);
  if (surplus <= 0) return bits + exponent > 1024 ? Infinity : Number(mantissa) * 2 ** exponent;
  if (surplus > bits + 1) return 0;
  const kept = mantissa >> BigInt(surplus);
  const rest = mantissa - (kept << BigInt(surplus));
  const half = 1n << BigInt(surplus - 1);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return scaled(up ? kept + 1n : kept, exponent + surplus);
}
