/** Whoever asks why an alert was told hears, too, whether a process looks at groups and since when senders are heard. */
import { testHistory, type TestHistory } from './test-history';

let kept: TestHistory;
beforeEach(async () => {
  kept = await testHistory();
});
afterEach(() => kept.close());

const served = async () => {
  const { isServed, hearing } = await kept.history.records.of('68dd5ba9ea5e1a5a', [], new Date(0));
  return { isServed, hearing };
};

test('a process is there until it leaves, or has not said so for a while', async () => {
  const { peers } = kept.history;
  expect(await served()).toEqual({ isServed: false, hearing: null });
  await peers.beat({ id: 'one', address: '' }, 5_000);
  expect((await served()).isServed).toBe(true);
  await peers.leave('one');
  expect((await served()).isServed).toBe(false);
  await peers.beat({ id: 'two', address: '' }, 5_000);
  await kept.sql.query(`update ${kept.schema}.peers set seen_at = now() - interval '1 minute'`);
  expect((await served()).isServed).toBe(false);
});

test('since when senders are heard', async () => {
  await kept.history.hearing.heard(60_000, 1_000);
  const { hearing } = await served();
  expect(Math.round((hearing!.now - hearing!.since) / 1_000)).toBeGreaterThanOrEqual(60);
  expect(hearing!.heardUntil).toBeGreaterThan(hearing!.since);
});
