/** What rules on trial would have done, told to people and to programs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Transition, TransitionKind } from '../../../src/domain/transition';
import { NOW, run } from './fake-context';

const MINUTE = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'tocsin-shadow-'));
const config = join(folder, 'tocsin.yaml');
writeFileSync(
  config,
  `rules:
  - { name: Slow, metric: latency_ms, threshold: 9, mode: shadow }
  - { name: Full, metric: disk_percent, threshold: 90, mode: shadow }
  - { name: Active, metric: m, threshold: 9 }
`,
);
afterAll(() => rmSync(folder, { recursive: true }));

let hash = '';
let group = '';
beforeAll(async () => {
  const { out } = await run(['rules', 'list', '--json', '--config', config], {}, { env: {} });
  ({ hash, group } = (JSON.parse(out) as { name: string; hash: string; group: string }[]).find(
    ({ name }) => name === 'Slow',
  )!);
});

const iso = (minutesAgo: number): string => new Date(NOW - minutesAgo * MINUTE).toISOString();

const told = (
  kind: TransitionKind,
  host: string,
  from: number,
  at: number,
  of = hash,
  rule = 'Slow',
): Transition => ({
  ...{ version: 1, transition_id: `${kind}${host}${from}`, kind, source: 'evaluator' },
  ...{ fingerprint: host.padEnd(16, '0'), annotations: {}, starts_at: iso(from), ends_at: null },
  labels: { alertname: rule, severity: 'warning', host },
  ...{ value: 12, threshold: 9, event_time: iso(at), rule: { group, name: rule, hash: of } },
  ...{ recent: [], correlation_id: 'c' },
});

const command = async (args: readonly string[], transitions: () => readonly Transition[]) => {
  const asked: number[] = [];
  const ran = await run(
    ['rules', 'shadow', ...args, '--config', config],
    {},
    {
      env: {},
      wire: {
        async readShadow(_, sinceMs, take) {
          asked.push(sinceMs);
          transitions().forEach(take);
        },
      },
    },
  );
  return { ...ran, asked };
};

const story = (): Transition[] => [
  told('firing', 'a', 100, 100),
  told('firing', 'a', 100, 100),
  told('resolved', 'a', 100, 96),
  told('firing', 'b', 60, 60),
  told('resolved', 'b', 60, 50),
  told('firing', 'c', 2, 2),
  told('changed', 'old', 2_000, 1_500),
  told('resolved', 'old', 2_000, 1_460),
  told('firing', 'd', 90, 90, 'other'),
  told('firing', 'e', 90, 90, hash, 'Active'),
];

it('counts what would have begun, and shows it newest first', async () => {
  const { code, out, err, asked } = await command([], story);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^RULE +BEGAN +OPEN +MEDIAN +LONGEST +GROUP\n/);
  expect(out).toMatch(/^Slow +3 +1 +4m +10m /m);
  expect(out).toMatch(/^Full +0 +0 +– +– /m);
  expect([...out.matchAll(/host="(.)"/g)].map(([, host]) => host)).toEqual(['c', 'b', 'a']);
  expect(out).toMatch(/^2026-11-21T12:10:00Z +goes on +warning +default +Slow +12 +\{host="c"\}$/m);
  expect(out).toContain('Slow: 1 more before the rule was changed, not counted');
  // An alert that is open is told again each day.
  expect(asked).toEqual([NOW - 49 * 60 * MINUTE]);
});

it('shows what began earlier and went on', async () => {
  const { out } = await command(['Slow', '--since', '24h30m', '--json'], story);
  const [slow] = (JSON.parse(out) as { rules: { began: number; alerts: unknown[] }[] }).rules;
  expect([slow!.began, slow!.alerts.length]).toEqual([3, 4]);
});

it('ends an alert that no end was told of where the next begins', async () => {
  const { out } = await command(['--json', 'Slow'], () => [
    told('firing', 'a', 100, 100),
    told('firing', 'a', 40, 40),
  ]);
  expect(JSON.parse(out)).toMatchObject({
    since: '2026-11-20T12:12:00Z',
    rules: [
      {
        ...{ name: 'Slow', group, hash, began: 2, open: 1, before_change: 0 },
        ...{ median_ms: 50 * MINUTE, longest_ms: 60 * MINUTE },
        alerts: [
          { starts_at: '2026-11-21T11:32:00Z', ends_at: null, value: 12 },
          { starts_at: '2026-11-21T10:32:00Z', ends_at: '2026-11-21T11:32:00Z' },
        ],
      },
    ],
  });
});

it('says that nothing was recorded', async () => {
  const { code, out } = await command(['Full', '--since', '2h'], () => []);
  expect(code).toBe(0);
  expect(out).toContain('Nothing was recorded in the last 2h.');
});

it('says that no rule is on trial, and asks no server', async () => {
  const { code, out } = await run(
    ['rules', 'shadow', '--config', 'examples/tutorial.yaml'],
    {},
    { env: { TOCSIN_POSTGRES: 'postgres://a@b/c' } },
  );
  expect([code, out]).toEqual([0, 'No rule is on trial: none has `mode: shadow`.']);
});

it('refuses the name of a rule that is not on trial, and of none', async () => {
  const active = await command(['Active'], () => []);
  expect([active.code, active.err]).toEqual([2, expect.stringContaining('Active is not on trial')]);
  const unknown = await command(['Slwo'], () => []);
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('did you mean "Slow"?')]);
});
