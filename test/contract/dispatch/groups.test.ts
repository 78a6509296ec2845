/** Groups on a real Postgres: their times, what is told once, and whatever dies in between. */
import type { PostedAlert } from '../../../src/api/port';
import type { RouteOptions } from '../../../src/dispatch/port';
import { transitionOf } from '../../../src/dispatch/posted';
import { fingerprint } from '../../../src/domain/labels';
import type { Transition } from '../../../src/domain/transition';
import type { Delivery } from '../../../src/notify/port';
import { waitFor } from '../../harness/wait-for';
import { testHistory, type TestHistory } from '../history/test-history';
import { routeTo, startGroupProcess, type GroupProcess, type GroupProcessOptions } from './group-process';

const route = (more: Partial<RouteOptions> = {}): RouteOptions =>
  routeTo('team', { groupWaitMs: 500, groupIntervalMs: 1_000, ...more });

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const posted = (labels: Record<string, string>, more: Partial<PostedAlert> = {}): PostedAlert => ({
  labels: { alertname: 'Down', ...labels },
  annotations: {},
  startsAt: ago(0),
  endsAt: ago(-300_000),
  timedOut: true,
  updatedAt: ago(0),
  generatorUrl: '',
  ...more,
});
const untilAborted = (_: unknown, signal: AbortSignal): Promise<Delivery> =>
  new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve({ kind: 'retry', error: 'aborted', retryAfterMs: null })),
  );
let lastAt = 0;
const told = (labels: Record<string, string>, more: Partial<PostedAlert> = {}): Transition =>
  transitionOf(posted(labels, more), (lastAt = Math.max(Date.now(), lastAt + 1)), () => false);

let kept: TestHistory;
const processes: GroupProcess[] = [];
beforeEach(async () => {
  kept = await testHistory();
});
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.stop()));
  await kept.close();
});

async function start(more: Partial<GroupProcessOptions> = {}): Promise<GroupProcess> {
  const process = await startGroupProcess({ history: kept.history, route: route(), ...more });
  processes.push(process);
  return process;
}

const hosts = ({ heard }: GroupProcess, index = heard.length - 1): string[] =>
  heard[index]!.message.alerts.map(({ labels, status }) => `${labels.host} ${status}`);
const untilHeard = (process: GroupProcess, many: number) =>
  waitFor(() => process.heard.length >= many, { what: `${many} messages`, intervalMs: 5 });

test('waits for others, then tells of all at once; tells of a new one with the next look, and of the end', async () => {
  const process = await start();
  const began = Date.now();
  await process.apply(told({ host: 'a' }));
  await process.apply(told({ host: 'b' }));
  await untilHeard(process, 1);
  expect(process.heard[0]!.at - began).toBeGreaterThanOrEqual(490);
  expect(process.heard[0]!.at - began).toBeLessThan(3_000);
  expect(hosts(process)).toEqual(['a firing', 'b firing']);
  expect(process.heard[0]!.message).toMatchObject({
    groupKey: '{}:{alertname="Down"}',
    groupLabels: { alertname: 'Down' },
    receiver: 'team',
    reason: 'first notification',
  });
  await process.apply(told({ host: 'c' }), told({ host: 'a' }, { endsAt: ago(0), timedOut: false }));
  await untilHeard(process, 2);
  // By the group's own times: the first message may have been on its way for a while.
  expect(process.heard[1]!.at - began).toBeGreaterThanOrEqual(1_490);
  expect(process.heard[1]!.at - process.heard[0]!.at).toBeLessThan(3_000);
  expect(hosts(process)).toEqual(['a resolved', 'b firing', 'c firing']);
  await process.apply(
    told({ host: 'b' }, { endsAt: ago(0), timedOut: false }),
    told({ host: 'c' }, { endsAt: ago(0), timedOut: false }),
  );
  await untilHeard(process, 3);
  expect(hosts(process)).toEqual(['b resolved', 'c resolved']);
  await waitFor(async () => (await kept.history.groups.nextDue()) === null, { what: 'the group to be gone' });
  expect(process.heard).toHaveLength(3);
});

