import { NO_EXTENSIONS, type AlertRule, type RuleGroup } from '../../../src/domain/rule-group';
import { createBacktest } from '../../../src/evaluate/backtest';
import { createGlobalHost } from '../../../src/evaluate/global-host';
import { planGroups } from '../../../src/evaluate/global-groups';
import { createPool, x } from './pool-sketch';
import { knowing, SECOND } from './sketches';

const alert = (name: string, expr: string): AlertRule => ({
  ...{ kind: 'alert', name, expr, forMs: 0, keepFiringForMs: 0 },
  labels: { cluster: '{{ $externalLabels.cluster }}' },
  annotations: { link: '{{ $externalURL }}/x' },
  ...NO_EXTENSIONS,
});
const GROUPS: RuleGroup[] = [
  {
    ...{ file: null, name: 'local', intervalMs: null, queryOffsetMs: null, limit: 0 },
    rules: [alert('One', 'x + 0 > 5')],
  },
  {
    ...{ file: null, name: 'global', intervalMs: null, queryOffsetMs: null, limit: 0 },
    rules: [alert('All', 'sum(x) > 5')],
  },
];
const EXTERNAL = { externalLabels: { cluster: 'eu' }, externalUrl: 'https://tocsin.example' };

it('is what templates of evaluated rules read, of a partition and across instances', async () => {
  const pool = createPool(GROUPS, 2, 1, EXTERNAL);
  await pool.start();
  await pool.sample(1, x('x', 'i0', 9));
  await pool.sample(1, x('x', 'i1', 1));
  for (const second of [11, 21, 31]) await pool.reached(second);
  const told = pool.told.map(({ rule, labels, annotations }) => [rule!.name, labels.cluster, annotations]);
  expect(told.sort()).toEqual([
    ['All', 'eu', { link: 'https://tocsin.example/x' }],
    ['One', 'eu', { link: 'https://tocsin.example/x' }],
  ]);
});

it('is what templates of a backtest read', () => {
  const run = createBacktest({
    ...{ groups: GROUPS, defaultIntervalMs: 10 * SECOND, partitions: 2, ...EXTERNAL },
    ...{ fromMs: -Infinity, toMs: Infinity },
  });
  const time = 5 * SECOND;
  run.offer(x('x', 'i0', 9), { time, recorded: time, partition: 0 });
  const { alerts } = run.finish(20 * SECOND);
  expect(alerts.map(({ labels }) => labels.cluster)).toEqual(['eu', 'eu']);
});

it('belongs to what was saved: under another one that is not all that is known', async () => {
  const hostWith = async (external: Partial<typeof EXTERNAL>) => {
    const host = createGlobalHost({
      ...{ plan: planGroups(GROUPS, 2), intervalMs: 10 * SECOND, openAlerts: knowing([]) },
      ...{ publisher: { publish: async () => undefined }, isDerived: () => false },
      ...{ shared: { topic: 'shared', publish: async () => undefined } },
      ...{ derived: { publish: async () => undefined }, ...external },
    });
    await host.assigned([0, 1], [0, 1]);
    return host;
  };
  const saved = (await hostWith(EXTERNAL)).save!(0);
  expect((await hostWith(EXTERNAL)).worthOf!(saved)).toBe('whole');
  expect((await hostWith({ externalUrl: EXTERNAL.externalUrl })).worthOf!(saved)).toBe('part');
  expect((await hostWith({ externalLabels: EXTERNAL.externalLabels })).worthOf!(saved)).toBe('part');
});
