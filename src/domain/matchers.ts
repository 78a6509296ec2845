/**
 * Label matchers `name="v"`, `name!="v"`, `name=~"re"`, `name!~"re"`. Regular expressions are RE2, anchored at both
 * ends, as in Prometheus and Alertmanager. A label that is absent has the empty value.
 */
import { RE2JS } from 're2js';
import { TocsinError } from './errors';
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
  return (labels) => tests.every(({ name, test }) => test(valueOf(labels, name)));
}

const valueOf = (labels: Labels, name: string): string => (Object.hasOwn(labels, name) ? labels[name]! : '');

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
  for (const { value } of matchers.filter(isRegex)) {
    // Before it is compiled: that takes as long.
    for (const [, least, most] of value.matchAll(REPETITION))
      steps += Math.max(Number(least), Number(most ?? 0));
    if (steps > mostSteps) return false;
    steps += compileRegex(value).programSize();
  }
  return steps <= mostSteps;
}

/** Steps of regular expressions times characters of the labels that they are held against: a quarter of a second at worst. */
const MOST_WORK = 1_000_000;

/**
 * The same for matchers from outside, where others wait meanwhile. Throws TOC_USAGE for labels that are too long for the regular
 * expressions; what matchers without one leave out is not too long.
 */
export const boundedMatchers: (matchers: readonly Matcher[]) => (labels: Labels) => boolean = onceEach(
  (matchers) => {
    const regular = matchers.filter(isRegex);
    const steps = regular.map(({ name, value }) => ({ name, steps: compileRegex(value).programSize() }));
    const [isAsked, matches] = [matchers.filter((each) => !isRegex(each)), regular].map(compileMatchers);
    return (labels) => {
      if (!isAsked!(labels)) return false;
      const work = steps.reduce((sum, each) => sum + each.steps * valueOf(labels, each.name).length, 0);
      if (work > MOST_WORK) throw tooLong(steps, labels);
      return matches!(labels);
    };
  },
);

function tooLong(regular: readonly { readonly name: string; readonly steps: number }[], labels: Labels) {
  const of = regular.map(
    ({ name, steps }) => `${name} has ${valueOf(labels, name).length} characters for ${steps} steps`,
  );
  return new TocsinError(
    'TOC_USAGE',
    `the labels of a series are too long for the regular expressions (${of.slice(0, 3).join(', ')}; steps times characters may be ${MOST_WORK} in all): shorten them, or add matchers such as instance_id="…" that leave it out`,
  );
}

const isRegex = ({ op }: Matcher): boolean => op === '=~' || op === '!~';

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
