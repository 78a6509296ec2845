/** Alertmanager's own command line against the API: alerts and silences as people handle them. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { amtool } from './alertmanager-module';
import { servedApi } from './serving';

const run = promisify(execFile);
let program: string;
let served: Awaited<ReturnType<typeof servedApi>>;
beforeAll(async () => {
  [program, served] = await Promise.all([amtool(), servedApi()]);
}, 700_000);
afterAll(() => served.close());

const tool = async (...words: readonly string[]): Promise<string> => {
  const { stdout } = await run(program, [`--alertmanager.url=${served.address}`, ...words]);
  return stdout.trim();
};
const json = async <T>(...words: readonly string[]): Promise<T> =>
  JSON.parse(await tool('--output=json', ...words)) as T;

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string; readonly silencedBy: readonly string[] };
}
interface Silence {
  readonly id: string;
  readonly comment: string;
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

test('an alert is added, found by its labels, and over when it is told so', async () => {
  await tool('alert', 'add', 'alertname=High', 'instance=db-1', '--annotation=summary=Too high');
  await tool('alert', 'add', 'Low', 'instance=db-2');
  expect((await json<Alert[]>('alert', 'query', 'alertname=High')).map(({ labels }) => labels)).toEqual([
    { alertname: 'High', instance: 'db-1' },
  ]);
  expect(await json<Alert[]>('alert', 'query', 'instance=~db-.*')).toHaveLength(2);
  expect(await json<Alert[]>('alert', 'query', '--receiver=team')).toHaveLength(2);
  expect(await json<Alert[]>('alert', 'query', '--receiver=nobody')).toEqual([]);
  await tool(
    'alert',
    'add',
    'Low',
    'instance=db-2',
    '--start=2020-01-01T00:00:00Z',
    '--end=2020-01-01T01:00:00Z',
  );
  expect(await json<Alert[]>('alert', 'query')).toHaveLength(1);
});

test('a silence is added, shown at its alerts, changed, listed and expired', async () => {
  await tool('alert', 'add', 'alertname=Silent', 'instance=db-1');
  const made = ['silence', 'add', '--author=ann', '--comment=moving disks', '--duration=1h'];
  const id = await tool(...made, 'alertname=Silent', 'instance=~db-.*');
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await json<Alert[]>('alert', 'query', 'alertname=Silent')).toEqual([]);
  const silenced = await json<Alert[]>('alert', 'query', '--silenced', 'alertname=Silent');
  expect(silenced[0]!.status).toMatchObject({ state: 'suppressed', silencedBy: [id] });

  const [before] = await json<Silence[]>('silence', 'query', 'alertname=Silent');
  expect(before).toMatchObject({ id, comment: 'moving disks', status: { state: 'active' } });
  const [after] = await json<Silence[]>('silence', 'update', id, '--duration=3h', '--comment=still moving');
  expect(after).toMatchObject({ id, comment: 'still moving' });
  expect(Date.parse(after!.endsAt)).toBeGreaterThan(Date.parse(before!.endsAt));

  expect(await tool('silence', 'query', '--quiet')).toBe(id);
  await tool('silence', 'expire', id);
  expect(await tool('silence', 'query', '--quiet')).toBe('');
  expect(await tool('silence', 'query', '--quiet', '--expired')).toBe(id);
  expect(await json<Alert[]>('alert', 'query', 'alertname=Silent')).toHaveLength(1);
  await expect(tool('silence', 'expire', '7b0cb3e4-6d49-4b9c-9f5d-000000000000')).rejects.toThrow();
  const past = ['--start=2020-01-01T00:00:00Z', '--end=2020-01-02T00:00:00Z'];
  await expect(tool(...made, ...past, 'alertname=Silent')).rejects.toThrow('its end is in the past');
});

test('silences of another Alertmanager are carried over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'silences-'));
  const file = join(folder, 'silences.json');
  const kept = {
    id: '7b0cb3e4-6d49-4b9c-9f5d-111111111111',
    status: { state: 'active' },
    updatedAt: '2026-01-01T00:00:00.000Z',
    startsAt: '2026-01-01T00:00:00.000Z',
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    matchers: [{ name: 'carried', value: 'over', isRegex: false, isEqual: false }],
    createdBy: 'ann',
    comment: 'from elsewhere',
  };
  writeFileSync(file, JSON.stringify([kept]));
  const id = await tool('silence', 'import', file);
  rmSync(folder, { recursive: true });
  expect(id).not.toBe(kept.id);
  const [imported] = await json<Silence[]>('silence', 'query', 'carried!=over');
  expect(imported).toMatchObject({ id, comment: 'from elsewhere', endsAt: kept.endsAt });
});

test('the configuration, the cluster, and a file that is checked', async () => {
  expect(await tool('config', 'show')).toContain('receiver: team');
  expect(await tool('cluster', 'show')).toMatch(/ready[^]*blue/);
  const example = join(__dirname, '../../../examples/alertmanager.yml');
  expect(await tool('check-config', example)).toContain('SUCCESS');
});
