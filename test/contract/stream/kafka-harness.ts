/** What the tests on real Kafka share: an instance of their own, rules and metrics in few words, and waiting. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EachBatchPayload, KafkaMessage, Message } from 'kafkajs';
import type { Metric } from '../../../src/domain/metric';
import type { AlertRule } from '../../../src/domain/rule-group';
import type { Transition } from '../../../src/domain/transition';
import type { StreamEvent } from '../../../src/stream/events';
import { createKafka, withAdmin, type Kafka } from '../../../src/stream/kafka';
import { alertsTopic, ensureTopics, metricTopic } from '../../../src/stream/topics';
import { decodeTransition } from '../../../src/stream/transition-message';
import { rule as ruleOf, type RuleSketch } from '../../builders/rules';
import { waitFor } from '../../harness/wait-for';

export interface Bench {
  readonly instance: string;
  readonly kafka: Kafka;
  readonly broker: string;
  readonly events: StreamEvent[];
  readonly onEvent: (event: StreamEvent) => void;
  /** Runs after the test, the last one first. */
  after(end: () => Promise<unknown>): void;
  close(): Promise<void>;
}

/** A fresh instance whose topics exist: the own ones, and metric topics for postgresql in production. */
export async function openBench(): Promise<Bench> {
  const broker = process.env.TOCSIN_TEST_KAFKA ?? '127.0.0.1:29192';
  const instance = `t${randomBytes(5).toString('hex')}`;
  const events: StreamEvent[] = [];
  const onEvent = (event: StreamEvent): void => void events.push(event);
  const kafka = createKafka({ brokers: [broker], clientId: instance, onEvent });
  const ends: (() => Promise<unknown>)[] = [];
  await ensureTopics(kafka, instance, [metricTopic(instance, metric())]);
  return {
    instance,
    kafka,
    broker,
    events,
    onEvent,
    after: (end) => void ends.push(end),
    async close() {
      for (const end of ends.reverse()) await end();
      await withAdmin(kafka, async (admin) => {
        const mine = (await admin.listTopics()).filter((topic) => topic.startsWith(`${instance}.`));
        await admin.deleteTopics({ topics: mine });
      });
    },
  };
}

export function metric(over: Partial<Metric> = {}): Metric {
  return {
    timestamp: new Date().toISOString(),
    database_type: 'postgresql',
    instance_id: 'db-1',
    metric_name: 'connections_used',
    value: 1,
    tags: { environment: 'production', region: 'us-east-1' },
    metadata: { collection_duration_ms: 5, version: '1.0', correlation_id: 'c-1' },
    ...over,
  };
}

/** `connections_used > 90`. */
export const rule = (over: RuleSketch = {}): AlertRule =>
  ruleOf({
    ...{ name: 'TooManyConnections', metric: 'connections_used' },
    ...{ annotations: { summary: 'too many connections' }, ...over },
  });

/** Sends messages as they are, each in a request of its own: together large ones would be too large. */
export async function sendRaw(kafka: Kafka, topic: string, messages: readonly Message[]): Promise<void> {
  const producer = kafka.producer();
  await producer.connect();
  try {
    for (const message of messages) await producer.send({ topic, messages: [message] });
  } finally {
    await producer.disconnect();
  }
}

/** The offsets that a group has committed, by `topic/partition`. */
export async function committedOf(bench: Bench, group: string): Promise<Record<string, number>> {
  // A broker that has just started answers that the group's coordinator is loading.
  const topics = await waitFor(
    () => withAdmin(bench.kafka, (admin) => admin.fetchOffsets({ groupId: group })),
    { what: `the offsets of ${group}` },
  );
  const all = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
  );
  return Object.fromEntries(all.filter(([, offset]) => offset >= 0));
}

/** How many messages a group has committed in all its topics, which are read from their beginning. */
export async function countCommitted(bench: Bench, group: string): Promise<number> {
  return Object.values(await committedOf(bench, group)).reduce((sum, offset) => sum + offset, 0);
}

/** The transitions that `gds.alerts` holds, in their order. What is none is left out. */
export async function readTransitions(bench: Bench): Promise<Transition[]> {
  const records = await readAll(bench, alertsTopic(bench.instance));
  return records.flatMap(({ value }) => {
    const decoded = decodeTransition(value);
    return decoded.ok ? [decoded.value] : [];
  });
}

/** Everything that a topic holds now, in the order of offsets within each partition. */
export async function readAll(
  bench: Bench,
  topic: string,
): Promise<(KafkaMessage & { partition: number })[]> {
  // A topic that has just been made may not have its leader yet.
  const ends = await waitFor(() => withAdmin(bench.kafka, (admin) => admin.fetchTopicOffsets(topic)), {
    what: `the offsets of ${topic}`,
  });
  const left = new Map(
    ends
      .filter(({ high, low }) => BigInt(high) > BigInt(low))
      .map(({ partition, high }) => [partition, BigInt(high)]),
  );
  if (left.size === 0) return [];
  const messages: (KafkaMessage & { partition: number })[] = [];
  const groupId = `${bench.instance}.test-${randomBytes(5).toString('hex')}`;
  const consumer = bench.kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      // A broker that has just started loads its coordinators when the first group asks: kafkajs then tries again.
      consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error));
      const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
        for (const message of batch.messages) messages.push({ ...message, partition: batch.partition });
        const end = left.get(batch.partition);
        if (end !== undefined && BigInt(batch.lastOffset()) + 1n >= end) left.delete(batch.partition);
        if (left.size === 0) resolve();
      };
      consumer.run({ autoCommit: false, eachBatch }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
    await withAdmin(bench.kafka, (admin) => admin.deleteGroups([groupId])).catch(() => undefined);
  }
  return messages;
}

/** Waits until `condition` gives something truthy; fails with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 20_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`did not come true within ${timeoutMs / 1_000} s: ${what}`);
    await delay(25);
  }
}
