/** How time passes for an evaluator on real Kafka: by the brokers' clock, whatever its own says, and whatever records say. */
import { createBrokerClock } from '../../../src/stream/broker-clock';
import { withAdmin } from '../../../src/stream/kafka';
import { alertingGroup, consumeMetrics } from '../../../src/stream/metric-consumer';
import type { MetricSink } from '../../../src/stream/port';
import { clockTopic, ensureTopics, metricTopic } from '../../../src/stream/topics';
import { committedOf, metric, openBench, sendRaw, until, type Bench } from './kafka-harness';

const HOUR_MS = 3_600_000;
let bench: Bench;
let topic: string;
beforeEach(async () => {
  bench = await openBench();
  topic = metricTopic(bench.instance, metric());
});
afterEach(() => bench.close());

const message = (id: string, time = Date.now()) => ({
  ...{ key: 'db-1', partition: 3, timestamp: String(time) },
  value: JSON.stringify(metric({ instance_id: id, timestamp: new Date(time).toISOString() })),
});

/** Reads all that there is, and says how far time has come. */
function consume(lookbackMs = 0) {
  const { kafka, instance, onEvent } = bench;
  const offered = new Map<string, number>();
  const reached = new Map<number, number>();
  const inThree: [time: number, replayed: boolean][] = [];
  const sink: MetricSink = {
    ...{ lookbackMs, assigned: () => Promise.resolve(), flush: () => Promise.resolve() },
    offer: ({ instance_id: id }, time) => void offered.set(id, time),
    reached(partition, time, replayed) {
      reached.set(partition, time);
      if (partition === 3) inThree.push([time, replayed]);
      return true;
    },
  };
  const clock = createBrokerClock({ kafka, instance, onEvent });
  bench.after(() => clock.close());
  const consumer = consumeMetrics({
    ...{ kafka, instance, onEvent, pool: 'default', sink, clock, commitEveryMessages: 1 },
    topicPollMs: HOUR_MS,
  });
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= consumer.stop());
  bench.after(stop);
  const passes = (partition: number, beyond: number) =>
    until(`time to pass ${beyond}`, () => (reached.get(partition) ?? -Infinity) >= beyond);
  return { offered, reached, inThree, passes, clock, stop };
}

async function sendInTransaction(ids: readonly string[]): Promise<void> {
  const producer = bench.kafka.producer({
    transactionalId: bench.instance,
    maxInFlightRequests: 1,
    idempotent: true,
  });
  await producer.connect();
  try {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: ids.map((id) => message(id)) });
    await transaction.commit();
  } finally {
    await producer.disconnect();
  }
}

test("time is the brokers' while this machine's clock says something else", async () => {
  const real = Date.now;
  const before = real();
  Date.now = () => real() + HOUR_MS;
  try {
    const { passes, reached, clock } = consume();
    await passes(3, before);
    expect(reached.get(3)).toBeLessThanOrEqual(real());
    expect(clock.now()).toBeLessThanOrEqual(real());
    await passes(3, real() + 500);
    expect(reached.get(3)).toBeLessThanOrEqual(real());
  } finally {
    Date.now = real;
  }
  expect(bench.events).toContainEqual({
    kind: 'broker_clock',
    aheadMs: expect.closeTo(HOUR_MS, -3) as number,
  });
});

test('a topic of the clock that says no time is told of, and mended while nothing is evaluated', async () => {
  const { kafka, instance } = bench;
  const name = clockTopic(instance);
  await withAdmin(kafka, (admin) => admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }] }));
  const { passes, reached } = consume();
  const failures = () => bench.events.filter(({ kind }) => kind === 'broker_clock_failed');
  await until('the failure to be told', () => failures().length > 0);
  expect(failures()[0]).toMatchObject({
    reason: expect.stringMatching(/set its message\.timestamp\.type to LogAppendTime/) as string,
  });
  expect(reached.size).toBe(0);
  const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
  await withAdmin(kafka, (admin) =>
    // 2: a topic's configuration.
    admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name, configEntries }] }),
  );
  await passes(3, Date.now());
});

/** Records of the topic bear the times that their senders write. */
async function takeTimesOfSenders(): Promise<void> {
  const configEntries = [{ name: 'message.timestamp.type', value: 'CreateTime' }];
  await withAdmin(bench.kafka, (admin) =>
    admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] }),
  );
}

test("a sender's record time of the far future neither moves time nor is believed", async () => {
  const { kafka, instance } = bench;
  await takeTimesOfSenders();
  const before = Date.now();
  const wrong = before + HOUR_MS / 2;
  await sendRaw(kafka, topic, [message('right', before), message('wrong', wrong), message('next', before)]);
  const { offered, reached, passes } = consume();
  await until('all to be offered', () => offered.size === 3);
  expect(offered.get('right')).toBe(before);
  expect(offered.get('next')).toBe(before);
  expect(offered.get('wrong')).toBeLessThanOrEqual(Date.now() + 1_000);
  await passes(3, Date.now());
  expect(reached.get(3)).toBeLessThanOrEqual(Date.now() + 1_000);
  const group = alertingGroup(instance, 'default');
  await until('the commit', async () => (await committedOf(bench, group))[`${topic}/3`] === 3);
});

