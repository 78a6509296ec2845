/** Names that stand once, and names that have to lead somewhere. */
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
