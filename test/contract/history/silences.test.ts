/** Silences on Postgres, with Alertmanager's meaning: what changes in place, what ends and goes on as another, what stays on record. */
import type { WantedSilence } from '../../../src/mute/port';
import { testHistory, type TestHistory } from './test-history';

const HOUR = 3_600_000;
const T0 = Date.parse('2026-05-01T12:00:00.400Z');
const at = (ms: number): Date => new Date(T0 + ms);
const iso = (ms: number): string => at(ms).toISOString();

const wanted = (change: Partial<WantedSilence> = {}): WantedSilence => ({
  id: null,
  matchers: [{ name: 'instance', op: '=~', value: 'db-.*' }],
  startsAt: iso(0),
  endsAt: iso(HOUR),
  createdBy: 'ann',
  comment: 'moving disks',
  annotations: { ticket: 'X-1' },
  ...change,
});

let own: TestHistory;
beforeEach(async () => void (own = await testHistory()));
afterEach(() => own.close());

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a new one has an id of its own and starts now at the earliest', async () => {
  const { silences } = own.history;
  const id = await silences.set(wanted({ startsAt: iso(-HOUR) }), at(0));
  expect(id).toMatch(UUID);
  const kept = { ...wanted(), id, updatedAt: iso(0) };
  expect(await silences.get(id!, at(1))).toEqual(kept);
  expect(await silences.list(at(1))).toEqual([kept]);
  expect((await silences.active(at(1))).map((each) => each.id)).toEqual([id]);
});

test('an id that there is none of is told', async () => {
  const { silences } = own.history;
  expect(await silences.set(wanted({ id: 'none' }), at(0))).toBeNull();
  expect(await silences.get('none', at(0))).toBeNull();
  expect(await silences.expire('none', at(0))).toBe(false);
  expect(await silences.list(at(0))).toEqual([]);
});

test.each([
  ['active: another end', 0, { endsAt: iso(2 * HOUR) }],
  ['active: another comment', 0, { comment: 'still moving', annotations: {} }],
  ['active: the start without its fraction', 0, { startsAt: '2026-05-01T12:00:00.000Z' }],
  ['pending: another start', HOUR, { startsAt: iso(HOUR / 2) }],
])('%s changes it in place', async (_name, start, change) => {
  const { silences } = own.history;
  const first = wanted({ startsAt: iso(start), endsAt: iso(3 * HOUR) });
  const id = await silences.set(first, at(0));
  expect(await silences.set({ ...first, id, ...change }, at(1_000))).toBe(id);
  expect(await silences.list(at(1_000))).toEqual([{ ...first, ...change, id, updatedAt: iso(1_000) }]);
});

test.each([
  ['active: other matchers', 0, { matchers: [{ name: 'a', op: '=' as const, value: 'b' }] }],
  ['active: another start', 0, { startsAt: iso(HOUR) }],
  ['pending: a start in the past', HOUR, { startsAt: iso(-1) }],
])('%s ends it and makes another', async (_name, start, change) => {
  const { silences } = own.history;
  const first = wanted({ startsAt: iso(start), endsAt: iso(3 * HOUR) });
  const id = await silences.set(first, at(0));
  const second = await silences.set({ ...first, id, ...change }, at(1_000));
  expect(second).not.toBe(id);
  const started = Math.max(Date.parse({ ...first, ...change }.startsAt), T0 + 1_000);
  expect(await silences.get(second!, at(1_000))).toEqual({
    ...{ ...first, ...change },
    startsAt: new Date(started).toISOString(),
    ...{ id: second, updatedAt: iso(1_000) },
  });
  expect(await silences.get(id!, at(1_000))).toMatchObject({
    startsAt: start === 0 ? iso(0) : iso(1_000),
    endsAt: iso(1_000),
    updatedAt: iso(1_000),
  });
});

test('one that is over stays as it was when it is wanted again', async () => {
  const { silences } = own.history;
  const id = await silences.set(wanted(), at(0));
  expect(await silences.expire(id!, at(1_000))).toBe(true);
  expect(await silences.expire(id!, at(2_000))).toBe(true);
  const over = await silences.get(id!, at(2_000));
  expect(over).toMatchObject({ endsAt: iso(1_000), updatedAt: iso(1_000) });
  const again = await silences.set(wanted({ id }), at(3_000));
  expect(again).not.toBe(id);
  expect(await silences.get(id!, at(3_000))).toEqual(over);
  expect((await silences.active(at(3_000))).map((each) => each.id)).toEqual([again]);
});

test('one that is to come ends before it begins', async () => {
  const { silences } = own.history;
  const id = await silences.set(wanted({ startsAt: iso(HOUR), endsAt: iso(2 * HOUR) }), at(0));
  await silences.expire(id!, at(1_000));
  expect(await silences.get(id!, at(1_000))).toMatchObject({ startsAt: iso(1_000), endsAt: iso(1_000) });
  expect(await silences.active(at(HOUR + 1))).toEqual([]);
});

test('it is shown for 120 hours after its end', async () => {
  const { silences } = own.history;
  const id = await silences.set(wanted(), at(0));
  expect(await silences.list(at(121 * HOUR - 1))).toHaveLength(1);
  expect(await silences.list(at(121 * HOUR))).toEqual([]);
  expect(await silences.get(id!, at(121 * HOUR))).toBeNull();
  expect(await silences.set(wanted({ id, endsAt: iso(200 * HOUR) }), at(121 * HOUR))).toBeNull();
});

test('two processes that change the same one leave one in effect', async () => {
  const { silences } = own.history;
  const others = (await own.another()).silences;
  const id = await silences.set(wanted(), at(0));
  const matchers = (value: string) => [{ name: 'a', op: '=' as const, value }];
  const changes = [silences, others, silences, others].map((store, index) =>
    store.set(wanted({ id, matchers: matchers(`${index}`) }), at(1_000)),
  );
  const ids = await Promise.all(changes);
  expect(new Set([id, ...ids]).size).toBe(5);
  expect(await silences.get(id!, at(1_000))).toMatchObject({ endsAt: iso(1_000) });
  // Each made its own: the first ended the silence, the others found it over.
  expect((await silences.active(at(1_000))).map((each) => each.id).sort()).toEqual([...ids].sort());
});

test('what the action silence has made is listed, ended and changed like any other', async () => {
  const { silences } = own.history;
  const { annotations: _annotations, ...native } = { ...wanted(), id: '0123456789abcdef-1' };
  await silences.create(native);
  expect(await silences.list(at(1))).toMatchObject([{ ...native, annotations: {} }]);
  expect(await silences.set(wanted({ id: native.id, endsAt: iso(2 * HOUR) }), at(1_000))).toBe(native.id);
  expect(await silences.expire(native.id, at(2_000))).toBe(true);
  expect(await silences.active(at(2_000))).toEqual([]);
});

test('what is held until a silence ends is looked at again when it does', async () => {
  const { history, sql, schema } = own;
  await sql.query(
    `insert into ${schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at, held_until)
     values ('m', 'r', 'f', 1, 'fire', now() + interval '1 hour', now() + interval '1 hour')`,
  );
  const id = await history.silences.set(wanted(), at(0));
  await history.silences.expire(id!, at(1_000));
  const { rows } = await sql.query(
    `select due_at <= now() as due, held_until <= now() as freed from ${schema}.notifications`,
  );
  expect(rows).toEqual([{ due: true, freed: true }]);
});
