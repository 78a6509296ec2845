/** The rules of tocsin.yaml and of the files that it names, each problem with its place in its own file. */
import { readFileSync } from 'node:fs';
import { basename, extname, relative } from 'node:path';
import { messageOf } from '../domain/errors';
import type { ThresholdRule } from '../domain/rule';
import type { RuleGroup } from '../domain/rule-group';
import { unknownName, type Known } from './cross-checks';
import type { Env } from './env';
import { filesOf, isPattern } from './globs';
import { parseAll, type Placing } from './parse-all';
import type { Finding, Path, Problem } from './problems';
import { hasRuleGroups, streamedGroupsIn } from './rule-groups';
import { toRules } from './rules';
import { ruleFileSchema, type RawRule } from './schema';
import { readSource } from './source';

/** The group of rules that stand in tocsin.yaml itself. */
export const OWN_GROUP = 'default';

export interface RuleSet {
  readonly rules: readonly ThresholdRule[];
  /** Of files in Prometheus' form. */
  readonly groups: readonly RuleGroup[];
  readonly problems: readonly Problem[];
}

interface Collected {
  readonly known: Known;
  readonly rules: ThresholdRule[];
  readonly groups: RuleGroup[];
  /** The groups' names → their files. */
  readonly groupNames: Map<string, string>;
  readonly problems: Problem[];
  /** group and name → where it was first. */
  readonly places: Map<string, string>;
}

export function collectRules(
  main: Placing,
  own: readonly RawRule[],
  patterns: readonly string[],
  folder: string,
  env: Env,
  known: Known,
): RuleSet {
  const collected: Collected = {
    known,
    rules: [],
    groups: [],
    groupNames: new Map(),
    problems: [],
    places: new Map(),
  };
  add(collected, main, own, OWN_GROUP);
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
  return collected;
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
    collected.problems.push(
      ...main.place([
        { path, value: JSON.stringify(pattern), message: `cannot be read: ${messageOf(error)}` },
      ]),
    );
    return;
  }
  const verbatim = readSource(text, name, null);
  if (hasRuleGroups(verbatim)) {
    const { groups, problems } = streamedGroupsIn(verbatim, collected.groupNames);
    collected.groups.push(...groups);
    collected.problems.push(...problems);
    return;
  }
  const source = readSource(text, name, env);
  collected.problems.push(...source.problems);
  if (source.value === undefined) return;
  const parsed = parseAll(ruleFileSchema, source);
  collected.problems.push(...parsed.problems);
  if (parsed.value !== null)
    add(collected, parsed, parsed.value.rules, parsed.value.group ?? basename(file, extname(file)));
}

function add(collected: Collected, source: Placing, raws: readonly RawRule[], group: string): void {
  const { known, places } = collected;
  const unitOf = (metric: string): string | null =>
    known.metrics?.find(({ name }) => name === metric)?.unit ?? null;
  raws.forEach((raw, index) => {
    const at: Path = ['rules', index];
    const { rules, findings } = toRules(raw, { group, unitOf });
    const place = `${source.file ?? 'the configuration'}, rules[${index}]`;
    const id = `${group}/${raw.name}`;
    const all = [
      ...findings.map((finding) => ({ ...finding, path: [...at, ...finding.path] })),
      ...references(raw, at, known),
    ];
    const earlier = places.get(id);
    if (earlier !== undefined) {
      all.push({
        path: [...at, 'name'],
        value: JSON.stringify(raw.name),
        message: `is in the group "${group}" already (${earlier})`,
      });
    }
    places.set(id, earlier ?? place);
    collected.problems.push(...source.place(all));
    collected.rules.push(...rules);
  });
}

function references(raw: RawRule, at: Path, { runbooks, metrics }: Known): Finding[] {
  const findings: Finding[] = [];
  if (raw.runbook !== null && runbooks) {
    findings.push(
      ...unknownName(
        [...at, 'runbook'],
        raw.runbook,
        runbooks.map(({ name }) => name),
        'runbook',
      ),
    );
  }
  if (metrics && !metrics.some(({ name }) => name === raw.metric)) {
    const { suggestion } = unknownName(
      [],
      raw.metric,
      metrics.map(({ name }) => name),
      'metric',
    )[0]!;
    const message = 'is no metric that Tocsin collects; the rule waits for another sender of it';
    findings.push({
      level: 'warning',
      path: [...at, 'metric'],
      value: JSON.stringify(raw.metric),
      message,
      suggestion,
    });
  }
  return findings;
}
