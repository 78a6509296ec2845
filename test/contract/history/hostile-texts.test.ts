/** Texts of strangers and values beyond a column: nothing is lost for a NUL, and what cannot be written says so. */
import { alertRow, change, firing, lifeRecord } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let mine: TestHistory;
beforeAll(async () => (mine = await testHistory()));
afterAll(() => mine.close());

test('a retry whose error holds a NUL waits its time', async () => {
  const { pages, queue } = mine.history;
  const row = alertRow({}, { alertname: 'B' });
  await pages.apply([row.fingerprint], () => firing(row, ['ops'], new Date(0)));
  const [taken] = await queue.take(10, 5_000);
  await queue.finish(taken!.id, { kind: 'retry', afterMs: 60_000, error: 'HTTP 500: \u0000' });
  expect(await queue.nextDueInMs()).toBeGreaterThan(50_000);
});

test('a resolve by a name with a NUL is a resolve', async () => {
  const { pages, lives, lists } = mine.history;
  const row = alertRow({}, { alertname: 'C' });
  await pages.apply([row.fingerprint], () => firing(row));
  await lives.record(lifeRecord(row, 2, { state: 'RESOLVED', resolvedBy: 'ada\u0000' }));
  expect((await lists.list({})).find(({ fingerprint }) => fingerprint === row.fingerprint)).toMatchObject({
    resolvedBy: 'ada\ufffd',
  });
});

test.each([
  ['a start in year 0', { startsAt: '0000-06-01T00:00:00.000Z' }],
  ['an endless cool-down', { cooldownMs: 1e300 }],
])('%s is refused as a value, not as a Postgres that is away', async (_, more) => {
  const row = alertRow(more, { alertname: 'D' });
  const applied = mine.history.pages.apply([row.fingerprint], () => change({ rows: [row] }));
  await expect(applied).rejects.toMatchObject({ code: 'TOC_VALUE_REFUSED' });
});
