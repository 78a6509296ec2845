/**
 * Matchers as Alertmanager reads them, in one of its three modes. `fallback` is its default: the newer way of writing them,
 * and the older one where a text is no such or means something else there.
 */
import { isRegexOperator, regexOf } from './alertmanager-regex';
import { parseClassicMatcher, parseClassicMatchers } from './classic-matchers';
import type { Labels } from './labels';
import type { Matcher } from './matchers';
import { SPACE, parseUtf8Matchers } from './utf8-matchers';

/** As `--enable-feature` names them; `fallback` where nothing is enabled. */
export const MATCHER_MODES = ['fallback', 'classic-mode', 'utf8-strict-mode'] as const;
export type MatcherMode = (typeof MATCHER_MODES)[number];

export interface ParsedMatchers {
  readonly matchers: readonly Matcher[];
  /** What will be different once only the newer way is read; null where nothing will. */
  readonly warning: string | null;
}

/** Any number of matchers, none among them. Throws a RangeError that says what is wrong. */
export function parseMatcherList(text: string, mode: MatcherMode): ParsedMatchers {
  return parsed(text, mode, parseUtf8Matchers, parseClassicMatchers);
}

/** Exactly one, without braces, as the HTTP API's filters are. Throws a RangeError that says what is wrong. */
export function parseOneMatcher(text: string, mode: MatcherMode): Matcher {
  if (mode !== 'classic-mode' && /^\{|\}$/.test(text))
    throw new RangeError(`has ${JSON.stringify(text)}, which may have no braces`);
  return parsed(text, mode, onlyOne, (one) => [parseClassicMatcher(one)]).matchers[0]!;
}

function onlyOne(text: string): Matcher[] {
  const matchers = parseUtf8Matchers(text);
  if (matchers.length === 1) return matchers;
  throw new RangeError(`has ${JSON.stringify(text)}, which is ${matchers.length} matchers instead of one`);
}

type Parse = (text: string) => Matcher[];

function parsed(text: string, mode: MatcherMode, parseNewer: Parse, parseClassic: Parse): ParsedMatchers {
  if (mode === 'classic-mode') return { matchers: parseClassic(text), warning: null };
  if (mode === 'utf8-strict-mode') return { matchers: parseNewer(text), warning: null };
  const [newer, classic] = [outcomeOf(parseNewer, text), outcomeOf(parseClassic, text)];
  if (newer instanceof RangeError) {
    if (classic instanceof RangeError) throw newer;
    return { matchers: classic, warning: `is read in the classic way only: it ${newer.message}` };
  }
  if (classic instanceof RangeError || areSameMatchers(newer, classic))
    return { matchers: newer, warning: null };
  return {
    matchers: classic,
    warning: 'means something else in the classic way, in which it is read',
  };
}

function outcomeOf(parse: Parse, text: string): Matcher[] | RangeError {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) return error;
    throw error;
  }
}

/** The same ones in the same order. */
export function areSameMatchers(some: readonly Matcher[], others: readonly Matcher[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ name, op, value }, index) => {
      const other = others[index]!;
      return name === other.name && op === other.op && value === other.value;
    })
  );
}

/** By name, value and operator, as Alertmanager orders the matchers of a route. */
export function sortedMatchers(matchers: readonly Matcher[]): Matcher[] {
  const OPERATORS = ['=', '!=', '=~', '!~'];
  return [...matchers].sort(
    (a, b) =>
      byCodePoint(a.name, b.name) ||
      byCodePoint(a.value, b.value) ||
      OPERATORS.indexOf(a.op) - OPERATORS.indexOf(b.op),
  );
}

/** UTF-16 puts the rarest characters before some others. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

const NEEDS_QUOTES = new RegExp(`[${SPACE}{}!=~,\\\\"'\`]`);

/** A text that all modes read as these matchers, as far as there is one. */
export function matcherListText(matchers: readonly Matcher[]): string {
  return matchers
    .map(({ name, op, value }) => `${NEEDS_QUOTES.test(name) ? quoted(name) : name}${op}${quoted(value)}`)
    .join(',');
}

const quoted = (text: string): string =>
  `"${text.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`;

/** Whether all of them hold. A label that is absent has the empty value. */
export function compileAlertmanagerMatchers(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, holds: testOf(matcher) }));
  return (labels) =>
    tests.every(({ name, holds }) => holds(Object.hasOwn(labels, name) ? labels[name]! : ''));
}

function testOf({ op, value }: Matcher): (actual: string) => boolean {
  if (!isRegexOperator(op)) return (actual) => (actual === value) === (op === '=');
  const isFound = regexOf(value);
  return (actual) => isFound(actual) === (op === '=~');
}

/** Whether a label may have this name. */
export function isLabelName(name: string, mode: MatcherMode): boolean {
  return mode === 'classic-mode' ? isClassicLabelName(name) : name !== '' && name.isWellFormed();
}

export const isClassicLabelName = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
