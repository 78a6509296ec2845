/** What people look up: lists with filters, one alert by its prefix, silences, and what is forgotten. */
import { openDatabase } from '../../../src/history/database';
import type { AlertRow } from '../../../src/history/port';
import { forgetBefore } from '../../../src/history/retention';
import type { Silence } from '../../../src/mute/port';
import { alertRow, change, ending, firing, STARTED } from './test-alerts';
import { postgresUrl, testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeAll(async () => (test_ = await testHistory()));
afterAll(() => test_.close());
const write = (rows: readonly AlertRow[]) =>
  test_.history.pages.apply(
    rows.map(({ fingerprint }) => fingerprint),
    () => change({ rows }),
  );

describe('alerts', () => {
  const high = alertRow(
    { episode: STARTED + 2 },
    { alertname: 'High', instance_id: 'a', severity: 'critical' },
  );
  const slow = alertRow(
    { episode: STARTED + 1 },
    { alertname: 'Slow', instance_id: 'b', severity: 'warning' },
  );
  const over = alertRow(
    { episode: STARTED, state: 'RESOLVED', endsAt: new Date(STARTED + 5).toISOString() },
    { alertname: 'Over', instance_id: 'a', severity: 'warning' },
  );
  const many = Array.from({ length: 1_200 }, (_, i) =>
    alertRow({ episode: STARTED - 1 - i }, { alertname: 'Many', n: String(i) }),
  );
  beforeAll(() => write([over, slow, high, ...many]));
  const names = async (filter: Parameters<TestHistory['history']['lists']['list']>[0]) =>
    (await test_.history.lists.list(filter)).map(({ labels }) => labels['alertname']);

  test.each([
    [{ limit: 4 }, ['High', 'Slow', 'Over', 'Many']],
    [{ state: 'RESOLVED' as const }, ['Over']],
    [{ severity: 'warning' }, ['Slow', 'Over']],
    [{ matchers: ['instance_id="a"', 'severity=~"crit.*"'] }, ['High']],
    [{ matchers: ['instance_id!=""', 'alertname!~"S.*|O.*"'] }, ['High']],
    [{ matchers: ['instance_id=""'], limit: 1 }, ['Many']],
    [{ matchers: ['n=~"1(0|1)99"'] }, ['Many', 'Many']],
  ])('%j lists %j, newest first', async (filter, expected) => {
    expect(await names(filter)).toEqual(expected);
  });

  test('a matcher that is none is refused', async () => {
    await expect(test_.history.lists.list({ matchers: ['what?'] })).rejects.toThrow(RangeError);
  });

  test('one is found by an unambiguous prefix', async () => {
    const { lists } = test_.history;
    expect((await lists.find(high.fingerprint.slice(0, 12)))?.fingerprint).toBe(high.fingerprint);
    expect(await lists.find('')).toBeNull();
    expect(await lists.find('%')).toBeNull();
    const letters = new Set(many.map(({ fingerprint }) => fingerprint[0]));
    expect(letters.size).toBe(16);
    expect(await lists.find(high.fingerprint[0]!)).toBeNull();
  });
});

describe('silences', () => {
  const silence: Silence = {
    id: 's1',
    matchers: [{ name: 'a', op: '=~', value: 'x.*' }],
    startsAt: new Date(1_000).toISOString(),
    endsAt: new Date(5_000).toISOString(),
    createdBy: 'ann',
    comment: 'nul \u0000',
  };
  const active = async (ms: number) =>
    (await test_.history.silences.active(new Date(ms))).map(({ id }) => id);

  test('hold from their start until their end, and the same id again changes nothing', async () => {
    await test_.history.silences.create(silence);
    await test_.history.silences.create({ ...silence, comment: 'other' });
    expect(await test_.history.silences.active(new Date(1_000))).toEqual([
      { ...silence, comment: 'nul \ufffd' },
    ]);
    expect([await active(999), await active(4_999), await active(5_000)]).toEqual([[], ['s1'], []]);
  });
});

test('episodes that ended long ago are forgotten with all that belongs to them, batch by batch; open ones and what waits never', async () => {
  const old = alertRow({ episode: 1_000 }, { alertname: 'Old' });
  const open = alertRow({ episode: 1_000 }, { alertname: 'StillOpen' });
  const again = alertRow({ episode: 1_000 }, { alertname: 'Again' });
  const waits = alertRow({ episode: 1_000 }, { alertname: 'Waits' });
  for (const one of [old, open, again, waits])
    await test_.history.pages.apply([one.fingerprint], () => firing(one));
  for (const one of [old, again, waits])
    await test_.history.pages.apply([one.fingerprint], () => ending(one));
  await test_.sql.query(
    `update ${test_.schema}.notifications set state = 'sent' where fingerprint = any($1)`,
    [[old.fingerprint, again.fingerprint]],
  );
  const newer = { ...again, episode: STARTED, startsAt: new Date(STARTED).toISOString() };
  await test_.history.pages.apply([again.fingerprint], () => firing(newer));

  const database = openDatabase({ url: postgresUrl, instance: test_.instance });
  const batches: number[] = [];
  do batches.push(await forgetBefore(database, new Date(120_000), 1));
  while (batches.at(-1)! > 0);
  await database.close();
  // the silence above goes with the first one
  expect(batches).toEqual([2, 1, 0]);
  const { lists } = test_.history;
  expect(await lists.find(waits.fingerprint)).not.toBeNull();
  expect(await lists.notifications(waits.fingerprint)).toHaveLength(2);
  expect(await lists.find(old.fingerprint)).toBeNull();
  expect(await lists.timeline(old.fingerprint)).toEqual([]);
  expect(await lists.notifications(old.fingerprint)).toEqual([]);
  expect(await lists.find(open.fingerprint)).not.toBeNull();
  expect(await lists.find(again.fingerprint)).toEqual(newer);
  expect((await lists.timeline(again.fingerprint)).map(({ episode }) => episode)).toEqual([STARTED]);
});
