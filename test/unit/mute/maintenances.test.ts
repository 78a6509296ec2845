/** What is under maintenance now: of the configuration and of rows, told of people quickly and of machines always anew. */
import type { Maintenance } from '../../../src/domain/maintenance';
import { createMaintenances, maintenanceNames, withMaintenances } from '../../../src/mute/maintenances';
import type { MuteVerdict, SilenceMutes } from '../../../src/mute/port';

const at = (ms: number): Date => new Date(ms);
const maintenance = (name: string, change: Partial<Maintenance> = {}): Maintenance => ({
  ...{ id: name, name, targets: ['db-1'], environments: [], matchers: [], intervals: null },
  ...{ startsAt: at(0).toISOString(), endsAt: at(60_000).toISOString() },
  ...{ createdBy: 'ana', comment: 'moving disks' },
  ...change,
});

function storeOf(rows: Maintenance[]) {
  const state = { reads: 0, away: false, rows };
  const current = async () => {
    state.reads += 1;
    if (state.away) throw new Error('postgres is away');
    return [...state.rows];
  };
  return Object.assign(state, { current });
}
const of = (labels = { instance_id: 'db-1' }) => labels;

test('names what covers an alert the longest, of rows and of the configuration', async () => {
  const store = storeOf([maintenance('short'), maintenance('long', { endsAt: at(90_000).toISOString() })]);
  const configured = [maintenance('other', { targets: ['db-2'], endsAt: null })];
  const maintenances = createMaintenances({ store, configured: () => configured });
  const names = async (labels: { instance_id: string }) =>
    (await maintenances.covering(labels, at(1)))?.maintenance.name;
  expect(await names(of())).toBe('long');
  expect(await names(of({ instance_id: 'db-2' }))).toBe('other');
  expect(await names(of({ instance_id: 'db-3' }))).toBeUndefined();
  const all = (await maintenances.maintainer(at(1)))(of()).map(({ until }) => until);
  expect(all).toEqual([at(90_000).toISOString(), at(60_000).toISOString()]);
});

test('one that was ended mutes nobody, although the reading before is kept', async () => {
  const store = storeOf([maintenance('m')]);
  const maintenances = createMaintenances({ store, configured: () => [] });
  expect(await maintenances.covering(of(), at(1))).not.toBeNull();
  store.rows = [];
  expect(await maintenances.covering(of(), at(2))).toBeNull();
});

test('what the configuration says now counts, when it has been read again', async () => {
  const store = storeOf([]);
  let configured = [
    maintenance('c', { targets: [], environments: ['staging'], startsAt: null, endsAt: null }),
  ];
  const maintenances = createMaintenances({ store, configured: () => configured, cacheMs: 0 });
  const staging = { target: 'x', environment: 'staging', labels: {} };
  const covered = async () =>
    (await maintenances.covering({ environment: 'staging' }, at(1)))?.maintenance.name;
  expect([await covered(), (await maintenances.holding(staging, at(1)))?.maintenance.name]).toEqual([
    'c',
    'c',
  ]);
  configured = [];
  expect([await covered(), await maintenances.holding(staging, at(1))]).toEqual([undefined, null]);
  configured = [maintenance('d', { targets: [], environments: ['staging'], startsAt: null, endsAt: null })];
  expect(await covered()).toBe('d');
});

test('a storm of alerts that none covers reads once', async () => {
  const store = storeOf([maintenance('m')]);
  const maintenances = createMaintenances({ store, configured: () => [] });
  await Promise.all(Array.from({ length: 100 }, () => maintenances.covering({ instance_id: 'x' }, at(1))));
  expect(store.reads).toBe(1);
});

test('for a repair it is read anew each time, and one of the configuration holds although nobody answers', async () => {
  const store = storeOf([]);
  const configured = [maintenance('c', { targets: [], environments: ['staging'], startsAt: null })];
  const maintenances = createMaintenances({ store, configured: () => configured });
  const subject = { target: 'db-1', environment: 'production', labels: {} };
  expect(await maintenances.holding(subject, at(1))).toBeNull();
  store.rows = [maintenance('m')];
  expect((await maintenances.holding(subject, at(2)))?.maintenance.name).toBe('m');
  store.away = true;
  await expect(maintenances.holding(subject, at(3))).rejects.toThrow('away');
  const staging = { ...subject, environment: 'staging' };
  expect((await maintenances.holding(staging, at(3)))?.maintenance.name).toBe('c');
});

describe('together with silences', () => {
  const silence = (until: number): MuteVerdict => ({
    ...{ muted: true, reason: 'silence', by: 'ann', until: at(until).toISOString(), detail: 's' },
    holder: { kind: 'silence', id: 's1' },
  });
  const together = (verdict: MuteVerdict, rows: Maintenance[]) =>
    withMaintenances(
      { verdict: async () => verdict } as unknown as SilenceMutes,
      createMaintenances({ store: storeOf(rows), configured: () => [] }),
    ).verdict(of(), at(1));

  test('whatever lasts longer is named', async () => {
    expect(await together({ muted: false }, [])).toEqual({ muted: false });
    expect(await together(silence(90_000), [maintenance('m')])).toEqual(silence(90_000));
    expect(await together(silence(30_000), [maintenance('m')])).toEqual({
      ...{ muted: true, reason: 'maintenance', by: 'maintenance m', until: at(60_000).toISOString() },
      detail: 'maintenance m of ana until 1970-01-01T00:01:00.000Z: moving disks',
      holder: {
        ...{ kind: 'maintenance', name: 'm', createdBy: 'ana', comment: 'moving disks' },
        endsAt: at(60_000).toISOString(),
      },
    });
  });

  test('one without an end says so, and has no end on record', async () => {
    const verdict = await together({ muted: false }, [maintenance('m', { endsAt: null })]);
    expect(verdict).toMatchObject({
      detail: 'maintenance m of ana until somebody ends it: moving disks',
      holder: { endsAt: null },
    });
  });
});

test('groups name it, and can say later what it was', async () => {
  const names = maintenanceNames(
    createMaintenances({ store: storeOf([maintenance('m')]), configured: () => [] }),
  );
  expect((await names.maintainer(at(1)))(of())).toEqual(['m']);
  expect(names.holder('m')).toMatchObject({ kind: 'maintenance', name: 'm', createdBy: 'ana' });
  expect(names.holder('unheard of')).toMatchObject({ name: 'unheard of', createdBy: '' });
});
