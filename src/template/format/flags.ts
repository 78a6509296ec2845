/** What stands between `%` and the verb, and padding, which all verbs share. */
import { runeCount } from './runes';

export interface Flags {
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  /** `%+v` and `%#v` are forms of their own, in which the flags mean nothing else. */
  plusV: boolean;
  sharpV: boolean;
  width?: number;
  precision?: number;
}

export function noFlags(): Flags {
  return { minus: false, plus: false, sharp: false, space: false, zero: false, plusV: false, sharpV: false };
}

export function padded(text: string, flags: Flags): string {
  return text.length >= (flags.width ?? 0) ? padExactly(text, flags) : padShort(text, flags);
}

/** A text with surrogate pairs may have fewer characters than units. */
function padExactly(text: string, flags: Flags): string {
  return runeCount(text) < (flags.width ?? 0) ? padShort(text, flags) : text;
}

function padShort(text: string, { width = 0, minus, zero }: Flags): string {
  const missing = Math.max(width - runeCount(text), 0);
  if (minus) return text + ' '.repeat(missing);
  return (zero ? '0' : ' ').repeat(missing) + text;
}

export function paddedWithSpaces(text: string, flags: Flags): string {
  return padded(text, { ...flags, zero: false });
}
