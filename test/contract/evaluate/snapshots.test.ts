/** An evaluator goes on with what the one before it knew, though what it knew it from is gone. */
import { planGroups } from '../../../src/evaluate/global-groups';
import { createGlobalHost } from '../../../src/evaluate/global-host';
import { createBrokerClock } from '../../../src/stream/broker-clock';
import { withAdmin } from '../../../src/stream/kafka';
import { alertingGroup, consumeMetrics } from '../../../src/stream/metric-consumer';
import { followOpenAlerts } from '../../../src/stream/open-alerts';
import { createMetricPublisher, createTransitionPublisher } from '../../../src/stream/publishers';
import { createSharedPublisher, ensureSharedTopic } from '../../../src/stream/slot-topic';
import { createSnapshotTopic, ensureSnapshotTopic } from '../../../src/stream/snapshot-topic';
import { METRIC_PARTITIONS, metricTopic, partitionOfKey, sharedTopic } from '../../../src/stream/topics';
import type { AlertRule } from '../../../src/domain/rule-group';
import { groupOf } from '../../builders/rules';
import { committedOf, metric, openBench, rule, sendRaw, until, type Bench } from '../stream/kafka-harness';
import { createPoints, type Points } from './points';

const POOL = 'default';
const HERE = partitionOfKey('', 'db-1', METRIC_PARTITIONS);
let bench: Bench;
let points: Points;

beforeEach(async () => {
  bench = await openBench();
  points = createPoints(bench);
  const { kafka, instance } = bench;
  await ensureSnapshotTopic(kafka, instance, POOL, { development: true });
  await ensureSharedTopic(kafka, instance, POOL, { development: true });
});
afterEach(() => bench.close());

/** A process that has read everything. */
async function evaluator(rules: readonly AlertRule[]) {
  const { kafka, instance, onEvent } = bench;
  const publisher = createTransitionPublisher({ kafka, instance, onEvent });
  const shared = createSharedPublisher({ kafka, instance, pool: POOL, onEvent });
  const derived = createMetricPublisher({ kafka, instance, lingerMs: 0 });
  const openAlerts = followOpenAlerts({ kafka, instance, onEvent });
  const topic = createSnapshotTopic({ kafka, instance, pool: POOL, onEvent });
  const sink = createGlobalHost({
    intervalMs: 15_000,
    // Samples of the past alone decide: no evaluation is due before 2033.
    ...{ plan: planGroups([groupOf(rules, { intervalMs: 1e12 })], METRIC_PARTITIONS), openAlerts, publisher },
    shared: { topic: sharedTopic(instance, POOL), publish: shared.publish },
    ...{ derived, isDerived: () => false },
    partitionOf: (instanceId) => partitionOfKey('', instanceId, METRIC_PARTITIONS),
  });
  const clock = createBrokerClock({ kafka, instance, onEvent });
  const consumer = consumeMetrics({
    ...{ kafka, instance, pool: POOL, sink, clock, onEvent, commitEveryMessages: 1 },
    snapshots: { topic, everyMs: 3_600_000 },
  });
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= stopNow());
  async function stopNow(): Promise<void> {
    await consumer.stop();
    for (const part of [clock, topic, openAlerts, publisher, shared, derived]) await part.close();
  }
  bench.after(stop);
  const place = `${metricTopic(instance, metric())}/${HERE}`;
  await until('everything to be committed', async () => {
    const committed = await committedOf(bench, alertingGroup(instance, POOL));
    return consumer.joined() && sink.stats().partitions > 0 && (committed[place] ?? 0) === points.published();
  });
  return { stats: sink.stats, stop };
}

/** From here on, what was published is in nobody's reach. */
async function forget(): Promise<void> {
  const topic = metricTopic(bench.instance, metric());
  const partitions = [{ partition: HERE, offset: String(points.published()) }];
  await withAdmin(bench.kafka, async (admin) => {
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions });
  });
}

const reads = () => bench.events.filter(({ kind }) => kind === 'snapshot_read');

test('a pending breach goes on, and nothing is read twice', async () => {
  const rules = [rule({ forMs: 60_000 })];
  await points.publish([0, 95], [30, 95]);
  await (await evaluator(rules)).stop();
  await forget();
  await points.publish([60, 95], [65, 95]);
  const second = await evaluator(rules);
  expect(second.stats().samples).toBe(2);
  expect(reads()).toContainEqual(expect.objectContaining({ partition: HERE }));
  expect(await points.told()).toEqual([['TooManyConnections', 'firing', points.isoAt(60), points.isoAt(60)]]);
  await second.stop();
});

test('beside a rule that is new, which begins to count now', async () => {
  const kept = rule({ forMs: 60_000 });
  await points.publish([0, 95], [30, 95]);
  await (await evaluator([kept])).stop();
  const second = await evaluator([kept, rule({ name: 'Soon', forMs: 10_000 })]);
  await points.publish([50, 95], [60, 95]);
  await until('both to be told', async () => (await points.told()).length === 2);
  expect(await points.told()).toEqual([
    ['TooManyConnections', 'firing', points.isoAt(60), points.isoAt(60)],
    ['Soon', 'firing', points.isoAt(60), points.isoAt(60)],
  ]);
  // What its windows may hold was read again.
  expect(second.stats().samples).toBe(4);
  await second.stop();
});

test('where snapshots are none, or cannot be read, the look-back is read again', async () => {
  const rules = [rule({ forMs: 60_000 })];
  await points.publish([0, 95], [30, 95]);
  await (await evaluator(rules)).stop();
  const { kafka, instance } = bench;
  await sendRaw(kafka, `${instance}.gds.evaluate.state.default`, [
    { partition: HERE, key: 'manifest', value: 'x' },
  ]);
  await points.publish([60, 95]);
  const second = await evaluator(rules);
  expect(second.stats().samples).toBe(3);
  expect(await points.told()).toEqual([['TooManyConnections', 'firing', points.isoAt(60), points.isoAt(60)]]);
  await second.stop();
});
