/** Two series that differ in a tag that the rule hides are two alerts: one resolved would hide that the other breaches. */
import { createEvaluator, rule, sample } from './sketches';

test.each([
  ['its severity', {}, 'severity'],
  ['its name', {}, 'alertname'],
  ['its metric', {}, 'metric'],
  ['one of its labels', { labels: { team: 'dba' } }, 'team'],
  ['what the message itself says', {}, 'instance_id'],
])('a tag hidden by %s is exported', (_, of, tag) => {
  const evaluator = createEvaluator({ rules: [rule(of)] });
  const one = { tags: { [tag]: 'error' } };
  const other = { tags: { [tag]: 'warn' } };
  const told = [sample(0, 95, one), sample(1, 95, other), sample(2, 10, other)].flatMap((each) =>
    evaluator.offer(each),
  );
  expect(told.map(({ kind, labels }) => [kind, labels[`exported_${tag}`]])).toEqual([
    ['firing', 'error'],
    ['firing', 'warn'],
    ['resolved', 'warn'],
  ]);
  expect(new Set(told.map(({ fingerprint }) => fingerprint)).size).toBe(2);
});

test('a tag that says what the rule says changes no label', () => {
  const evaluator = createEvaluator({ rules: [rule()] });
  const [fired] = evaluator.offer(sample(0, 95, { tags: { severity: 'critical', region: '' } }));
  expect(Object.keys(fired!.labels).filter((name) => name.startsWith('exported_'))).toEqual([]);
});

test('a tag that is named like an export already keeps its name', () => {
  const evaluator = createEvaluator({ rules: [rule()] });
  const [fired] = evaluator.offer(sample(0, 95, { tags: { severity: 'a', exported_severity: 'b' } }));
  expect(fired!.labels).toMatchObject({
    severity: 'critical',
    exported_severity: 'b',
    exported_exported_severity: 'a',
  });
});
