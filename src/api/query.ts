/** What stands behind the question mark. What cannot be read is refused with its name. */
import {
  compileAlertmanagerMatchers,
  parseOneMatcher,
  type MatcherMode,
} from '../domain/alertmanager-matchers';
import { regexFault, regexOf } from '../domain/alertmanager-regex';
import type { Labels } from '../domain/labels';
import type { Matcher } from '../domain/matchers';
import { Refusal } from './refusal';

/** As the server's parser leaves it: an array where a name stands more than once. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const valuesOf = (query: Query, name: string): readonly string[] => {
  const value = query[name];
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
};

/** As Alertmanager's API server reads truth; whatever else is said is not true. */
const TRUE = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** True where nothing is said. */
export function flagIn(query: Query, name: string): boolean {
  const text = valuesOf(query, name).at(-1) ?? '';
  return text === '' || TRUE.has(text.toLowerCase());
}

/** Matchers of the API's filters, each in a parameter of its own. */
export function matchersIn(query: Query, name: string, mode: MatcherMode): readonly Matcher[] {
  return valuesOf(query, name).map((text) => {
    try {
      return parseOneMatcher(text, mode);
    } catch (error) {
      if (error instanceof RangeError)
        throw new Refusal(
          400,
          `the parameter ${name} ${error.message}; write it as ${name}=severity="critical"`,
        );
      throw error;
    }
  });
}

/** Holds for all labels where there is no such parameter. */
export function labelFilterIn(query: Query, name: string, mode: MatcherMode): (labels: Labels) => boolean {
  const tests = matchersIn(query, name, mode).map(filterOf);
  return (labels) => tests.every((holds) => holds(labels));
}

/** A receiver's label may be empty, and `name!=""` asks whether it is there. */
function filterOf(matcher: Matcher): (labels: Labels) => boolean {
  const holds = compileAlertmanagerMatchers([matcher]);
  if (matcher.value !== '' || !matcher.op.startsWith('!')) return holds;
  return (labels) => Object.hasOwn(labels, matcher.name) || holds(labels);
}

/** A regular expression that a receiver's whole name has to be of. */
export function receiverFilterIn(query: Query): ((receiver: string) => boolean) | null {
  const source = valuesOf(query, 'receiver')[0];
  if (source === undefined || source === '') return null;
  const fault = regexFault(`^(?:${source})$`);
  if (fault === null) return regexOf(source);
  throw new Refusal(
    400,
    `the parameter receiver is ${JSON.stringify(source)}, which is no regular expression of RE2: ${fault}`,
  );
}
