/** Messages of one bundle are taken together, by one process, whatever the limit. */
import type { QueuedNotification } from '../../../src/history/port';
import { alertRow, firing, message } from './test-alerts';
import { testHistory, type TestHistory } from './test-history';

let test_: TestHistory;
beforeEach(async () => (test_ = await testHistory()));
afterEach(() => test_.close());

const NAMES = ['a', 'b', 'c', 'd'];
const rows = NAMES.map((host) => alertRow({}, { alertname: 'Down', host }));

/** An escalation of each of these alerts to `ops`. */
async function escalate(more: { bundle?: string | null; dueAt?: Date; person?: string } = {}): Promise<void> {
  const { bundle = 'g:escalate-1', dueAt = new Date(0), person = null } = more;
  await test_.history.pages.apply(
    rows.map(({ fingerprint }) => fingerprint),
    () => {
      const changes = rows.map((row) => firing(row, []));
      const notifications = rows.map((row) => ({
        ...message(row, 'ops', 'escalate-1', dueAt),
        ...{ bundle, onCallPerson: person },
      }));
      return {
        rows: changes.flatMap((change) => change.rows),
        timeline: changes.flatMap((change) => change.timeline),
        ...{ notifications, resolves: [] },
      };
    },
  );
}

const hostsOf = (taken: readonly QueuedNotification[]): string[] =>
  taken.map(({ fingerprint }) => NAMES[rows.findIndex((row) => row.fingerprint === fingerprint)]!).sort();

test('all of a bundle come with its first, and nobody else gets any of them', async () => {
  await escalate();
  const other = await test_.another();
  const [one, two] = await Promise.all([test_.history.queue.take(1, 60_000), other.queue.take(1, 60_000)]);
  const [whole, none] = one.length > 0 ? [one, two] : [two, one];
  expect([hostsOf(whole), none]).toEqual([NAMES, []]);
  expect(new Set(whole.map(({ bundle }) => bundle))).toEqual(new Set(['g:escalate-1']));
  expect(await other.queue.take(10, 60_000)).toEqual([]);
});

test('messages of no bundle are taken one by one', async () => {
  await escalate({ bundle: null });
  expect(await test_.history.queue.take(1, 60_000)).toHaveLength(1);
  expect(await test_.history.queue.take(1, 60_000)).toHaveLength(1);
});

test.each(['a', 'b'])('what is due a moment later comes along: %s', async (host) => {
  await escalate();
  const { sql, schema } = test_;
  await sql.query(
    `update ${schema}.notifications set due_at = now() + interval '1500 ms' where fingerprint = $1`,
    [rows[NAMES.indexOf(host)]!.fingerprint],
  );
  expect(hostsOf(await test_.history.queue.take(1, 60_000))).toEqual(NAMES);
});

test('what is due later, or is for somebody else, is another message', async () => {
  await escalate();
  const { sql, schema } = test_;
  const change = (host: string, what: string) =>
    sql.query(`update ${schema}.notifications set ${what} where fingerprint = $1`, [
      rows[NAMES.indexOf(host)]!.fingerprint,
    ]);
  await change('b', "due_at = now() + interval '1 hour'");
  await change('c', "on_call_person = 'ana'");
  const taken = await test_.history.queue.take(1, 60_000);
  expect(hostsOf(taken)).toEqual(['a', 'd']);
  expect(hostsOf(await test_.history.queue.take(1, 60_000))).toEqual(['c']);
});

test('a bundle whose first is held back goes out without it', async () => {
  await escalate();
  const { queue } = test_.history;
  const [first, ...others] = await queue.take(1, 60_000);
  await queue.finish(first!.id, { kind: 'held', forMs: 3_600_000, reason: 'silenced', detail: 'a silence' });
  for (const { id } of others) await queue.finish(id, { kind: 'retry', afterMs: 0, error: 'away' });
  expect(hostsOf(await queue.take(1, 60_000))).toEqual(hostsOf(others));
});
