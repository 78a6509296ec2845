/**
 * Prometheus' rule files: read as they are, with every problem and its place. Expressions and templates are checked here,
 * so that what is loaded can be evaluated. Nothing is filled in from the environment: `$1` and `${1}` belong to the rules.
 */
import { z } from 'zod';
import { NO_EXTENSIONS, type GroupRule, type RuleGroup } from '../domain/rule-group';
import { checkExtensions, EXTENSION_KEYS, extensionShape, toExtensions } from './alert-extensions';
import type { Env } from './env';
import { checkExpr, checkTemplates, notStreamed, queriesNotStreamed } from './expr-checks';
import { count, labelValue, span, text } from './fields';
import { parseAll, type Placing } from './parse-all';
import { inOrder, type Finding, type Path, type Problem } from './problems';
import { lintGroups, type LintContext } from './rule-lint';
import { hasShortForms, lintShortForms, readShortForms } from './short-forms/file';
import { groupNameOf } from './short-forms/group';
import { readSource, type Source } from './source';
import { noNamesTaken, takeGroup, type TakenNames } from './taken-names';

const texts = () => z.record(z.string(), labelValue()).nullish();

const ruleSchema = z.strictObject({
  alert: text().optional(),
  record: text().optional(),
  expr: z.union([text('an expression in PromQL'), z.number().transform(String)]),
  for: span().optional(),
  keep_firing_for: span().optional(),
  labels: texts(),
  annotations: texts(),
  ...extensionShape,
});

const groupSchema = z.strictObject({
  name: text('a name'),
  interval: span().optional(),
  query_offset: span().optional(),
  limit: count(0).default(0),
  labels: texts(),
  rules: z.array(ruleSchema).nullish(),
});

const fileSchema = z.strictObject({ groups: z.array(groupSchema).nullish() });

type RawRule = z.output<typeof ruleSchema>;
type RawGroup = z.output<typeof groupSchema>;

export interface RuleGroupsResult {
  readonly groups: readonly RuleGroup[];
  readonly problems: readonly Problem[];
}

/** All groups of a file that are without error, and all problems. One of short forms is one group, filled in from `env`. */
export function readRuleGroups(
  content: string,
  file: string | null,
  env: Env | null = null,
): RuleGroupsResult {
  const source = readRuleSource(content, file, null);
  if (hasShortForms(source)) return shortFormsIn(env === null ? source : readRuleSource(content, file, env));
  const { groups, problems } = groupsIn(source);
  return { groups, problems };
}

const readRuleSource = (content: string, file: string | null, env: Env | null): Source =>
  readSource(content, file, env, groupNameOf(file));

function shortFormsIn(source: Source, taken = noNamesTaken()): RuleGroupsResult {
  const { group, problems } = readShortForms(source, taken);
  return { groups: group === null ? [] : [group], problems };
}

interface GroupsRead extends RuleGroupsResult {
  /** Rules with an error: they are checked no further. */
  readonly unsound: ReadonlySet<GroupRule>;
  readonly place: Placing['place'];
}

function groupsIn(source: Source): GroupsRead {
  const { file, place } = source;
  const unsound = new Set<GroupRule>();
  if (source.value === undefined) return { groups: [], problems: source.problems, unsound, place };
  const parsed = parseAll(fileSchema, source, 'rules');
  const problems = [...source.problems, ...parsed.problems];
  const names = new Set<string>();
  const groups: RuleGroup[] = [];
  (parsed.value?.groups ?? []).forEach((raw, index) => {
    const at: Path = ['groups', index];
    const group = toGroup(raw, file);
    const ofRules = (raw.rules ?? []).map((rule, j) => checkRule(rule, [...at, 'rules', j]));
    ofRules.forEach((findings, j) => {
      const isSound = findings.length === 0 && parsed.isWhole([...at, 'rules', j]);
      if (!isSound) unsound.add(group.rules[j]!);
    });
    const ofGroup = checkLabelNames(raw.labels, [...at, 'labels']);
    problems.push(...parsed.place([...ofGroup, ...ofRules.flat(), ...repeated(raw, at, names)]));
    groups.push(group);
  });
  return { groups, problems, unsound, place: parsed.place };
}

function repeated({ name }: RawGroup, at: Path, names: Set<string>): Finding[] {
  const known = names.has(name);
  names.add(name);
  const path = [...at, 'name'];
  return known ? [{ path, value: JSON.stringify(name), message: 'is repeated in the same file' }] : [];
}

function toGroup(raw: RawGroup, file: string | null): RuleGroup {
  return {
    file,
    name: raw.name,
    intervalMs: raw.interval ?? null,
    queryOffsetMs: raw.query_offset ?? null,
    limit: raw.limit,
    rules: (raw.rules ?? []).map((rule) => toRule(rule, raw.labels ?? {})),
  };
}

function toRule(raw: RawRule, groupLabels: Readonly<Record<string, string>>): GroupRule {
  const labels = { ...groupLabels, ...raw.labels };
  const { expr } = raw;
  if (raw.record !== undefined) return { kind: 'record', name: raw.record, expr, labels };
  const annotations = raw.annotations ?? {};
  const [forMs, keepFiringForMs] = [raw.for ?? 0, raw.keep_firing_for ?? 0];
  return {
    ...{ kind: 'alert', name: raw.alert ?? '', expr, forMs, keepFiringForMs, labels, annotations },
    ...toExtensions(raw, NO_EXTENSIONS),
  };
}

