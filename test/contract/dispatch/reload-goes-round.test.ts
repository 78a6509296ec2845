/** A reload that goes round: for a while the processes of an instance go by different routes. */
import type { RouteOptions } from '../../../src/dispatch/port';
import { transitionOf } from '../../../src/dispatch/posted';
import type { History } from '../../../src/history/history';
import type { RecordedRouting } from '../../../src/history/port';
import { waitFor } from '../../harness/wait-for';
import { testHistory, type TestHistory } from '../history/test-history';
import { routeTo, startGroupProcess, type GroupProcess, type Heard } from './group-process';

const DAY = 86_400_000;
const BEAT_MS = 5_000;
const routed = (groupBy: readonly string[]): RouteOptions =>
  routeTo('team', { groupBy, groupIntervalMs: 100, repeatIntervalMs: DAY });
const OLD = routed(['alertname']);
const NEW = routed(['host']);
const recorded = (route: RouteOptions): RecordedRouting => ({ route, integrations: [] });

let kept: TestHistory;
const processes: GroupProcess[] = [];
beforeEach(async () => void (kept = await testHistory()));
afterEach(async () => {
  await Promise.all(processes.splice(0).map((process) => process.stop()));
  await kept.close();
});

/** A process that is there, and goes by these routes. */
async function begin(id: string, route: RouteOptions): Promise<History> {
  const history = await kept.another({ peerId: id });
  await history.records.keepRouting(recorded(route), { id, isReload: false });
  return history;
}
const isOutdated = async ({ peers }: History, id: string): Promise<boolean> =>
  (await peers.beat({ id, address: '' }, BEAT_MS)).isOutdated;
const reload = ({ records }: History, id: string, route: RouteOptions): Promise<void> =>
  records.keepRouting(recorded(route), { id, isReload: true });

test('who goes by older routes than another is given no groups and no messages, until the other is gone', async () => {
  const [a, b] = [await begin('a', OLD), await begin('b', OLD)];
  await kept.history.groups.join([{ id: 'g', routeId: 'r', dueAt: new Date() }]);
  expect(await b.groups.nextDue()).not.toBeNull();
  await reload(a, 'a', NEW);
  expect([await isOutdated(a, 'a'), await isOutdated(b, 'b')]).toEqual([false, true]);
  expect(await b.groups.takeDue(new Date(), 1, 1)).toEqual([]);
  expect(await b.groups.nextDue()).toBeNull();
  const [due] = await a.groups.takeDue(new Date(), 1, DAY);
  const pending = { reason: 'first notification', firing: ['f'], resolved: [] };
  await a.groups.flushed([
    {
      ...{ id: 'g', lease: due!.lease, routeId: 'r', joined: due!.joined, flushedAt: new Date() },
      ...{ dueAt: new Date(Date.now() + DAY), lookAgainMs: 0 },
      messages: [
        ...[{ groupKey: 'k', integration: 'i', pending, told: false, keepUntil: new Date(Date.now() + DAY) }],
      ],
    },
  ]);
  expect(await b.groups.takeMessages(['i'], 1, 1)).toEqual([]);
  expect(await b.groups.nextMessageDueInMs(['i'])).toBeNull();
  await a.peers.leave('a');
  expect(await isOutdated(b, 'b')).toBe(false);
  expect(await b.groups.takeMessages(['i'], 1, 1)).toHaveLength(1);
});

test('a look that was taken before others went by newer routes writes nothing', async () => {
  const [a, b] = [await begin('a', OLD), await begin('b', OLD)];
  await kept.history.groups.join([{ id: 'g', routeId: 'r', dueAt: new Date() }]);
  const [due] = await b.groups.takeDue(new Date(), 1, DAY);
  await reload(a, 'a', NEW);
  await b.groups.flushed([
    {
      ...{ id: 'g', lease: due!.lease, routeId: 'r', joined: due!.joined, flushedAt: new Date() },
      ...{ dueAt: null, lookAgainMs: 0, messages: [] },
    },
  ]);
  expect(await kept.history.groups.routeIds()).toEqual([{ id: 'g', routeId: 'r' }]);
});

test('a process that begins again with what it had is behind; one with what nobody has seen is ahead; back and forth, the last reload counts', async () => {
  const a = await begin('a', OLD);
  await begin('b', OLD);
  await reload(a, 'a', NEW);
  const again = await begin('b2', OLD);
  expect(await isOutdated(again, 'b2')).toBe(true);
  const newest = await begin('c', routed(['cluster']));
  expect([await isOutdated(newest, 'c'), await isOutdated(a, 'a')]).toEqual([false, true]);
  await reload(a, 'a', OLD);
  expect([await isOutdated(newest, 'c'), await isOutdated(again, 'b2')]).toEqual([true, false]);
});

test('while a reload goes round, alerts are told once, and by the newest routes', async () => {
  const heard: Heard[] = [];
  const join = async (id: string, route: RouteOptions): Promise<[History, GroupProcess]> => {
    const history = await begin(id, route);
    let isBehind = await isOutdated(history, id);
    const timer = setInterval(() => void isOutdated(history, id).then((is) => (isBehind = is)), 50);
    const process = await startGroupProcess({ history, route, heard, isInEffect: () => !isBehind });
    processes.push({
      ...process,
      async stop() {
        clearInterval(timer);
        await process.stop();
      },
    });
    return [history, process];
  };
  const [a, one] = await join('a', OLD);
  const [, two] = await join('b', OLD);
  await two.apply(firing('x'));
  await waitFor(() => heard.length === 1, { what: 'the first message' });
  await reload(a, 'a', NEW);
  await one.grouping.reroute(NEW);
  // Both go on looking and mending; the other one also takes what is posted.
  await two.apply(firing('y'));
  await one.apply(firing('z'));
  let remade = 0;
  const mended = async (): Promise<void> => {
    await one.grouping.mend();
    remade += await two.grouping.mend();
  };
  await waitFor(() => mended().then(() => heard.length >= 3), { what: 'the others to be told of' });
  // One more look at each group: what would be told again is told by then.
  const looked = Date.now();
  await waitFor(() => mended().then(async () => (await a.groups.nextDue())!.getTime() > looked + 300), {
    what: 'looks at all groups',
  });
  expect(remade).toBe(0);
  const hosts = heard.map(({ message }) => message.alerts.map(({ labels }) => labels.host).join());
  expect(hosts.sort()).toEqual(['x', 'y', 'z']);
  expect(heard.filter(({ message }) => message.groupKey.includes('host='))).toHaveLength(2);
});

function firing(host: string) {
  const at = Date.now();
  const iso = (ms: number): string => new Date(ms).toISOString();
  return transitionOf(
    {
      ...{ labels: { alertname: 'Down', host }, annotations: {}, generatorUrl: '', updatedAt: iso(at) },
      ...{ startsAt: iso(at - 1), endsAt: iso(at + DAY), timedOut: true },
    },
    at,
    () => false,
  );
}
