/** Maintenances on Postgres: begun once, in effect for every process at once, ended by name; lives and pages hear of it. */
import type { Maintenance } from '../../../src/domain/maintenance';
import { testHistory, type TestHistory } from './test-history';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-05-01T12:00:00.000Z');
const at = (ms: number): Date => new Date(T0 + ms);
const iso = (ms: number): string => at(ms).toISOString();

const maintenance = (change: Partial<Maintenance> = {}): Maintenance => ({
  ...{ id: 'm1', name: 'move', targets: ['db-1'], environments: [], matchers: [] },
  intervals: null,
  ...{ startsAt: iso(0), endsAt: iso(HOUR), createdBy: 'ana', comment: 'disks' },
  ...change,
});

let own: TestHistory;
beforeEach(async () => void (own = await testHistory()));
afterEach(() => own.close());

test('what was started is read as it was, by every process, until it is over', async () => {
  const recurring = maintenance({
    ...{ id: 'm2', name: 'backup', targets: [], matchers: [{ name: 'team', op: '=~', value: 'a|b' }] },
    ...{ endsAt: null, startsAt: iso(1) },
    intervals: [
      {
        times: [{ startMinute: 120, endMinute: 240 }],
        ...{ weekdays: [{ begin: 0, end: 0 }], daysOfMonth: null, months: null, years: null },
        location: 'Europe/Berlin',
      },
    ],
  });
  const { maintenances } = own.history;
  expect(await maintenances.start(maintenance(), at(0))).toBe(true);
  expect(await maintenances.start(recurring, at(0))).toBe(true);
  const other = (await own.another()).maintenances;
  expect(await other.current(at(HOUR - 1))).toEqual([maintenance(), recurring]);
  expect(await other.current(at(HOUR))).toEqual([recurring]);
  expect(await other.list(at(0))).toEqual([maintenance(), recurring]);
});

test('a name is taken until it is over, however many start it at once', async () => {
  const stores = [own.history.maintenances, (await own.another()).maintenances];
  const started = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      stores[index % 2]!.start(maintenance({ id: `m${index}` }), at(0)),
    ),
  );
  expect(started.filter(Boolean)).toHaveLength(1);
  expect(await stores[0]!.start(maintenance({ id: 'later' }), at(HOUR))).toBe(true);
});

test('it is ended by its name, once', async () => {
  const { maintenances } = own.history;
  await maintenances.start(maintenance({ endsAt: null }), at(0));
  expect(await maintenances.end('other', at(1))).toBe(0);
  expect(await maintenances.end('move', at(1_000))).toBe(1);
  expect(await maintenances.end('move', at(2_000))).toBe(0);
  expect(await maintenances.current(at(1_000))).toEqual([]);
  expect(await maintenances.list(at(0))).toMatchObject([{ endsAt: iso(1_000) }]);
  // One that is to come is over before it begins.
  await maintenances.start(maintenance({ id: 'm9', startsAt: iso(HOUR), endsAt: iso(2 * HOUR) }), at(2_000));
  expect(await maintenances.end('m9', at(3_000))).toBe(1);
  expect(await maintenances.current(at(HOUR + 1))).toEqual([]);
});

test('what waits for it to end is looked at again when it does', async () => {
  const { history, sql, schema } = own;
  await sql.query(
    `insert into ${schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at, held_until)
     values ('m', 'r', 'f', 1, 'fire', now() + interval '1 hour', now() + interval '1 hour')`,
  );
  await history.maintenances.start(maintenance(), at(0));
  await history.maintenances.end('move', at(1_000));
  const { rows } = await sql.query(
    `select due_at <= now() as due, held_until <= now() as freed from ${schema}.notifications`,
  );
  expect(rows).toEqual([{ due: true, freed: true }]);
});

