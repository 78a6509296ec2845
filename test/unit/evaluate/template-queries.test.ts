/** What templates ask for word for word is there, wherever its series come from, as where rules are tested. */
import { NO_EXTENSIONS, type RuleGroup } from '../../../src/domain/rule-group';
import { createPool, x } from './pool-sketch';

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
