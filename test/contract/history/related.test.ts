/** Which other alerts are open on the same instance. */
import { alertRow, change, STARTED } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeAll(async () => (test_ = await testHistory()));
afterAll(() => test_.close());

const subject = alertRow({}, { alertname: 'High', instance_id: 'a' });
const older = alertRow({ episode: STARTED + 1 }, { alertname: 'Older', instance_id: 'a', severity: 'high' });
const scraped = alertRow({ episode: STARTED + 2 }, { alertname: 'Scraped', instance: 'a', resource: 'disk' });
const over = alertRow(
  { state: 'RESOLVED', endsAt: new Date(STARTED + 5).toISOString() },
  { alertname: 'Over', instance_id: 'a' },
);
const elsewhere = alertRow({}, { alertname: 'Elsewhere', instance_id: 'b' });
const nameless = alertRow({}, { severity: 'info' });

beforeAll(async () => {
  const rows = [subject, older, scraped, over, elsewhere, nameless];
  await test_.history.pages.apply(
    rows.map(({ fingerprint }) => fingerprint),
    () => change({ rows }),
  );
});
const related = (row: typeof subject, limit = 10) => test_.history.lists.related(row, limit);

test('those that fire there, newest first, by either name of the instance, without the alert itself', async () => {
  expect(await related(subject)).toEqual([
    {
      fingerprint: scraped.fingerprint,
      alert_name: 'Scraped',
      severity: null,
      resource: 'disk',
      state: 'FIRING',
      starts_at: scraped.startsAt,
    },
    {
      fingerprint: older.fingerprint,
      alert_name: 'Older',
      severity: 'high',
      resource: 'a',
      state: 'FIRING',
      starts_at: older.startsAt,
    },
  ]);
  expect((await related(subject, 1)).map(({ alert_name }) => alert_name)).toEqual(['Scraped']);
});

test('an alert that is alone there, or nowhere, has none', async () => {
  expect(await related(elsewhere)).toEqual([]);
  expect(await related(nameless)).toEqual([]);
});
