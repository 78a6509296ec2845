/** Names that stand once, and names that have to lead somewhere. */
import { alertmanagerReceiver, nameInAlertmanager } from '../domain/drill';
import { didYouMean, pathText, type Finding, type Path } from './problems';

export function duplicates(section: Path, items: readonly { readonly name: string }[]): Finding[] {
  const first = new Map<string, number>();
  return items.flatMap(({ name }, index): Finding[] => {
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    return [
      {
        path: [...section, index, 'name'],
        value: JSON.stringify(name),
        message: `is the name of ${pathText([...section, earlier])} already`,
      },
    ];
  });
}

/** Who may be told. */
export interface ReceiverNames {
  readonly own: readonly string[];
  /** Of the alertmanager.yml that is named; null: none is, undefined: it has errors of its own. */
  readonly alertmanager: readonly string[] | null | undefined;
}

/** A receiver of tocsin.yaml, or `alertmanager/NAME` for one of alertmanager.yml. */
export function unknownReceiver(path: Path, name: string, { own, alertmanager }: ReceiverNames): Finding[] {
  const there = nameInAlertmanager(name);
  if (there !== null && alertmanager === undefined) return [];
  if (there !== null && alertmanager === null)
    return [
      {
        path,
        value: JSON.stringify(name),
        message: 'is no receiver: no alertmanager.yml is named',
        accepted: 'alertmanager: { file: alertmanager.yml }, or a receiver of tocsin.yaml',
      },
    ];
  return unknownName(path, name, [...own, ...(alertmanager ?? []).map(alertmanagerReceiver)], 'receiver');
}

/** A name that has to be one of `names`. */
export function unknownName(path: Path, name: string, names: readonly string[], what: string): Finding[] {
  if (names.includes(name)) return [];
  const accepted = names.length === 0 ? `none is configured` : names.join(', ');
  return [
    {
      path,
      value: JSON.stringify(name),
      message: `is no ${what}`,
      suggestion: didYouMean(name, names),
      accepted,
    },
  ];
}
