/** Functions for texts that Prometheus and Alertmanager share: case, and regular expressions (RE2). */
import { RE2JS, type Matcher } from 're2js';
import { MAX_OUTPUT } from '../limits';
import { CallError, define, defineMetered, type FunctionTable, type Spend } from '../value/functions';
import { title } from './title';
import { toLower, toUpper } from './upper-lower';

export const TEXTS: FunctionTable = {
  toUpper: define(['string'], toUpper),
  toLower: define(['string'], toLower),
  title: define(['string'], (text) => title(text)),
  match: defineMetered(['string', 'string'], (spend, pattern, text) => {
    const compiled = compile(pattern, spend);
    return matcherFor(compiled, text, spend).find();
  }),
  reReplaceAll: defineMetered(['string', 'string', 'string'], (spend, pattern, replacement, text) => {
    const compiled = compileOrPanic(pattern, spend);
    return replaceAll(matcherFor(compiled, text, spend), replacement, text);
  }),
};

/** What expressions cost: a short one can stand for a large program, which may be run at each character of the text. */
const STEPS_PER_CHARACTER = 50;
const WORK_PER_STEP = 200;

function compile(pattern: string, spend: Spend): RE2JS {
  spend(pattern.length * STEPS_PER_CHARACTER);
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    throw new CallError(problemOf(cause as Error), { cause });
  }
}

function matcherFor(pattern: RE2JS, text: string, spend: Spend): Matcher {
  const size = pattern.programSize();
  spend(size + Math.ceil((size * text.length) / WORK_PER_STEP));
  return pattern.matcher(text);
}

/** RE2JS says what Go says, but leaves out the empty rest after a last backslash. */
function problemOf({ message }: Error): string {
  return message.endsWith('trailing backslash at end of expression') ? `${message}: \`\`` : message;
}

/** Go panics where a pattern has to be right, and says a little more. */
function compileOrPanic(pattern: string, spend: Spend): RE2JS {
  try {
    return compile(pattern, spend);
  } catch (cause) {
    if (!(cause instanceof CallError)) throw cause;
    throw new CallError(`regexp: Compile(\`${pattern}\`): ${cause.message}`, { cause });
  }
}

/** Each match replaced; `$1`, `${name}` stand for groups, `$$` for a dollar sign. */
function replaceAll(matcher: Matcher, replacement: string, text: string): string {
  let result = '';
  let end = 0;
  while (matcher.find()) {
    const [from, to] = [matcher.start(), matcher.end()];
    result += text.slice(end, from);
    // An empty match right after another is none.
    if (to > end || from === 0) result += expand(replacement, matcher);
    end = to;
    if (result.length > MAX_OUTPUT) throw new CallError(`text is longer than ${MAX_OUTPUT} characters`);
  }
  return result + text.slice(end);
}

const GROUP = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

function expand(replacement: string, matcher: Matcher): string {
  return replacement.replace(GROUP, (_, dollar?: string, bare?: string, braced?: string) =>
    dollar ? '$' : groupText(matcher, (bare ?? braced)!),
  );
}

/** A group that is not there, or took no part, is empty. */
function groupText(matcher: Matcher, name: string): string {
  if (/^(0|[1-9]\d*)$/.test(name)) {
    const number = Number(name);
    return number <= matcher.groupCount() ? (matcher.group(number) ?? '') : '';
  }
  return Object.hasOwn(matcher.namedGroups, name) ? (matcher.group(name) ?? '') : '';
}
