import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './fake-context';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-backtest-'));
  const lines = Array.from({ length: 20 }, (_, minute) =>
    JSON.stringify({
      timestamp: new Date(Date.UTC(2026, 10, 21, 10, minute)).toISOString(),
      ...{
        database_type: 'postgresql',
        instance_id: 'db-1',
        metric_name: 'locks',
        tags: { environment: 'test' },
      },
      value: minute >= 5 && minute < 12 ? 50 : 3,
    }),
  );
  writeFileSync(join(folder, 'metrics.jsonl'), [...lines, 'no metric'].join('\n'));
  for (const [name, limit] of [
    ['old', 10],
    ['new', 60],
  ] as const)
    writeFileSync(
      join(folder, `${name}.yml`),
      `groups:
  - name: g
    rules:
      - { alert: Locks, expr: locks > ${limit}, labels: { severity: critical } }
      - { alert: ManyLocks, expr: 'avg_over_time(locks[5m]) > 20', for: ${limit * 3}s, labels: { severity: warning } }
`,
    );
});
afterAll(() => rmSync(folder, { recursive: true }));

const backtest = (...args: string[]) =>
  run(
    ['backtest', join(folder, 'metrics.jsonl'), ...args.map((arg) => arg.replace('@', `${folder}/`))],
    {},
    { env: {} },
  );

it('tells each alert that would have been, and lines that are no metrics', async () => {
  const { code, out, err } = await backtest('--rules', '@old.yml');
  expect(out).toMatch(/2026-11-21T10:05:00Z +7m +critical +Locks +50 +\{database_type="postgresql"/);
  expect(out).toMatch(/2 alerts from 20 metrics \(1 series that the rules ask for\)$/);
  expect(err).toContain('1 lines of');
  expect(code).toBe(0);
});

it('tells only what begins in the time that is asked for', async () => {
  const { out } = await backtest('--rules', '@old.yml', '--from', '2026-11-21T10:07:00Z', '--json');
  expect((JSON.parse(out) as { alerts: { rule: string }[] }).alerts.map(({ rule }) => rule)).toEqual([
    'ManyLocks',
  ]);
});

it('tells how two rule sets differ', async () => {
  const { out } = await backtest('--rules', '@new.yml', '--against', '@old.yml');
  expect(out).toContain('Only with --against:');
  expect(out).toMatch(/At another time:\n {2}ManyLocks/);
  expect(out).toMatch(/0 more, 1 fewer, 1 at another time, 0 the same$/);
});

it('refuses rules that cannot be evaluated, files that are not there, and times that are none', async () => {
  writeFileSync(join(folder, 'bad.yml'), 'groups: [{ name: g, rules: [{ alert: A, expr: "1 +" }] }]');
  const bad = await backtest('--rules', '@bad.yml');
  expect(bad.err).toContain('bad.yml:1:41: groups[0].rules[0].expr');
  expect(bad.code).toBe(2);
  expect((await backtest('--rules', '@none*.yml')).code).toBe(2);
  expect((await backtest('--rules', '@old.yml', '--from', 'yesterday')).code).toBe(2);
  expect((await backtest()).err).toContain('name the rules: --rules FILE');
});
