/** Steps of which nobody could be told: when they are found, and that a life hears of each until it has. */
import type { NotificationOutcome } from '../../../src/history/port';
import { alertRow, type change, ending, firing, lifeRecord, message } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const row = alertRow({ episode: Date.now() - 200_000 });
const apply = (what: ReturnType<typeof change>) => test_.history.pages.apply([row.fingerprint], () => what);
const find = (more = {}) =>
  test_.history.undelivered.find({ lookBackMs: 600_000, lateMs: 120_000, groupsMs: 0, ...more });
const take = () => test_.history.undelivered.take(10, 60_000);
const dead = (error: string): NotificationOutcome => ({ kind: 'dead', error });
const retry: NotificationOutcome = { kind: 'retry', afterMs: 0, error: 'HTTP 503' };
const sent: NotificationOutcome = { kind: 'sent', via: 'mail', detail: 'HTTP 200' };

/** By receiver; what is not named stays taken. */
async function outcomes(of: Readonly<Record<string, NotificationOutcome>>): Promise<void> {
  for (const { id, receiver } of await test_.history.queue.take(10, 60_000))
    if (of[receiver] !== undefined) await test_.history.queue.finish(id, of[receiver]);
}

test('found when the last message of the step is given up, once, with who was to be told and why not', async () => {
  await apply(firing(row, ['mail', 'slack']));
  await outcomes({ slack: dead('HTTP 403') });
  expect(await find()).toBe(0);
  await test_.sql.query(`update ${test_.schema}.notifications set lease_until = null, taken_by = null`);
  await outcomes({ mail: dead('550 no such user') });
  expect([await find(), await find()]).toEqual([1, 0]);
  expect(await take()).toEqual([
    {
      ...{ fingerprint: row.fingerprint, episode: row.episode, step: 'fire' },
      reason: 'mail: 550 no such user; slack: HTTP 403',
    },
  ]);
});

test('not where one was told, nor while one is on its way', async () => {
  await apply(firing(row, ['mail', 'slack', 'pager']));
  await outcomes({ slack: dead('HTTP 403'), pager: retry, mail: sent });
  expect(await find()).toBe(0);
});

test('a level by itself: that others were told of the fire does not help it', async () => {
  await apply(firing(row, ['mail']));
  await outcomes({ mail: sent });
  await test_.history.lives.record(
    lifeRecord(row, 1, { notifications: [message(row, 'slack', 'escalate-1', new Date())] }),
  );
  await outcomes({ slack: dead('HTTP 403') });
  expect(await find()).toBe(1);
  expect(await take()).toMatchObject([{ step: 'escalate-1' }]);
});

test('a message that is tried in vain counts when it is late, from when it was due', async () => {
  await apply(firing(row, ['slack'], new Date(Date.now() - 90_000)));
  await outcomes({ slack: retry });
  await outcomes({ slack: retry });
  expect(await find({ lateMs: 600_000 })).toBe(0);
  expect(await find({ lateMs: null })).toBe(0);
  expect(await find({ lateMs: 60_000 })).toBe(1);
  expect(await take()).toMatchObject([{ step: 'fire', reason: 'slack: HTTP 503' }]);
});

test('one that nobody has tried yet does not: nobody sends, and would not send to the next level either', async () => {
  await apply(firing(row, ['slack'], new Date(Date.now() - 900_000)));
  expect(await find({ lateMs: 60_000 })).toBe(0);
});

test('what was not told to a life is taken again when the lease ends, and what it has heard is not', async () => {
  await apply(firing(row, ['slack']));
  await outcomes({ slack: dead('HTTP 403') });
  await find();
  expect(await test_.history.undelivered.take(10, 1)).toHaveLength(1);
  const again = await (await test_.another()).undelivered.take(10, 60_000);
  expect(again).toHaveLength(1);
  expect(await take()).toEqual([]);
  await test_.history.undelivered.told(again);
  await test_.sql.query(`update ${test_.schema}.undelivered set lease_until = null`);
  expect(await take()).toEqual([]);
});

test('nobody has to hear of one whose alert is over', async () => {
  await apply(firing(row, ['slack']));
  await outcomes({ slack: dead('HTTP 403') });
  await find();
  await apply(ending(row));
  expect(await take()).toEqual([]);
});

test('one that was sent again and refused again is no news', async () => {
  await apply(firing(row, ['slack']));
  await outcomes({ slack: dead('HTTP 403') });
  await find();
  const [letter] = await test_.history.deadLetters.list({}, 10);
  await test_.history.deadLetters.resend([letter!.id], { owner: 'ana', receivers: null });
  await outcomes({ slack: dead('HTTP 403') });
  expect(await find()).toBe(0);
});

describe('where groups tell of alerts too', () => {
  const key = '{}:{}';
  const group = async (pending: boolean, firingNow: readonly string[] = []): Promise<void> => {
    const message_ = JSON.stringify({ reason: 'x', firing: [row.fingerprint], resolved: [] });
    await test_.sql.query(
      `insert into ${test_.schema}.group_messages (group_key, integration, firing, pending, pending_since, due_at, attempts, error, expires_at)
       values ($1, 'ops/webhook/0', $2, $3, now() - interval '5 minutes', now(), $4, $5, now() + interval '1 day')`,
      [key, firingNow, pending ? message_ : null, pending ? 3 : 0, 'HTTP 500'],
    );
  };
  const refused = () =>
    test_.sql.query(
      `insert into ${test_.schema}.deliveries (group_key, integration, seq, at, outcome, reason, error, attempts, firing, resolved)
       values ($1, 'ops/webhook/0', 1, now(), 'refused', 'x', 'HTTP 400', 1, $2, '{}')`,
      [key, [row.fingerprint]],
    );

  test('an alert that only its group tells of: found when all of its integrations have refused', async () => {
    await apply(firing(row, []));
    await group(false);
    await refused();
    expect(await find({ groupsMs: 120_000 })).toBe(1);
    expect(await take()).toMatchObject([{ step: 'fire', reason: 'ops/webhook/0: HTTP 500' }]);
  });

  test('or when its message has been tried in vain for long', async () => {
    await apply(firing(row, []));
    await group(true);
    expect(await find({ lateMs: 600_000 })).toBe(0);
    expect(await find({ lateMs: 60_000 })).toBe(1);
  });

  test('not where the group has told of it', async () => {
    await apply(firing(row, ['slack']));
    await outcomes({ slack: dead('HTTP 403') });
    await group(false, [row.fingerprint]);
    expect(await find()).toBe(0);
  });

  test('its own page that was given up waits a moment for the group', async () => {
    await apply(firing(row, ['slack']));
    await outcomes({ slack: dead('HTTP 403') });
    expect(await find({ groupsMs: 120_000 })).toBe(0);
    await test_.sql.query(
      `update ${test_.schema}.notifications set dead_at = now() - interval '130 seconds'`,
    );
    expect(await find({ groupsMs: 120_000 })).toBe(1);
  });
});
