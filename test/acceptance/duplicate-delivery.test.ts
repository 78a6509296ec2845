/**
 * Every sample reaches Kafka twice, two evaluators judge each of them, and at the end Kafka delivers every transition
 * once more: one life for each alert, one message for each transition and step.
 */
import { Client, Connection } from '@temporalio/client';
import { withAdmin } from '../../src/stream/kafka';
import { alertsTopic, ensureTopics, metricTopic } from '../../src/stream/topics';
import { testServers } from '../harness/servers';
import { sampleOf, startSystem, type System } from '../harness/system';
import { waitFor } from '../harness/wait-for';

const INSTANCES = Array.from({ length: 10 }, (_, at) => `db-${at}`);
const STEPS = ['hook fire', 'hook resolved', 'level1 escalate-1', 'level1 resolved'];
const EXPECTED = STEPS.flatMap((step) => INSTANCES.map((instance) => `${step} ${instance}`)).sort();

/** Of the story as a whole; each of its waits, and each start of a process, has a limit of its own. */
const STORY_MS = 180_000;

let system: System;

beforeAll(async () => {
  system = await startSystem({ servers: testServers(), levels: [1_000], more: { log: { level: 'debug' } } });
});

afterAll(() => system.close());

test(
  'what comes twice, by two evaluators, is one life and one message for each step',
  async () => {
    const { evaluators, dispatcher } = await startRoles();

    await twice(90);
    await waitFor(() => system.told().length >= 2 * INSTANCES.length, {
      what: 'fire and level 1',
      timeoutMs: 30_000,
    });
    await twice(10);
    await waitFor(() => system.told().length >= EXPECTED.length, { what: 'the resolves', timeoutMs: 30_000 });
    expect(system.told()).toEqual(EXPECTED);
    // Each alert needs two; the others are the second evaluator's.
    expect(await transitionsOnTheWire()).toBeGreaterThan(2 * INSTANCES.length);

    const before = await finishedStories();
    expect(before).toHaveLength(INSTANCES.length);
    await deliverAllTransitionsAgain(dispatcher);
    // A fire that comes when its life is over begins a run, which finds in the history that the episode has ended.
    expect(await finishedStories()).toEqual(before);
    expect(system.told()).toEqual(EXPECTED);

    for (const role of evaluators) expect(await role.stop()).toBe(0);
  },
  STORY_MS,
);

async function startRoles() {
  const { kafka, instance } = system;
  await ensureTopics(kafka, instance, [metricTopic(instance, sampleOf('db-0', 0, 0))], { development: true });
  const [first, second, dispatcher] = await Promise.all([
    system.start('evaluator'),
    // Pools are consumer groups: both evaluate everything.
    system.start('evaluator', { TOCSIN_TEST_POOL: 'second' }),
    system.start('dispatcher'),
    system.start('effects'),
  ]);
  const evaluators = [first, second];
  // One that comes to its partitions later finds the alerts open, and has nothing to tell.
  await waitFor(() => evaluators.every((role) => role.output().includes('evaluate: assigned')), {
    what: 'each evaluator to have its partitions',
    timeoutMs: 30_000,
  });
  return { evaluators, dispatcher };
}

async function twice(value: number): Promise<void> {
  const samples = INSTANCES.map((instance) => sampleOf(instance, value, Date.now()));
  await system.publish(samples);
  await system.publish(samples);
}

async function transitionsOnTheWire(): Promise<number> {
  const topic = alertsTopic(system.instance);
  const offsets = await withAdmin(system.kafka, (admin) => admin.fetchTopicOffsets(topic));
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

/** As after a crash of the broker that lost the group's offsets. */
async function deliverAllTransitionsAgain(dispatcher: Awaited<ReturnType<System['start']>>): Promise<void> {
  expect(await dispatcher.stop()).toBe(0);
  const topic = alertsTopic(system.instance);
  const groups = await withAdmin(system.kafka, async (admin) => {
    const all = (await admin.listGroups()).groups.map(({ groupId }) => groupId);
    const ours = all.filter((id) => id.startsWith(system.instance) && /pages|lives/.test(id));
    for (const groupId of ours) await admin.resetOffsets({ groupId, topic, earliest: true });
    return ours;
  });
  expect(groups).toHaveLength(2);
  await system.start('dispatcher');
  await waitFor(async () => (await Promise.all(groups.map(lagOf))).every((lag) => lag === 0), {
    what: 'both groups to have read everything again',
    timeoutMs: 30_000,
  });
}

async function lagOf(groupId: string): Promise<number> {
  const topic = alertsTopic(system.instance);
  return withAdmin(system.kafka, async (admin) => {
    const [read] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const ends = await admin.fetchTopicOffsets(topic);
    const sum = (offsets: readonly string[]): number =>
      offsets.reduce((total, offset) => total + Math.max(0, Number(offset)), 0);
    return sum(ends.map(({ high }) => high)) - sum(read!.partitions.map(({ offset }) => offset));
  });
}

/** All that the history knows of each alert, when nothing is under way any more. */
async function finishedStories() {
  await waitFor(async () => (await openRuns()) === 0, { what: 'all runs to be over', timeoutMs: 30_000 });
  return waitFor(
    async () => {
      const all = await stories();
      return all.every(({ messages }) => messages.every(({ state }) => state === 'sent')) && all;
    },
    { what: 'every message to be recorded as sent', timeoutMs: 30_000 },
  );
}

async function stories() {
  const { lists } = system.history;
  const rows = await lists.list({});
  const whole = rows.map(async (row) => ({
    row,
    timeline: await lists.timeline(row.fingerprint),
    messages: await lists.notifications(row.fingerprint),
  }));
  return (await Promise.all(whole)).sort((a, b) => (a.row.fingerprint < b.row.fingerprint ? -1 : 1));
}

async function openRuns(): Promise<number> {
  const connection = await Connection.connect({ address: testServers().temporal });
  try {
    const { workflow } = new Client({ connection });
    const query = `WorkflowType = "alertWorkflow" AND WorkflowId STARTS_WITH "${system.instance}/" AND ExecutionStatus = "Running"`;
    return (await workflow.count(query)).count;
  } finally {
    await connection.close();
  }
}
