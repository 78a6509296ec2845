/** What is sent in two ways is one series: two of the same labels would keep a rule from being evaluated at all. */
import { createRuleEngine } from '../../../src/evaluate/rule-engine';
import { groupOf, rule, sample, T0 } from './sketches';

function evaluated(...tags: readonly Record<string, string>[]) {
  const errors: (string | null)[] = [];
  const fired: number[] = [];
  const engine = createRuleEngine({
    groups: [groupOf([rule({ windowMs: 60_000 })])],
    defaultIntervalMs: 15_000,
    onAlert: ({ kind, alert }) => kind === 'fires' && fired.push(alert.value),
    onError: (_group, _rule, error) => errors.push(error),
  });
  engine.advance(T0);
  tags.forEach((each, i) => engine.offer(sample(i, 91 + i, { tags: each }), T0 + i * 1_000));
  engine.advance(T0 + 15_000);
  return { errors, fired, series: engine.series() };
}

test.each<[string, Record<string, string>, Record<string, string>]>([
  ['an empty tag', {}, { region: '' }],
  ['a tag that repeats the instance', {}, { instance_id: 'prod-db-01' }],
  ['a tag that repeats the name', {}, { __name__: 'connections_used_percent' }],
  ['a tag that is exported, and one that was', { exported_instance_id: 'a' }, { instance_id: 'a' }],
])('%s', (_, some, others) => {
  expect(evaluated(some, others, some, others)).toEqual({ errors: [], fired: [92.5], series: 1 });
});

test('a tag with the name of the name is exported, as others are', () => {
  expect(evaluated({}, { __name__: 'other' })).toEqual({ errors: [], fired: [91, 92], series: 2 });
});

test('among many of its instance', () => {
  const tables = Array.from({ length: 20 }, (_, i) => ({ table: `t${i}` }));
  const empty = tables.map((tags) => ({ ...tags, region: '' }));
  const { errors, series } = evaluated(...tables, ...empty);
  expect({ errors, series }).toEqual({ errors: [], series: 20 });
});
