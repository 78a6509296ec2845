/**
 * Alertmanager's older way of writing matchers: `{foo="bar",baz=~qux.*}`. Names are letters, digits, `_` and `:`; a value is
 * all that is left, in double quotes or not, with the escapes `\"`, `\n` and `\\`; other backslashes stand for themselves.
 */
import { isRegexOperator, regexOf } from './alertmanager-regex';
import type { Matcher, MatchOperator } from './matchers';
import { SPACE } from './utf8-matchers';

const FORM =
  /^[\t\n\f\r ]*([a-zA-Z_:][a-zA-Z0-9_:]*)[\t\n\f\r ]*(=~|=|!=|!~)[\t\n\f\r ]*([^]*?)[\t\n\f\r ]*$/;
const OUTER_SPACE = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, 'g');

/** Throws a RangeError that says what is wrong. */
export function parseClassicMatchers(text: string): Matcher[] {
  return partsOf(text.replace(/^\{/, '').replace(/\}$/, '')).map(parseClassicMatcher);
}

/** Split at the commas that stand outside of double quotes. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let [part, isQuoted, isEscaped] = ['', false, false];
  for (const character of text) {
    if (character === ',' && !isQuoted) {
      parts.push(part);
      part = '';
      continue;
    }
    if (character === '"') {
      if (!isEscaped) isQuoted = !isQuoted;
      isEscaped = false;
    } else if (character !== ',') isEscaped = character === '\\' && !isEscaped;
    part += character;
  }
  const last = part.replace(OUTER_SPACE, '');
  return last === '' ? parts : [...parts, last];
}

/** Exactly one; a comma is part of its value. Throws a RangeError. */
export function parseClassicMatcher(text: string): Matcher {
  const match = FORM.exec(text);
  if (match === null) {
    throw new RangeError(`has ${JSON.stringify(text)}, which is no name with =, !=, =~ or !~ and a value`);
  }
  const [, name, op, raw] = match as unknown as [string, string, MatchOperator, string];
  const value = valueOf(raw);
  if (isRegexOperator(op)) regexOf(value);
  return { name, op, value };
}

function valueOf(raw: string): string {
  const isQuoted = raw.startsWith('"');
  const inner = isQuoted ? raw.slice(1) : raw;
  const form = isQuoted ? /^((?:[^"\\]|\\[^])*)"$/ : /^((?:[^"\\]|\\[^]|\\$)*)$/;
  const match = form.exec(inner);
  if (match === null) throw new RangeError(`has ${raw}, where a double quote is open or not escaped`);
  return match[1]!.replace(/\\([n"\\])/g, (_escape, character: string) =>
    character === 'n' ? '\n' : character,
  );
}
