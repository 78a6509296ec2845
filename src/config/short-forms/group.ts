/** The rules in short form of one text, each with what was made of it, and the group that they are. */
import { basename, extname } from 'node:path';
import { stringify } from 'yaml';
import type { AlertRule, RuleGroup } from '../../domain/rule-group';
import { notStreamed, queriesNotStreamed } from '../expr-checks';
import { pathText, type Finding, type Path } from '../problems';
import type { TakenNames } from '../taken-names';
import type { FormContext } from './form';
import { translate } from './index';
import type { RawRule } from './schema';

export interface ReadRule {
  readonly at: Path;
  readonly raw: RawRule;
  readonly form: string | null;
  readonly rules: readonly AlertRule[];
  readonly findings: readonly Finding[];
  /** As it stands in the file, with the environment filled in. */
  readonly text: string;
}

/** What a rule was before it was translated. */
export interface WrittenRule {
  readonly form: string;
  /** YAML. */
  readonly text: string;
}

export interface ConfiguredGroup extends RuleGroup {
  /** Of rules in short form, by their names. */
  readonly written: Readonly<Record<string, WrittenRule>>;
}

/** Whose rules they are. */
export interface RulePlaces {
  readonly file: string | null;
  readonly group: string;
  readonly taken: TakenNames;
}

/** Of a file that names none. */
export const groupNameOf = (file: string | null): string => basename(file ?? 'rules', extname(file ?? ''));

/** `whole`: the text's value, whose `rules` these are. */
export function readRules(
  raws: readonly RawRule[],
  whole: unknown,
  context: FormContext,
  named: RulePlaces,
): ReadRule[] {
  const values = (whole as { rules?: readonly unknown[] } | null | undefined)?.rules ?? [];
  return raws.map((raw, index) => {
    const at: Path = ['rules', index];
    const { form, rules, findings } = translate(raw, context);
    const all = [
      ...findings.map((finding) => ({ ...finding, path: [...at, ...finding.path] })),
      ...rules.flatMap(({ expr }) => notStreamed(expr, at)),
      ...(rules.length > 0 ? textsNotStreamed(raw, at) : []),
      ...namedTwice(raw, at, named),
    ];
    return { at, raw, form, rules, findings: all, text: stringify(values[index]).trimEnd() };
  });
}

function textsNotStreamed({ recovery, labels, annotations }: RawRule, at: Path): Finding[] {
  return [
    ...(recovery === undefined ? [] : notStreamed(recovery, [...at, 'recovery'])),
    ...queriesNotStreamed(labels, [...at, 'labels']),
    ...queriesNotStreamed(annotations, [...at, 'annotations']),
  ];
}

function namedTwice({ name }: RawRule, at: Path, { file, group, taken }: RulePlaces): Finding[] {
  const id = `${group}/${name}`;
  const earlier = taken.rules.get(id);
  taken.rules.set(id, earlier ?? `${file ?? 'the configuration'}, ${pathText(at)}`);
  if (earlier === undefined) return [];
  const message = `is in the group "${group}" already (${earlier})`;
  return [{ path: [...at, 'name'], value: JSON.stringify(name), message }];
}

/** Rules of one group may stand in several files; the first gives its name. */
export function shortFormGroup(
  file: string | null,
  name: string,
  read: readonly ReadRule[],
  known?: ConfiguredGroup,
): ConfiguredGroup {
  const written = read.flatMap(({ raw, form, text }) =>
    form === null ? [] : [[raw.name, { form, text }] as const],
  );
  return {
    ...{ file: known?.file ?? file, name, intervalMs: null, queryOffsetMs: null, limit: 0 },
    rules: [...(known?.rules ?? []), ...read.flatMap(({ rules }) => rules)],
    written: { ...known?.written, ...Object.fromEntries(written) },
  };
}
