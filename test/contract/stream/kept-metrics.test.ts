/** What metric topics hold of a time: all of it, in the order of its records over partitions and topics, and nothing left behind. */
import type { Message } from 'kafkajs';
import { withAdmin } from '../../../src/stream/kafka';
import { readKeptMetrics, type KeptMetric, type KeptMetricsOptions } from '../../../src/stream/kept-metrics';
import { readSpans, spansBetween } from '../../../src/stream/span-reader';
import { derivedTopic, ensureTopics, metricTopic } from '../../../src/stream/topics';
import { metric, openBench, readAll, sendRaw, until, type Bench } from './kafka-harness';

let bench: Bench;
let topics: [string, string];
beforeEach(async () => {
  bench = await openBench();
  const { kafka, instance } = bench;
  topics = [metricTopic(instance, metric()), metricTopic(instance, metric({ database_type: 'mysql' }))];
  await ensureTopics(kafka, instance, topics);
});
afterEach(async () => {
  const left = await withAdmin(bench.kafka, (admin) => admin.listGroups());
  await bench.close();
  expect(left.groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(bench.instance))).toEqual([]);
});

const ALL = { fromMs: 0, toMs: Infinity };

const message = (value: number, partition: number, agoMs = 0): Message => ({
  partition,
  value: JSON.stringify(metric({ value, timestamp: new Date(Date.now() - agoMs).toISOString() })),
});

async function read(between = ALL, options: Partial<KeptMetricsOptions> = {}) {
  const kept: KeptMetric[] = [];
  const reading = await readKeptMetrics({ ...bench, ...options }, between, (each) => void kept.push(each));
  return { reading, kept, values: kept.map(({ metric: { value } }) => value) };
}

test('of several topics and partitions, in the order in which it was recorded', async () => {
  for (let i = 0; i < 40; i++) await sendRaw(bench.kafka, topics[i % 2]!, [message(i, (i * 5) % 12)]);
  const { reading, kept, values } = await read();
  const times = kept.map(({ recorded }) => recorded);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect([...values].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 40 }, (_, i) => i));
  expect(reading).toEqual({
    ...{ isWhole: true, records: 40, invalid: 0, late: 0, rejected: 0, corrected: 0, heldSince: null },
  });

  const [from, to] = [times[10]!, times[29]!];
  const part = await read({ fromMs: from, toMs: to });
  expect(part.kept.map(({ recorded }) => recorded)).toEqual(
    times.filter((time) => time >= from && time <= to),
  );
  expect((await read({ fromMs: to + 60_000, toMs: to + 120_000 })).reading.records).toBe(0);
});

test('what an evaluator does not evaluate is left out and counted', async () => {
  const { kafka, instance } = bench;
  const derived = derivedTopic(instance, metric());
  await ensureTopics(kafka, instance, [derived]);
  const HOUR = 3_600_000;
  await sendRaw(kafka, topics[0], [message(1, 0), message(2, 0, 2 * HOUR), { partition: 0, value: 'none' }]);
  await sendRaw(kafka, topics[0], [message(3, 0, -HOUR), { partition: 0, value: null }]);
  await sendRaw(kafka, derived, [message(4, 0, 2 * HOUR)]);
  const { kept, values, reading } = await read();
  expect(values).toEqual([1, 3, 4]);
  expect(reading).toMatchObject({ records: 6, invalid: 2, late: 1, corrected: 1, rejected: 0 });
  expect(kept[1]!.time).toBe(kept[1]!.recorded);
  expect(kept.map(({ isDerived }) => isDerived)).toEqual([false, false, true]);
  const rejecting = { maxSkewMs: 1_000, skewPolicy: 'reject', maxLateMs: 3 * HOUR } as const;
  expect((await read(ALL, { timing: rejecting })).values).toEqual([1, 2, 4]);
});

test('since when nothing has been deleted is said', async () => {
  const { kafka } = bench;
  await sendRaw(
    kafka,
    topics[0],
    [1, 2, 3].map((value) => message(value, 3)),
  );
  const [, second] = await readAll(bench, topics[0]);
  await withAdmin(kafka, async (admin) => {
    await admin.fetchTopicOffsets(topics[0]);
    await admin.deleteTopicRecords({ topic: topics[0], partitions: [{ partition: 3, offset: '1' }] });
  });
  const { values, reading } = await read();
  expect([values, reading.heldSince]).toEqual([[2, 3], Number(second!.timestamp)]);
});

test('a partition that is ahead of another by more than is kept of one waits for it, and goes on', async () => {
  const { kafka } = bench;
  const filling = 'x'.repeat(40_000);
  const large = (value: number): Message => ({
    partition: 1,
    value: JSON.stringify(metric({ value, tags: { filling } })),
  });
  const producer = kafka.producer();
  await producer.connect();
  // Of each of many partitions, little is kept.
  const firsts = Array.from({ length: 12 }, (_, partition) => message(-1, partition));
  for (const topic of topics) await producer.send({ topic, messages: firsts });
  for (let i = 0; i < 20; i++) {
    const messages = Array.from({ length: 20 }, (_, j) => large(20 * i + j));
    await producer.send({ topic: topics[i < 10 ? 0 : 1], messages });
  }
  await producer.disconnect();
  const { values } = await read();
  expect(values.slice(24)).toEqual(Array.from({ length: 400 }, (_, i) => i));
});

test('the mark that ends a transaction is no record to wait for', async () => {
  const producer = bench.kafka.producer({
    transactionalId: bench.instance,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  for (const value of [1, 2]) {
    const transaction = await until('a transaction', () => producer.transaction().catch(() => null));
    await transaction.send({ topic: topics[0], messages: [message(value, 0)] });
    await (value === 1 ? transaction.commit() : transaction.abort());
  }
  await producer.disconnect();
  expect((await read()).values).toEqual([1]);
}, 60_000);

test('who is told to stop leaves nothing behind', async () => {
  await sendRaw(
    bench.kafka,
    topics[0],
    [1, 2, 3].map((value) => message(value, 0)),
  );
  const stop = new AbortController();
  const { reading, values } = await read(ALL, { signal: stop.signal, onProgress: () => stop.abort() });
  expect([reading.isWhole, values]).toEqual([false, [1]]);
  expect((await read(ALL, { signal: stop.signal })).reading).toMatchObject({ isWhole: false, records: 0 });
});

test('what takes longer than it may is given up, and takes nothing more', async () => {
  const { kafka } = bench;
  await sendRaw(kafka, topics[0], [message(1, 0)]);
  const spans = await withAdmin(kafka, (admin) => spansBetween(admin, topics[0], 0, Infinity));
  // Its last record never comes.
  const [span] = spans.filter(({ to }) => to > 0n).map((each) => ({ ...each, to: each.to + 1n }));
  const taken: unknown[] = [];
  const reading = { ...bench, what: 'too-much', timeoutMs: 2_000 };
  await expect(readSpans(reading, [span!], (record) => void taken.push(record))).rejects.toThrow(
    expect.objectContaining({
      code: 'TOC_DEPENDENCY_AWAY',
      message: expect.stringContaining('too-much within 2 s'),
    }),
  );
  expect(taken).toHaveLength(1);
});
