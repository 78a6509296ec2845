/**
 * What a person is told beforehand that the fatigue limit does, it does: the plan of messages over time is what the queue
 * decides of the same ones, one after the other.
 */
import fc from 'fast-check';
import { likenessKey, planFatigue, type FatigueLimit, type FirstMessage } from '../../../src/domain/fatigue';
import { alertRow, change, message } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const MINUTE = 60_000;
const limit = (similar: number): FatigueLimit => ({
  ...{ similar, windowMs: 60 * MINUTE, digestAfterMs: 15 * MINUTE },
  groupBy: ['alertname'],
});

/** Close enough for digests to be joined, far enough apart for them to leave and for the window to end; at its edges, too. */
const waits = fc.constantFrom(0, 0, 1, 1, 5, 14, 15, 44, 45, 59, 60);
const sent = fc.record({
  minutes: waits,
  receiver: fc.constantFrom('chat', 'chat', 'mail'),
  alertname: fc.constantFrom('Slow', 'Full'),
});

/** In whole minutes: statements take a while, which is no time of the story's. */
const said = (end: { kind: 'single' } | { kind: 'digest'; told: number; leavesAt: number }): string =>
  end.kind === 'single' ? 'single' : `digest at ${Math.round(end.leavesAt / MINUTE)}, ${end.told} told`;

/** Each leaves, or is held, before the next one is there. Instead of a clock that goes on, what stands in the rows goes back. */
async function decided(
  { similar, windowMs, digestAfterMs, groupBy }: FatigueLimit,
  messages: readonly FirstMessage[],
) {
  const { history, sql, schema } = test_;
  const { queue } = history;
  const ends: string[] = [];
  let now = 0;
  for (const [index, { receiver, labels, at }] of messages.entries()) {
    await sql.query(
      `update ${schema}.notifications set due_at = due_at - $1 * interval '1 millisecond',
         digest_at = digest_at - $1 * interval '1 millisecond', sent_at = sent_at - $1 * interval '1 millisecond'`,
      [at - now],
    );
    now = at;
    const row = alertRow({}, { ...labels, host: `${index}` });
    await history.pages.apply([row.fingerprint], () =>
      change({ rows: [row], notifications: [message(row, receiver)] }),
    );
    for (const one of await queue.take(100, 60_000)) {
      const key = likenessKey(labels, groupBy);
      const end = (await queue.admit(one, { key, limit: similar, windowMs, digestAfterMs }))!;
      if (end.kind === 'digest') {
        const digest = { of: 'fire', isNew: end.isNew } as const;
        ends.push(said({ ...end, leavesAt: at + end.inMs }));
        const because = { reason: 'fatigue', detail: 'too many', digest };
        await queue.finish(one.id, { kind: 'held', forMs: end.inMs, ...because });
        continue;
      }
      // A digest that is due by now was decided before.
      if (end.kind === 'single') ends.push(said(end));
      await queue.finish(one.id, { kind: 'sent', via: receiver, detail: 'ok' });
    }
  }
  return ends;
}

test('the plan is what the queue decides', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 2 }),
      fc.array(sent, { minLength: 1, maxLength: 30 }),
      async (similar, all) => {
        const { sql, schema } = test_;
        const tables = ['notifications', 'episodes', 'alerts', 'timeline'];
        await sql.query(`truncate ${tables.map((table) => `${schema}.${table}`).join(', ')}`);
        let at = 0;
        const messages = all.map(({ minutes, receiver, alertname }) => ({
          ...{ receiver, at: (at += minutes * MINUTE) },
          labels: { alertname, severity: 'warning' },
        }));
        expect(await decided(limit(similar), messages)).toEqual(
          planFatigue(limit(similar), messages).map(said),
        );
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);
