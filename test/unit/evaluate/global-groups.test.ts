/** Which groups are evaluated in one place, and together with which. */
import { NO_EXTENSIONS, type GroupRule, type RuleGroup } from '../../../src/domain/rule-group';
import { planGroups } from '../../../src/evaluate/global-groups';

const alert = (name: string, expr: string, labels: Record<string, string> = {}): GroupRule => ({
  ...{ kind: 'alert', name, expr, forMs: 0, keepFiringForMs: 0, labels, annotations: {} },
  ...NO_EXTENSIONS,
});
const off = (name: string, expr: string): GroupRule => ({ ...alert(name, expr), mode: 'off' }) as GroupRule;
const record = (name: string, expr: string, labels: Record<string, string> = {}): GroupRule => ({
  ...{ kind: 'record', name, expr, labels },
});
const group = (name: string, ...rules: GroupRule[]): RuleGroup => ({
  ...{ file: null, name, intervalMs: null, queryOffsetMs: null, limit: 0, rules },
});
const globalOf = (...groups: RuleGroup[]): string[] => planGroups(groups, 12).global.map(({ name }) => name);

describe('a group is global', () => {
  const sum = group('sum', record('x:sum', 'sum(x)', { scope: 'all' }));
  const down = group('down', alert('Down', 'count(up == 0) > 1', { team: 'dba', host: '{{ $value }}' }));
  it.each<[string, RuleGroup[], string[]]>([
    ['when it aggregates over instances', [sum], ['sum']],
    ['when it joins without the instance', [group('g', alert('A', 'x * on (region) y'))], ['g']],
    [
      'when only its recovery does',
      [group('g', { ...alert('A', 'x > 1'), recovery: 'sum(x) < 1' } as GroupRule)],
      ['g'],
    ],
    [
      'when a template asks for series word for word',
      [group('g', alert('A', 'x > 1', { n: '{{ query "y" | len }}' }))],
      ['g'],
    ],
    [
      'not when a template asks for what it has put together, or for no series',
      [group('g', alert('A', 'x > 1', { a: '{{ query (printf "y") }}', b: '{{ query "1 + 1" }}' }))],
      [],
    ],
    ['not when each instance is for itself', [group('g', alert('A', 'sum by (instance_id) (x) > 1'))], []],
    ['not when only a rule that is off does', [group('g', alert('A', 'x > 1'), off('B', 'sum(x) > 1'))], []],
    [
      'not when it reads what a rule that is off makes',
      [group('g', alert('A', 'ALERTS{alertname="B"} == 1')), group('b', alert('C', 'sum(x)'), off('B', 'x'))],
      ['b'],
    ],
    ['as a whole', [group('g', alert('A', 'x > 1'), alert('B', 'sum(x) > 1'))], ['g']],
    ['when it reads what one records', [group('g', alert('A', 'x:sum > 1')), sum], ['g', 'sum']],
    [
      'when it may read it, whatever the name',
      [group('g', alert('A', '{__name__=~"x:.*"} > 1')), sum],
      ['g', 'sum'],
    ],
    [
      'not when a label says that it is another',
      [group('g', alert('A', 'x:sum{scope="one"} > 1')), sum],
      ['sum'],
    ],
    [
      'when one stands between them',
      [group('far', alert('A', 'near > 1')), group('near', record('near', 'x:sum * 2')), sum],
      ['far', 'near', 'sum'],
    ],
    ['not when a global one reads what it records', [group('g', record('x', 'y * 2')), sum], ['sum']],
    [
      'when it reads its ALERTS',
      [group('g', alert('A', 'ALERTS{alertname="Down"} == 1')), down],
      ['g', 'down'],
    ],
    [
      'when it may, by a templated label',
      [group('g', alert('A', 'ALERTS{host="a"} == 1')), down],
      ['g', 'down'],
    ],
    ['not by the ALERTS of another', [group('g', alert('A', 'ALERTS{alertname="Up"} == 1')), down], ['down']],
    ['not by a fixed label of another', [group('g', alert('A', 'ALERTS{team="web"} == 1')), down], ['down']],
    [
      'since when its alerts are active',
      [group('g', alert('A', 'ALERTS_FOR_STATE > 1')), down],
      ['g', 'down'],
    ],
  ])('%s', (_, groups, global) => expect(globalOf(...groups)).toEqual(global));
});

describe('slots', () => {
  const readers = [
    group('a', record('x:sum', 'sum(x)')),
    group('b', alert('B', 'x:sum > 1')),
    group('c', alert('C', 'count(y) > 1')),
    group('d', alert('D', 'z > 1')),
  ];

  it('are shared by groups that read of each other, in the order of the configuration', () => {
    const plan = planGroups(readers, 1_000_003);
    expect(plan.slotOf('b')).toBe(plan.slotOf('a'));
    expect(plan.slotOf('c')).not.toBe(plan.slotOf('a'));
    expect(plan.slotOf('d')).toBeNull();
    expect(plan.groupsOf(plan.slotOf('a')!).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(plan.local.map(({ name }) => name)).toEqual(['d']);
    const turned = planGroups([...readers].reverse(), 1_000_003);
    expect(turned.slotOf('a')).toBe(plan.slotOf('a'));
    expect(turned.groupsOf(plan.slotOf('a')!).map(({ name }) => name)).toEqual(['b', 'a']);
  });

  it('have another identity when they are given something else, and only then', () => {
    const idOf = (...groups: RuleGroup[]): string => planGroups(groups, 1).slots[0]!.id;
    const one = group('g', alert('A', 'sum(x) > 1'));
    expect(idOf(group('g', alert('B', 'sum(x) > 100')))).toBe(idOf(one));
    expect(idOf(one, group('l', record('y', 'z')))).toBe(idOf(one));
    expect(idOf(one, group('l', record('x', 'z')))).not.toBe(idOf(one));
    expect(idOf(group('g', alert('A', 'sum(x{a="b"}) > 1')))).not.toBe(idOf(one));
    expect(planGroups([one], 2).slots[0]!.id).not.toBe(idOf(one));
  });
});
