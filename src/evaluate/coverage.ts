/** What of a metric is kept: only what some rule asks for, and for as long as the one that looks back farthest. */
import { compileMatchers, type Matcher } from '../domain/matchers';
import { onceEach } from '../domain/once-each';
import type { RuleGroup } from '../domain/rule-group';
import { selectorText } from '../promql/format';
import type { Need } from '../promql/needs';
import { nameOf } from '../promql/source';
import type { GlobalPlan } from './global-groups';
import type { Coverage } from './port';
import { namesMade, needsOfGroup } from './rule-series';

const MOST_SHOWN = 5;

/** Rules are read when somebody asks first: most processes are never asked. */
export function coverageOf(
  { local, global }: Pick<GlobalPlan, 'local' | 'global'>,
  defaultIntervalMs: number,
): (matchers: readonly Matcher[]) => Coverage {
  const rulesOf = (groups: readonly RuleGroup[]) => ({
    needs: groups.flatMap((group) => needsOfGroup(group, defaultIntervalMs)),
    made: namesMade(groups),
  });
  let known: Record<'partitions' | 'slots', ReturnType<typeof rulesOf>> | undefined;
  return (matchers) => {
    const { partitions, slots } = (known ??= { partitions: rulesOf(local), slots: rulesOf(global) });
    const name = nameOf(matchers) ?? '';
    return {
      partitionsMs: keptFor(partitions.needs, matchers),
      slotsMs: keptFor(slots.needs, matchers),
      madeInPartitions: partitions.made.has(name),
      madeInSlots: slots.made.has(name),
      asked: askedOf([...partitions.needs, ...slots.needs], name),
    };
  };
}

function keptFor(needs: readonly Need[], matchers: readonly Matcher[]): number | null {
  const name = nameOf(matchers);
  // Most needs are of other metrics, and their names tell.
  const all = needs
    .filter((need) => [null, name].includes(nameOf(need.matchers)))
    .filter((need) => need.matchers.every((each) => follows(each, matchers)));
  return all.reduce<number | null>((most, { backMs }) => Math.max(most ?? 0, backMs), null);
}

/** Whether what the matchers select meets this one as well, as far as each label by itself can tell. */
function follows(matcher: Matcher, matchers: readonly Matcher[]): boolean {
  const { name, op, value } = matcher;
  return matchers.some(
    (other) =>
      other.name === name &&
      ((other.op === op && other.value === value) ||
        (other.op === '=' && holdsFor(matcher)({ [name]: other.value }))),
  );
}

/** Of rules' matchers: they are held against whatever is asked for. */
const holdsFor = onceEach((matcher: Matcher) => compileMatchers([matcher]));

function askedOf(needs: readonly Need[], name: string): string[] {
  const asked = new Set<string>();
  for (const { matchers } of needs)
    if (asked.size < MOST_SHOWN && nameOf(matchers) === name) asked.add(selectorText({ name, matchers }));
  return [...asked];
}