test('records that do not say when they came pass no time, and are evaluated for their own', async () => {
  const { kafka, instance } = bench;
  await takeTimesOfSenders();
  const before = Date.now();
  const twoHoursAgo = before - 2 * HOUR_MS;
  const wrong = { zero: '0', seconds: String(Math.floor(before / 1_000)), none: '-1' };
  await sendRaw(
    kafka,
    topic,
    Object.entries(wrong).map(([id, timestamp]) => ({ ...message(id, twoHoursAgo), timestamp })),
  );
  const { offered, inThree, passes, stop } = consume();
  await passes(3, before);
  expect([...offered]).toEqual(Object.keys(wrong).map((id) => [id, twoHoursAgo]));
  expect(inThree[0]![0]).toBeGreaterThanOrEqual(before - HOUR_MS);
  const group = alertingGroup(instance, 'default');
  await until('the commit', async () => (await committedOf(bench, group))[`${topic}/3`] === 3);
  await stop();
  const [notes] = await withAdmin(kafka, (admin) => admin.fetchOffsets({ groupId: group, topics: [topic] }));
  const { metadata } = notes!.partitions.find(({ partition }) => partition === 3)!;
  expect(Number(metadata!.split(' ')[0])).toBeGreaterThanOrEqual(before - HOUR_MS);
  const told = bench.events.filter(({ kind }) => kind === 'records_undated');
  expect(told.reduce((sum, event) => sum + (event as { records: number }).records, 0)).toBe(3);
});

test('time passes a transaction at the end of a topic', async () => {
  await sendInTransaction(['one', 'two']);
  const { offered, passes } = consume();
  await until('both', () => offered.size === 2);
  await passes(3, Date.now());
  await sendInTransaction(['three']);
  await until('the third', () => offered.has('three'));
  await passes(3, Date.now());
});

test('a topic that was made again is read from its beginning', async () => {
  const { kafka } = bench;
  await sendRaw(
    kafka,
    topic,
    ['a', 'b', 'c'].map((id) => message(id)),
  );
  const { offered, passes } = consume();
  await until('the first three', () => offered.size === 3);
  await withAdmin(kafka, async (admin) => {
    await admin.deleteTopics({ topics: [topic] });
    await until('it to be made again', async () => {
      const made = admin.createTopics({ topics: [{ topic, numPartitions: 12 }] });
      return made.then(() => true).catch(() => false);
    });
  });
  await sendRaw(kafka, topic, [message('d')]);
  await until('what is in the new one', () => offered.has('d'), 60_000);
  await passes(3, Date.now());
}, 90_000);

test('what time has decided up to a commit counts as told to whoever comes next, and nothing after it', async () => {
  const other = metricTopic(bench.instance, metric({ database_type: 'host' }));
  await ensureTopics(bench.kafka, bench.instance, [other]);
  const first = consume();
  await first.passes(3, Date.now());
  await sendRaw(bench.kafka, topic, [message('a')]);
  await until('it', () => first.offered.has('a'));
  const passed = Date.now();
  await first.passes(3, passed);
  await sendRaw(bench.kafka, other, [message('b')]);
  const group = alertingGroup(bench.instance, 'default');
  await until('the commit', async () => (await committedOf(bench, group))[`${other}/3`] === 1);
  await first.stop();
  const [notes] = await withAdmin(bench.kafka, (admin) =>
    admin.fetchOffsets({ groupId: group, topics: [other] }),
  );
  const { metadata } = notes!.partitions.find(({ partition }) => partition === 3)!;
  const told = Number(metadata!.split(' ')[2]);
  expect(told).toBeLessThanOrEqual(first.inThree.at(-1)![0]);
  expect(told).toBeGreaterThanOrEqual(passed);

  const second = consume(3_600_000);
  await second.passes(3, Date.now());
  expect([...second.offered.keys()].sort()).toEqual(['a', 'b']);
  for (const [time, replayed] of second.inThree) expect(replayed).toBe(time <= told);
  expect(second.inThree.filter(([, replayed]) => replayed).at(-1)![0]).toBe(told);
});

test('what has gone from a topic before anybody read it is not waited for', async () => {
  await sendRaw(
    bench.kafka,
    topic,
    ['a', 'b', 'c'].map((id) => message(id)),
  );
  await withAdmin(bench.kafka, async (admin) => {
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 3, offset: '3' }] });
  });
  const { passes, offered } = consume();
  await passes(3, Date.now());
  await sendRaw(bench.kafka, topic, [message('d')]);
  await until('what comes then', () => offered.has('d'));
});
