/** What becomes of an incident's messages that were given up, and of its alerts' first pages that were withheld for it. */
import type { NotificationOutcome } from '../../../src/history/port';
import { testHistory, type TestHistory } from './test-history';
import { batch, fires, handlerOf } from './test-incidents';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const dead: NotificationOutcome = { kind: 'dead', error: 'channel_not_found' };

/** Two alerts of one incident. */
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
