/** Alertmanager's own command line against the API: alerts and silences as people handle them. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadAlertmanager } from '../../../src/config/alertmanager/load';
import { amtool } from './alertmanager-module';
import { servedApi } from './serving';

const run = promisify(execFile);
const EXAMPLE = join(__dirname, '../../../examples/alertmanager.yml');
const CONFIG = {
  original: loadAlertmanager(EXAMPLE).original,
  resolveTimeoutMs: 300_000,
  matcherMode: 'fallback',
  receivers: [{ name: 'team', labels: { name: 'team' } }],
} as const;
let program: string;
let served: Awaited<ReturnType<typeof servedApi>>;
beforeAll(async () => {
  [program, served] = await Promise.all([amtool(), servedApi({ config: () => CONFIG })]);
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
  // It would hold back the alerts of every other test.
  await tool('silence', 'expire', id);
});

test('alerts and silences in each form that people read', async () => {
  await tool('alert', 'add', 'alertname=Shown', 'instance=db-7', '--generator-url=http://prometheus/graph');
  expect(await tool('alert', 'query', 'alertname=Shown')).toMatch(
    /^Alertname\s+Starts At\s+Summary\s+State\s+Shown\s+\S+ \S+ UTC\s+active$/,
  );
  expect(await tool('--output=extended', 'alert', 'query', 'alertname=Shown')).toMatch(
    /alertname="Shown".*instance="db-7".*http:\/\/prometheus\/graph/,
  );
  const made = ['silence', 'add', '--author=bob', '--comment=shown', '--duration=30m'];
  const id = await tool(...made, 'alertname=Shown', 'instance!~web-.*');
  expect(await tool('silence', 'query', 'alertname=Shown')).toMatch(
    new RegExp(`${id}\\s+alertname="Shown" instance!~"web-\\.\\*"\\s+\\S+ \\S+ UTC\\s+bob\\s+shown`),
  );
  expect(await tool('--output=extended', 'silence', 'query', 'alertname=Shown')).toContain(id);
  expect(await tool('alert', 'query', 'alertname=Shown', '--silenced')).toContain('suppressed');
  expect(await json('alert', 'query', 'alertname=Shown', '--active')).toEqual([]);
  expect(await json('alert', 'query', 'alertname=Shown', '--inhibited')).toEqual([]);
});

test('silences are picked by who made them, by id, and by when they end', async () => {
  const ids: string[] = [];
  for (const [author, duration] of [
    ['carol', '1h'],
    ['dave', '48h'],
  ])
    ids.push(
      await tool(
        ...['silence', 'add', `--author=${author}`, '--comment=picked', `--duration=${duration}`],
        'alertname=Picked',
      ),
    );
  const picked = (...words: string[]) => tool('silence', 'query', '--quiet', ...words, 'alertname=Picked');
  expect(await picked('--created-by=carol')).toBe(ids[0]);
  expect(await picked(`--id=${ids[1]}`)).toBe(ids[1]);
  expect(await picked('--within=2h')).toBe(ids[0]);
  // As scripts do it: what one command prints is what the other takes.
  await tool('silence', 'expire', ...(await picked()).split('\n'));
  expect(await picked()).toBe('');
  expect((await picked('--expired')).split('\n').sort()).toEqual([...ids].sort());
});

test('the configuration, the cluster, and a file that is checked', async () => {
  const shown = await tool('config', 'show');
  expect(shown).toContain(`receiver: 'chatdb-alerts'`);
  expect(shown).not.toContain('YOUR/SLACK/WEBHOOK');
  expect(await tool('cluster', 'show')).toMatch(/ready[^]*blue/);
  expect(await tool('check-config', EXAMPLE)).toContain('SUCCESS');
});

test('routes, of the running configuration and of a file, lead where Tocsin leads them', async () => {
  const routes = ['config', 'routes'];
  expect(await tool(...routes, 'show')).toMatch(
    /default-route\s+receiver: chatdb-alerts[^]*severity="critical"}\s+receiver: critical-alerts[^]*warning-alerts/,
  );
  const labels = ['severity=critical', 'service=orders'];
  expect(await tool(...routes, 'test', ...labels)).toBe('critical-alerts');
  expect(await tool(...routes, 'test', `--config.file=${EXAMPLE}`, 'severity=info')).toBe('chatdb-alerts');
  await tool(...routes, 'test', '--verify.receivers=critical-alerts', ...labels);
  const wrong = tool(...routes, 'test', '--verify.receivers=warning-alerts', ...labels);
  await expect(wrong).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('critical-alerts') as string,
  });
});
