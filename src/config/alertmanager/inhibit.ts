/** Inhibition rules: while a source fires, targets with the same values of some labels are not told of. */
import type { Matcher } from '../../domain/matchers';
import type { Finding, Path } from '../problems';
import { text } from './kinds';
import { mapping } from './mappings';
import type { ValueOf } from './reading';
import { allMatchers, match, matchers, matchRe } from './matchers';
import { checkRegexes } from './route';
import { classicNames, labelNames } from './text-kinds';

export interface InhibitRule {
  /** Empty where it has none. */
  readonly name: string;
  readonly source: readonly Matcher[];
  readonly target: readonly Matcher[];
  /** Labels that have to have the same value in both; absent ones are empty. */
  readonly equal: readonly string[];
}

export const rawInhibitRule = mapping(
  {
    name: text(),
    source_match: match(),
    source_match_re: matchRe(),
    source_matchers: matchers(),
    target_match: match(),
    target_match_re: matchRe(),
    target_matchers: matchers(),
    equal: labelNames(),
  },
  { check: (values, path) => checkSides(values, path) },
);

interface Sides {
  readonly source_match: Readonly<Record<string, string>>;
  readonly source_match_re: Readonly<Record<string, string | null>>;
  readonly target_match: Readonly<Record<string, string>>;
  readonly target_match_re: Readonly<Record<string, string | null>>;
}

function checkSides(sides: Sides, path: Path): Finding[] {
  return [
    ...classicNames(sides.source_match, [...path, 'source_match']),
    ...checkRegexes(sides.source_match_re, [...path, 'source_match_re']),
    ...classicNames(sides.target_match, [...path, 'target_match']),
    ...checkRegexes(sides.target_match_re, [...path, 'target_match_re']),
  ];
}

export function inhibitRuleInEffect(raw: ValueOf<typeof rawInhibitRule>): InhibitRule {
  return {
    name: raw.name,
    source: allMatchers(raw.source_match, raw.source_match_re, raw.source_matchers),
    target: allMatchers(raw.target_match, raw.target_match_re, raw.target_matchers),
    equal: raw.equal,
  };
}
