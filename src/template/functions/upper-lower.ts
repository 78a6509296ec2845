/** Upper and lower case letter by letter, as Go's strings package has them: `ß` has no single capital, and stays. */

export function toUpper(text: string): string {
  return [...text].map(upperRune).join('');
}

export function toLower(text: string): string {
  // The one letter whose lower case is two characters in full, but one for Go.
  return [...text].map((rune) => (rune === 'İ' ? 'i' : rune.toLowerCase())).join('');
}

/** Greek letters with a iota below: two letters in full upper case, one letter in simple. */
const WITH_IOTA = /^[\u1f80-\u1f87\u1f90-\u1f97\u1fa0-\u1fa7]$/;
const WITH_IOTA_AT_END: Readonly<Record<string, string>> = { ᾳ: 'ᾼ', ῃ: 'ῌ', ῳ: 'ῼ' };

export function upperRune(rune: string): string {
  const upper = rune.toUpperCase();
  if ([...upper].length === 1) return upper;
  if (WITH_IOTA.test(rune)) return String.fromCharCode(rune.charCodeAt(0) + 8);
  return WITH_IOTA_AT_END[rune] ?? rune;
}
