/**
 * Reads spans of topics' partitions to their ends as they were when asked, and leaves nothing behind: a short life of its
 * own, for what is looked at now and then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { TocsinError } from '../domain/errors';
import { kafkaAway, type Kafka } from './kafka';
import { deleteGroup, readerGroup } from './reader-group';

export interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

export interface SpanReading {
  readonly kafka: Kafka;
  readonly instance: string;
  /** What is read, for the group's name and for errors. */
  readonly what: string;
  readonly timeoutMs: number;
}

/** What each partition holds since this record time; empty ones too. */
export async function spansSince(admin: Admin, topic: string, recordTimeMs: number): Promise<Span[]> {
  const [starts, ends] = await Promise.all([
    admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(recordTimeMs))),
    admin.fetchTopicOffsets(topic),
  ]);
  return ends.map(({ partition, high, low }) => {
    const start = BigInt(starts.find((each) => each.partition === partition)?.offset ?? low);
    return { topic, partition, from: start < BigInt(low) ? BigInt(low) : start, to: BigInt(high) };
  });
}

/** Throws TOC_DEPENDENCY_AWAY when Kafka does not answer in time. */
export async function readSpans(
  { kafka, instance, what, timeoutMs }: SpanReading,
  spans: readonly Span[],
  take: (message: KafkaMessage) => void,
): Promise<void> {
  const filled = spans.filter(({ from, to }) => from < to);
  if (filled.length === 0) return;
  const group = readerGroup(instance, what);
  const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
  try {
    await withinTime(readAll(consumer, filled, take), what, timeoutMs);
  } catch (error) {
    throw kafkaAway(error);
  } finally {
    await consumer.disconnect().catch(() => undefined);
    await deleteGroup(kafka, group);
  }
}

async function readAll(
  consumer: Consumer,
  spans: readonly Span[],
  take: (message: KafkaMessage) => void,
): Promise<void> {
  const open = new Map(spans.map((span) => [`${span.topic}|${span.partition}`, span]));
  await consumer.connect();
  await consumer.subscribe({ topics: [...new Set(spans.map(({ topic }) => topic))], fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    // Before the first fetch: what is not asked for is never fetched.
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
      seekTo(consumer, payload.memberAssignment, open),
    );
    const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
      const key = `${batch.topic}|${batch.partition}`;
      const span = open.get(key);
      if (span === undefined) return;
      for (const message of batch.messages) take(message);
      if (BigInt(batch.lastOffset()) + 1n < span.to) return;
      open.delete(key);
      if (open.size === 0) resolve();
    };
    consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 4, eachBatch }).catch(reject);
  });
}

function seekTo(
  consumer: Consumer,
  assigned: Record<string, number[]>,
  spans: ReadonlyMap<string, Span>,
): void {
  for (const [topic, partitions] of Object.entries(assigned)) {
    for (const partition of partitions) {
      const span = spans.get(`${topic}|${partition}`);
      if (span === undefined) consumer.pause([{ topic, partitions: [partition] }]);
      else consumer.seek({ topic, partition, offset: String(span.from) });
    }
  }
}

async function withinTime<T>(work: Promise<T>, what: string, ms: number): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new TocsinError('TOC_DEPENDENCY_AWAY', `Kafka has not given the ${what} within ${ms / 1_000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