test('one of the configuration that has changed is heard of like one that has ended', async () => {
  const { history, sql, schema } = own;
  await sql.query(
    `insert into ${schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at, held_until)
     values ('m', 'r', 'f', 1, 'fire', now() + interval '1 hour', now() + interval '1 hour')`,
  );
  const configured = maintenance({ id: 'configuration/move', startsAt: null, endsAt: null });
  await history.maintenances.goBy([], [configured]);
  const { rows } = await sql.query(
    `select due_at <= now() as due, held_until <= now() as freed from ${schema}.notifications`,
  );
  expect(rows).toEqual([{ due: true, freed: true }]);
  expect((await history.muteNews.take(10, 60_000)).map(({ scope }) => scope)).toEqual([
    { targets: ['db-1'], environments: [], matchers: [] },
  ]);
});

test('whoever reads a configuration, or starts with it, after another has lives ask again for a day', async () => {
  const { history, sql, schema } = own;
  const named = (name: string): Maintenance =>
    maintenance({ id: `configuration/${name}`, name, targets: [name], startsAt: null, endsAt: null });
  const heard = async (): Promise<string[]> => {
    const { rows } = await sql.query<{ scope: { targets: string[] } }>(
      `delete from ${schema}.mute_news returning scope`,
    );
    return rows.flatMap(({ scope }) => scope.targets).sort();
  };
  const dayLater = () =>
    sql.query(`update ${schema}.configured_maintenances set changed_at = changed_at - interval '25 hours'`);
  const [one, other] = [history.maintenances, (await own.another()).maintenances];
  await one.goBy([named('a'), named('b')], []);
  await dayLater();
  await heard();
  await other.goBy([named('b'), named('a')], []);
  expect(await heard()).toEqual([]);
  // One has read that a is gone; lives may yet be answered by the other that it holds.
  await one.goBy([named('b')], [named('a')]);
  expect(await heard()).toEqual(['a']);
  await other.goBy([named('b')], []);
  expect(await heard()).toEqual(['a']);
  await dayLater();
  await other.goBy([named('b'), named('c')], []);
  expect(await heard()).toEqual(['c']);
  await dayLater();
  await other.goBy([named('b')], []);
  await dayLater();
  await heard();
  await one.goBy([named('b'), named('c')], []);
  expect(await heard()).toEqual(['c']);
});

test('lives are told of each change until somebody has told them', async () => {
  const { maintenances, muteNews, silences } = own.history;
  const matchers = [{ name: 'a', op: '=' as const, value: 'b' }];
  await maintenances.start(maintenance(), at(0));
  await maintenances.end('move', at(1));
  await silences.set(
    {
      ...{ id: null, matchers, startsAt: iso(0), endsAt: iso(HOUR) },
      ...{ createdBy: 'ana', comment: '', annotations: {} },
    },
    at(0),
  );
  const taken = await muteNews.take(10, 60_000);
  const target = { targets: ['db-1'], environments: [], matchers: [] };
  expect(taken.map(({ scope }) => scope)).toEqual([
    target,
    target,
    { targets: [], environments: [], matchers },
  ]);
  // Whoever has taken them may die.
  expect(await muteNews.take(10, 60_000)).toEqual([]);
  await own.sql.query(`update ${own.schema}.mute_news set lease_until = now() - interval '1 second'`);
  const again = await muteNews.take(10, 60_000);
  expect(again).toHaveLength(3);
  await muteNews.done(again.map(({ id }) => id));
  await own.sql.query(`update ${own.schema}.mute_news set lease_until = null`);
  expect(await muteNews.take(10, 60_000)).toEqual([]);
});

test('what was over long ago is forgotten', async () => {
  const { history } = own;
  await history.maintenances.start(maintenance(), at(0));
  await history.maintenances.start(maintenance({ id: 'm2', name: 'open', endsAt: null }), at(0));
  await history.forgetBefore(at(2 * HOUR));
  expect((await history.maintenances.list(at(-HOUR))).map(({ id }) => id)).toEqual(['m2']);
});
