/** On call as people look it up and change it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NOW, run, type World } from './fake-context';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-oncall-'));
  file = join(folder, 'tocsin.yaml');
  writeFileSync(
    file,
    `
receivers: [{ name: hook, type: webhook, url: 'http://127.0.0.1:1/' }]
route: { receivers: [hook] }
people: [{ name: ana, notify: { high: [hook] } }, { name: ben, notify: { high: [hook] } }]
schedules:
  - name: dba
    time_zone: Europe/Berlin
    layers: [{ name: days, people: [ana, ben], start: 2026-11-20T09:00 }]
  - name: office
    layers: [{ name: week, people: [ben], start: 2026-11-01, only: [{ weekdays: ['monday:friday'] }] }]
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const oncall = (args: readonly string[], world: World = {}, more: Parameters<typeof run>[2] = {}) =>
  run(['oncall', ...args, '--config', file], world, more);
const override = (from: number, to: number) => ({
  ...{ id: '1', schedule: 'dba', person: 'ana', createdBy: 'eve', comment: '' },
  ...{ from: NOW + from * 3_600_000, to: NOW + to * 3_600_000 },
});

describe('show', () => {
  it('says who is on call in each schedule, by which layer, and who is next when', async () => {
    const { code, out } = await oncall(['show']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'SCHEDULE  ON CALL  BY    NEXT  HANDOFF',
      'dba       ben      days  ana   Sun 2026-11-22 09:00 +01:00, in 19h 48m',
      'office    nobody         ben   Mon 2026-11-23 00:00 +00:00, in 1d 11h',
    ]);
  });

  it('of one schedule, at a time on its own clock, with overrides', async () => {
    const { out } = await oncall(['show', 'dba', '--at', '2026-11-21T13:30'], {
      overrides: [override(0, 1)],
    });
    expect(out).toMatch(/^dba +ana +override +ben +Sat 2026-11-21 14:12 \+01:00/m);
  });

  it('is there for programs', async () => {
    const { out } = await oncall(['show', 'dba', '--json']);
    expect(JSON.parse(out)).toEqual([
      { schedule: 'dba', person: 'ben', by: 'days', next: { person: 'ana', at: '2026-11-22T08:00:00.000Z' } },
    ]);
  });

  it('without Postgres shows what the configuration says, and says that it does', async () => {
    const away = async () => Promise.reject(new Error('postgres://u:secret@host is away'));
    const { code, out, err } = await oncall(['show', 'dba'], {}, { wire: { openOperator: away } });
    expect(code).toBe(0);
    expect(out).toMatch(/^dba +ben/m);
    expect(err).toMatch(/overrides are left out, for they cannot be read: .*host is away/);
    expect(err).not.toContain('secret');
  });
});

test('shifts lists who is on call from when to when, overrides included', async () => {
  const args = ['shifts', 'dba', '--from', '2026-11-21T09:00', '--to', '2026-11-22T21:00'];
  const { out } = await oncall(args, { overrides: [override(1, 2)] });
  expect(out.split('\n')).toEqual(
    [
      'FROM                         TO                           FOR     ON CALL  BY',
      'Sat 2026-11-21 09:00 +01:00  Sat 2026-11-21 14:12 +01:00  5h 12m  ben      days',
      'Sat 2026-11-21 14:12 +01:00  Sat 2026-11-21 15:12 +01:00  1h      ana      override',
      'Sat 2026-11-21 15:12 +01:00  Sun 2026-11-22 09:00 +01:00  17h 48m  ben      days',
      'Sun 2026-11-22 09:00 +01:00  Sun 2026-11-22 21:00 +01:00  12h     ana      days',
    ].map((line) =>
      expect.stringMatching(new RegExp(`^${line.replace(/[+]/g, '\\+').replace(/ +/g, ' +')}$`)),
    ),
  );
});

describe('override', () => {
  it('puts a person in the place of another, from now on unless it says when', async () => {
    const { code, out, calls } = await oncall(['override', 'dba', 'ana', '--to', '+2h', '--comment', 'swap']);
    expect(code).toBe(0);
    const row = {
      schedule: 'dba',
      person: 'ana',
      from: NOW,
      to: NOW + 7_200_000,
      createdBy: 'alice',
      comment: 'swap',
    };
    expect(calls).toEqual([['override', { ...row, id: expect.any(String) }], ['close']]);
    expect(out).toBe('ana is on call in dba from Sat 2026-11-21 13:12 +01:00 to Sat 2026-11-21 15:12 +01:00');
  });

  it.each([
    [['dba', 'anna', '--to', '+2h'], /"anna" is no person; did you mean "ana"\? accepted: ana, ben/],
    [['dbb', 'ana', '--to', '+2h'], /"dbb" is no schedule; did you mean "dba"\?/],
    [['dba', 'ana', '--to', '2h'], /--to 2h is no time; accepted: the clock's time in Europe\/Berlin/],
    [['dba', 'ana', '--from', '+2h', '--to', '+1h'], /--to is not after --from/],
    [['dba', 'ana'], /--to <time>/],
  ])('%j is refused, and nothing is written', async (args, message) => {
    const { code, err, calls } = await oncall(['override', ...args]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(calls).toEqual([]);
  });
});

describe('rules explain', () => {
  const explained = async (severity: string) => {
    const path = join(folder, `${severity}.yaml`);
    writeFileSync(
      path,
      `
receivers: [{ name: pagerduty, type: webhook, url: 'http://h/' }, { name: slack, type: webhook, url: 'http://h/' }]
route: { severity_routing: {} }
rules: [{ name: R, metric: connections_used_percent, threshold: 9, severity: ${severity} }]
escalation:
  - name: chain
    levels:
      - { name: many, receivers: [slack], timeout: 5m, when: { alerts: 3 } }
      - { name: all, receivers: [slack], timeout: 5m }
`,
    );
    return (await run(['rules', 'explain', 'R', '--config', path])).out;
  };

  it('says whom the severity tells, and which levels have conditions', async () => {
    expect(await explained('critical')).toMatch(/ pagerduty at once$/m);
    expect(await explained('warning')).toMatch(/ slack at once$/m);
    const low = await explained('info');
    expect(low).toMatch(/nobody: it is on lists and dashboards, as route.severity_routing has it for low$/m);
    expect(low).toMatch(/chain: many after 0s if its condition holds, all after 5m$/m);
  });
});

test('a time that is none is refused before anything is asked', async () => {
  const { code, err, calls } = await oncall(['show', '--at', 'tomorrow']);
  expect([code, calls]).toEqual([2, []]);
  expect(err).toMatch(/--at tomorrow is no time/);
});
