/** Who was too slow: looks and messages that others have taken over, and what was on its way when things changed. */
import { transitionOf } from '../../../src/dispatch/posted';
import type { Transition } from '../../../src/domain/transition';
import type { History } from '../../../src/history/history';
import type { DueGroup, FlushedGroup, PendingMessage, TakenMessage } from '../../../src/history/port';
import { waitFor } from '../../harness/wait-for';
import { groupProcesses, routeTo } from './group-process';

const DAY = 86_400_000;
const NAME = 'team/webhook/0';

const scene = groupProcesses(routeTo('team', { groupIntervalMs: 600_000, repeatIntervalMs: DAY }));

let lastAt = 0;
const told = (host: string, isOver = false): Transition => {
  const at = (lastAt = Math.max(Date.now(), lastAt + 1));
  const iso = (ms: number): string => new Date(ms).toISOString();
  return transitionOf(
    {
      ...{ labels: { alertname: 'Down', host }, annotations: {}, generatorUrl: '', updatedAt: iso(at) },
      ...{ startsAt: iso(at - 1), endsAt: iso(isOver ? at : at + DAY), timedOut: !isOver },
    },
    at,
    () => false,
  );
};
const untilHeard = (many: number) => waitFor(() => scene.heard.length >= many, { what: `${many} messages` });
const said = (): string[] =>
  scene.heard.map(({ message }) => message.alerts.map(({ status }) => status).join());

test('two processes whose Postgres is slower than their leases still tell, and once', async () => {
  const slow = async (): Promise<History> => {
    const history = await scene.kept.another();
    const toldOf: typeof history.groups.told = async (keys) => {
      const until = Date.now() + 1_500;
      await waitFor(() => Date.now() >= until, { what: 'a slow answer' });
      return history.groups.told(keys);
    };
    return { ...history, groups: { ...history.groups, told: toldOf } };
  };
  const one = await scene.start({ history: await slow(), lookLeaseMs: 600 });
  await scene.start({ history: await slow(), lookLeaseMs: 600 });
  await one.apply(told('a'));
  await untilHeard(1);
  await waitFor(async () => (await scene.kept.history.groups.nextDue())!.getTime() > Date.now() + 60_000, {
    what: 'the look to be written',
  });
  expect(said()).toEqual(['firing']);
});

const flushed = (due: DueGroup, firing: readonly string[] | null, more: object = {}): FlushedGroup => ({
  ...{ id: due.id, lease: due.lease, routeId: due.routeId, joined: due.joined, flushedAt: new Date() },
  ...{ dueAt: new Date(Date.now() + DAY), lookAgainMs: 0 },
  messages: firing === null ? [] : [message({ reason: 'r', firing, resolved: [], ...more })],
});
const message = (pending: PendingMessage) => ({
  ...{ groupKey: 'key', integration: NAME, pending, told: false, keepUntil: new Date(Date.now() + DAY) },
});
const take = async ({ groups }: History, leaseMs: number): Promise<DueGroup> => {
  let due: DueGroup[] = [];
  await waitFor(async () => (due = await groups.takeDue(new Date(), 1, leaseMs)).length > 0, {
    what: 'a group',
  });
  return due[0]!;
};
const takeMessage = async ({ groups }: History, leaseMs: number): Promise<TakenMessage> => {
  let taken: TakenMessage[] = [];
  await waitFor(async () => (taken = await groups.takeMessages([NAME], 1, leaseMs)).length > 0, {
    what: 'a message',
  });
  return taken[0]!;
};
const join = () => scene.kept.history.groups.join([{ id: 'g', routeId: 'r', dueAt: new Date() }]);
const lookAt = async (firing: readonly string[], more: object = {}): Promise<void> => {
  await scene.kept.history.groups.retime([{ id: 'g', routeId: 'r', dueAt: new Date() }]);
  await scene.kept.history.groups.flushed([flushed(await take(scene.kept.history, DAY), firing, more)]);
};
const toldNow = async () => (await scene.kept.history.groups.allTold())[0]!;

test('a look that somebody took over writes nothing, whoever took it', async () => {
  const { groups } = scene.kept.history;
  await join();
  const first = await take(scene.kept.history, 1);
  const second = await take(scene.kept.history, DAY);
  await groups.flushed([flushed(first, ['late'])]);
  expect(await groups.allTold()).toEqual([]);
  await groups.keep([first], 1);
  await groups.flushed([flushed(second, ['a'])]);
  expect((await toldNow()).pending).toMatchObject({ firing: ['a'] });
});

test('the outcome of a message that was overtaken does not bring back what was told before', async () => {
  const { groups } = scene.kept.history;
  const at = new Date();
  await join();
  await lookAt(['a']);
  const slow = await takeMessage(scene.kept.history, 1);
  const quick = await takeMessage(scene.kept.history, DAY);
  await groups.finish(quick, { kind: 'sent', at, memory: { thread: 'quick' } });
  await lookAt([], { resolved: ['a'] });
  const end = await takeMessage(scene.kept.history, DAY);
  await groups.finish(end, { kind: 'sent', at });
  await groups.finish(slow, { kind: 'sent', at, memory: { thread: 'slow' } });
  expect(await toldNow()).toMatchObject({ firing: [], resolved: ['a'], pending: null });
  await lookAt(['b']);
  expect(await takeMessage(scene.kept.history, DAY)).toMatchObject({
    memory: { thread: 'quick' },
    attempts: 0,
  });
});

test('a message that was forgotten with all before it has a key that was never there', async () => {
  await join();
  await lookAt(['a']);
  const { seq } = await takeMessage(scene.kept.history, DAY);
  await scene.kept.sql.query(`delete from ${scene.kept.schema}.group_messages`);
  await lookAt(['a']);
  expect((await takeMessage(scene.kept.history, DAY)).seq).toBeGreaterThan(seq);
});

test('an alert that fires again while its end is on its way is told as soon as that has arrived', async () => {
  let hold = false;
  const process = await scene.start({
    async answer() {
      await waitFor(() => !hold, { what: 'the receiver to answer', intervalMs: 5, timeoutMs: 30_000 });
      return { kind: 'delivered', detail: '' };
    },
  });
  await process.apply(told('other'), told('a'));
  await untilHeard(1);
  await waitFor(async () => !(await toldNow()).isTaken, { what: 'its outcome to be written' });
  const { schema, sql } = scene.kept;
  const group = async () =>
    (await sql.query(`select * from ${schema}.groups`)).rows[0] as {
      id: string;
      route_id: string;
      is_outrun: boolean;
    };
  const look = async () => {
    const { id, route_id: routeId } = await group();
    await scene.kept.history.groups.retime([{ id, routeId, dueAt: new Date() }]);
  };
  hold = true;
  await process.apply(told('a', true));
  await look();
  await waitFor(async () => (await toldNow()).isTaken, { what: 'the end to be on its way' });
  await process.apply(told('a'));
  await look();
  await waitFor(async () => (await group()).is_outrun, {
    what: 'a look that sees the end on its way',
  });
  expect(scene.heard).toHaveLength(1);
  hold = false;
  // The next look would come in ten minutes.
  await untilHeard(3);
  expect(said()).toEqual(['firing,firing', 'resolved,firing', 'firing,firing']);
});