test('an alert that is old leaves at once; repeats come when they are due and not before', async () => {
  const process = await start({
    route: route({ groupWaitMs: 60_000, groupIntervalMs: 300, repeatIntervalMs: 1_000 }),
  });
  const began = Date.now();
  await process.apply(told({ host: 'a' }, { startsAt: ago(120_000) }));
  await untilHeard(process, 2);
  expect(process.heard[0]!.at - began).toBeLessThan(10_000);
  const apart = process.heard[1]!.at - process.heard[0]!.at;
  expect(process.heard[1]!.message.reason).toBe('repeat interval elapsed');
  expect(apart).toBeGreaterThan(1_000);
  expect(apart).toBeLessThan(5_000);
  expect(process.heard[1]!.message.key).not.toBe(process.heard[0]!.message.key);
});

test('an alert whose sender is silent ends by itself, in the message and in its row', async () => {
  const process = await start({ route: route({ groupWaitMs: 0, groupIntervalMs: 300 }) });
  // Long enough for the first look, also where the machine is busy.
  const alert = told({ host: 'a' }, { endsAt: ago(-2_500) });
  await process.apply(alert);
  await untilHeard(process, 2);
  expect(hosts(process, 0)).toEqual(['a firing']);
  expect(hosts(process, 1)).toEqual(['a resolved']);
  expect(process.heard[1]!.message.alerts[0]!.endsAt).toBe(alert.expires_at);
  const { fingerprint: id } = alert;
  await waitFor(async () => (await kept.history.lists.find(id))!.state === 'RESOLVED', {
    what: 'the row to end',
  });
  expect((await kept.history.lists.find(id))!.endsAt).toBe(alert.expires_at);
});

test('told again in time it goes on, and one that comes back after its end is told of anew', async () => {
  const process = await start({ route: route({ groupWaitMs: 0, groupIntervalMs: 200 }) });
  const startsAt = ago(1_000);
  await process.apply(told({ host: 'a' }, { startsAt, endsAt: ago(-400) }));
  await process.apply(told({ host: 'a' }, { startsAt, endsAt: ago(-60_000) }));
  await untilHeard(process, 1);
  await process.apply(told({ host: 'a' }, { startsAt, endsAt: ago(0), timedOut: false }));
  await untilHeard(process, 2);
  expect(hosts(process)).toEqual(['a resolved']);
  await process.apply(told({ host: 'a' }, { startsAt, endsAt: ago(-60_000) }));
  await untilHeard(process, 3);
  expect(hosts(process)).toEqual(['a firing']);
  expect(process.heard[2]!.message.alerts[0]!.startsAt).toBe(startsAt);
});

test('two processes tell once, and the one that is left goes on', async () => {
  const heard: GroupProcess['heard'] = [];
  const one = await start({ heard });
  const other = await start({ heard, history: await kept.another() });
  const names = Array.from({ length: 40 }, (_, n) => `Down${n}`);
  await one.apply(...names.map((alertname) => told({ alertname })));
  await waitFor(() => heard.length >= 40, { what: 'all messages' });
  one.vanish();
  await other.apply(...names.map((alertname) => told({ alertname, host: 'new' })));
  // What the other held is free after its lease.
  await waitFor(() => heard.length >= 80, { what: 'all messages of the second look', timeoutMs: 30_000 });
  expect(heard).toHaveLength(80);
});

test('killed between the look and the sending, the message is sent by another, once', async () => {
  const heard: GroupProcess['heard'] = [];
  const hung = await start({
    heard,
    route: route({ groupWaitMs: 0 }),
    answer: untilAborted,
    leaseMs: 1_000,
  });
  await hung.apply(told({ host: 'a' }));
  await waitFor(async () => (await kept.history.groups.allTold())[0]?.pending != null, {
    what: 'the message',
  });
  hung.vanish();
  const other = await start({ heard, route: route({ groupWaitMs: 0 }), history: await kept.another() });
  await untilHeard(other, 1);
  expect(heard).toHaveLength(1);
});

test('a receiver that hangs delays nobody, and one that fails is tried again until it hears', async () => {
  let failures = 2;
  const process = await start({
    route: route({
      groupWaitMs: 0,
      routes: [{ ...route({ receiver: 'hung', groupWaitMs: 0 }), continue: true }, route({ groupWaitMs: 0 })],
    }),
    receivers: ['team', 'hung'],
    answer: async ({ receiver }, signal) => {
      if (receiver === 'hung') await new Promise((resolve) => signal.addEventListener('abort', resolve));
      if (failures-- > 0) return { kind: 'retry', error: '503', retryAfterMs: null };
      return { kind: 'delivered', detail: '' };
    },
  });
  const began = Date.now();
  await process.apply(told({ host: 'a' }));
  await untilHeard(process, 1);
  expect(process.heard[0]!.integration).toBe('team/webhook/0');
  expect(Date.now() - began).toBeLessThan(5_000);
});

