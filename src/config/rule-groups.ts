/**
 * Prometheus' rule files: read as they are, with every problem and its place. Expressions and templates are checked here,
 * so that what is loaded can be evaluated. Nothing is filled in from the environment: `$1` and `${1}` belong to the rules.
 */
import { z } from 'zod';
import { messageOf } from '../domain/errors';
import { NO_EXTENSIONS, type GroupRule, type RuleGroup } from '../domain/rule-group';
import { needsOf } from '../promql/needs';
import { parseExpr } from '../promql/parse';
import { LOOKBACK_MS } from '../promql/prepare';
import { typeOf } from '../promql/check';
import { compileRuleTemplate } from '../template/prometheus';
import { count, labelValue, span, text } from './fields';
import { parseAll } from './parse-all';
import type { Finding, Path, Problem } from './problems';
import { lintGroups } from './rule-lint';
import { readSource, type Source } from './source';

const texts = () => z.record(z.string(), labelValue()).nullish();

const ruleSchema = z.strictObject({
  alert: text().optional(),
  record: text().optional(),
  expr: z.union([text(), z.number().transform(String)]),
  for: span().optional(),
  keep_firing_for: span().optional(),
  labels: texts(),
  annotations: texts(),
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

/** All groups of a file that are without error, and all problems. */
export function readRuleGroups(content: string, file: string | null): RuleGroupsResult {
  return groupsIn(readSource(content, file, null));
}

function groupsIn(source: Source): RuleGroupsResult {
  const { file } = source;
  if (source.value === undefined) return { groups: [], problems: source.problems };
  const parsed = parseAll(fileSchema, source);
  const problems = [...source.problems, ...parsed.problems];
  const names = new Set<string>();
  const groups: RuleGroup[] = [];
  (parsed.value?.groups ?? []).forEach((raw, index) => {
    const at: Path = ['groups', index];
    const findings = [...checkGroup(raw, at), ...repeated(raw, at, names)];
    problems.push(...parsed.place(findings));
    groups.push(toGroup(raw, file));
  });
  return { groups, problems };
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
    ...NO_EXTENSIONS,
  };
}

function checkGroup(raw: RawGroup, at: Path): Finding[] {
  return [
    ...checkLabelNames(raw.labels, [...at, 'labels']),
    ...(raw.rules ?? []).flatMap((rule, index) => checkRule(rule, [...at, 'rules', index])),
  ];
}

function checkRule(raw: RawRule, at: Path): Finding[] {
  const findings = [...checkKind(raw, at), ...checkExpr(raw.expr, [...at, 'expr'])];
  findings.push(...checkLabelNames(raw.labels, [...at, 'labels']));
  findings.push(...checkLabelNames(raw.annotations, [...at, 'annotations']));
  if (raw.alert === undefined) return findings;
  for (const key of ['labels', 'annotations'] as const)
    for (const [name, value] of Object.entries(raw[key] ?? {}))
      findings.push(...checkTemplate(value, raw.alert, [...at, key, name]));
  return findings;
}

function checkKind({ alert, record, ...raw }: RawRule, at: Path): Finding[] {
  if (alert !== undefined && record !== undefined)
    return [{ path: [...at, 'record'], message: 'cannot stand beside alert: a rule is one or the other' }];
  if (alert === undefined && record === undefined)
    return [
      { path: at, message: 'has neither alert nor record', accepted: 'alert: a name, or record: a name' },
    ];
  if (record === undefined) return [];
  const findings: Finding[] = (['for', 'keep_firing_for', 'annotations'] as const)
    .filter((key) => raw[key] !== undefined && raw[key] !== null)
    .map((key) => ({ path: [...at, key], message: 'belongs to alerting rules; a recording rule has none' }));
  if (/[{}]/.test(record))
    findings.push({
      path: [...at, 'record'],
      value: JSON.stringify(record),
      message: 'has braces: an expression belongs into expr',
    });
  return findings;
}

function checkExpr(expr: string, path: Path): Finding[] {
  try {
    const type = typeOf(parseExpr(expr));
    if (type === 'scalar' || type === 'vector') return [];
    return [
      {
        path,
        value: JSON.stringify(expr),
        message: `is a ${type}`,
        accepted: 'an instant vector or a scalar',
      },
    ];
  } catch (error) {
    return [{ path, value: JSON.stringify(expr), message: `could not be parsed: ${messageOf(error)}` }];
  }
}

function checkTemplate(text: string, alert: string, path: Path): Finding[] {
  try {
    compileRuleTemplate(text, `__alert_${alert}`);
    return [];
  } catch (error) {
    return [{ path, value: JSON.stringify(text), message: `is no template: ${messageOf(error)}` }];
  }
}

function checkLabelNames(labels: Readonly<Record<string, string>> | null | undefined, at: Path): Finding[] {
  return Object.keys(labels ?? {})
    .filter((name) => name === '' || name === '__name__')
    .map((name) => ({ path: [...at, name], message: `${JSON.stringify(name)} cannot be a label's name` }));
}

/** What is wrong with a file, and what is suspicious in it. `seen`: the rules of the files before. */
export function checkRuleFile(content: string, file: string, seen: Map<string, string>): RuleGroupsResult {
  const source = readSource(content, file, null);
  const { groups, problems } = groupsIn(source);
  if (problems.some(({ level }) => level === 'error')) return { groups, problems };
  return { groups, problems: [...problems, ...source.place(lintGroups(groups, seen))] };
}

/** Whether a rule file is in Prometheus' form. */
export function hasRuleGroups({ value }: Source): boolean {
  return typeof value === 'object' && value !== null && 'groups' in value;
}

/** A file whose groups are to be evaluated over the stream. `names`: the groups of the files before. */
export function streamedGroupsIn(source: Source, names: Map<string, string>): RuleGroupsResult {
  const file = source.file ?? 'the configuration';
  const { groups, problems } = groupsIn(source);
  if (problems.some(({ level }) => level === 'error')) return { groups: [], problems };
  const findings = groups.flatMap((group, i) => {
    const known = names.get(group.name);
    names.set(group.name, known ?? file);
    const at: Path = ['groups', i];
    const twice: Finding[] =
      known === undefined
        ? []
        : [{ path: [...at, 'name'], value: JSON.stringify(group.name), message: `is in ${known} already` }];
    return [
      ...twice,
      ...group.rules.flatMap(({ expr }, j) => notStreamed(expr, [...at, 'rules', j, 'expr'])),
    ];
  });
  return { groups, problems: [...problems, ...source.place(findings)] };
}

function notStreamed(text: string, path: Path): Finding[] {
  const expr = parseExpr(text);
  const value = JSON.stringify(text);
  const fixed = needsOf(expr, { lookbackMs: LOOKBACK_MS, defaultStepMs: LOOKBACK_MS }).some(
    ({ backMs }) => backMs === Infinity,
  );
  return fixed
    ? [{ path, value, message: 'asks for a time of its own with @: what a stream has passed is not kept' }]
    : [];
}
