/**
 * Query texts of a target as people and records may see them: passwords and keys that stand in them as literals are
 * masked, and the text is cut. A cheap look at known words, no parser: what it cannot know, it shows.
 */
import { shortened } from './shortened';

const MASK = "'***'";
const WORDS = String.raw`pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?`;

/** `password 'x'`, `password = 'x'`, `"api_key" => 'x'`, also inside a literal (`''x''`), also cut off at the text's end. */
const NAMED_LITERAL = new RegExp(
  String.raw`((?:${WORDS})\w{0,50}["']?\s*(?:=>|:=|[=:,])?\s*(?:E|U&)?)(?:''[^']+(?:''|$)|'(?:[^']|'')*(?:'|$))`,
  'gi',
);
/** `$tag$ … $tag$` after such a word. */
const NAMED_DOLLARS = new RegExp(
  String.raw`((?:${WORDS})\w{0,50}["']?\s*(?:=>|:=|[=:,])?\s*)\$(\w*)\$[\s\S]*?(?:\$\2\$|$)`,
  'gi',
);
/** `password=x` inside a connection string. */
const NAMED_WORD = new RegExp(String.raw`\b(${WORDS})=([^\s'"&;,)]+)`, 'gi');
/** `scheme://user:password@host`. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:/@']{0,1000}:)[^\s@']{1,1000}@/gi;

export function maskSecrets(text: string): string {
  return text
    .replace(NAMED_LITERAL, `$1${MASK}`)
    .replace(NAMED_DOLLARS, `$1${MASK}`)
    .replace(URL_PASSWORD, '$1***@')
    .replace(NAMED_WORD, '$1=***');
}

/** `text` masked, white space folded, and at most `max` characters long. */
export function shownQuery(text: string | null, max: number): string | null {
  if (text === null) return null;
  const masked = maskSecrets(text).replace(/\s+/g, ' ').trim();
  return shortened(masked, max);
}
