/** What incidents have to mean together: names lead somewhere, and each value belongs to one list of related ones. */
import { pathText, type Finding, type Path } from '../problems';
import { duplicates, unknownName, unknownReceiver, type ReceiverNames } from '../references';
import type { RawIncident } from './schema';

type Named = readonly { readonly name: string }[];

export function incidentFindings(
  config: {
    readonly incidents: readonly RawIncident[];
    readonly people: Named;
    readonly schedules: Named;
  },
  names: ReceiverNames,
): Finding[] {
  const { incidents } = config;
  const [people, schedules] = [config.people, config.schedules].map(namesOf);
  return [
    ...duplicates(['incidents'], incidents),
    ...incidents.flatMap((each, index) => {
      const path: Path = ['incidents', index];
      const { commander } = each;
      return [
        ...each.receivers.flatMap((name, at) => unknownReceiver([...path, 'receivers', at], name, names)),
        ...unknownNames([...path, 'commander', 'people'], commander.people, people!, 'person'),
        ...unknownNames([...path, 'commander', 'schedules'], commander.schedules, schedules!, 'schedule'),
        ...relatedOnce([...path, 'related'], each),
      ];
    }),
  ];
}

const namesOf = (items: Named): string[] => items.map(({ name }) => name);

const unknownNames = (
  path: Path,
  given: readonly string[],
  names: readonly string[],
  what: string,
): Finding[] => given.flatMap((name, index) => unknownName([...path, index], name, names, what));

/** Lists that share a value would be one: it is written so. */
function relatedOnce(path: Path, { group_by: groupBy, related }: RawIncident): Finding[] {
  return Object.entries(related).flatMap(([label, lists]): Finding[] => {
    const at = [...path, label];
    if (!groupBy.includes(label)) {
      const message = 'relates values of a label by which no alerts are grouped';
      return [{ path: at, message, accepted: `one of group_by: ${groupBy.join(', ')}` }];
    }
    const first = new Map<string, Path>();
    return lists.flatMap((values, list) =>
      values.flatMap((value, index): Finding[] => {
        const here = [...at, list, index];
        const earlier = first.get(value);
        if (earlier === undefined) {
          first.set(value, here);
          return [];
        }
        const message = `stands at ${pathText(earlier)} already: what is related to one of a list is related to all`;
        return [{ path: here, value: JSON.stringify(value), message, accepted: 'one list for both' }];
      }),
    );
  });
}
