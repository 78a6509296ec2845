/** A drill on real servers: begun by its Schedule, kept in Postgres, raised in `gds.alerts` until it reaches everybody. */
import { Worker } from '@temporalio/worker';
import { createDrillActivities } from '../../../activities/drills';
import { loadConfig } from '../../../src/config/load';
import { createPagesHandler } from '../../../src/dispatch/dispatcher';
import { drillWorkflowId, taskQueueName } from '../../../src/domain/identity';
import { fingerprint } from '../../../src/domain/labels';
import type { Transition } from '../../../src/domain/transition';
import { createDrills } from '../../../src/notify/drills';
import type { Drills } from '../../../src/notify/port';
import { connectWorker, dataConverter, type TemporalLink } from '../../../src/temporal/connection';
import { createDrillControl, ensureDrillSchedules } from '../../../src/temporal/drills';
import { ownWay } from '../../../workers/notice-ways';
import { startHttpCatcher, type HttpCatcher } from '../../harness/http-catcher';
import { testServers } from '../../harness/servers';
import { waitFor } from '../../harness/wait-for';
import { workflowBundle } from '../../harness/workflow-bundle';
import '../../workflows/fixtures/quiet-runtime';
import { testHistory, type TestHistory } from '../history/test-history';

const STORY_MS = 120_000;
const RECEIVERS = ['hook', 'chat', 'slow'];

let kept: TestHistory;
let link: TemporalLink;
let catcher: HttpCatcher;
let worker: Worker;
let running: Promise<void>;
let drills: Drills;
const published: Transition[] = [];
/** Of the receiver, in order. */
const told = (receiver: string) =>
  catcher.requests
    .filter(({ path }) => path === `/${receiver}`)
    .map(({ json }) => json as { readonly message_id: string; readonly state: string });

beforeAll(async () => {
  kept = await testHistory();
  catcher = await startHttpCatcher();
  link = await connectWorker({ address: testServers().temporal, namespace: 'default' });
  const { instance, history } = kept;
  const config = loadConfig(
    {
      text: RECEIVERS.map(
        (name) => `  - { name: ${name}, type: webhook, url: '${catcher.url}/${name}', timeout: 2s }`,
      ).reduce((all, line) => `${all}\n${line}`, 'receivers:'),
      path: null,
    },
    {},
  );
  const pages = createPagesHandler({
    ...{ store: history.pages, pageFor: () => config.pages, resolveTo: ['hook', 'chat', 'slow'] },
    ...{ now: () => new Date(), wakeNotifier: () => undefined },
  });
  drills = createDrills({
    ...{ instance, store: history.drills, rows: history.audit, now: Date.now, toldOf: () => [] },
    waysOf: (name) => config.receivers.filter((one) => one.name === name).map((one) => ownWay(one, config)),
    async publish(transitions) {
      published.push(...transitions);
      await pages(
        transitions.map((transition, index) => ({
          ...{ transition, partition: 0, offset: String(published.length + index) },
        })),
      );
    },
  });
  worker = await Worker.create({
    ...{ connection: link.connection, taskQueue: taskQueueName(instance, 'effects'), dataConverter },
    ...{ workflowBundle: await workflowBundle(), activities: createDrillActivities(drills) },
  });
  running = worker.run();
}, STORY_MS);

afterAll(async () => {
  await ensureDrillSchedules(link.client, kept.instance, []);
  worker.shutdown();
  await running;
  await link.close();
  await catcher.close();
  await kept.close();
}, STORY_MS);

const scheduled = (receivers: readonly string[], name = 'monthly') => ({
  ...{ name, receivers, cron: '0 10 1-7 jan,JUL mon', timeZone: 'Europe/Berlin' },
});
const latest = async () =>
  (await kept.history.drills.latest()).map(({ receiver, isDelivered }) => [receiver, isDelivered]);
const failure = (receiver: string) =>
  kept.history.lists.find(
    fingerprint({
      ...{ alertname: 'TocsinDrillFailed', drill: 'monthly', receiver, severity: 'warning' },
      tocsin_instance: kept.instance,
    }),
  );

test('it comes at the times of the zone that is named, at which both days hold', async () => {
  await ensureDrillSchedules(link.client, kept.instance, [scheduled(RECEIVERS)]);
  const handle = link.client.schedule.getHandle(drillWorkflowId(kept.instance, 'monthly'));
  const { nextActionTimes } = (await handle.describe()).info;
  const shown = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', minute: '2-digit' },
    ...{ month: 'short', hourCycle: 'h23' },
  });
  expect(nextActionTimes.length).toBeGreaterThan(1);
  for (const at of nextActionTimes) {
    const parts = Object.fromEntries(shown.formatToParts(at).map(({ type, value }) => [type, value]));
    expect(parts).toMatchObject({ weekday: 'Mon', hour: '10', minute: '00' });
    expect(['Jan', 'Jul']).toContain(parts.month);
  }
  const times = await createDrillControl(link.client, kept.instance, 1_000).times('monthly');
  expect(times).toEqual({ nextAt: nextActionTimes[0]!.getTime(), isPaused: false });
});

