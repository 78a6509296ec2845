/**
 * `title`: the first letter of each word in title case, the others as they are, as x/text/cases does for Go. Words end
 * as Unicode says (UAX #29): `foo_bar` and `don't` are one, `foo-bar` are two.
 */
import { upperRune } from './upper-lower';

const CASED = /^[\p{Lowercase}\p{Uppercase}\p{Lt}]$/u;

/** What does not end a word. Letters of scripts that are written without spaces each stand alone. */
const INSIDE_WORD =
  /^(?:(?![\p{Ideographic}\p{Script=Hiragana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])\p{Lo}|[\p{Lu}\p{Ll}\p{Lt}\p{Lm}\p{M}\p{Nd}\p{Nl}\p{Pc}]|(?!\u200b)\p{Cf})$/u;

/** Signs that end no word when one of them stands alone between letters. */
const BETWEEN_LETTERS = /^['.:·\u0387\u055f\u05f4‘’․‧︓﹒﹕＇．：]$/u;

/** Letters whose title case is neither their upper case nor its first letter followed by small ones. */
const IRREGULAR: Readonly<Record<string, string>> = {
  Ǆ: 'ǅ',
  ǆ: 'ǅ',
  Ǉ: 'ǈ',
  ǉ: 'ǈ',
  Ǌ: 'ǋ',
  ǌ: 'ǋ',
  Ǳ: 'ǲ',
  ǳ: 'ǲ',
  ŉ: 'ʼN',
};

/** `small`: what becomes of the other letters. */
export function title(text: string, small = (rune: string): string => rune): string {
  let isInWord = false;
  let wasBetween = false;
  let titled = '';
  for (const rune of text) {
    const isBetween = BETWEEN_LETTERS.test(rune);
    if (isBetween && wasBetween) isInWord = false;
    const isCased = CASED.test(rune);
    titled += isCased && !isInWord ? titleRune(rune) : small(rune);
    isInWord = isCased || (isInWord && (isBetween || INSIDE_WORD.test(rune)));
    wasBetween = isBetween;
  }
  return titled;
}

function titleRune(rune: string): string {
  if (Object.hasOwn(IRREGULAR, rune)) return IRREGULAR[rune]!;
  // Georgian has no title case.
  if (/^[\p{Lt}\u10d0-\u10ff]$/u.test(rune)) return rune;
  const simple = upperRune(rune);
  if (simple !== rune) return simple;
  const [first = '', ...others] = rune.toUpperCase();
  // A capital iota after Greek vowels stays a mark below.
  return first + others.join('').replace(/Ι$/, '\u0345').toLowerCase();
}
