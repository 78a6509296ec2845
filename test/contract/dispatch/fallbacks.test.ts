/** What a receiver of an alertmanager.yml cannot have, its fallback is told, once; and what exceeds its rate limit waits. */
import { checkAlertmanager } from '../../../src/config/alertmanager/load';
import { transitionOf } from '../../../src/dispatch/posted';
import type { Transition } from '../../../src/domain/transition';
import { createIntegrations } from '../../../src/notify/integrations';
import type { Integration, ReceiverPolicy } from '../../../src/notify/port';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';
import { waitFor } from '../../harness/wait-for';
import { groupProcesses, routeTo, type GroupProcessOptions } from './group-process';

const DAY = 86_400_000;
const scene = groupProcesses(
  routeTo('pager', { groupBy: ['host'], groupIntervalMs: 600_000, repeatIntervalMs: DAY }),
);

let pager: HttpCatcher;
let mails: HttpCatcher;
const made: Integration[] = [];
beforeEach(async () => {
  [pager, mails] = await Promise.all([startHttpCatcher(), startHttpCatcher()]);
});
afterEach(async () => {
  await Promise.all([pager.close(), mails.close()]);
  await Promise.all(made.splice(0).map((one) => one.close()));
});

const SECOND: ReceiverPolicy = { fallback: 'mails', fallbackAfterMs: 1_000, rateLimit: null };
const LATE: ReceiverPolicy = { ...SECOND, fallbackAfterMs: 600_000 };

function start(policy: ReceiverPolicy, more: Partial<GroupProcessOptions> = {}) {
  const { config } = checkAlertmanager(
    `route: { receiver: pager }
receivers:
  - { name: pager, webhook_configs: [{ url: '${pager.url}/page' }] }
  - { name: mails, webhook_configs: [{ url: '${mails.url}/mail' }] }`,
    null,
  );
  const surroundings = { externalUrl: 'http://tocsin', templateFiles: [], now: Date.now, environment: {} };
  const integrations = createIntegrations(config!, surroundings);
  made.push(...integrations);
  const mutes = {
    integrationsOf: (receiver: string) => [{ name: `${receiver}/webhook/0`, sendResolved: true }],
  };
  return scene.start({ integrations, policies: { pager: policy }, mutes, ...more });
}

const told = (host: string, severity = 'warning'): Transition => {
  const at = Date.now();
  const iso = (ms: number): string => new Date(ms).toISOString();
  return transitionOf(
    {
      ...{ labels: { alertname: 'Down', host, severity }, annotations: {}, generatorUrl: '' },
      ...{ updatedAt: iso(at), startsAt: iso(at - 1), endsAt: iso(at + DAY), timedOut: true },
    },
    at,
    () => false,
  );
};
const deliveries = async () =>
  (
    await scene.kept.sql.query(
      `select integration, via, outcome, error from ${scene.kept.schema}.deliveries order by id`,
    )
  ).rows as { integration: string; via: string | null; outcome: string; error: string | null }[];
const pending = async () =>
  (
    await scene.kept.sql.query(
      `select attempts, lease_until from ${scene.kept.schema}.group_messages where pending is not null`,
    )
  ).rows as { attempts: number; lease_until: Date | null }[];
/** So many have left, and so many wait, held by nobody. */
const settled = (sent: number, waiting = 0) =>
  waitFor(
    async () => {
      const rows = await pending();
      const isFree = rows.every(({ lease_until: until }) => until === null);
      return isFree && rows.length === waiting && (await deliveries()).length === sent;
    },
    { what: `${sent} messages to have left and ${waiting} to wait`, timeoutMs: 20_000 },
  );
const hosts = (catcher: HttpCatcher): string[] =>
  catcher.requests.map(({ json }) => (json as { groupLabels: { host: string } }).groupLabels.host);

test('what a receiver refuses for good its fallback is told at once, and once', async () => {
  pager.answerAlways({ status: 400 });
  const one = await start(LATE);
  await start(LATE, { history: await scene.kept.another() });
  await one.apply(told('a'));
  await settled(1);
  expect(hosts(mails)).toEqual(['a']);
  expect(pager.requests).toHaveLength(1);
  expect(await deliveries()).toEqual([
    {
      ...{ integration: 'pager/webhook/0', via: 'mails/webhook/0', outcome: 'sent' },
      error: expect.stringContaining('400') as string,
    },
  ]);
  // The row says that its receiver was told, so that nothing is told again. The other process may have looked at it.
  await one.grouping.known.refresh();
  const [row] = one.grouping.known.all();
  expect(row).toBeDefined();
  const [message] = await scene.kept.history.groups.allTold();
  expect(message).toMatchObject({
    integration: 'pager/webhook/0',
    pending: null,
    firing: [row!.fingerprint],
  });
});

