/** What becomes of an incident's messages that were given up, and of its alerts' first pages that were withheld for it. */
import type { NotificationOutcome } from '../../../src/history/port';
import { testHistory, type TestHistory } from './test-history';
import { batch, ends, fires, handlerOf, messagesOf } from './test-incidents';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const dead: NotificationOutcome = { kind: 'dead', error: 'channel_not_found' };

/** An incident of two alerts, whose pages to slack are withheld. */
const open = () => handlerOf(test_.history)(batch(fires('orders', 0), fires('payments', 1_000)));

/** All that can be taken for `receiver` of what begins with `of`; the rest is given back. */
async function finish(receiver: string, of: string, outcome: NotificationOutcome): Promise<void> {
  const { queue } = test_.history;
  for (const { id, fingerprint } of await queue.take(20, 60_000, { only: [receiver] }))
    if (fingerprint.startsWith(of)) await queue.finish(id, outcome);
  await test_.sql.query(`update ${test_.schema}.notifications set lease_until = null, taken_by = null`);
}

describe('one that was given up', () => {
  const resend = async (id: string) =>
    (await test_.history.deadLetters.resend([id], { owner: 'ana', receivers: null }))[0]!;

  test("is listed with its policy's name, as open while the incident is, and sent again", async () => {
    await open();
    await finish('slack', 'INC-', dead);
    const [letter, ...others] = await test_.history.deadLetters.list({ receiver: 'slack' }, 10);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      ...{ kind: 'message', alertname: 'orders', fingerprint: 'INC-1', step: 'incident' },
      ...{ alerts: 1, open: 1, error: 'channel_not_found' },
    });
    expect(await resend(letter!.id)).toMatchObject({
      isResent: true,
      text: 'slack is told of incident again',
    });
    expect(await test_.history.queue.take(10, 60_000, { only: ['slack'] })).toEqual(
      expect.arrayContaining([expect.objectContaining({ fingerprint: 'INC-1', step: 'incident' })]),
    );
  });

  test('is over when the incident is, and is left', async () => {
    await open();
    await finish('slack', 'INC-', dead);
    await test_.history.incidents.resolve(1, { by: 'eve', comment: '' }, []);
    const [letter] = await test_.history.deadLetters.list({ receiver: 'slack' }, 10);
    expect(letter).toMatchObject({ alertname: 'orders', open: 0 });
    expect(await resend(letter!.id)).toMatchObject({
      isResent: false,
      text: 'its incident is over (resolved by eve)',
    });
  });

  test('has no incident any more where that was forgotten', async () => {
    await open();
    await finish('slack', 'INC-', dead);
    await test_.sql.query(`delete from ${test_.schema}.incidents`);
    const [letter] = await test_.history.deadLetters.list({ receiver: 'slack' }, 10);
    expect(letter).toMatchObject({ alertname: null, open: 0 });
    expect((await resend(letter!.id)).text).toBe('the history does not know its incident any more');
  });
});

