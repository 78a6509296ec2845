/** Rules that change while their evaluator runs: what did not change goes on, and what cannot be read changes nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testServers } from '../harness/servers';
import { startSystem, type Role, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 120_000;

let folder: string;
let system: System;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-rules-'));
  system = await startSystem({
    servers: testServers(),
    more: { rules: [], rule_files: [join(folder, '*.yml')] },
  });
});

afterAll(async () => {
  await system.close();
  await rm(folder, { recursive: true, force: true });
});

const write = (...rules: string[]): Promise<void> =>
  writeFile(
    join(folder, 'r.yml'),
    `groups: [{ name: g, interval: 1s, rules: [${rules.map((rule) => `{ ${rule} }`).join(', ')}] }]`,
  );
const rule = (name: string, expr: string): string =>
  `alert: ${name}, expr: '${expr}', labels: { severity: high }`;
const high = (limit: number): string => `connections_used_percent > ${limit}`;

const told = (): string[] =>
  system.messages().map(({ step, payload }) => `${payload.alert_name} ${step.split(' ')[0]}`);
const untilTold = (...expected: string[]): Promise<unknown> =>
  waitFor(() => expected.every((each) => told().includes(each)), {
    what: expected.join(' and '),
    timeoutMs: 30_000,
  });

test(
  'by its file, by SIGHUP and over HTTP',
  async () => {
    await write(rule('Keeps', high(80)), rule('Changes', high(85)));
    await system.start('dispatcher effects');
    const evaluator = await system.start('evaluator');
    await system.sample('db-1', 90);
    await untilTold('Keeps fire', 'Changes fire');

    await writeFile(join(folder, 'r.yml'), 'groups: [{ name: g, rules: [{ alert: A, expr: "x >" }] }]');
    process.kill(evaluator.pid, 'SIGHUP');
    await said(evaluator, 'the rules stay as they were');
    expect(evaluator.output()).toContain('could not be parsed');
    expect(await metricOf(evaluator)).toContain('tocsin_rules_last_read_successful 0');

    await write(rule('Keeps', high(80)), rule('Changes', high(95)));
    await untilTold('Changes resolved');
    const [ended] = await system.history.lists.list({}).then((rows) => rows.filter(isOf('Changes')));
    expect(ended!.annotations.resolved_reason).toBe('rule changed');

    await write(rule('Keeps', high(80)), rule('Added', high(70)));
    const answer = await fetch(`${urlOf(evaluator)}/-/reload`, { method: 'POST' });
    expect([answer.status, ['changed\n', 'unchanged\n'].includes(await answer.text())]).toEqual([200, true]);
    await system.sample('db-1', 91);
    await untilTold('Added fire');
    expect(await metricOf(evaluator)).toContain('tocsin_rules_last_read_successful 1');
    expect(told().sort()).toEqual(['Added fire', 'Changes fire', 'Changes resolved', 'Keeps fire']);
    const [kept] = await system.history.lists.list({}).then((rows) => rows.filter(isOf('Keeps')));
    expect(kept).toMatchObject({ state: 'FIRING', fireCount: 1 });
  },
  STORY_MS,
);

const isOf =
  (name: string) =>
  ({ labels }: { labels: Readonly<Record<string, string>> }): boolean =>
    labels.alertname === name;

const said = (role: Role, text: string): Promise<unknown> =>
  waitFor(() => role.output().includes(text), { what: `"${text}"`, timeoutMs: 20_000 });

const urlOf = (role: Role): string => /"url":"(http:[^"]+)"/.exec(role.output())![1]!;

const metricOf = async (role: Role): Promise<string> => (await fetch(`${urlOf(role)}/metrics`)).text();
