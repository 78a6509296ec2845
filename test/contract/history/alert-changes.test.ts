/** Whoever keeps the alerts in memory misses no change and reads none for nothing, whatever goes on on the server. */
import { openDatabase } from '../../../src/history/database';
import { followAlertChanges } from '../../../src/history/alert-changes';
import { openHistory, type History } from '../../../src/history/history';
import type { AlertRow } from '../../../src/history/port';
import { planPages } from '../../../src/dispatch/pages';
import { transition } from '../../builders/alerts';
import { privateServers } from '../../harness/servers';
import { postgresUrl, testHistory, type TestHistory } from './test-history';

let kept: TestHistory;
beforeEach(async () => {
  kept = await testHistory();
});
afterEach(() => kept.close());

const none = async (): Promise<readonly string[]> => [];
const audience = { pageFor: () => [], resolveTo: [] };

/** The alerts' fingerprints. */
async function fire({ pages }: History, ...hosts: string[]): Promise<string[]> {
  const told = hosts.map((host) => transition({ labels: { host } }));
  const { rows } = await pages.apply(
    told.map(({ fingerprint }) => fingerprint),
    (known) => planPages(known, told, audience, new Date()),
  );
  return rows.map(({ fingerprint }: AlertRow) => fingerprint);
}

const names = (alerts: readonly { readonly labels: Record<string, string> }[]) =>
  alerts.map(({ labels }) => labels.host).sort();

test('a transaction that stays open makes nobody read again what he has seen, and what it writes is seen', async () => {
  const changes = kept.history.followAlerts();
  const [first] = await fire(kept.history, 'a');
  await changes.next(none);
  await kept.sql.query('begin');
  await kept.sql.query(`update ${kept.schema}.alerts set value = '1' where fingerprint = $1`, [first]);
  await fire(kept.history, ...Array.from({ length: 50 }, (_, n) => `h${n}`));
  expect((await changes.next(none)).alerts).toHaveLength(50);
  await fire(kept.history, 'b');
  expect(names((await changes.next(none)).alerts)).toEqual(['b']);
  expect((await changes.next(none)).alerts).toEqual([]);
  await kept.sql.query('commit');
  const { alerts, isWhole } = await changes.next(none);
  expect(names(alerts)).toEqual(['a']);
  expect(isWhole).toBe(false);
  expect((await changes.next(none)).alerts).toEqual([]);
});

test('another server takes the place of this one and counts its transactions from a lower number: all is read', async () => {
  const { postgres, stop } = await privateServers(['postgres']);
  const { instance } = kept;
  const other = await openHistory({ url: postgres.url, instance, maxConnections: 2 });
  const [before, after] = [postgresUrl, postgres.url].map((url) => openDatabase({ url, instance }));
  let current = before!;
  const changes = followAlertChanges({ schema: kept.schema, run: (...of) => current.run(...of) });
  try {
    await fire(kept.history, 'a', 'lost');
    await changes.next(none);
    // The numbers of the other are far behind, as after a restore, or hardly, as a replica's.
    const [first] = await fire(other, 'a', 'b');
    current = after!;
    const { alerts, isWhole } = await changes.next(async () => [first!]);
    expect(isWhole).toBe(true);
    expect(names(alerts)).toEqual(['a', 'b']);
    await fire(other, 'c');
    const next = await changes.next(none);
    expect(names(next.alerts)).toEqual(['c']);
    expect(next.isWhole).toBe(false);
  } finally {
    await Promise.all([before!.close(), after!.close(), other.close()]);
    await stop();
  }
});