test('other routes: open groups move, and nobody hears again of what was told', async () => {
  const process = await start({ route: route({ groupWaitMs: 0, groupIntervalMs: 200 }) });
  await process.apply(told({ host: 'a' }), told({ host: 'b' }));
  await waitFor(async () => (await kept.history.groups.allTold())[0]?.toldAt != null, {
    what: 'what was told to be on record',
  });
  await process.grouping.reroute(
    route({
      groupWaitMs: 0,
      groupIntervalMs: 200,
      routes: [
        route({
          groupWaitMs: 0,
          groupIntervalMs: 200,
          groupBy: ['host'],
          matchers: [{ name: 'alertname', op: '=', value: 'Down' }],
        }),
      ],
    }),
  );
  await process.apply(told({ host: 'c' }));
  await untilHeard(process, 2);
  expect(hosts(process)).toEqual(['c firing']);
  await process.apply(told({ host: 'a' }, { endsAt: ago(0), timedOut: false }));
  await untilHeard(process, 3);
  expect(hosts(process)).toEqual(['a resolved']);
  expect(process.heard).toHaveLength(3);
  expect(process.grouping.known.get(fingerprint({ alertname: 'Down', host: 'b' }))).toBeDefined();
});

test('two routes with the same matchers and receiver share what it was told: one message, and none is lost', async () => {
  const twin = route({ groupWaitMs: 0, groupIntervalMs: 300 });
  const process = await start({
    route: route({ routes: [{ ...twin, continue: true, muteTimeIntervals: ['now'] }, twin] }),
    mutes: { timeMutedBy: ({ muteTimeIntervals }) => muteTimeIntervals },
  });
  await process.apply(told({ host: 'a' }));
  await untilHeard(process, 1);
  await process.apply(told({ host: 'a' }, { endsAt: ago(0), timedOut: false }));
  await waitFor(async () => (await kept.history.groups.nextDue()) === null, {
    what: 'both groups to be gone',
  });
  // A group is gone with the look that makes its last message.
  await untilHeard(process, 2);
  expect(process.heard.map((_, index) => hosts(process, index))).toEqual([['a firing'], ['a resolved']]);
});

test('an alert that ends while its message is on its way: its end is told, and so is its next beginning', async () => {
  let hold = true;
  const process = await start({
    route: route({ groupWaitMs: 0, groupIntervalMs: 200 }),
    answer: async () => {
      await waitFor(() => !hold, { what: 'the receiver to answer', intervalMs: 5 });
      return { kind: 'delivered', detail: '' };
    },
  });
  await process.apply(told({ host: 'a' }));
  await waitFor(async () => (await kept.history.groups.allTold())[0]?.pending != null, {
    what: 'the message',
  });
  await process.apply(told({ host: 'a' }, { endsAt: ago(0), timedOut: false }));
  const ended = Date.now();
  // A look that comes after the end leaves the next one behind it.
  await waitFor(async () => (await kept.history.groups.nextDue())!.getTime() > ended + 300, {
    what: 'looks at a group whose alert has ended',
  });
  hold = false;
  await untilHeard(process, 2);
  expect([hosts(process, 0), hosts(process, 1)]).toEqual([['a firing'], ['a resolved']]);
  await process.apply(told({ host: 'a' }));
  await untilHeard(process, 3);
  expect(hosts(process)).toEqual(['a firing']);
});

test('an end that was refused is told again with the next look', async () => {
  let refusals = 1;
  const process = await start({
    route: route({ groupWaitMs: 0, groupIntervalMs: 300 }),
    answer: async ({ alerts }) =>
      alerts.some(({ status }) => status === 'resolved') && refusals-- > 0
        ? { kind: 'refused', error: '400' }
        : { kind: 'delivered', detail: '' },
  });
  await process.apply(told({ host: 'a' }));
  await untilHeard(process, 1);
  await process.apply(told({ host: 'a' }, { endsAt: ago(0), timedOut: false }));
  await untilHeard(process, 2);
  expect(hosts(process)).toEqual(['a resolved']);
  expect(refusals).toBeLessThan(1);
});
