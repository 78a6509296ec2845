/** Code points as Go prints them. */

/** What Go calls printable: letters, marks, numbers, punctuation, symbols, and of the spaces the ASCII one alone. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

export const REPLACEMENT = '\ufffd';

export function isPrintable(rune: string): boolean {
  return PRINTABLE.test(rune);
}

/** The character of a code point, or the replacement character where there is none. */
export function runeText(code: bigint): string {
  const isRune = code >= 0n && code <= 0x10ffffn && !(code >= 0xd800n && code <= 0xdfffn);
  return isRune ? String.fromCodePoint(Number(code)) : REPLACEMENT;
}

/** `U+002B`, and with `shown` the character: `U+002B '+'`. */
export function unicodeNotation(code: bigint, digits: number, shown: boolean): string {
  const notation = `U+${BigInt.asUintN(64, code).toString(16).toUpperCase().padStart(digits, '0')}`;
  const character = runeText(code);
  const isItself = BigInt(character.codePointAt(0)!) === code;
  return shown && isItself && isPrintable(character) ? `${notation} '${character}'` : notation;
}

/** A character in an error message. */
export function describeRune(code: number): string {
  return unicodeNotation(BigInt(code), 4, true);
}

/** Characters as Go counts them. */
export function runeCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

export function byteLength(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) length += 1;
    else if (unit < 0x800) length += 2;
    // A pair of surrogates makes four bytes.
    else length += unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
  }
  return length;
}
