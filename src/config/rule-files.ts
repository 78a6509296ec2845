/** The rules of tocsin.yaml and of the files that it names, each problem with its place in its own file. */
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { messageOf } from '../domain/errors';
import { AlertReferences, checkMetric, checkNames } from './alert-references';
import type { Known } from './cross-checks';
import type { Env } from './env';
import { filesOf, isPattern } from './globs';
import { parseAll, type Placing } from './parse-all';
import type { Finding, Path, Problem } from './problems';
import { hasRuleGroups, streamedGroupsIn } from './rule-groups';
import { ruleFileSchema } from './schema';
import {
  groupNameOf,
  readRules,
  shortFormGroup,
  type ReadRule,
  type ConfiguredGroup,
} from './short-forms/group';
import type { RawRule } from './short-forms/schema';
import { readSource, type Source } from './source';
import { noNamesTaken, takeGroup, type TakenNames } from './taken-names';

/** The group of rules that stand in tocsin.yaml itself. */
export const OWN_GROUP = 'default';

export interface RuleSet {
  /** Absolute. */
  readonly files: readonly string[];
  readonly groups: readonly ConfiguredGroup[];
  readonly problems: readonly Problem[];
}

/** The configuration's own text. */
interface Main extends Placing {
  readonly whole: unknown;
}

interface Collected {
  readonly known: Known;
  /** Of files in Prometheus' form. */
  readonly groups: ConfiguredGroup[];
  readonly shortForms: Map<string, ConfiguredGroup>;
  readonly references: AlertReferences;
  readonly taken: TakenNames;
  readonly problems: Problem[];
}

export function collectRules(
  main: Main,
  own: readonly RawRule[],
  patterns: readonly string[],
  folder: string,
  env: Env,
  known: Known,
): RuleSet {
  const collected: Collected = {
    known,
    groups: [],
    shortForms: new Map(),
    references: new AlertReferences(),
    taken: noNamesTaken(),
    problems: [],
  };
  collected.references.addText(main.whole);
  add(collected, main, own, main.whole, OWN_GROUP);
  patterns.forEach((pattern, index) => {
    const files = filesOf(pattern, folder);
    const path: Path = ['rule_files', index];
    if (files.length === 0) {
      const finding: Finding = {
        level: 'warning',
        path,
        value: JSON.stringify(pattern),
        message: 'matches no file',
      };
      collected.problems.push(...main.place([finding]));
    }
    for (const file of files) addFile(collected, main, path, file, pattern, folder, env);
  });
  const { groups, shortForms, references, problems } = collected;
  return {
    files: patterns.flatMap((pattern) => filesOf(pattern, folder)).map((file) => resolve(file)),
    groups: [...shortForms.values(), ...groups],
    problems: [...problems, ...references.problems()],
  };
}

function addFile(
  collected: Collected,
  main: Placing,
  path: Path,
  file: string,
  pattern: string,
  folder: string,
  env: Env,
): void {
  // shown as it was written, or relative to where the configuration is
  const name = isPattern(pattern) ? relative(folder, file) || file : pattern;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    collected.references.addUnreadable();
    collected.problems.push(
      ...main.place([
        { path, value: JSON.stringify(pattern), message: `cannot be read: ${messageOf(error)}` },
      ]),
    );
    return;
  }
  const ownGroup = groupNameOf(file);
  const verbatim = readSource(text, name, null, ownGroup);
  if (verbatim.value === undefined) collected.references.addUnreadable();
  if (hasRuleGroups(verbatim)) return addGroups(collected, verbatim);
  const source = readSource(text, name, env, ownGroup);
  collected.problems.push(...source.problems);
  if (source.value === undefined) return;
  collected.references.addText(source.value);
  const parsed = parseAll(ruleFileSchema, source);
  collected.problems.push(...parsed.problems);
  if (parsed.value === null) return;
  add(collected, parsed, parsed.value.rules, source.value, parsed.value.group ?? ownGroup);
}

function addGroups(collected: Collected, source: Source): void {
  const { groups, problems } = streamedGroupsIn(source, collected.taken);
  collected.groups.push(...groups.map((group) => ({ ...group, written: {} })));
  collected.references.addText(source.value);
  const findings = groups.flatMap(({ rules }, i) =>
    rules.flatMap((rule, j) =>
      rule.kind === 'alert' ? checkNames(rule, ['groups', i, 'rules', j], collected.known) : [],
    ),
  );
  collected.problems.push(...problems, ...source.place(findings));
}

/** `whole`: the text's value, whose `rules` these are. */
function add(
  collected: Collected,
  source: Placing,
  raws: readonly RawRule[],
  whole: unknown,
  group: string,
): void {
  const { known, references, shortForms, taken } = collected;
  const { file } = source;
  if (raws.length === 0) return;
  const unitOf = (metric: string): string | null =>
    known.metrics?.find(({ name }) => name === metric)?.unit ?? null;
  const read = readRules(raws, whole, { unitOf }, { file, group, taken });
  for (const each of read) {
    collected.problems.push(...source.place(findingsOf(collected, each)));
    references.addRule(source, each.raw, each.at);
  }
  collected.problems.push(...source.place(takeGroup(taken, group, { file, form: 'short', path: ['group'] })));
  shortForms.set(group, shortFormGroup(file, group, read, shortForms.get(group)));
}

function findingsOf({ known }: Collected, { raw, at, findings }: ReadRule): Finding[] {
  const { metric, runbook = null, receivers = null } = raw;
  return [
    ...findings,
    ...checkNames({ runbook, receivers }, at, known),
    ...(metric === undefined ? [] : checkMetric(metric, at, known)),
  ];
}
