/** Messages that were given up, and those that people have sent again. */
import type { NotificationOutcome } from '../../../src/history/port';
import { alertRow, change, ending, firing, message } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const row = alertRow();
const dead: NotificationOutcome = { kind: 'dead', error: 'HTTP 400 invalid_blocks' };
const by = { owner: 'ana', receivers: null };
const apply = (what: ReturnType<typeof change>) => test_.history.pages.apply([row.fingerprint], () => what);
const letters = (filter = {}) => test_.history.deadLetters.list(filter, 100);
const resend = (ids: readonly string[], more = {}) =>
  test_.history.deadLetters.resend(ids, { ...by, ...more });
const timeline = async () =>
  (await test_.history.lists.timeline(row.fingerprint)).map(({ kind, actor, text }) => [kind, actor, text]);

async function giveUp(outcome: NotificationOutcome = dead): Promise<void> {
  for (const { id } of await test_.history.queue.take(10, 60_000))
    await test_.history.queue.finish(id, outcome);
}

test('are listed with their alert, step, receiver, tries and error; by receiver and time', async () => {
  await apply(firing(row, ['slack', 'mail']));
  await giveUp();
  expect(await letters()).toHaveLength(2);
  expect(await letters({ receiver: 'slack', since: new Date(Date.now() - 60_000) })).toEqual([
    {
      ...{ id: expect.stringMatching(/^\d+$/), kind: 'message', receiver: 'slack', step: 'fire' },
      ...{ alertname: 'HighConnections', fingerprint: row.fingerprint, episode: row.episode, groupKey: null },
      ...{ alerts: 1, open: 1, at: expect.any(Date), attempts: 1, error: 'HTTP 400 invalid_blocks' },
    },
  ]);
  expect(await letters({ since: new Date(Date.now() + 60_000) })).toEqual([]);
});

test('those of a process that did not write when are listed with when they were due, among the others by time', async () => {
  await apply(firing(row, ['slack', 'mail', 'pager'], new Date(Date.now() - 7_200_000)));
  await giveUp();
  await test_.sql.query(
    `update ${test_.schema}.notifications set dead_at = null, created_at = now() - interval '3 hours'
     where receiver in ('slack', 'mail')`,
  );
  const all = await letters();
  expect(all.map(({ receiver }) => receiver).sort()).toEqual(['mail', 'pager', 'slack']);
  expect(all[0]).toMatchObject({ receiver: 'pager' });
  for (const { at } of all.slice(1)) expect(Date.now() - at.getTime()).toBeGreaterThan(7_000_000);
  const recent = await letters({ since: new Date(Date.now() - 3_600_000) });
  expect(recent.map(({ receiver }) => receiver)).toEqual(['pager']);
  expect(await letters({ since: new Date(Date.now() - 7_300_000) })).toHaveLength(3);
});

test('one is sent again under its message id, with its tries and its age anew; asked twice, once', async () => {
  await apply(firing(row, ['slack']));
  await giveUp();
  await test_.sql.query(`update ${test_.schema}.notifications set created_at = now() - interval '3 days'`);
  const [letter] = await letters();
  expect(await resend([letter!.id])).toEqual([
    { id: letter!.id, isResent: true, text: 'slack is told of fire again' },
  ]);
  expect(await resend([letter!.id])).toEqual([
    { id: letter!.id, isResent: false, text: 'it waits to be sent to slack already' },
  ]);
  const [taken] = await test_.history.queue.take(10, 60_000);
  expect(taken).toMatchObject({ messageId: `${row.fingerprint}:${row.episode}:fire`, attempts: 0 });
  expect(taken!.ageMs).toBeLessThan(60_000);
  await test_.history.queue.finish(taken!.id, { kind: 'sent', via: 'slack', detail: 'HTTP 200' });
  expect((await resend([letter!.id]))[0]!.text).toMatch(/^it has left through slack at /);
  expect((await timeline()).slice(1)).toEqual([
    ['not_notified', 'notifier', 'did not tell slack of fire: HTTP 400 invalid_blocks'],
    ['resent', 'ana', 'ana had slack told of fire again; it had been given up: HTTP 400 invalid_blocks'],
    ['notified', 'notifier', 'told slack of fire via slack'],
  ]);
});