function checkRule(raw: RawRule, at: Path): Finding[] {
  const findings = [...checkKind(raw, at), ...checkExpr(raw.expr, [...at, 'expr'])];
  findings.push(...checkLabelNames(raw.labels, [...at, 'labels']));
  findings.push(...checkLabelNames(raw.annotations, [...at, 'annotations']));
  if (raw.alert === undefined) return findings;
  return [
    ...findings,
    ...checkExtensions(raw, at),
    ...checkTemplates(raw.labels, raw.alert, [...at, 'labels']),
    ...checkTemplates(raw.annotations, raw.alert, [...at, 'annotations']),
  ];
}

/** What only an alert has. */
const ALERT_KEYS = ['for', 'keep_firing_for', 'annotations', ...EXTENSION_KEYS] as const;

function checkKind({ alert, record, ...raw }: RawRule, at: Path): Finding[] {
  if (alert !== undefined && record !== undefined)
    return [{ path: [...at, 'record'], message: 'cannot stand beside alert: a rule is one or the other' }];
  if (alert === undefined && record === undefined)
    return [
      { path: at, message: 'has neither alert nor record', accepted: 'alert: a name, or record: a name' },
    ];
  if (record === undefined) return [];
  const findings: Finding[] = ALERT_KEYS.filter((key) => raw[key] !== undefined && raw[key] !== null).map(
    (key) => ({ path: [...at, key], message: 'belongs to alerting rules; a recording rule has none' }),
  );
  if (/[{}]/.test(record))
    findings.push({
      path: [...at, 'record'],
      value: JSON.stringify(record),
      message: 'has braces: an expression belongs into expr',
    });
  return findings;
}

function checkLabelNames(labels: Readonly<Record<string, string>> | null | undefined, at: Path): Finding[] {
  return Object.keys(labels ?? {})
    .filter((name) => name === '' || name === '__name__')
    .map((name) => ({ path: [...at, name], message: `${JSON.stringify(name)} cannot be a label's name` }));
}

/** What is wrong with a file, and what is suspicious in it. `taken`: by the files before. */
export function checkRuleFile(
  content: string,
  file: string,
  context: LintContext & { readonly taken?: TakenNames },
  env: Env | null = null,
): RuleGroupsResult {
  const source = readRuleSource(content, file, null);
  const { taken = noNamesTaken() } = context;
  if (hasShortForms(source))
    return checkShortForms(env === null ? source : readRuleSource(content, file, env), context, taken);
  const read = groupsIn(source);
  const { groups, problems, unsound, place } = read;
  const findings = [
    ...notStreamedIn(read, file, taken),
    ...lintGroups(groups, unsound, context),
    ...(problems.length === 0 ? withoutRules(groups) : []),
  ];
  return { groups, problems: inOrder([...problems, ...place(findings)]) };
}

const withoutRules = (groups: readonly RuleGroup[]): Finding[] =>
  groups.some(({ rules }) => rules.length > 0)
    ? []
    : [{ level: 'warning', path: [], message: 'has no rules' }];

function checkShortForms(source: Source, context: LintContext, taken: TakenNames): RuleGroupsResult {
  const read = readShortForms(source, taken);
  const groups = read.group === null ? [] : [read.group];
  const findings = lintShortForms(read, context);
  if (read.problems.length === 0) findings.push(...withoutRules(groups));
  return { groups, problems: inOrder([...read.problems, ...read.place(findings)]) };
}

/** Whether a rule file is in Prometheus' form. */
export function hasRuleGroups({ value }: Source): boolean {
  return typeof value === 'object' && value !== null && 'groups' in value;
}

/** A file of either form by itself, as an evaluator takes it. `taken`: by the files before. */
export function readStreamedGroups(
  content: string,
  file: string,
  taken: TakenNames,
  env: Env,
): RuleGroupsResult {
  const source = readRuleSource(content, file, null);
  return hasShortForms(source)
    ? shortFormsIn(readRuleSource(content, file, env), taken)
    : streamedGroupsIn(source, taken);
}

/** A file whose groups are to be evaluated over the stream, none where there is an error. `taken`: by the files before. */
export function streamedGroupsIn(source: Source, taken: TakenNames): RuleGroupsResult {
  const read = groupsIn(source);
  const findings = notStreamedIn(read, source.file, taken);
  const problems = [...read.problems, ...read.place(findings)];
  const isSound = problems.every(({ level }) => level !== 'error');
  return { groups: isSound ? read.groups : [], problems };
}

/** What evaluators refuse of a file that could be read. */
function notStreamedIn({ groups, unsound }: GroupsRead, file: string | null, taken: TakenNames): Finding[] {
  const before = new Set(taken.groups.keys());
  return groups.flatMap((group, i) => {
    const at: Path = ['groups', i];
    const findings = takeGroup(taken, group.name, { file, form: 'prometheus', path: [...at, 'name'] });
    // What is repeated in this file is said already.
    const twice = before.has(group.name) ? findings : [];
    const ofRules = group.rules.flatMap((rule, j) =>
      unsound.has(rule) ? [] : ruleNotStreamed(rule, [...at, 'rules', j]),
    );
    return [...twice, ...ofRules];
  });
}

function ruleNotStreamed(rule: GroupRule, at: Path): Finding[] {
  const findings = notStreamed(rule.expr, [...at, 'expr']);
  if (rule.kind === 'record') return findings;
  return [
    ...findings,
    ...(rule.recovery === null ? [] : notStreamed(rule.recovery, [...at, 'recovery'])),
    ...queriesNotStreamed(rule.labels, [...at, 'labels']),
    ...queriesNotStreamed(rule.annotations, [...at, 'annotations']),
  ];
}
