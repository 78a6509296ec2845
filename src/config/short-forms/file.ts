/** A file of rules in short form by itself, for whoever checks or tries rules without a configuration. */
import { basename, extname } from 'node:path';
import { parseAll } from '../parse-all';
import type { Finding, Problem } from '../problems';
import { lintRule, type LintContext } from '../rule-lint';
import { ruleFileSchema } from '../schema';
import type { Source } from '../source';
import { readRules, shortFormGroup, type ReadRule, type ConfiguredGroup } from './group';

export interface ShortFormFile {
  readonly group: ConfiguredGroup | null;
  readonly read: readonly ReadRule[];
  readonly problems: readonly Problem[];
}

export const hasShortForms = ({ value }: Source): boolean =>
  typeof value === 'object' && value !== null && 'rules' in value && !('groups' in value);

export function readShortForms(source: Source): ShortFormFile {
  const parsed = parseAll(ruleFileSchema, source);
  const problems = [...source.problems, ...parsed.problems];
  if (parsed.value === null) return { group: null, read: [], problems };
  // Nobody knows the units of what others send.
  const read = readRules(parsed.value.rules, source.value, { unitOf: () => null });
  const name = parsed.value.group ?? basename(source.file ?? 'rules', extname(source.file ?? ''));
  return {
    ...{ group: shortFormGroup(source.file, name, read), read },
    problems: [...problems, ...parsed.place(read.flatMap(({ findings }) => findings))],
  };
}

/** What is suspicious in it. The file must be without error. */
export function lintShortForms({ group, read }: ShortFormFile, context: LintContext): Finding[] {
  if (group === null) return [];
  return read.flatMap(({ at, raw, rules }) => {
    const findings = rules.flatMap((rule) => lintRule(group, rule, at, context));
    const inText = findings.map((finding) => {
      const isWritten = String(finding.path[at.length]) in raw;
      return isWritten ? finding : { ...finding, path: at };
    });
    // Two severities of one rule are suspicious for the same reason.
    return [...new Map(inText.map((finding) => [JSON.stringify(finding), finding])).values()];
  });
}
