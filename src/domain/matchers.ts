/**
 * Label matchers `name="v"`, `name!="v"`, `name=~"re"`, `name!~"re"`. Regular expressions are RE2, anchored at both
 * ends, as in Prometheus and Alertmanager. A label that is absent has the empty value.
 */
import { RE2JS } from 're2js';
import type { Labels } from './labels';
import { onceEach } from './once-each';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  readonly name: string;
  readonly op: MatchOperator;
  readonly value: string;
}

export const MATCHER_FORM = 'a matcher such as severity="critical", env!=dev or instance=~"db-.*"';

const FORM = /^\s*([^\s=!~"{},]+|"(?:[^"\\]|\\.)*")\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|.*?)\s*$/s;

/** Parses one matcher; throws a RangeError that names the accepted form. */
export function parseMatcher(text: string): Matcher {
  const match = FORM.exec(text);
  if (!match) throw new RangeError(`${JSON.stringify(text)} is not ${MATCHER_FORM}`);
  const matcher: Matcher = {
    name: unquote(match[1]!),
    op: match[2] as MatchOperator,
    value: unquote(match[3]!),
  };
  compile(matcher);
  return matcher;
}

export function matcherText(matcher: Matcher): string {
  return `${matcher.name}${matcher.op}${JSON.stringify(matcher.value)}`;
}

/** One function that says whether all matchers hold; regular expressions are compiled once. */
export function compileMatchers(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: compile(matcher) }));
  return (labels) => tests.every(({ name, test }) => test(Object.hasOwn(labels, name) ? labels[name]! : ''));
}

/** The same for lists that last, and are asked for again and again. */
export const compiledMatchers: (matchers: readonly Matcher[]) => (labels: Labels) => boolean =
  onceEach(compileMatchers);

/** For matchers that come from outside: what cannot be understood holds for nothing, and takes no other with it. */
export function compileOrNone(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  try {
    return compileMatchers(matchers);
  } catch {
    return () => false;
  }
}

/** `{500}` makes its part 500 times. */
const REPETITION = /\{(\d+)(?:,(\d*))?\}/g;

/**
 * Whether matchers from outside can be held against many label sets: matching takes as long as the programs of their regular
 * expressions are, and a short text can make a long one. Throws a RangeError for what is no regular expression.
 */
export function areAffordable(matchers: readonly Matcher[], mostSteps: number): boolean {
  let steps = 0;
  for (const { value } of matchers.filter(({ op }) => op === '=~' || op === '!~')) {
    // Before it is compiled: that takes as long.
    for (const [, least, most] of value.matchAll(REPETITION))
      steps += Math.max(Number(least), Number(most ?? 0));
    if (steps > mostSteps) return false;
    steps += compileRegex(value).programSize();
  }
  return steps <= mostSteps;
}

function compile({ op, value }: Matcher): (actual: string) => boolean {
  if (op === '=') return (actual) => actual === value;
  if (op === '!=') return (actual) => actual !== value;
  const pattern = compileRegex(value);
  return op === '=~' ? (actual) => pattern.matches(actual) : (actual) => !pattern.matches(actual);
}

function compileRegex(source: string): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.DOTALL);
  } catch (cause) {
    throw new RangeError(
      `${JSON.stringify(source)} is not a regular expression of RE2: ${(cause as Error).message}`,
    );
  }
}

function unquote(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}