test('one whose alert is over is left, and so is one whose receiver is gone', async () => {
  await apply(firing(row, ['slack', 'mail']));
  await giveUp();
  const ids = (await letters()).map(({ id, receiver }) => [receiver, id] as const);
  const idOf = (name: string): string => ids.find(([receiver]) => receiver === name)![1];
  expect((await resend([idOf('mail')], { receivers: ['slack'] }))[0]!.text).toBe(
    'receiver mail is not in the configuration any more',
  );
  await apply(ending(row, ['slack']));
  expect(await resend([idOf('slack'), '99999', 'g5'])).toEqual([
    { id: idOf('slack'), isResent: false, text: 'its alert is over (resolved by evaluator)' },
    { id: '99999', isResent: false, text: 'there is no such message' },
    { id: 'g5', isResent: false, text: 'there is no such message' },
  ]);
  expect(await test_.history.queue.take(10, 60_000)).toEqual([]);
});

test('an end is sent again although its alert is over', async () => {
  await apply(firing(row, ['slack']));
  await giveUp({ kind: 'sent', via: 'slack', detail: 'HTTP 200' });
  await apply(ending(row, ['slack']));
  await giveUp();
  const [letter] = await letters();
  expect(letter).toMatchObject({ step: 'resolved', open: 0 });
  expect((await resend([letter!.id]))[0]).toMatchObject({ isResent: true });
  expect(await test_.history.queue.take(10, 60_000)).toMatchObject([{ step: 'resolved', told: true }]);
});

test('whoever hears of an alert after all hears of its end, also of one that ends meanwhile', async () => {
  await apply(firing(row, ['slack']));
  await giveUp();
  const [letter] = await letters();
  await resend([letter!.id]);
  await giveUp({ kind: 'sent', via: 'slack', detail: 'HTTP 200' });
  await apply(ending(row, ['slack']));
  expect(await test_.history.queue.take(10, 60_000)).toMatchObject([{ step: 'resolved' }]);
});

describe('a message of a group that was refused for good', () => {
  const key = '{}:{alertname="HighConnections"}';
  const integration = 'ops/webhook/0';

  async function refused(): Promise<void> {
    const { groups } = test_.history;
    await apply(firing(row, []));
    await groups.join([{ id: 'g', routeId: 'r', dueAt: new Date(0) }]);
    const [due] = await groups.takeDue(new Date(), 10, 60_000);
    const pending = { reason: 'first notification', firing: [row.fingerprint], resolved: [] };
    await groups.flushed([
      {
        ...{ id: 'g', lease: due!.lease, joined: due!.joined, routeId: 'r', lookAgainMs: 300_000 },
        ...{ dueAt: new Date(Date.now() + 300_000), flushedAt: new Date() },
        messages: [
          { groupKey: key, integration, pending, told: false, keepUntil: new Date(Date.now() + 3_600_000) },
        ],
      },
    ]);
    const [taken] = await groups.takeMessages([integration], 10, 60_000);
    await groups.finish(taken!, { kind: 'refused', error: 'HTTP 400' });
  }

  test('is listed until the group is told, and has the group looked at now', async () => {
    await refused();
    const [letter] = await letters({ receiver: 'ops' });
    expect(letter).toMatchObject({
      ...{ kind: 'group', receiver: integration, groupKey: key, step: 'first notification' },
      ...{ alerts: 1, open: 1, error: 'HTTP 400', alertname: 'HighConnections' },
    });
    expect(await test_.history.groups.takeDue(new Date(), 10, 60_000)).toEqual([]);
    expect(await resend([letter!.id])).toEqual([
      { id: letter!.id, isResent: true, text: 'its group is looked at now, and decides anew what to tell' },
    ]);
    // Its clock is the server's.
    const soon = new Date(Date.now() + 1_000);
    expect(await test_.history.groups.takeDue(soon, 10, 60_000)).toMatchObject([{ id: 'g' }]);
    await test_.sql.query(
      `insert into ${test_.schema}.deliveries (group_key, integration, seq, at, outcome, reason, attempts, firing, resolved)
       values ($1, $2, 9, now(), 'sent', 'new alerts added', 1, '{}', '{}')`,
      [key, integration],
    );
    expect(await letters()).toEqual([]);
    expect((await resend([letter!.id]))[0]!.text).toMatch(/has been told of its group since/);
  });

  test('is left where its alerts are over', async () => {
    await refused();
    const [letter] = await letters();
    await apply(ending(row, []));
    expect(await resend([letter!.id])).toEqual([
      { id: letter!.id, isResent: false, text: 'its alerts are over, so its group has nothing to tell' },
    ]);
  });
});

test('a step that is asked for by another receiver is not sent to it', async () => {
  await apply(change({ rows: [row], notifications: [message(row, 'slack'), message(row, 'mail')] }));
  await giveUp();
  const [letter] = await letters({ receiver: 'mail' });
  await resend([letter!.id]);
  expect(await test_.history.queue.take(10, 60_000)).toMatchObject([{ receiver: 'mail' }]);
});