test(
  'a receiver that refuses is an alert until a drill reaches it, and nobody is told twice',
  async () => {
    catcher.answerAlways(({ path }) =>
      path === '/chat' ? { status: 400 } : path === '/slow' ? 'hang' : { status: 200 },
    );
    const handle = link.client.schedule.getHandle(drillWorkflowId(kept.instance, 'monthly'));
    await ensureDrillSchedules(link.client, kept.instance, [scheduled(['hook', 'chat'])]);
    await handle.trigger();
    await waitFor(async () => (await failure('chat'))?.state === 'FIRING', {
      what: 'the alert',
      timeoutMs: 60_000,
    });
    expect(await latest()).toEqual([
      ['chat', false],
      ['hook', true],
    ]);
    expect(await failure('hook')).toBeNull();
    expect(told('hook').map(({ state }) => state)).toEqual(['FIRING', 'RESOLVED']);
    expect(told('chat')).toHaveLength(1);

    catcher.answerAlways({ status: 200 });
    const outcomes = await createDrillControl(link.client, kept.instance, 60_000).run({
      ...{ drill: 'monthly', receivers: ['hook', 'chat'] },
    });
    expect(outcomes.map(({ receiver, delivered }) => [receiver, delivered])).toEqual([
      ['hook', true],
      ['chat', true],
    ]);
    expect((await failure('chat'))?.state).toBe('RESOLVED');
    expect(await latest()).toEqual([
      ['chat', true],
      ['hook', true],
    ]);
    expect(new Set(told('hook').map(({ message_id: id }) => id)).size).toBe(4);
    expect(told('hook')).toHaveLength(4);
  },
  STORY_MS,
);

test(
  'a receiver that hangs keeps no other waiting, and is tried again under the same id',
  async () => {
    catcher.answerAlways(({ path }) =>
      path === '/slow' && told('slow').length < 2 ? 'hang' : { status: 200 },
    );
    const before = told('hook').length;
    const run = createDrillControl(link.client, kept.instance, 100_000).run({
      ...{ drill: 'monthly', receivers: ['slow', 'hook'] },
    });
    await waitFor(() => told('hook').length === before + 2, { what: 'the other', timeoutMs: 30_000 });
    expect(told('slow').length).toBeLessThan(2);
    expect((await run).map(({ delivered }) => delivered)).toEqual([true, true]);
    const [first, second, end] = told('slow');
    expect(second!.message_id).toBe(first!.message_id);
    expect([second!.state, end!.state, told('slow').length]).toEqual(['FIRING', 'RESOLVED', 3]);
    expect(told('hook')).toHaveLength(before + 2);
  },
  STORY_MS,
);

test('what a drill came to last outlives what is forgotten by age', async () => {
  const { drills: store } = kept.history;
  const step = { begun: null, isDelivered: true, detail: 'ok' };
  const at = Date.parse('2020-01-01T00:00:00Z');
  for (const day of [0, 1, 2])
    await store.record({ drill: 'old', receiver: 'hook', way: 'webhook', at: at + day * 86_400_000 }, step);
  await kept.history.forgetBefore(new Date('2021-01-01T00:00:00Z'));
  const { rows } = await kept.sql.query(`select at from ${kept.schema}.drills where drill = 'old'`);
  expect(rows).toEqual([{ at: new Date(at + 2 * 86_400_000) }]);
});

test('the Schedule, the alert and the results of a drill that is gone go, too', async () => {
  await drills.conclude(
    'monthly',
    [{ receiver: 'chat', delivered: false, retryable: false, detail: 'HTTP 401' }],
    Date.now(),
  );
  expect((await failure('chat'))?.state).toBe('FIRING');
  const gone = async (): Promise<boolean> => {
    await ensureDrillSchedules(link.client, kept.instance, [scheduled(['hook'], 'weekly')]);
    return (await createDrillControl(link.client, kept.instance, 1_000).times('monthly')) === null;
  };
  // The server lists a Schedule somewhat after it was made.
  await waitFor(gone, { what: 'the end of the Schedule' });
  await drills.forgetOthers([{ drill: 'weekly', receivers: ['hook'] }]);
  expect((await failure('chat'))?.state).toBe('RESOLVED');
  expect(await latest()).toEqual([]);
});
