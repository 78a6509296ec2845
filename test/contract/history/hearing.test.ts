/** Since when senders could be heard, as the processes of an instance write it down together. */
import type { Hearing } from '../../../src/history/port';
import { testHistory, type TestHistory } from './test-history';

const MINUTE = 60_000;
let kept: TestHistory;
beforeEach(async () => {
  kept = await testHistory();
});
afterEach(() => kept.close());

async function read(): Promise<Hearing> {
  const { hearing } = await kept.history.followAlerts().next(async () => []);
  return hearing!;
}

/** As if so much time had passed. */
const later = (ms: number) =>
  kept.sql.query(
    `update ${kept.schema}.hearing set since = since - $1 * interval '1 millisecond',
       served_until = served_until - $1 * interval '1 millisecond',
       heard_until = heard_until - $1 * interval '1 millisecond', before = before - $1 * interval '1 millisecond'`,
    [ms],
  );
/** Ago, in whole seconds. */
const ages = ({ now, since, heardUntil }: Hearing) => ({
  since: Math.floor((now - since) / 1_000),
  heard: Math.floor((now - heardUntil) / 1_000),
});

test('nothing is known before anybody has served; then it goes on for as long as somebody does', async () => {
  const { hearing } = await kept.history.followAlerts().next(async () => []);
  expect(hearing).toBeNull();
  await kept.history.hearing.heard(0, 0);
  await later(4_000);
  // One that has just begun takes over from one that has just ended.
  await kept.history.hearing.heard(500, 500);
  expect(ages(await read())).toEqual({ since: 4, heard: 0 });
  await later(60_000);
  // What one process could not write down it did all the same.
  await kept.history.hearing.heard(62_000, 3_000);
  expect(ages(await read())).toEqual({ since: 64, heard: 3 });
});

test('after a break it begins anew, and what ended before the break is known', async () => {
  await kept.history.hearing.heard(0, 0);
  await later(10 * MINUTE);
  await kept.history.hearing.heard(10 * MINUTE, 0);
  await later(20_000);
  await kept.history.hearing.heard(1_000, 0);
  const after = await read();
  expect(ages(after).since).toBe(1);
  expect(Math.floor((after.now - after.before) / 1_000)).toBe(20);
  // The next break comes before every sender was heard: those before the first one are still waited for.
  await later(60_000);
  await kept.history.hearing.heard(0, 0);
  const again = await read();
  expect(ages(again).since).toBe(0);
  expect(Math.floor((again.now - again.before) / 1_000)).toBe(80);
});

test('a post that could not be taken is a break, for as long as it was tried', async () => {
  await kept.history.hearing.heard(0, 0);
  await later(10 * MINUTE);
  await kept.history.hearing.heard(10 * MINUTE, 0);
  await kept.history.hearing.missed(5_000);
  const after = await read();
  expect(ages(after).since).toBe(0);
  expect(Math.floor((after.now - after.before) / 1_000)).toBe(5);
});

test('after the clock was set back nothing is in the future, and the next break is seen at once', async () => {
  await kept.history.hearing.heard(0, 0);
  await later(10 * MINUTE);
  await kept.history.hearing.heard(10 * MINUTE, 0);
  await later(-60 * MINUTE);
  await kept.history.hearing.heard(11 * MINUTE, 0);
  expect(ages(await read())).toEqual({ since: 0, heard: 0 });
  await later(20_000);
  expect(ages(await read())).toEqual({ since: 20, heard: 20 });
  await kept.history.hearing.heard(1_000, 0);
  expect(ages(await read()).since).toBe(1);
});
