/** Maintenance as people begin it, end it and look it up. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Maintenance } from '../../../src/domain/maintenance';
import { alertRow, NOW, run, type World } from './fake-context';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-maintenance-'));
  file = join(folder, 'tocsin.yaml');
  writeFileSync(
    file,
    `
targets: [{ name: prod-db-01, type: postgresql, url: 'postgres://h/db' }]
maintenance:
  - name: backup
    targets: [prod-db-01]
    intervals: [{ weekdays: [sunday], times: [{ start_time: '02:00', end_time: '04:00' }], time_zone: Europe/Berlin }]
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const maintenance = (args: readonly string[], world: World = {}) =>
  run(['maintenance', ...args, '--config', file], world);
const begun = (change: Partial<Maintenance> = {}): Maintenance => ({
  ...{ id: 'm1', name: 'move', targets: ['prod-db-01'], environments: [], matchers: [], intervals: null },
  ...{ startsAt: new Date(NOW - 3_600_000).toISOString(), endsAt: null, createdBy: 'ana', comment: 'disks' },
  ...change,
});

describe('start', () => {
  const started = async (...args: string[]) => {
    const { code, out, err, calls } = await maintenance(['start', 'move', ...args]);
    return { code, out, err, made: calls.find(([name]) => name === 'start')?.[1] as Maintenance };
  };

  it('is in effect from now on, for so long', async () => {
    const { code, out, made } = await started('--target', 'prod-db-01', '--for', '2h', '--comment', 'disks');
    expect(code).toBe(0);
    expect(made).toMatchObject({
      ...{ name: 'move', targets: ['prod-db-01'], environments: [], matchers: [], intervals: null },
      ...{ startsAt: '2026-11-21T12:12:00.000Z', endsAt: '2026-11-21T14:12:00.000Z' },
      ...{ createdBy: 'alice', comment: 'disks' },
    });
    expect(out).toMatch(/^maintenance move of target prod-db-01 is in effect until .*14:12/);
  });

  it('lasts until it is ended where no end is given', async () => {
    const { out, made } = await started('--environment', 'staging');
    expect(made).toMatchObject({ environments: ['staging'], endsAt: null });
    expect(out).toBe(
      'maintenance move of environment staging is in effect until `tocsin maintenance end move`',
    );
  });

  it('recurs by the clock of a zone', async () => {
    const times = ['--weekdays', 'sunday', '--times', '02:00-04:00', '--time-zone', 'Europe/Berlin'];
    const { out, made } = await started('-m', 'team="dba"', ...times);
    expect(made).toMatchObject({
      matchers: [{ name: 'team', op: '=', value: 'dba' }],
      intervals: [
        {
          times: [{ startMinute: 120, endMinute: 240 }],
          ...{ weekdays: [{ begin: 0, end: 0 }], location: 'Europe/Berlin' },
        },
      ],
    });
    expect(out).toMatch(/is in effect from .*2026-11-22 .* on, in 12h 48m; it recurs$/);
  });

  it.each([
    [[], /give --target, --environment or --matcher, one of the three/],
    [['--target', 'prod-db-01', '--environment', 'x'], /one of the three/],
    [['--target', 'prod-db-1'], /"prod-db-1" is no target; did you mean "prod-db-01"\?/],
    [['--environment', 'x', '--for', '1h', '--until', '+2h'], /--for and --until both say/],
    [['--environment', 'x', '--until', '2026-11-20T00:00:00Z'], /over before it begins/],
    [['--environment', 'x', '--until', 'noon'], /--until noon is no time; accepted: ISO 8601/],
    [['--environment', 'x', '--times', '4-2'], /--times 4-2: is no time of day/],
    [['--environment', 'x', '--times', '04:00-02:00'], /over midnight give two ranges/],
    [
      ['--environment', 'x', '--weekdays', 'sonntag'],
      /--weekdays sonntag: has "sonntag", which is not a day/,
    ],
    [
      ['--environment', 'x', '--times', '02:00-04:00', '--time-zone', 'Europe/Berln'],
      /did you mean "Europe\/Berlin"/,
    ],
    [['--environment', 'x', '--time-zone', 'UTC'], /--time-zone has a meaning only with/],
    [['-m', 'a=""'], /must not hold for the empty value/],
  ])('refuses %j', async (args, message) => {
    const { code, err, made } = await started(...args);
    expect([code, made]).toEqual([2, undefined]);
    expect(err).toMatch(message);
  });

  it('refuses a name that is taken, and one that is none', async () => {
    const args = ['--environment', 'x'];
    const taken = await maintenance(['start', 'move', ...args], { maintenances: [begun()] });
    expect([taken.code, taken.err]).toEqual([2, expect.stringMatching(/a maintenance move is not over yet/)]);
    const configured = await maintenance(['start', 'backup', ...args]);
    expect(configured.err).toMatch(/backup is a maintenance of the configuration/);
    expect((await maintenance(['start', 'a b', ...args])).err).toMatch(/"a b" cannot be a name/);
  });
});

test('list shows what is in effect and to come, of the configuration too', async () => {
  const { out } = await maintenance(['list'], { maintenances: [begun()] });
  expect(out.split('\n')).toEqual([
    expect.stringMatching(/^NAME +OF +STATE +UNTIL +NEXT +BY +COMMENT$/),
    expect.stringMatching(/^backup +target prod-db-01 +to come +\S+ .*in 12h 48m +the configuration$/),
    expect.stringMatching(/^move +target prod-db-01 +in effect +ended by hand +ana +disks$/),
  ]);
  const json = await maintenance(['list', '--json'], { maintenances: [begun()] });
  expect(JSON.parse(json.out)).toMatchObject([
    { name: 'backup', state: 'to come', recurs: true, next_start: '2026-11-22T01:00:00.000Z' },
    { name: 'move', state: 'in effect', recurs: false, in_effect_until: null, created_by: 'ana' },
  ]);
});

test('end says what it has ended, and why it cannot', async () => {
  const world = { maintenances: [begun()] };
  expect(await maintenance(['end', 'move'], world)).toMatchObject({
    code: 0,
    out: 'maintenance move has ended',
  });
  expect((await maintenance(['end', 'backup'], world)).err).toMatch(
    /backup is of the configuration: it ends/,
  );
  expect((await maintenance(['end', 'none'], world)).err).toMatch(/no maintenance none is in effect/);
});

test('alerts are listed with the maintenance that holds them', async () => {
  const world = { rows: [alertRow()], maintenances: [begun()] };
  const { out } = await run(['alerts', 'list', '--config', file], world);
  expect(out).toMatch(/SILENCED.*maintenance move, until it is ended$/m);
});
