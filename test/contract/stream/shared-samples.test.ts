/** The topic on which partitions give samples to slots, on real Kafka: it moves with the metric topics, and counts for nothing else. */
import type { Metric } from '../../../src/domain/metric';
import { createBrokerClock } from '../../../src/stream/broker-clock';
import { withAdmin } from '../../../src/stream/kafka';
import { alertingGroup, consumeMetrics } from '../../../src/stream/metric-consumer';
import type { MetricSink, SharedRecord } from '../../../src/stream/port';
import { createMetricPublisher } from '../../../src/stream/publishers';
import { createSharedPublisher, ensureSharedTopic } from '../../../src/stream/slot-topic';
import { metricTopic, METRIC_PARTITIONS, sharedTopic } from '../../../src/stream/topics';
import { committedOf, metric, openBench, readAll, until, type Bench } from './kafka-harness';

const POOL = 'default';
let bench: Bench;
let topic: string;
beforeEach(async () => {
  bench = await openBench();
  topic = sharedTopic(bench.instance, POOL);
});
afterEach(() => bench.close());

const recordOf = (slot: number, time: number | null, value = 1): SharedRecord => ({
  ...{ slot, from: 1, plan: 'p', time },
  samples: [{ metric_name: 'x', instance_id: 'a', database_type: 'host', tags: {}, value, time: 5 }],
});

/** Keeps what it is told. A slot's time is that of the last record. */
function fakeSink(plan = 'p') {
  const heard: string[] = [];
  const metrics: string[] = [];
  const assigned: { fresh: readonly number[]; otherPlan: readonly number[] }[] = [];
  const reached = new Set<number>();
  let time = -Infinity;
  const sink: MetricSink = {
    ...{ lookbackMs: 3_600_000, plan },
    async assigned(_, fresh, otherPlan = []) {
      assigned.push({ fresh, otherPlan });
    },
    offer: ({ instance_id: id }: Metric, _, { replayed }) => void metrics.push(`${id} ${replayed}`),
    reached(partition, _, replayed) {
      if (!replayed) reached.add(partition);
      return true;
    },
    flush: () => Promise.resolve(),
    shared: {
      topic,
      offer(record, replayed) {
        heard.push(`${record.slot} ${record.samples[0]!.value} ${replayed}`);
        time = record.time ?? time;
      },
      advance: () => true,
      flush: () => Promise.resolve(),
      reachedBy: () => time,
    },
  };
  return { sink, heard, metrics, assigned, reached };
}

function consume(sink: MetricSink, sessionTimeoutMs?: number) {
  const { kafka, instance, onEvent } = bench;
  const clock = createBrokerClock({ kafka, instance, onEvent });
  const consumer = consumeMetrics({
    ...{ kafka, instance, onEvent, pool: POOL, sink, clock, commitEveryMessages: 1, sessionTimeoutMs },
  });
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await consumer.stop();
    await clock.close();
  };
  bench.after(stop);
  return { ...consumer, stop };
}

test('it has as many partitions as the widest metric topic, also when one becomes wider', async () => {
  const { kafka, instance } = bench;
  expect(await ensureSharedTopic(kafka, instance, POOL)).toBe(METRIC_PARTITIONS);
  const wide = metricTopic(instance, metric({ database_type: 'wide' }));
  await withAdmin(kafka, (admin) => admin.createTopics({ topics: [{ topic: wide, numPartitions: 15 }] }));
  const counts = await Promise.all(
    [1, 2].map(() => ensureSharedTopic(kafka, instance, POOL).catch(() => 15)),
  );
  expect(counts).toEqual([15, 15]);
  expect(await ensureSharedTopic(kafka, instance, POOL)).toBe(15);
});

test('a slot is read by who has its partition, and from before what it has still to do', async () => {
  const { kafka, instance, onEvent } = bench;
  await ensureSharedTopic(kafka, instance, POOL);
  const publisher = createSharedPublisher({ kafka, instance, pool: POOL, onEvent });
  bench.after(() => publisher.close());
  const committed = async (): Promise<number | undefined> =>
    (await committedOf(bench, alertingGroup(instance, POOL)))[`${topic}/3`];

  const first = fakeSink();
  const one = consume(first.sink);
  await publisher.publish([recordOf(3, null, 1)]);
  await until('the first record', () => first.heard.length === 1);
  // Until a slot's time is known, all that was given is needed.
  await until('time to pass in all partitions', () => first.reached.size === METRIC_PARTITIONS);
  expect(await committed()).toBeUndefined();
  const longAgo = Date.now() - 60_000;
  await publisher.publish([recordOf(3, longAgo, 2), recordOf(5, longAgo, 3)]);
  await until('the commit', async () => (await committed()) === 2);
  expect(first.heard.sort()).toEqual(['3 1 false', '3 2 false', '5 3 false']);
  await one.stop();
  const notes = await withAdmin(kafka, (admin) =>
    admin.fetchOffsets({ groupId: alertingGroup(instance, POOL), topics: [topic] }),
  );
  expect(notes[0]!.partitions.find(({ partition }) => partition === 3)!.metadata).toBe(String(longAgo));

  const second = fakeSink();
  consume(second.sink);
  await publisher.publish([recordOf(3, Date.now(), 4)]);
  await until('what was read before, and what is new', () => second.heard.includes('3 4 false'));
  expect(second.heard.filter((line) => line.startsWith('3'))).toEqual(['3 1 true', '3 2 true', '3 4 false']);
  expect((await readAll(bench, topic)).map(({ partition }) => partition).sort()).toEqual([3, 3, 3, 5]);
});

test('what was read under another plan is told, once', async () => {
  const { kafka, instance, onEvent } = bench;
  await ensureSharedTopic(kafka, instance, POOL);
  const publisher = createMetricPublisher({ kafka, instance, onEvent, lingerMs: 0 });
  bench.after(() => publisher.close());
  const run = async (plan: string, count: number) => {
    const { sink, metrics, assigned } = fakeSink(plan);
    const consumer = consume(sink);
    await publisher.publish([metric({ instance_id: 'db-1' })]);
    await until('the metrics', () => metrics.filter((line) => line.endsWith('false')).length === 1);
    await until('the commit', async () => {
      const offsets = await committedOf(bench, alertingGroup(instance, POOL));
      return Object.values(offsets).includes(count);
    });
    await consumer.stop();
    return assigned[0]!;
  };
  expect((await run('p', 1)).otherPlan).toEqual([]);
  expect((await run('q', 2)).otherPlan).toHaveLength(1);
  expect((await run('q', 3)).otherPlan).toEqual([]);
});

test('a session that the broker finds too short becomes one that it takes', async () => {
  await ensureSharedTopic(bench.kafka, bench.instance, POOL);
  const consumer = consume(fakeSink().sink, 500);
  await until('the member to have joined', () => consumer.joined());
  const restarts = bench.events.filter(({ kind }) => kind === 'consumer_restarting');
  expect(restarts).toHaveLength(1);
  expect(JSON.stringify(restarts[0])).toMatch(/session timeout/i);
});
