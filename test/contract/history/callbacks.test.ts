/** What receivers keep of an episode, who hears what people do, and that a callback is acted on once. */
import { createBookkeepingActivities } from '../../../activities/bookkeeping';
import type { QueuedNotification } from '../../../src/history/port';
import { alertRow, change, event, lifeRecord, message } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const row = alertRow();
const apply = (what: ReturnType<typeof change>) => test_.history.pages.apply([row.fingerprint], () => what);
const take = () => test_.history.queue.take(10, 60_000);
const steps = (taken: readonly QueuedNotification[]) =>
  taken.map(({ receiver, step }) => `${receiver}:${step}`).sort();
const sent = (id: string, via: string, memory?: Record<string, string>) =>
  test_.history.queue.finish(id, { kind: 'sent', via, detail: 'ok', ...(memory && { memory }) });

async function fireTo(...receivers: string[]): Promise<QueuedNotification[]> {
  await apply(change({ rows: [row], notifications: receivers.map((name) => message(row, name)) }));
  return take();
}

describe('memory', () => {
  it('of the last delivery comes with the next message of the episode, for who delivered it', async () => {
    const [first] = await fireTo('slack');
    expect(first!.memories).toEqual({});
    await sent(first!.id, 'slack', { ts: '1' });
    await test_.history.lives.record(
      lifeRecord(row, 1, { notifications: [message(row, 'slack', 'escalate-1')] }),
    );
    const [second] = await take();
    expect(second!.memories).toEqual({ slack: { ts: '1' } });
    await sent(second!.id, 'backup', { ts: '2' });
    await test_.history.lives.record(
      lifeRecord(row, 2, { notifications: [message(row, 'slack', 'escalate-2')] }),
    );
    expect((await take())[0]!.memories).toEqual({ slack: { ts: '1' }, backup: { ts: '2' } });
  });

  it('stays over a delivery that keeps nothing', async () => {
    const [first] = await fireTo('slack');
    await sent(first!.id, 'slack', { ts: '1' });
    for (const [seq, step] of [
      [1, 'escalate-1'],
      [2, 'escalate-2'],
    ] as const) {
      await test_.history.lives.record(
        lifeRecord(row, seq, { notifications: [message(row, 'slack', step)] }),
      );
      const [next] = await take();
      expect(next!.memories).toEqual({ slack: { ts: '1' } });
      await sent(next!.id, 'slack');
    }
  });
});

describe('what people do', () => {
  const activities = () =>
    createBookkeepingActivities({
      ...{ lives: test_.history.lives, silences: test_.history.silences, lists: test_.history.lists },
      mutes: { verdict: async () => ({ muted: false }) },
      quickArtifacts: async () => [],
      followers: ['slack', 'pagerduty'],
      wakeNotifier: () => undefined,
    });
  const held = { owner: 'ana', at: row.startsAt, until: null, comment: null };
  const acknowledged = (seq: number, key = 'acknowledged-1') => ({
    ...{ fingerprint: row.fingerprint, episode: row.episode, seq },
    ...{ timeline: [event(key)], state: 'ACKNOWLEDGED' as const, acknowledgement: held },
  });

  it('is told to followers that have heard of the episode, once', async () => {
    const fired = await fireTo('slack', 'hook');
    for (const { id, receiver } of fired) await sent(id, receiver);
    await activities().recordLife([acknowledged(1)]);
    await activities().recordLife([acknowledged(1)]);
    const taken = await take();
    expect(steps(taken)).toEqual(['slack:acknowledged-1']);
    await sent(taken[0]!.id, 'slack');
    const back = { ...acknowledged(2, 'unacknowledged-1'), state: 'FIRING' as const, acknowledgement: null };
    await activities().recordLife([back]);
    expect(steps(await take())).toEqual(['slack:unacknowledged-1']);
  });

  it('waits behind the first message where that is leaving, and is none of its own where it has not left', async () => {
    await fireTo('slack');
    await apply(change({ rows: [row], notifications: [message(row, 'pagerduty')] }));
    await activities().recordLife([acknowledged(1)]);
    const { rows } = await test_.sql.query(
      `select receiver || ':' || step as line from ${test_.schema}.notifications order by id`,
    );
    expect(rows.map(({ line }: { line: string }) => line)).toEqual([
      'slack:fire',
      'pagerduty:fire',
      'slack:acknowledged-1',
    ]);
  });

  it('that ends the alert is told by its resolve alone', async () => {
    const [fired] = await fireTo('slack');
    await sent(fired!.id, 'slack');
    const resolved = { ...acknowledged(1, 'resolved-1'), state: 'RESOLVED' as const, acknowledgement: null };
    await activities().recordLife([{ ...resolved, resolvedBy: 'ana', resolves: { receivers: ['slack'] } }]);
    expect(steps(await take())).toEqual(['slack:resolved']);
  });
});

