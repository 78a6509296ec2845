/** A silence that lasts until its alerts are over, and a look at what one would mute, on Postgres. */
import type { AlertRow } from '../../../src/history/port';
import { previewSilence } from '../../../src/mute/preview';
import { alertRow, ending, firing, STARTED } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

const DAY = 86_400_000;
const at = (ms: number): Date => new Date(STARTED + ms);
let own: TestHistory;
beforeEach(async () => void (own = await testHistory()));
afterEach(() => own.close());

const labels = (instance: string, alertname = 'High') => ({ alertname, instance_id: instance });
const row = (instance: string, more: Partial<AlertRow> = {}, alertname?: string) =>
  alertRow(more, labels(instance, alertname));
const fire = (one: AlertRow) => own.history.pages.apply([one.fingerprint], () => firing(one));
const end = (one: AlertRow) => own.history.pages.apply([one.fingerprint], () => ending(one));

async function silenced(...rows: readonly AlertRow[]): Promise<string> {
  const id = await own.history.silences.set(
    {
      ...{ id: null, matchers: [{ name: 'alertname', op: '=', value: 'High' }], annotations: {} },
      ...{ startsAt: at(0).toISOString(), endsAt: at(365 * DAY).toISOString() },
      ...{ createdBy: 'ana', comment: '' },
      untilResolved: rows.map(({ fingerprint, episode }) => ({ fingerprint, episode })),
    },
    at(0),
  );
  return id!;
}
const activeAt = async (ms: number) => (await own.history.silences.active(at(ms))).map(({ id }) => id);

test('it ends when the last of its alerts is over, in whichever process', async () => {
  const [one, other] = [row('a'), row('b')];
  await fire(one);
  await fire(other);
  const id = await silenced(one, other);
  expect(await own.history.silences.endResolved(at(1_000))).toEqual([]);
  await end(one);
  expect(await own.history.silences.endResolved(at(2_000))).toEqual([]);
  expect(await activeAt(2_000)).toEqual([id]);
  await end(other);
  // As after a restart: nothing of it is in anybody's memory.
  const { silences } = await own.another();
  expect((await silences.endResolved(at(3_000))).map((each) => each.id)).toEqual([id]);
  expect(await silences.endResolved(at(4_000))).toEqual([]);
  expect(await silences.get(id, at(4_000))).toMatchObject({ endsAt: at(3_000).toISOString() });
  expect((await own.history.muteNews.take(10, 1_000)).length).toBe(2);
});

test('one that a life makes ends with its episode, and a change of its comment leaves that so', async () => {
  const one = row('a');
  await fire(one);
  const { silences } = own.history;
  const silence = {
    ...{ id: 'life-1', matchers: [{ name: 'alertname', op: '=' as const, value: 'High' }] },
    ...{ startsAt: at(0).toISOString(), endsAt: at(365 * DAY).toISOString(), createdBy: 'ana', comment: 'x' },
    untilResolved: [{ fingerprint: one.fingerprint, episode: one.episode }],
  };
  await silences.create(silence);
  const { untilResolved: _, ...edited } = { ...silence, comment: 'y', annotations: {} };
  expect(await silences.set(edited, at(500))).toBe('life-1');
  expect(await silences.endResolved(at(1_000))).toEqual([]);
  await end(one);
  expect((await silences.endResolved(at(2_000))).map(({ id, comment }) => [id, comment])).toEqual([
    ['life-1', 'y'],
  ]);
});

test('one that ends at a time can be made to end with its alerts', async () => {
  const one = row('a');
  await fire(one);
  const { silences } = own.history;
  const wanted = {
    ...{ id: null, matchers: [{ name: 'alertname', op: '=' as const, value: 'High' }], annotations: {} },
    ...{ startsAt: at(0).toISOString(), endsAt: at(DAY).toISOString(), createdBy: 'ana', comment: '' },
  };
  const id = (await silences.set(wanted, at(0)))!;
  const until = [{ fingerprint: one.fingerprint, episode: one.episode }];
  expect(await silences.set({ ...wanted, id, untilResolved: until }, at(1))).toBe(id);
  await end(one);
  expect((await silences.endResolved(at(2_000))).map((each) => each.id)).toEqual([id]);
});

test('an alert that has fired again is another episode: people are to hear of it', async () => {
  const one = row('a');
  await fire(one);
  const id = await silenced(one);
  await end(one);
  await fire(row('a', { episode: STARTED + 120_000, fireCount: 2 }));
  expect((await own.history.silences.endResolved(at(121_000))).map((each) => each.id)).toEqual([id]);
});

test('one whose sender is silent is over at its time', async () => {
  const one = row('a', { expiresAt: at(5_000).toISOString() });
  await fire(one);
  await silenced(one);
  expect(await own.history.silences.endResolved(at(4_999))).toEqual([]);
  expect(await own.history.silences.endResolved(at(5_000))).toHaveLength(1);
});

test('other silences are left alone, and its own end is kept', async () => {
  await own.history.silences.set(
    {
      ...{ id: null, matchers: [{ name: 'alertname', op: '=', value: 'High' }], annotations: {} },
      ...{ startsAt: at(0).toISOString(), endsAt: at(DAY).toISOString(), createdBy: 'ana', comment: '' },
    },
    at(0),
  );
  expect(await own.history.silences.endResolved(at(1_000))).toEqual([]);
  expect(await activeAt(1_000)).toHaveLength(1);
});

test('a preview counts what is open, and the episodes of seven days, by name', async () => {
  const now = new Date();
  const ago = (days: number): number => now.getTime() - days * DAY;
  const old = row('a', { episode: ago(30) });
  const recent = row('b', { episode: ago(3) });
  const open = row('c', { episode: ago(20) });
  const other = row('b', { episode: ago(1) }, 'Low');
  for (const each of [old, recent, open, other]) await fire(each);
  for (const each of [old, recent, other]) await end(each);
  const preview = (...matchers: Parameters<typeof previewSilence>[0]) =>
    previewSilence(matchers, own.history.episodes, now);

  const byName = await preview({ name: 'alertname', op: '=', value: 'High' });
  expect(byName.now).toEqual({
    ...{ count: 1, alerts: 1, byAlertname: [{ alertname: 'High', count: 1 }] },
    examples: [labels('c')],
  });
  expect(byName.past).toMatchObject({
    ...{ count: 2, alerts: 2, byAlertname: [{ alertname: 'High', count: 2 }], isWhole: true },
    ...{ last: recent.startsAt, examples: [labels('b'), labels('c')] },
  });

  const byPattern = await preview({ name: 'instance_id', op: '=~', value: 'a|b' });
  expect(byPattern.now.count).toBe(0);
  expect(byPattern.past.byAlertname).toEqual([
    { alertname: 'High', count: 1 },
    { alertname: 'Low', count: 1 },
  ]);
  expect((await preview({ name: 'alertname', op: '=', value: 'None' })).past).toMatchObject({
    ...{ count: 0, last: null, examples: [] },
  });
});