test('of one that hangs when fallback_after is over, and not before', async () => {
  pager.answerAlways('hang');
  const one = await start({ ...SECOND, fallbackAfterMs: 2_000 });
  const began = Date.now();
  await one.apply(told('a'));
  await settled(1);
  expect(mails.requests).toHaveLength(1);
  expect(mails.requests[0]!.at - began).toBeGreaterThanOrEqual(1_900);
});

test('of one that fails and comes back in time the fallback hears nothing', async () => {
  pager.answer({ status: 503 }, { status: 503 });
  const one = await start(LATE);
  await one.apply(told('a'));
  await settled(1);
  expect(hosts(pager)).toEqual(['a', 'a', 'a']);
  expect(mails.requests).toHaveLength(0);
});

test('while the circuit is open the fallback is told, and the receiver again as soon as it answers', async () => {
  pager.answerAlways({ status: 503 });
  const one = await start(SECOND);
  const names = Array.from({ length: 14 }, (_, n) => `h${n}`);
  await one.apply(...names.map((name) => told(name)));
  await settled(names.length);
  expect(hosts(mails).sort()).toEqual([...names].sort());
  pager.answerAlways({ status: 200 });
  const before = pager.requests.length;
  let sent = names.length;
  await waitFor(
    async () => {
      await one.apply(told(`probe-${Date.now()}`));
      await settled(++sent);
      return (await deliveries()).some(({ via }) => via === null);
    },
    { what: 'the receiver to be told itself', timeoutMs: 30_000, intervalMs: 500 },
  );
  expect(pager.requests.length).toBeGreaterThan(before);
}, 60_000);

test('where neither can be told it is tried again, by both', async () => {
  pager.answerAlways({ status: 400 });
  mails.answer({ status: 503 });
  const one = await start(LATE);
  await one.apply(told('a'));
  await settled(1);
  expect(hosts(mails)).toEqual(['a', 'a']);
  expect(await deliveries()).toMatchObject([{ via: 'mails/webhook/0', outcome: 'sent' }]);
});

test('a fallback that is not asked, since it is down, needs no permits', async () => {
  pager.answerAlways({ status: 400 });
  mails.answerAlways({ status: 503 });
  const rateLimit = { messages: 1_000, perMs: DAY };
  const one = await start(LATE, { policies: { pager: LATE, mails: { ...LATE, fallback: null, rateLimit } } });
  await one.apply(...Array.from({ length: 14 }, (_, n) => told(`h${n}`)));
  const tries = async () => (await pending()).reduce((sum, { attempts }) => sum + attempts, 0);
  await waitFor(async () => (await tries()) >= 60, { what: 'the circuit to be open', timeoutMs: 30_000 });
  const permits = async (): Promise<number> => {
    const { rows } = await scene.kept.sql.query(
      `select round(extract(epoch from next_at - now()) * 1000 / per_ms * messages)::integer as permits
       from ${scene.kept.schema}.rate_limits where name = 'mails/webhook/0'`,
    );
    return (rows as { permits: number }[])[0]!.permits;
  };
  // Some may be held at this moment.
  await waitFor(async () => (await permits()) <= mails.requests.length, {
    what: 'the permits to be given back',
  });
  expect(mails.requests.length).toBeLessThan(40);
}, 60_000);

test('of two processes a limited receiver is sent no more than its limit, what is critical first after that', async () => {
  const limited = { ...LATE, fallback: null, rateLimit: { messages: 2, perMs: 3_600_000 } };
  const one = await start(limited);
  await start(limited, { history: await scene.kept.another() });
  await one.apply(...['a', 'b', 'c', 'd', 'e'].map((name) => told(name)));
  await settled(2, 3);
  expect(pager.requests).toHaveLength(2);
  expect((await pending()).map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
  await one.apply(told('worst', 'critical'));
  await settled(2, 4);
  await scene.kept.sql.query(
    `update ${scene.kept.schema}.rate_limits set next_at = next_at - interval '30 minutes'`,
  );
  await one.apply(told('later'));
  await settled(3, 4);
  expect(hosts(pager)[2]).toBe('worst');
});

test('what waits for the limit longer than fallback_after goes to the fallback', async () => {
  const one = await start({ ...SECOND, rateLimit: { messages: 1, perMs: 3_600_000 } });
  await one.apply(told('a'), told('b'), told('c'));
  await settled(3);
  expect(pager.requests).toHaveLength(1);
  expect(mails.requests).toHaveLength(2);
  expect(new Set((await deliveries()).map(({ error }) => error))).toEqual(
    new Set([null, 'its rate limit of 1 in 1h is reached']),
  );
});