describe('first pages withheld for it', () => {
  /** `service receiver state` of first pages. */
  async function pages(): Promise<string[]> {
    const found = (await messagesOf(test_)).filter((text) => text.includes(' fire '));
    return found.map((text) => text.replace(' fire', ''));
  }
  const sendWithheld = () => test_.history.incidents.sendWithheld();

  test('are sent after all, once, to those who could not be told; not of alerts that are over', async () => {
    const handle = handlerOf(test_.history);
    await open();
    await handle(batch(fires('orders', 2_000, 'info'), fires('payments', 3_000, 'info')));
    await handle(batch(ends('orders', 4_000, 2_000, 'info')));
    expect(await sendWithheld()).toBe(0);
    await finish('slack', 'INC-', dead);
    const all = await Promise.all([sendWithheld(), (await test_.another()).incidents.sendWithheld()]);
    expect(all[0] + all[1]).toBe(3);
    expect(await sendWithheld()).toBe(0);
    expect((await pages()).filter((text) => text.includes('slack'))).toEqual([
      'orders slack pending',
      'payments slack pending',
      'orders slack dropped',
      'payments slack pending',
    ]);
    const [first] = await test_.history.queue.take(20, 60_000, { only: ['slack'] });
    expect(first).toMatchObject({ step: 'fire', attempts: 0 });
    await test_.history.queue.finish(first!.id, { kind: 'sent', via: 'slack', detail: 'ok' });
    const story = await test_.history.lists.timeline(first!.fingerprint);
    expect(story.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        'slack is told of fire after all: it could not be told of incident INC-1: channel_not_found',
        'told slack of fire via slack',
      ]),
    );
  });

  test('of an alert whose row is being written wait for the next look, which nobody waits for', async () => {
    await open();
    await finish('slack', 'INC-', dead);
    await test_.sql.query(`begin; select from ${test_.schema}.alerts for update`);
    expect(await sendWithheld()).toBe(0);
    await test_.sql.query(`update ${test_.schema}.alerts set state = 'RESOLVED'; commit`);
    expect(await sendWithheld()).toBe(0);
    await test_.sql.query(`update ${test_.schema}.alerts set state = 'FIRING'`);
    expect(await sendWithheld()).toBe(2);
  });

  test('are not where another message of the incident has reached the receiver', async () => {
    await open();
    await finish('slack', 'INC-', { kind: 'sent', via: 'slack', detail: 'ok' });
    await handlerOf(test_.history)(batch(fires('orders', 2_000, 'critical')));
    await finish('slack', 'INC-', dead);
    expect(await test_.history.deadLetters.list({}, 10)).toMatchObject([{ step: 'raised-1' }]);
    expect(await sendWithheld()).toBe(0);
  });

  test('whoever hears of an alert after all hears of its end', async () => {
    await open();
    await finish('slack', 'INC-', dead);
    await sendWithheld();
    await handlerOf(test_.history)(batch(ends('payments', 6_000, 1_000)));
    expect(await messagesOf(test_)).toContain('payments slack resolved pending');
  });

  describe('where somebody resolves the incident before it could be told', () => {
    const resolve = () => test_.history.incidents.resolve(1, { by: 'eve', comment: '' }, ['slack']);
    const left: NotificationOutcome = { kind: 'dropped', reason: 'never_told', detail: 'of nothing' };

    test.each([
      ['after it was given up', async () => (await finish('slack', 'INC-', dead), await resolve())],
      ['while it is tried', async () => (await resolve(), await finish('slack', 'INC-', dead))],
      [
        'and it is left out for that',
        async () => (await resolve(), await finish('slack', 'INC-', { ...left, reason: 'no_action_needed' })),
      ],
    ])('are sent after all, of alerts that are open: %s', async (_, end) => {
      await open();
      await handlerOf(test_.history)(batch(ends('orders', 4_000, 0)));
      await end();
      // What tells of its end waited for it.
      await finish('slack', 'INC-', left);
      expect((await messagesOf(test_)).filter((text) => /^INC-1 slack .*pending/.test(text))).toEqual([]);
      expect(await sendWithheld()).toBe(1);
      expect(await sendWithheld()).toBe(0);
      expect((await pages()).filter((text) => text.includes('slack'))).toEqual([
        'orders slack dropped',
        'payments slack pending',
      ]);
    });

    test('count as told while they may yet be, and not when nobody could be', async () => {
      const find = () => test_.history.undelivered.find({ lateMs: null, groupsMs: 0 });
      await open();
      await finish('log', '', dead);
      await resolve();
      await finish('slack', 'INC-', dead);
      await finish('slack', 'INC-', left);
      expect(await find()).toBe(0);
      await sendWithheld();
      await finish('slack', '', dead);
      expect(await find()).toBe(2);
    });

    test('are not where it tells of all alerts when it leaves, as one that is resolved', async () => {
      await open();
      await resolve();
      await finish('slack', 'INC-', { kind: 'sent', via: 'slack', detail: 'ok' });
      expect(await sendWithheld()).toBe(0);
    });

    test('are not of one that was resolved long ago', async () => {
      await open();
      await finish('slack', 'INC-', dead);
      await resolve();
      await test_.sql.query(`update ${test_.schema}.incidents set resolved_at = now() - interval '3 days'`);
      expect(await sendWithheld()).toBe(0);
    });
  });

  test('count as told while the incident is or may be told, and not when nobody could be', async () => {
    const find = () => test_.history.undelivered.find({ lateMs: 120_000, groupsMs: 0 });
    await open();
    const { rows } = await test_.sql.query<{ fingerprint: string }>(
      `select fingerprint from ${test_.schema}.alerts where labels->>'service' = 'payments'`,
    );
    const { fingerprint } = rows[0]!;
    await finish('log', fingerprint, dead);
    expect(await find()).toBe(0);
    await finish('slack', 'INC-', dead);
    expect(await find()).toBe(0);
    await sendWithheld();
    expect(await find()).toBe(0);
    await finish('slack', fingerprint, dead);
    expect(await find()).toBe(1);
    expect(await test_.history.undelivered.take(10, 60_000)).toMatchObject([
      { fingerprint, step: 'fire', reason: 'log: channel_not_found; slack: channel_not_found' },
    ]);
  });

  test('count as told when the incident has been', async () => {
    await open();
    await finish('slack', 'INC-', { kind: 'sent', via: 'slack', detail: 'ok' });
    await finish('slack', '', { kind: 'sent', via: 'slack', detail: 'ok' });
    await finish('log', '', dead);
    expect(await test_.history.undelivered.find({ lateMs: null, groupsMs: 0 })).toBe(0);
  });

  test('do not while the incident is tried in vain for long', async () => {
    await open();
    await finish('log', '', dead);
    const find = () => test_.history.undelivered.find({ lateMs: 60_000, groupsMs: 0 });
    await finish('slack', 'INC-', { kind: 'retry', afterMs: 0, error: 'HTTP 503' });
    expect(await find()).toBe(0);
    await test_.sql.query(
      `update ${test_.schema}.notifications set first_due_at = now() - interval '90 seconds' where fingerprint like 'INC-%';
       update ${test_.schema}.notifications set look_at = now() where state = 'dead'`,
    );
    expect(await find()).toBe(2);
  });
});
