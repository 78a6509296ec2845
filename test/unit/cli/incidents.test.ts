/** Incidents from the command line: what is open, one's story, and what people do with it. */
import type { IncidentRow } from '../../../src/history/port';
import { alertRow, NOW, run, type World } from './fake-context';

const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const row = (change: Partial<IncidentRow> = {}): IncidentRow => ({
  ...{ id: 7, policy: 'shop', about: 'service=orders|payments', state: 'open', severity: 'critical' },
  ...{ commander: 'dora', openedAt: ago(12), resolvedAt: null, resolvedBy: null, alerts: 3, openAlerts: 2 },
  ...change,
});
const over = row({
  id: 6,
  state: 'resolved',
  resolvedAt: ago(60),
  openedAt: ago(90),
  resolvedBy: 'eve',
  openAlerts: 0,
});
const incidents = (args: readonly string[], world: World = {}) =>
  run(['incidents', ...args, '--config', 'examples/oncall.yaml'], { incidents: [row(), over], ...world });

it('lists those that are open, by no other word too', async () => {
  const { out } = await incidents([]);
  expect(out).toMatch(/^INC-7 +OPEN +critical +shop +service=orders\|payments +2 of 3 open +dora +12m ago$/m);
  expect(out).not.toContain('INC-6');
  expect((await incidents(['list', '--all'])).out).toContain('INC-6');
  expect((await incidents(['list'], { incidents: [] })).out).toBe('No incidents are open.');
  const [json] = JSON.parse((await incidents(['list', '--json'])).out) as Record<string, unknown>[];
  expect(json).toMatchObject({ id: 'INC-7', name: 'shop', alerts: 3, open_alerts: 2, opened_at: ago(12) });
});

it('tells one incident’s story', async () => {
  const { out } = await incidents(['show', 'inc-6']);
  expect(out).toContain('INC-6 shop  RESOLVED');
  expect(out).toMatch(/Resolved +\S+ \S+ by eve, after 30m/);
  expect(out).toContain(alertRow().fingerprint.slice(0, 8));
});

it('is taken by taking its alerts that are open', async () => {
  const closed = alertRow({ fingerprint: 'ff00', state: 'RESOLVED' });
  const { calls } = await incidents(['ack', '7', '--comment', 'on it'], { rows: [alertRow(), closed] });
  expect(calls.filter(([name]) => name === 'acknowledge')).toEqual([
    ['acknowledge', alertRow().fingerprint, { owner: 'alice', comment: 'on it' }],
  ]);
  expect((await incidents(['ack', '7'], { rows: [closed] })).err).toContain(
    'no alert of INC-7 is open any more',
  );
});

it('is handed over to one of the people, in his ways for what is urgent', async () => {
  const { out, calls } = await incidents(['commander', 'INC-7', 'BEN', '--comment', 'shift ends']);
  expect(out).toBe('ben commands INC-7 shop');
  expect(calls).toContainEqual([
    ...['handOver', 7],
    { person: 'ben', ways: [{ receiver: 'ben-phone', afterMs: 0 }] },
    { by: 'alice', comment: 'shift ends' },
  ]);
});

it('is resolved; what still fires is said', async () => {
  const { out, calls } = await incidents(['resolve', 'INC-7', '--owner', 'eve']);
  expect(out).toBe('INC-7 shop is resolved; 2 of its alerts are still open');
  const [, id, act, resolveTo] = calls.find(([name]) => name === 'resolveIncident')!;
  expect([id, act]).toEqual([7, { by: 'eve', comment: '' }]);
  expect(resolveTo).toContain('slack');
});

it.each<[string[], number, string]>([
  [['show', 'shop'], 2, '"shop" names no incident; give INC-7 or 7'],
  [
    ['show', 'INC-9'],
    1,
    'there is no incident INC-9. List the incidents with `tocsin incidents list --all`.',
  ],
  [['commander', '7', 'zoe'], 2, '"zoe" is no person'],
  [['commander', '6', 'ben'], 1, 'INC-6 is resolved already'],
  [['resolve', '6'], 1, 'INC-6 is resolved already. List those that are open with `tocsin incidents`.'],
])('refuses %j', async (args, code, message) => {
  const ran = await incidents(args);
  expect(ran.code).toBe(code);
  expect(ran.err).toContain(message);
});
