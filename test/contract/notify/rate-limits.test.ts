/** A receiver's rate limit on a real queue: what exceeds it stays, and nobody else waits for it. */
import { answerWhy } from '../../../src/dispatch/answer-why';
import type { AlertRow, RateLimit } from '../../../src/history/port';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';
import { waitFor } from '../../harness/wait-for';
import { alertRow, change, message } from '../history/test-alerts';
import { payload, useScene } from './scene';

const scene = useScene();
const { service } = scene;
const history = () => scene.first().history;

let other: HttpCatcher;
beforeEach(async () => {
  other = await startHttpCatcher();
});
afterEach(() => other.close());

const HOURLY: RateLimit = { messages: 3, perMs: 3_600_000 };
const alert = (host: string, severity = 'warning'): AlertRow =>
  alertRow({}, { alertname: 'HighConnections', instance_id: host, severity });
const rows = (count: number): AlertRow[] => Array.from({ length: count }, (_, n) => alert(`db-${n}`));
const fire = (all: readonly AlertRow[], ...receivers: string[]) =>
  history().pages.apply(
    all.map(({ fingerprint }) => fingerprint),
    () =>
      change({
        rows: all,
        notifications: all.flatMap((row) =>
          receivers.map((receiver) => message(row, receiver, 'fire', new Date())),
        ),
      }),
  );
const start = async (receivers: Parameters<typeof scene.notifier>[0], own = history()) =>
  scene.notifier(receivers, { rateLimits: own.rateLimits }, own);
const waiting = async () =>
  (
    await scene
      .first()
      .sql.query(
        `select receiver, attempts, state, lease_until from ${scene.first().schema}.notifications where state <> 'sent'`,
      )
  ).rows as { receiver: string; attempts: number; state: string; lease_until: Date | null }[];
const settled = (count: number) =>
  waitFor(
    async () => {
      const left = await waiting();
      return left.length === count && left.every(({ lease_until: until }) => until === null);
    },
    { what: `${count} messages to be left, held by nobody` },
  );

test('two processes send no more than the limit together; the rest waits untried and another receiver has all', async () => {
  const receivers = () => [
    service('pager', scene.catcher().url, { rateLimit: HOURLY }),
    service('ops', other.url),
  ];
  await start(receivers());
  await start(receivers(), await scene.first().another());
  await fire(rows(20), 'pager', 'ops');
  await waitFor(() => other.requests.length === 20, { what: 'all to the receiver without a limit' });
  await settled(17);
  expect(scene.catcher().requests).toHaveLength(3);
  for (const left of await waiting())
    expect(left).toMatchObject({ receiver: 'pager', attempts: 0, state: 'pending' });
  expect(other.requests).toHaveLength(20);
  // A permit that comes free lets exactly one more through.
  await scene
    .first()
    .sql.query(`update ${scene.first().schema}.rate_limits set next_at = next_at - interval '20 minutes'`);
  await settled(16);
  expect(scene.catcher().requests).toHaveLength(4);
});

test('what is critical goes first once the limit holds messages back, and why says what a page waits for', async () => {
  const limited = () => service('pager', scene.catcher().url, { rateLimit: { ...HOURLY, messages: 1 } });
  await fire(rows(3), 'pager');
  await start([limited()]);
  await settled(2);
  const critical = alert('db-9', 'critical');
  await fire([critical], 'pager');
  const { lists, records } = history();
  const { pages } = await answerWhy(critical, { lists, records, instance: '', now: new Date() });
  expect(pages.map(({ kind, stage, text }) => [kind, stage, text.replace(/at \S+Z/, 'at T')])).toEqual([
    [
      'waits',
      'rate limit',
      'tells pager of fire when the rate limit of pager lets it: the next message leaves at T, what is critical first',
    ],
  ]);
  await scene
    .first()
    .sql.query(`update ${scene.first().schema}.rate_limits set next_at = next_at - interval '1 hour'`);
  await waitFor(() => scene.catcher().requests.length === 2, { what: 'the next message' });
  expect(payload(scene.catcher().requests[1]).db_instance_id).toBe('db-9');
});

test('what waits longer than fallback_after for the limit goes to the fallback', async () => {
  const pager = service('pager', scene.catcher().url, {
    ...{ rateLimit: { ...HOURLY, messages: 1 }, fallback: 'mails', fallbackAfterMs: 1_000 },
  });
  await start([pager, service('mails', other.url)]);
  await fire(rows(3), 'pager');
  await settled(0);
  expect(scene.catcher().requests).toHaveLength(1);
  expect(other.requests).toHaveLength(2);
  const via = await scene
    .first()
    .sql.query(`select via, detail from ${scene.first().schema}.notifications where via = 'mails'`);
  expect(via.rows).toHaveLength(2);
  expect((via.rows as { detail: string }[])[0]!.detail).toContain('rate limit of 1 in 1h is reached');
});

test('what a silence drops leaves its permit to the next', async () => {
  await history().silences.create({
    ...{
      id: 's1',
      matchers: [{ name: 'instance_id', op: '=', value: 'db-0' }],
      createdBy: 'ann',
      comment: '',
    },
    ...{ startsAt: new Date(0).toISOString(), endsAt: new Date(Date.now() + 3_600_000).toISOString() },
  });
  await fire(rows(3), 'pager');
  await start([service('pager', scene.catcher().url, { rateLimit: { ...HOURLY, messages: 2 } })]);
  await settled(1);
  const told = scene.catcher().requests.map((request) => payload(request).db_instance_id);
  expect(told.sort()).toEqual(['db-1', 'db-2']);
});
