/** The summary of a storm: one message that says what fires, before the single ones have arrived. */
import { transitionOf } from '../../../src/dispatch/posted';
import type { Transition } from '../../../src/domain/transition';
import type { Delivery, GroupMessage } from '../../../src/notify/port';
import { waitFor } from '../../harness/wait-for';
import { groupProcesses, routeTo, type Heard } from './group-process';

const HOUR = 3_600_000;
const scene = groupProcesses(routeTo('team', { groupBy: null, groupIntervalMs: HOUR }));
const RECEIVERS = { receivers: ['team', 'ops'], stormReceiver: 'ops' };

const firing = (count: number): Transition[] => {
  const now = Date.now();
  return Array.from({ length: count }, (_, at) =>
    transitionOf(
      {
        labels: {
          alertname: at % 3 === 0 ? 'DiskFull' : 'Down',
          host: `h${at}`,
          instance: `db-${at % 7}`,
          team: 'dba',
        },
        ...{ annotations: {}, generatorUrl: '', timedOut: false, updatedAt: '' },
        ...{ startsAt: new Date(now).toISOString(), endsAt: new Date(now + HOUR).toISOString() },
      },
      now,
      () => false,
    ),
  );
};
/** `team` takes nothing while `isSlow`; `ops` always does. */
const answering =
  (isSlow: () => boolean) =>
  async ({ receiver }: GroupMessage): Promise<Delivery> =>
    receiver === 'team' && isSlow()
      ? { kind: 'retry', error: 'busy', retryAfterMs: null }
      : { kind: 'delivered', detail: 'heard' };
const toldTo = (receiver: string): Heard[] =>
  scene.heard.filter(({ integration }) => integration === `${receiver}/webhook/0`);

test('is told once, of however many processes, and says what fires by name; each alert is told by itself all the same', async () => {
  let isSlow = true;
  const answer = answering(() => isSlow);
  const [one] = [await scene.start({ ...RECEIVERS, answer }), await scene.start({ ...RECEIVERS, answer })];
  await one.apply(...firing(300));
  await waitFor(() => toldTo('ops').length > 0, { what: 'the summary' });
  const [{ message }] = toldTo('ops') as [Heard];
  expect(message.groupLabels).toEqual({ alertname: 'TocsinStorm' });
  expect(message.alerts.map(({ labels }) => labels)).toEqual([
    { alertname: 'Down', team: 'dba', storm_alerts: '200' },
    { alertname: 'DiskFull', team: 'dba', storm_alerts: '100' },
  ]);
  expect(message.alerts[0]!.annotations['summary']).toMatch(
    /^200 alerts began to fire within a minute, of db-\d, .*and 2 other instances\. Each is told by itself too\.$/,
  );
  isSlow = false;
  await waitFor(() => toldTo('team').length === 300, { what: 'each alert', timeoutMs: 60_000 });
  expect(toldTo('ops')).toHaveLength(1);
});

test('a few groups that wait are no storm, and whoever asked for no summary gets none', async () => {
  const answer = answering(() => true);
  const one = await scene.start({ ...RECEIVERS, answer });
  await one.apply(...firing(99));
  const summaries = await scene.kept.history.storms.waiting(1);
  await waitFor(async () => (await scene.kept.history.storms.waiting(99)).length === 1, {
    what: 'all to wait',
  });
  expect(summaries.length).toBeLessThanOrEqual(1);
  expect(await scene.kept.history.storms.waiting(100)).toEqual([]);
  expect(toldTo('ops')).toEqual([]);
});

test('a summary is made anew when the last was told and is long ago', async () => {
  const { storms, groups } = scene.kept.history;
  const summary = [{ fingerprint: 'f', labels: {}, annotations: {}, startsAt: new Date().toISOString() }];
  const keepUntil = new Date(Date.now() + HOUR);
  const tell = (everyMs: number): Promise<boolean> =>
    storms.tell(['ops/webhook/0'], summary, everyMs, keepUntil);
  expect(await tell(0)).toBe(true);
  // It waits still.
  expect(await tell(0)).toBe(false);
  const [taken] = await groups.takeMessages(['ops/webhook/0'], 1, HOUR);
  expect(taken!.pending.summary).toEqual(summary);
  await groups.finish(taken!, { kind: 'sent', at: new Date() });
  expect(await tell(HOUR)).toBe(false);
  expect(await tell(0)).toBe(true);
  expect((await groups.takeMessages(['ops/webhook/0'], 1, HOUR))[0]!.seq).toBeGreaterThan(taken!.seq);
});

test('goes before the messages that wait', async () => {
  const { storms, groups } = scene.kept.history;
  const pending = { reason: 'first notification', firing: ['f'], resolved: [] };
  await groups.join([{ id: 'g', routeId: 'r', dueAt: new Date() }]);
  const [due] = await groups.takeDue(new Date(Date.now() + 1_000), 1, HOUR);
  const keepUntil = new Date(Date.now() + HOUR);
  await groups.flushed([
    {
      ...{ id: 'g', lease: due!.lease, routeId: 'r', joined: due!.joined, flushedAt: new Date() },
      ...{ dueAt: keepUntil, lookAgainMs: 0 },
      messages: [{ groupKey: '{}:{}', integration: 'ops/webhook/0', pending, told: false, keepUntil }],
    },
  ]);
  await storms.tell(['ops/webhook/0'], [], 0, keepUntil);
  const [first] = await groups.takeMessages(['ops/webhook/0'], 1, HOUR);
  expect(first!.groupKey).toBe('storm');
});

test('one that is refused keeps nothing else from being written down', async () => {
  const { storms, groups } = scene.kept.history;
  const keepUntil = new Date(Date.now() + HOUR);
  await storms.tell(['ops/webhook/0'], [], HOUR, keepUntil);
  const [taken] = await groups.takeMessages(['ops/webhook/0'], 1, HOUR);
  await groups.finish(taken!, { kind: 'refused', error: 'HTTP 400' });
  expect(await storms.tell(['ops/webhook/0'], [], HOUR, keepUntil)).toBe(false);
  expect(await groups.routeIds()).toEqual([]);
});
