/** The rules in short form of one text, each with what was made of it, and the group that they are. */
import { stringify } from 'yaml';
import type { AlertRule, RuleGroup } from '../../domain/rule-group';
import type { Finding, Path } from '../problems';
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

/** `whole`: the text's value, whose `rules` these are. */
export function readRules(raws: readonly RawRule[], whole: unknown, context: FormContext): ReadRule[] {
  const values = (whole as { rules?: readonly unknown[] } | null | undefined)?.rules ?? [];
  return raws.map((raw, index) => {
    const at: Path = ['rules', index];
    const { form, rules, findings } = translate(raw, context);
    const placed = findings.map((finding) => ({ ...finding, path: [...at, ...finding.path] }));
    return { at, raw, form, rules, findings: placed, text: stringify(values[index]).trimEnd() };
  });
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
