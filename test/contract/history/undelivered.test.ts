/** Steps of which nobody could be told: when they are found, and that a life hears of each until it has. */
import type { NotificationOutcome } from '../../../src/history/port';
import { alertRow, type change, ending, firing, lifeRecord, message } from './test-alerts';
import { openDatabase, type Database } from '../../../src/history/database';
import { createUndelivered } from '../../../src/history/undelivered';
import { postgresUrl, testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const row = alertRow({ episode: Date.now() - 200_000 });
const apply = (what: ReturnType<typeof change>) => test_.history.pages.apply([row.fingerprint], () => what);
const find = (more = {}) => test_.history.undelivered.find({ lateMs: 120_000, groupsMs: 0, ...more });
const take = () => test_.history.undelivered.take(10, 60_000);
const dead = (error: string): NotificationOutcome => ({ kind: 'dead', error });
const retry: NotificationOutcome = { kind: 'retry', afterMs: 0, error: 'HTTP 503' };
const sent: NotificationOutcome = { kind: 'sent', via: 'mail', detail: 'HTTP 200' };

/** What waits for others is looked at again only after a while. */
const later = () =>
  test_.sql.query(`update ${test_.schema}.notifications set look_at = now() where look_at is not null;
    update ${test_.schema}.group_messages set look_at = now()`);

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

test('where another might have arrived and was left out instead, when that is known', async () => {
  await apply(firing(row, ['mail', 'slack']));
  await outcomes({ slack: dead('HTTP 403') });
  expect(await find()).toBe(0);
  await test_.sql.query(
    `update ${test_.schema}.notifications set state = 'dropped', reason = 'silence' where receiver = 'mail'`,
  );
  await later();
  expect(await find()).toBe(1);
});

test('one that a process gave up that did not write when', async () => {
  await apply(firing(row, ['slack']));
  await outcomes({ slack: dead('HTTP 403') });
  await test_.sql.query(
    `update ${test_.schema}.notifications set dead_at = null, created_at = now() - interval '130 seconds'`,
  );
  expect(await find({ groupsMs: 120_000 })).toBe(1);
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
      `update ${test_.schema}.notifications set dead_at = dead_at - interval '130 seconds',
         look_at = look_at - interval '130 seconds'`,
    );
    expect(await find({ groupsMs: 120_000 })).toBe(1);
  });
});

describe('where thousands of messages were given up, of alerts that groups have told of', () => {
  const DEAD = 3_000;
  const GROUPS = 300;
  const IN_A_GROUP = 40;
  let database: Database;
  beforeEach(() => {
    database = openDatabase({ url: postgresUrl, instance: test_.instance, maxConnections: 1 });
  });
  afterEach(() => database.close());

  /** Of the last alert nobody has told anything yet. */
  async function given(): Promise<void> {
    const { sql, schema: s } = test_;
    await sql.query(
      `insert into ${s}.alerts (fingerprint, labels, annotations, state, episode, fire_count, starts_at, event_time, recent, correlation_id)
       select i::text, '{}', '{}', 'FIRING', ${row.episode}, 1, now(), 1, '[]', 'c' from generate_series(1, ${DEAD + 1}) i;
       insert into ${s}.notifications (message_id, receiver, fingerprint, episode, step, due_at, state, dead_at)
       select i || ':fire', 'slack', i::text, ${row.episode}, 'fire', now(), 'dead', now() from generate_series(1, ${DEAD}) i;
       insert into ${s}.group_messages (group_key, integration, firing, expires_at)
       select 'g' || g, 'ops/webhook/0', array(
         select (1 + (g * ${IN_A_GROUP} + k) % ${DEAD})::text from generate_series(1, ${IN_A_GROUP}) k), now() + interval '1 day'
       from generate_series(1, ${GROUPS}) g`,
    );
  }

  /** How many rows of all tables a look walks, and how many steps it finds. */
  async function look(): Promise<{ found: number; rows: number }> {
    const before = await walked();
    const found = await createUndelivered(database).find({ lateMs: 120_000, groupsMs: 0 });
    return { found, rows: (await walked()) - before };
  }

  async function walked(): Promise<number> {
    await database.run('select pg_stat_force_next_flush()');
    const [sum] = await database.run<{ rows: string }>(
      `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) as rows from pg_stat_user_tables where schemaname = $1`,
      [test_.schema],
    );
    return Number(sum!.rows);
  }

  test('a look walks over what is new, once', async () => {
    await given();
    for (let left = DEAD; left > 0; left -= 500)
      expect((await look()).rows).toBeLessThan(10 * 500 + 2 * GROUPS);
    expect(await look()).toEqual({ found: 0, rows: 0 });
    await test_.sql.query(
      `insert into ${test_.schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at, state, dead_at)
       values ('new:fire', 'slack', '${DEAD + 1}', ${row.episode}, 'fire', now(), 'dead', now())`,
    );
    const { found, rows } = await look();
    expect(found).toBe(1);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThan(20 + 3 * GROUPS);
    expect(await look()).toEqual({ found: 0, rows: 0 });
  });
});
