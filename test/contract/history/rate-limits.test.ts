/** Rate limits on the real server: what several processes are granted together is never more than the limit says. */
import * as fc from 'fast-check';
import type { LimitAnswer, RateLimit } from '../../../src/history/port';
import { alertRow, change, message } from './test-alerts';
import { batch, fires, handlerOf } from './test-incidents';
import { testHistory, type TestHistory } from './test-history';

let kept: TestHistory;
beforeEach(async () => {
  kept = await testHistory();
});
afterEach(() => kept.close());

/** The server's clock: the only one that is counted by. */
const clock = async (): Promise<number> => {
  const { rows } = await kept.sql.query('select extract(epoch from clock_timestamp())::float8 * 1000 as at');
  return (rows as [{ at: number }])[0].at;
};

test('of two processes, in any span of time, never more than the limit and what has come free in it', async () => {
  const two = [kept.history.rateLimits, (await kept.another()).rateLimits] as const;
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        messages: fc.integer({ min: 1, max: 12 }),
        perMs: fc.integer({ min: 1_000, max: 3_000 }),
      }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 1, max: 8 })), {
        minLength: 1,
        maxLength: 40,
      }),
      async (limit: RateLimit, asks) => {
        const name = `receiver-${++runs}`;
        const began = await clock();
        const answers: LimitAnswer[] = [];
        // Each process asks one after the other: asked at once they would go into one statement.
        const ask = async (who: number): Promise<void> => {
          for (const [index, [by, wanted]] of asks.entries())
            if (by === who) answers[index] = await two[who]!.take(name, limit, wanted);
        };
        await Promise.all([ask(0), ask(1)]);
        const tookMs = (await clock()) - began;
        const granted = answers.reduce((sum, { free }) => sum + free, 0);
        const wanted = asks.reduce((sum, [, each]) => sum + each, 0);
        answers.forEach(({ free }, index) => expect(free).toBeLessThanOrEqual(asks[index]![1]));
        expect(granted).toBeLessThanOrEqual(
          limit.messages + Math.floor((tookMs / limit.perMs) * limit.messages + 0.01),
        );
        // And no permit is lost.
        expect(granted).toBeGreaterThanOrEqual(Math.min(wanted, limit.messages));
      },
    ),
    { numRuns: 60 },
  );
});

test('one more comes free after each share of the time, and a look says when and takes nothing', async () => {
  const { rateLimits } = kept.history;
  const limit = { messages: 4, perMs: 3_600_000 };
  const look = async () => (await rateLimits.look(new Map([['pager', limit]]))).get('pager');
  expect(await look()).toEqual({ free: 4, nextInMs: 0 });
  expect(await rateLimits.take('pager', limit, 3)).toEqual({ free: 3, nextInMs: 0 });
  expect((await look())?.free).toBe(1);
  const last = await rateLimits.take('pager', limit, 3);
  expect(last.free).toBe(1);
  expect(last.nextInMs).toBeGreaterThan(800_000);
  expect(last.nextInMs).toBeLessThanOrEqual(900_000);
  expect((await look())?.free).toBe(0);
  await kept.sql.query(`update ${kept.schema}.rate_limits set next_at = next_at - interval '15 minutes'`);
  expect(await rateLimits.take('pager', limit, 3)).toMatchObject({ free: 1 });
});

test('after a restart it goes on; another limit holds back for its own time at most', async () => {
  const daily = { messages: 1, perMs: 86_400_000 };
  await kept.history.rateLimits.take('pager', daily, 1);
  const next = (await kept.another()).rateLimits;
  expect((await next.take('pager', daily, 1)).free).toBe(0);
  const often = { messages: 10, perMs: 1_000 };
  const answer = await next.take('pager', often, 1);
  expect(answer.nextInMs).toBeLessThanOrEqual(1_000);
  expect((await next.take('mails', daily, 1)).free).toBe(1);
});

