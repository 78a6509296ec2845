/**
 * Reads the points of one series straight from the metric topics: what a verification judges. Each read is a short life
 * of its own: find the offsets of the time, read to the end as it is then, and leave nothing behind.
 *
 * Messages are keyed by instance, so one partition of each topic is read. Producers that key otherwise are served too:
 * when that partition has nothing of the series, the others are read.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { TocsinError } from '../domain/errors';
import type { Labels } from '../domain/labels';
import { numberOf, seriesLabels, type Point } from '../domain/metric';
import { decodeMetric } from './codec';
import { notAfter } from './event-time';
import { kafkaAway, withAdmin, type Kafka } from './kafka';
import { eventTimeMs } from './metric-message';
import type { SampleReader } from './port';
import { deleteGroup, readerGroup } from './reader-group';
import { isMetricTopic, metricTopic, partitionOfKey } from './topics';

export interface SampleReaderOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** How far before the asked event time record times are looked at: a source's clock may be ahead. Default 60 s. */
  readonly marginMs?: number;
  /** How long one read may take. Default 15 s. */
  readonly timeoutMs?: number;
}

interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

interface Series {
  readonly metric: string;
  readonly labels: Labels;
}

/** The returned reader throws TOC_DEPENDENCY_AWAY when Kafka does not answer in time. */
export function createSampleReader(options: SampleReaderOptions): SampleReader {
  const { kafka, instance, marginMs = 60_000, timeoutMs = 15_000 } = options;

  async function since(series: Series, sinceMs: number): Promise<Point[]> {
    const spans = await withAdmin(kafka, (admin) => spansSince(admin, series, sinceMs));
    const keyed = spans.filter((span) => span.partition === span.keyPartition);
    const points = await read(keyed, series, sinceMs);
    if (points.length > 0) return points;
    return read(
      spans.filter((span) => span.partition !== span.keyPartition),
      series,
      sinceMs,
    );
  }

  async function spansSince(
    admin: Admin,
    series: Series,
    sinceMs: number,
  ): Promise<(Span & { keyPartition: number })[]> {
    const topics = (await admin.listTopics()).filter((topic) => mayHold(instance, topic, series.labels));
    const spans = topics.map(async (topic) => {
      const [starts, ends] = await Promise.all([
        admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(sinceMs - marginMs))),
        admin.fetchTopicOffsets(topic),
      ]);
      const keyPartition = partitionOfKey(topic, series.labels.instance_id ?? '', ends.length);
      return ends.map(({ partition, high, low }) => {
        const start = BigInt(starts.find((each) => each.partition === partition)?.offset ?? low);
        return {
          topic,
          partition,
          keyPartition,
          from: start < BigInt(low) ? BigInt(low) : start,
          to: BigInt(high),
        };
      });
    });
    return (await Promise.all(spans)).flat().filter(({ from, to }) => from < to);
  }

  async function read(spans: readonly Span[], series: Series, sinceMs: number): Promise<Point[]> {
    if (spans.length === 0) return [];
    const group = readerGroup(instance, 'samples');
    const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: 100, allowAutoTopicCreation: false });
    try {
      return await withinTime(readSpans(consumer, spans, series, sinceMs), timeoutMs);
    } catch (error) {
      throw kafkaAway(error);
    } finally {
      await consumer.disconnect().catch(() => undefined);
      await deleteGroup(kafka, group);
    }
  }

  return { since };
}

/** Only the topics of the series' type and environment, as far as its labels tell them. */
function mayHold(instance: string, topic: string, labels: Labels): boolean {
  const { database_type, environment } = labels;
  if (!isMetricTopic(instance, topic) || database_type === undefined) return isMetricTopic(instance, topic);
  const of = metricTopic(instance, {
    database_type,
    tags: { environment: environment ?? 'default' },
  });
  return topic === of || topic.startsWith(`${of}.`);
}

async function readSpans(
  consumer: Consumer,
  spans: readonly Span[],
  series: Series,
  sinceMs: number,
): Promise<Point[]> {
  const points = new Map<number, number>();
  const open = new Map(spans.map((span) => [`${span.topic}|${span.partition}`, span]));
  const wanted = matcherOf(series, sinceMs);
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
      for (const message of batch.messages) wanted(message, points);
      if (BigInt(batch.lastOffset()) + 1n < span.to) return;
      open.delete(key);
      if (open.size === 0) resolve();
    };
    consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 4, eachBatch }).catch(reject);
  });
  return [...points].sort((a, b) => a[0] - b[0]);
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

/** Adds the message's point when it is one of the series after the time. Stale markers are no points. */
function matcherOf(
  series: Series,
  sinceMs: number,
): (message: Pick<KafkaMessage, 'value' | 'timestamp'>, points: Map<number, number>) => void {
  const name = Buffer.from(series.metric);
  const names = Object.keys(series.labels);
  return ({ value, timestamp }, points) => {
    // Most messages are of other metrics: their bytes tell without decoding.
    if (value === null || !value.includes(name)) return;
    const decoded = decodeMetric(value);
    if (!decoded.ok || decoded.value.metric_name !== series.metric || decoded.value.value === 'stale') return;
    // As it is evaluated: by its own clock, a sample from before an act could seem to come after it.
    const time = notAfter(Number(timestamp), eventTimeMs(decoded.value.timestamp));
    if (time <= sinceMs) return;
    const labels = seriesLabels(decoded.value);
    const same =
      Object.keys(labels).length === names.length &&
      names.every((each) => labels[each] === series.labels[each]);
    if (same) points.set(time, numberOf(decoded.value.value));
  };
}

async function withinTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new TocsinError('TOC_DEPENDENCY_AWAY', `Kafka has not given the samples within ${ms / 1_000} s`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
