/** The names that the files of one set have taken: each file is held to those before it, whoever reads the set. */
import type { Finding, Path } from './problems';

export type RuleForm = 'short' | 'prometheus';

export interface TakenNames {
  /** The groups' names → where each was first. */
  readonly groups: Map<string, { readonly file: string; readonly form: RuleForm }>;
  /** Group and name of rules in short form → where each was first. */
  readonly rules: Map<string, string>;
}

export const noNamesTaken = (): TakenNames => ({ groups: new Map(), rules: new Map() });

/** Files of short forms may share a group. One of Prometheus' form is alone with its name. */
export function takeGroup(
  { groups }: TakenNames,
  name: string,
  { file, form, path }: { readonly file: string | null; readonly form: RuleForm; readonly path: Path },
): Finding[] {
  const known = groups.get(name);
  if (known === undefined) groups.set(name, { file: file ?? 'the configuration', form });
  if (known === undefined || (known.form === 'short' && form === 'short')) return [];
  return [{ path, value: JSON.stringify(name), message: `is in ${known.file} already` }];
}
