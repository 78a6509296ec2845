/**
 * The law of the fatigue limit, on the real queue, over random floods: no span of the limit's length has more alerts that were told
 * by themselves than the limit, and each alert is told once, by itself or in a digest, at the latest when that is due.
 */
import fc from 'fast-check';
import type { Likeness, NotificationQueue, QueuedNotification } from '../../../src/history/port';
import { alertRow, change, ending, message } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const WITHIN_MS = 3_600_000;
const LIKE: Likeness = { key: 'alike', limit: 3, windowMs: WITHIN_MS, digestAfterMs: 900_000 };
/** Its statements take a while, which is no time of the story's. */
const SLACK_MS = 60_000;

interface Step {
  readonly fired: number;
  /** How many of those that fire end. */
  readonly ended: number;
  /** Of what leaves, so many fail once. */
  readonly failing: number;
  readonly laterMs: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  fired: fc.integer({ min: 0, max: 5 }),
  ended: fc.integer({ min: 0, max: 3 }),
  failing: fc.integer({ min: 0, max: 2 }),
  laterMs: fc.constantFrom(0, 60_000, 600_000, 1_200_000, 3_500_000),
});

interface Told {
  readonly at: number;
  readonly single: boolean;
  readonly firedAt: number;
}

/** A clock that only goes on by `later`: what stands in the rows goes back instead. */
async function story(steps: readonly Step[]): Promise<ReadonlyMap<string, Told[]>> {
  const { history, sql, schema } = test_;
  const queues = [history.queue, (await test_.another()).queue];
  const told = new Map<string, Told[]>();
  const firedAt = new Map<string, number>();
  const open: ReturnType<typeof alertRow>[] = [];
  let now = 0;

  const fire = async (count: number): Promise<void> => {
    const rows = Array.from({ length: count }, (_, n) => {
      const row = alertRow({}, { alertname: 'A', host: `${firedAt.size + n}`, severity: 'warning' });
      return row;
    });
    rows.forEach(({ fingerprint }) => {
      firedAt.set(fingerprint, now);
      told.set(fingerprint, []);
    });
    open.push(...rows);
    await history.pages.apply(
      rows.map(({ fingerprint }) => fingerprint),
      () => change({ rows, notifications: rows.map((row) => message(row, 'ops')) }),
    );
  };

  const end = async (count: number): Promise<void> => {
    for (const row of open.splice(0, count))
      await history.pages.apply([row.fingerprint], () => ending(row, ['ops']));
  };

  const settle = async (queue: NotificationQueue, one: QueuedNotification, fails: boolean): Promise<void> => {
    const because = { reason: 'fatigue', detail: 'more than 3' };
    if (one.step === 'resolved') {
      const ends = one.told ? await queue.digestEnd(one) : { kind: 'none' };
      await queue.finish(
        one.id,
        ends.kind === 'waits'
          ? { kind: 'held', forMs: 0, ...because, digest: { of: 'end', isNew: false } }
          : { kind: 'dropped', reason: 'told', detail: 'the story is over' },
      );
      return;
    }
    const admission = (await queue.admit(one, LIKE))!;
    // Asked again, it is the same: who decided may have died before the record.
    expect((await queue.admit(one, LIKE))!.kind).toBe(admission.kind);
    if (admission.kind === 'digest') {
      const { isNew, inMs } = admission;
      await queue.finish(one.id, { kind: 'held', forMs: inMs, ...because, digest: { of: 'fire', isNew } });
      return;
    }
    if (fails) return queue.finish(one.id, { kind: 'retry', afterMs: 0, error: 'away' });
    const single = admission.kind === 'single';
    told.get(one.fingerprint)!.push({ at: now, single, firedAt: firedAt.get(one.fingerprint)! });
    await queue.finish(one.id, { kind: 'sent', via: 'ops', detail: 'ok' });
  };

  const notify = async (failing: number): Promise<void> => {
    let left = failing;
    for (;;) {
      const taken = (await Promise.all(queues.map((queue) => queue.take(4, 60_000)))).map((all, index) =>
        all.map((one) => settle(queues[index]!, one, left-- > 0)),
      );
      if (taken.flat().length === 0) return;
      await Promise.all(taken.flat());
    }
  };

  const later = async (ms: number): Promise<void> => {
    now += ms;
    await sql.query(
      `update ${schema}.notifications set due_at = due_at - $1 * interval '1 millisecond',
         digest_at = digest_at - $1 * interval '1 millisecond', sent_at = sent_at - $1 * interval '1 millisecond'`,
      [ms],
    );
  };

  for (const { fired, ended, failing, laterMs } of steps) {
    await fire(fired);
    await notify(failing);
    await end(ended);
    await notify(0);
    await later(laterMs);
    await notify(failing);
  }
  await later(LIKE.digestAfterMs + SLACK_MS);
  await notify(0);
  return told;
}

test('never more by themselves than the limit, and none lost or told twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), async (steps) => {
      await test_.sql.query(
        `truncate ${['notifications', 'episodes', 'alerts', 'timeline'].map((table) => `${test_.schema}.${table}`).join(', ')}`,
      );
      const told = [...(await story(steps)).values()];
      expect(told.map((all) => all.length)).toEqual(told.map(() => 1));
      const all = told.flat();
      const singles = all.filter(({ single }) => single).map(({ at }) => at);
      for (const from of singles)
        expect(
          singles.filter((at) => at >= from && at < from + WITHIN_MS - SLACK_MS).length,
        ).toBeLessThanOrEqual(LIKE.limit);
      // The clock goes on in leaps, and a digest leaves at the first after its time.
      const leap = Math.max(...steps.map(({ laterMs }) => laterMs), LIKE.digestAfterMs + SLACK_MS);
      for (const { at, firedAt } of all) expect(at - firedAt).toBeLessThanOrEqual(LIKE.digestAfterMs + leap);
    }),
    { numRuns: 15 },
  );
}, 120_000);

test('some alerts are held back at all', async () => {
  const told = await story([{ fired: 5, ended: 1, failing: 1, laterMs: 0 }]);
  const kinds = [...told.values()].flat().map(({ single }) => single);
  expect(kinds.filter(Boolean)).toHaveLength(LIKE.limit);
  expect(kinds).toHaveLength(5);
});
