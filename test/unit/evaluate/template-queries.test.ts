/** What templates ask for word for word is there, wherever its series come from, as where rules are tested. */
import { NO_EXTENSIONS, type RuleGroup } from '../../../src/domain/rule-group';
import { StreamStore } from '../../../src/evaluate/stream-store';
import { createPool, x } from './pool-sketch';
import { createEvaluator, rule, sample } from './sketches';

const GROUP: RuleGroup = {
  ...{ file: null, name: 'g', intervalMs: null, queryOffsetMs: null, limit: 0 },
  rules: [
    {
      ...{ kind: 'alert', name: 'High', expr: 'x > 5', forMs: 0, keepFiringForMs: 0, labels: {} },
      ...NO_EXTENSIONS,
      annotations: {
        others: '{{ range query "y > 1" | sortByLabel "instance_id" }}{{ .Labels.instance_id }} {{ end }}',
      },
    },
  ],
};

it('also of metrics that no expression asks for, of all instances', async () => {
  const pool = createPool([GROUP], 2);
  await pool.start();
  await pool.sample(1, x('y', 'i0', 2));
  await pool.sample(1, x('y', 'i1', 3));
  await pool.sample(2, x('x', 'i1', 9));
  for (const second of [11, 21, 31]) await pool.reached(second);
  expect(pool.told.map(({ kind, annotations }) => [kind, annotations.others])).toEqual([
    ['firing', 'i0 i1 '],
  ]);
});

test('what a template asks for of each series by itself is answered for each, and not kept', () => {
  const selected = jest.spyOn(StreamStore.prototype, 'select');
  const own = `{{ with printf "connections_used_percent{instance_id='%s'}" $labels.instance_id | query }}{{ . | first | value }}{{ end }}`;
  const evaluator = createEvaluator({ rules: [rule({ annotations: { own } })] });
  const before = selected.mock.calls.length;
  const told = Array.from({ length: 100 }, (_, n) =>
    evaluator.offer(sample(n, 100 + n, { instance_id: `db-${n}` })),
  ).flat();
  expect(told.map(({ annotations }) => annotations.own)).toEqual(
    Array.from({ length: 100 }, (_, n) => `${100 + n}`),
  );
  expect(selected.mock.calls.length - before).toBeLessThanOrEqual(16);
  selected.mockRestore();
});