test('who only looks sees another limit come free in its own time, and one that a clock was set back from in a minute more', async () => {
  const [daily, hourly] = [
    { messages: 1, perMs: 86_400_000 },
    { messages: 2, perMs: 3_600_000 },
  ];
  const look = async (limit: RateLimit) =>
    (await kept.history.rateLimits.look(new Map([['pager', limit]]))).get('pager')!;
  const pass = (time: string) =>
    kept.sql.query(`update ${kept.schema}.rate_limits set next_at = next_at - $1::interval`, [time]);
  await kept.history.rateLimits.take('pager', daily, 1);
  expect((await look(hourly)).nextInMs).toBeLessThanOrEqual(1_800_000);
  await pass('30 minutes');
  expect((await look(hourly)).free).toBe(1);
  await pass('-1 day');
  expect((await look(hourly)).nextInMs).toBeLessThanOrEqual(1_860_000);
  await pass('31 minutes');
  expect((await look(hourly)).free).toBe(1);
});

describe('messages taken out of the queue under a limit', () => {
  const DAY = 86_400_000;
  const queues = async () => [kept.history.queue, (await kept.another()).queue] as const;
  const put = async (...severities: readonly string[]): Promise<void> => {
    const rows = severities.map((severity, n) =>
      alertRow({}, { alertname: 'Down', instance_id: `db-${n}`, severity }),
    );
    const notifications = rows.map((row) => message(row, 'pager', 'fire', new Date()));
    await kept.history.pages.apply(
      rows.map(({ fingerprint }) => fingerprint),
      () => change({ rows, notifications }),
    );
  };
  const filter = (limit: RateLimit) => ({
    ...{ only: ['pager'], urgentFirst: true, under: { name: 'pager', limit } },
  });
  const free = async (limit: RateLimit): Promise<number> =>
    (await kept.history.rateLimits.look(new Map([['pager', limit]]))).get('pager')!.free;

  test('by two processes at once are as many as there are permits, the most urgent', async () => {
    const limit = { messages: 3, perMs: DAY };
    const severities = Array.from({ length: 24 }, (_, n) => (n % 8 === 7 ? 'critical' : 'warning'));
    await put(...severities);
    const [one, two] = await queues();
    // What is not there yet grants nothing: a look makes it.
    expect(await one.take(5, 60_000, filter(limit))).toEqual([]);
    expect(await free(limit)).toBe(3);
    const taken = await Promise.all(
      Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? one : two).take(1, 60_000, filter(limit))),
    );
    const facts = await Promise.all(taken.flat().map((each) => one.facts(each.fingerprint, each.episode)));
    expect(facts.map((each) => each?.alert.labels.severity)).toEqual(['critical', 'critical', 'critical']);
    expect(await free(limit)).toBe(0);
  });

  test('are those of incidents by their severity too, and without one in their order', async () => {
    const limit = { messages: 10, perMs: DAY };
    await free(limit);
    const first = alertRow({}, { alertname: 'Down', instance_id: 'without' });
    await kept.history.pages.apply([first.fingerprint], () =>
      change({
        rows: [first],
        notifications: [message(first, 'pager', 'fire', new Date(Date.now() - 1_000))],
      }),
    );
    await put('warning');
    await handlerOf(kept.history, { receivers: ['pager'] })(
      batch(fires('orders', 0, 'critical'), fires('payments', 1_000, 'critical')),
    );
    const [one] = await queues();
    const taken: string[] = [];
    for (let n = 0; n < 3; n++)
      taken.push(...(await one.take(1, 60_000, filter(limit))).map(({ fingerprint }) => fingerprint));
    expect(taken.slice(0, 2)).toEqual(['INC-1', first.fingerprint]);
  });

  test('cost a permit each, and none where there was nothing to take', async () => {
    const limit = { messages: 10, perMs: DAY };
    expect(await free(limit)).toBe(10);
    const [one] = await queues();
    expect(await one.take(5, 60_000, filter(limit))).toEqual([]);
    expect(await free(limit)).toBe(10);
    await put('warning', 'warning', 'warning');
    expect(await one.take(5, 60_000, filter(limit))).toHaveLength(3);
    expect(await free(limit)).toBe(7);
    await kept.history.rateLimits.giveBack('pager', limit);
    expect(await free(limit)).toBe(8);
    // Of another limit that was in force when it was taken there is nothing to give back.
    await kept.history.rateLimits.giveBack('pager', { ...limit, messages: 20 });
    expect(await free(limit)).toBe(8);
  });
});