describe('callbacks', () => {
  it('are begun by one alone, and for good when they have ended', async () => {
    const other = await test_.another();
    const begun = await Promise.all(
      [test_.history, other, test_.history, other].map(({ callbacks }) =>
        callbacks.begin('pagerduty/pd', 'E1'),
      ),
    );
    expect(begun.filter((one) => one)).toHaveLength(1);
    await test_.history.callbacks.end('pagerduty/pd', 'E1');
    await test_.sql.query(`update ${test_.schema}.callbacks set at = now() - interval '1 day'`);
    expect(await other.callbacks.begin('pagerduty/pd', 'E1')).toBe(false);
    expect(await other.callbacks.begin('pagerduty/other', 'E1')).toBe(true);
  });

  it('are begun again when they were given up, or when who began them is gone', async () => {
    const { callbacks } = test_.history;
    await callbacks.begin('slack/s', 'a');
    await callbacks.abandon('slack/s', 'a');
    expect(await callbacks.begin('slack/s', 'a')).toBe(true);
    expect(await callbacks.begin('slack/s', 'a')).toBe(false);
    await test_.sql.query(`update ${test_.schema}.callbacks set at = now() - interval '2 minutes'`);
    expect(await callbacks.begin('slack/s', 'a')).toBe(true);
  });

  it('know the open alerts that a telephone was told of, the last first', async () => {
    const second = alertRow({}, { alertname: 'Disk', instance_id: 'pg-2' });
    const over = alertRow({ state: 'RESOLVED' }, { alertname: 'Gone', instance_id: 'pg-3' });
    await test_.history.pages.apply([row.fingerprint, second.fingerprint, over.fingerprint], () =>
      change({
        rows: [row, second, over],
        notifications: [row, second, over].map((each) => ({ ...message(each, 'sms'), onCallPerson: 'ana' })),
      }),
    );
    const told = () => test_.history.callbacks.openToldVia('sms');
    const taken = await take();
    expect(await told()).toEqual([]);
    for (const each of [over, row, second])
      await sent(taken.find(({ fingerprint }) => fingerprint === each.fingerprint)!.id, 'sms');
    expect((await told()).map(({ labels, onCallPerson }) => [labels['alertname'], onCallPerson])).toEqual([
      ['Disk', 'ana'],
      ['HighConnections', 'ana'],
    ]);
    expect(await test_.history.callbacks.openToldVia('other')).toEqual([]);
  });

  it('are forgotten with what is old', async () => {
    await test_.history.callbacks.begin('slack/s', 'old');
    await test_.sql.query(`update ${test_.schema}.callbacks set at = now() - interval '100 days'`);
    await test_.history.callbacks.begin('slack/s', 'new');
    await test_.history.forgetBefore(new Date(Date.now() - 90 * 86_400_000));
    const { rows } = await test_.sql.query(`select id from ${test_.schema}.callbacks`);
    expect(rows).toEqual([{ id: 'new' }]);
  });
});
