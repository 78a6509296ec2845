/**
 * Floats in decimal as Go's strconv.FormatFloat writes them. JavaScript's own methods round halves up and stop at 100
 * digits; Go rounds the exact value, halves to the even digit. The shortest form is the same in both.
 */

export type FloatForm = 'e' | 'E' | 'f' | 'g' | 'G' | 'b' | 'x' | 'X';

/** 0.d1d2d3… × 10^point, without trailing zeros. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** `precision` -1 asks for the fewest digits that read back as the same number. */
export function formatFloat64(value: number, form: FloatForm, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + magnitude(Math.abs(value), form, precision);
}

function magnitude(value: number, form: FloatForm, precision: number): string {
  switch (form) {
    case 'b':
      return binary(value);
    case 'x':
      return hexadecimal(value, precision);
    case 'X':
      return hexadecimal(value, precision).toUpperCase();
    case 'f':
      return fixed(value, precision);
    case 'e':
    case 'E':
      return scientific(value, form, precision);
    case 'g':
    case 'G':
      return general(value, form, precision);
  }
}

function fixed(value: number, precision: number): string {
  if (precision < 0) return inFixed(shortest(value), Infinity);
  const decimal = exact(value);
  return inFixed(rounded(decimal, decimal.point + precision), precision);
}

function scientific(value: number, form: 'e' | 'E', precision: number): string {
  if (precision < 0) {
    const decimal = shortest(value);
    return inScientific(decimal, form, Math.max(decimal.digits.length - 1, 0));
  }
  return inScientific(rounded(exact(value), precision + 1), form, precision);
}

/** The exponent is written when it is below -4, or not below the precision: six where none is given. */
function general(value: number, form: 'g' | 'G', precision: number): string {
  const isShortest = precision < 0;
  const wanted = precision === 0 ? 1 : precision;
  const decimal = isShortest ? shortest(value) : rounded(exact(value), wanted);
  const count = decimal.digits.length;
  const limit = isShortest ? 6 : wanted > count && count >= decimal.point ? count : wanted;
  const exponent = decimal.point - 1;
  if (exponent < -4 || exponent >= limit) {
    return inScientific(decimal, form === 'g' ? 'e' : 'E', Math.max(count - 1, 0));
  }
  return inFixed(decimal, Math.max(count - decimal.point, 0));
}

function inFixed({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  const fraction = '0'.repeat(Math.max(-point, 0)) + digits.slice(Math.max(point, 0));
  if (precision === Infinity) return fraction === '' ? whole : `${whole}.${fraction}`;
  return precision === 0 ? whole : `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

function inScientific({ digits, point }: Decimal, letter: 'e' | 'E', precision: number): string {
  const first = digits[0] ?? '0';
  const fraction = precision > 0 ? `.${digits.slice(1).padEnd(precision, '0')}` : '';
  const exponent = digits === '' ? 0 : point - 1;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${first}${fraction}${letter}${exponent < 0 ? '-' : '+'}${size}`;
}

function shortest(value: number): Decimal {
  const [mantissa, exponent] = value.toExponential().split('e');
  return trimmed(mantissa!.replace('.', ''), Number(exponent) + 1);
}

/** All digits of the number: a float is an integer times a power of two. */
function exact(value: number): Decimal {
  const { mantissa, exponent } = parts(value);
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return trimmed(digits, digits.length);
  }
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return trimmed(digits, digits.length + exponent);
}

function trimmed(digits: string, point: number): Decimal {
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? { digits: '', point: 0 } : { digits: kept, point };
}

function rounded({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: '', point: 0 };
  const kept = digits.slice(0, count);
  if (!roundsUp(digits, count)) return trimmed(kept, point);
  const next = (BigInt(kept || '0') + 1n).toString();
  // 9.99 becomes 10: one digit more before the point.
  return trimmed(next, point + Math.max(next.length - count, 0));
}

function roundsUp(digits: string, count: number): boolean {
  const rest = digits.slice(count);
  if (rest !== '5') return rest > '5';
  return count > 0 && Number(digits[count - 1]) % 2 === 1;
}

/** value = mantissa × 2^exponent */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const all = bits.getBigUint64(0);
  const fraction = all & 0xf_ffff_ffff_ffffn;
  const biased = Number((all >> 52n) & 0x7ffn);
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | 0x10_0000_0000_0000n, exponent: biased - 1075 };
}

/** `4503599627370496p-52` */
function binary(value: number): string {
  const { mantissa, exponent } = parts(value);
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

/** `0x1.8p+01`: one bit before the point, and hexadecimal digits after it. */
function hexadecimal(value: number, precision: number): string {
  const normal = normalized(value);
  const { mantissa, exponent } = precision >= 0 && precision < 13 ? cut(normal, precision) : normal;
  const digits = (mantissa & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, '0');
  const fraction =
    precision < 0 ? digits.replace(/0+$/, '') : digits.padEnd(precision, '0').slice(0, precision);
  const size = String(Math.abs(exponent)).padStart(2, '0');
  const point = fraction === '' ? '' : '.';
  return `0x${mantissa >> 52n}${point}${fraction}p${exponent < 0 ? '-' : '+'}${size}`;
}

/** With its highest bit at 2^52. */
function normalized(value: number): { mantissa: bigint; exponent: number } {
  const { mantissa, exponent } = parts(value);
  if (mantissa === 0n) return { mantissa, exponent: 0 };
  const shift = 53 - mantissa.toString(2).length;
  return { mantissa: mantissa << BigInt(shift), exponent: exponent + 52 - shift };
}

/** Rounded to so many hexadecimal digits after the point, halves to even. */
function cut(number: { mantissa: bigint; exponent: number }, precision: number): typeof number {
  const unit = 1n << BigInt(52 - 4 * precision);
  const rest = number.mantissa % unit;
  const kept = number.mantissa - rest;
  const isOdd = (kept / unit) % 2n === 1n;
  const up = rest * 2n > unit || (rest * 2n === unit && isOdd);
  const mantissa = up ? kept + unit : kept;
  const isCarried = mantissa >> 53n === 1n;
  return isCarried ? { mantissa: mantissa >> 1n, exponent: number.exponent + 1 } : { ...number, mantissa };
}
