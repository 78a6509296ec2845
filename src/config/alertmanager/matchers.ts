/** Lists of matchers, as routes and inhibition rules have them in three forms. */
import { parseMatcherList, matcherListText, sortedMatchers } from '../../domain/alertmanager-matchers';
import type { Matcher } from '../../domain/matchers';
import { isScalar } from 'yaml';
import type { Path } from '../problems';
import { list, text } from './kinds';
import { record } from './mappings';
import { type Kind, type Reading, REFUSED, type Refused } from './reading';
import { regex } from './text-kinds';
import { messageOf } from '../../domain/errors';

const FORM = 'matchers such as severity="critical", env!=dev or {instance=~"db-.*", team="a b"}';

/** A list of texts, each with any number of matchers. */
export const matchers = (): Kind<readonly Matcher[]> => {
  const texts = list(matcherText());
  return {
    zero: [],
    initial: [],
    read(node, path, reading) {
      const all = texts.read(node, path, reading);
      return all === REFUSED ? REFUSED : sortedMatchers(all.flat());
    },
  };
};

function matcherText(): Kind<readonly Matcher[]> {
  return {
    zero: [],
    initial: [],
    read(node, path, reading) {
      const written = text().read(node, path, reading);
      return written === REFUSED || !isScalar(node) ? REFUSED : parsed(written, path, reading);
    },
  };
}

function parsed(written: string, path: Path, reading: Reading): readonly Matcher[] | Refused {
  const value = JSON.stringify(written);
  try {
    const { matchers: found, warning } = parseMatcherList(written, reading.matcherMode);
    if (warning !== null) {
      reading.refuse({ level: 'warning', path, value, message: warning, suggestion: matcherListText(found) });
    }
    return found;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return reading.refuse({ path, value, message: messageOf(error), accepted: FORM });
  }
}

/** Label → the value that it has to have. */
export const match = () => record(text());

/** Label → the regular expression that has to match its value. */
export const matchRe = () => record(regex());

/** All three together, as one list. Those of `match_re` stand anchored in it, as Alertmanager has them in its group keys. */
export function allMatchers(
  equal: Readonly<Record<string, string>>,
  regexes: Readonly<Record<string, string | null>>,
  others: readonly Matcher[],
): Matcher[] {
  return sortedMatchers([
    ...Object.entries(equal).map(([name, value]): Matcher => ({ name, op: '=', value })),
    ...Object.entries(regexes).map(([name, value]): Matcher => ({ name, op: '=~', value: `^(?:${value})$` })),
    ...others,
  ]);
}
