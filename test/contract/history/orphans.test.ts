/** A message whose holder let its lease end: its holder takes it again at any time, another process only when it asks. */
import { alertRow, firing } from './test-alerts';
import { testHistory, until, type TestHistory } from './test-history';

let mine: TestHistory;
beforeAll(async () => (mine = await testHistory()));
afterAll(() => mine.close());

test('is left to its holder, while what nobody holds is taken', async () => {
  const { pages, queue } = mine.history;
  const other = (await mine.another()).queue;
  const held = alertRow({}, { alertname: 'Held' });
  const free = alertRow({}, { alertname: 'Free' });
  await pages.apply([held.fingerprint], () => firing(held, ['ops'], new Date(0)));
  expect(await queue.take(1, 1)).toHaveLength(1);
  await until(
    async () =>
      (await mine.sql.query(`select from ${mine.schema}.notifications where lease_until < now()`))
        .rowCount === 1,
  );
  await pages.apply([free.fingerprint], () => firing(free, ['ops'], new Date(0)));
  const told = async (...[from, orphans]: [typeof queue, boolean]) =>
    (await from.take(10, 1, undefined, orphans)).map(({ fingerprint }) => fingerprint);
  expect(await told(other, false)).toEqual([free.fingerprint]);
  expect(await told(queue, false)).toContain(held.fingerprint);
  await until(async () => (await told(other, true)).includes(held.fingerprint));
});
