/** A file of rules in short form by itself, for whoever checks or tries rules without a configuration. */
import { AlertReferences } from '../alert-references';
import { parseAll, type Placing } from '../parse-all';
import type { Finding, Problem } from '../problems';
import { lintRule, type LintContext } from '../rule-lint';
import { ruleFileSchema } from '../schema';
import type { Source } from '../source';
import { noNamesTaken, takeGroup } from '../taken-names';
import { groupNameOf, readRules, shortFormGroup, type ReadRule, type ConfiguredGroup } from './group';

export interface ShortFormFile {
  readonly group: ConfiguredGroup | null;
  readonly read: readonly ReadRule[];
  readonly problems: readonly Problem[];
  readonly place: Placing['place'];
}

export const hasShortForms = ({ value }: Source): boolean =>
  typeof value === 'object' && value !== null && 'rules' in value && !('groups' in value);

/** `taken`: by the files before. */
export function readShortForms(source: Source, taken = noNamesTaken()): ShortFormFile {
  const parsed = parseAll(ruleFileSchema, source);
  const problems = [...source.problems, ...parsed.problems];
  if (parsed.value === null) return { group: null, read: [], problems, place: parsed.place };
  const { file } = source;
  const group = parsed.value.group ?? groupNameOf(file);
  // Nobody knows the units of what others send.
  const context = { unitOf: () => null };
  const read = readRules(parsed.value.rules, source.value, context, { file, group, taken });
  const groupTaken =
    read.length === 0 ? [] : takeGroup(taken, group, { file, form: 'short', path: ['group'] });
  return {
    ...{ group: shortFormGroup(file, group, read), read },
    problems: [
      ...problems,
      ...parsed.place([...groupTaken, ...read.flatMap(({ findings }) => findings)]),
      ...circles(read, parsed),
    ],
    place: parsed.place,
  };
}

/** Composites that wait for themselves; whether there are the others that they ask for, one file cannot tell. */
function circles(read: readonly ReadRule[], source: Placing): Problem[] {
  const references = new AlertReferences();
  references.addUnreadable();
  for (const { raw, at } of read) references.addRule(source, raw, at);
  return references.problems();
}

/** What is suspicious in its rules, of which those with an error have none. */
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
