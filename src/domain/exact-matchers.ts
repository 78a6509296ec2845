/** A file of its own: each workflow loads its modules anew, and a regular expression engine is a lot to load for this. */
import type { Labels } from './labels';
import type { Matcher } from './matchers';

/** The matchers that hold for exactly this label set's names and values. */
export function matchersOf(labels: Labels): Matcher[] {
  return Object.keys(labels)
    .sort()
    .map((name) => ({ name, op: '=', value: labels[name]! }));
}
