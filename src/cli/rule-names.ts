/** Rules as people name them: `Name`, or `group/Name` where several groups have one of that name. */
import { didYouMean } from '../config/problems';
import type { GroupRule, RuleGroup } from '../domain/rule-group';
import { usage } from './failures';

interface Named {
  readonly group: Pick<RuleGroup, 'name'>;
  readonly rule: Pick<GroupRule, 'name'>;
}

/** All of that name. Throws TOC_USAGE where there is none, with the nearest one. */
export function rulesNamed<R extends Named>(all: readonly R[], name: string): R[] {
  const found = all.filter(({ group, rule }) => rule.name === name || `${group.name}/${rule.name}` === name);
  if (found.length > 0) return found;
  const near = didYouMean(
    name,
    all.map(({ rule }) => rule.name),
  );
  throw usage(
    `there is no rule ${JSON.stringify(name)}${near === null ? '' : `; did you mean "${near}"?`}; see \`tocsin rules list\``,
  );
}
