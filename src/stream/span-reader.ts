/**
 * Reads spans of topics' partitions, and leaves nothing behind: a short life of its own, for what is looked at now and then.
 * Records of all spans come in the order in which they were recorded, with a bounded part of them in memory: a partition that
 * is ahead of the others waits for them.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Admin, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { kafkaAway, type Kafka } from './kafka';
import { deleteGroup, readerGroup } from './reader-group';
import { createRecordOrder, type RecordOrder } from './record-order';
import { withinTime } from './within-time';

export interface Span {
  readonly topic: string;
  readonly partition: number;
  readonly from: bigint;
  /** The offset after the last. */
  readonly to: bigint;
  /** The first offset that the partition has not deleted. */
  readonly low: bigint;
}

export interface SpanReading {
  readonly kafka: Kafka;
  readonly instance: string;
  /** What is read, for the group's name and for errors. */
  readonly what: string;
  /** How long all of it may take. Default: as long as Kafka goes on giving. */
  readonly timeoutMs?: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
}

/** What each partition holds since this record time; empty ones too. */
export const spansSince = (admin: Admin, topic: string, recordTimeMs: number): Promise<Span[]> =>
  spansBetween(admin, topic, recordTimeMs, Infinity);

/** What each partition holds of this record time, with both ends; empty ones too. `toMs` Infinity: up to its end now. */
export async function spansBetween(
  admin: Admin,
  topic: string,
  fromMs: number,
  toMs: number,
): Promise<Span[]> {
  const [starts, ends, stops] = await Promise.all([
    admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(fromMs))),
    admin.fetchTopicOffsets(topic),
    toMs === Infinity ? [] : admin.fetchTopicOffsetsByTimestamp(topic, Math.floor(toMs) + 1),
  ]);
  const offsetIn = (found: readonly { partition: number; offset: string }[], partition: number) => {
    const offset = found.find((each) => each.partition === partition)?.offset;
    return offset === undefined ? null : BigInt(offset);
  };
  return ends.map(({ partition, ...end }) => {
    const [low, high] = [BigInt(end.low), BigInt(end.high)];
    const start = offsetIn(starts, partition) ?? low;
    const stop = offsetIn(stops, partition) ?? high;
    const from = start < low ? low : start;
    return { topic, partition, from, to: stop < high ? stop : high, low };
  });
}

/** How much of all spans is in memory, about. */
const HELD_BYTES = 64 * 1_048_576;
const LEAST_OF_A_SPAN = 262_144;
/** Metrics are much alike: packed they are a small part of what they are here. */
const PACKED = 16;
const MOST_ASKED_BYTES = 1_048_576;
/** kafkajs answers the group and people end the process between these. */
const BREATH_MS = 20;
/** Kafka gives nothing for so long only when it is away. */
const STALLED_MS = 30_000;
/** When all that is here waits, how soon the next is asked for. */
const FETCH_WAIT_MS = 50;

/** False when it was ended before all was read. Throws TOC_DEPENDENCY_AWAY when Kafka does not answer in time. */
export async function readSpans(
  reading: SpanReading,
  spans: readonly Span[],
  take: (message: KafkaMessage, span: Span) => void,
): Promise<boolean> {
  const { kafka, instance, what, timeoutMs, signal } = reading;
  const filled = spans.filter(({ from, to }) => from < to);
  if (filled.length === 0 || signal?.aborted) return filled.length === 0;
  const group = readerGroup(instance, what);
  const share = Math.max(LEAST_OF_A_SPAN, Math.floor(HELD_BYTES / filled.length));
  const consumer = kafka.consumer({
    groupId: group,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: Math.min(MOST_ASKED_BYTES, Math.floor(share / PACKED)),
    allowAutoTopicCreation: false,
  });
  const feed = createFeed(consumer, filled, share);
  const over = new AbortController();
  const ending = AbortSignal.any([over.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    const all = readAll(feed, { ...reading, signal: ending }, filled, take);
    return await (timeoutMs === undefined ? all : withinTime(all, `the ${what}`, timeoutMs));
  } catch (error) {
    throw kafkaAway(error);
  } finally {
    // What was too slow takes nothing more.
    over.abort();
    await consumer.disconnect().catch(() => undefined);
    await deleteGroup(kafka, group);
  }
}

async function readAll(
  feed: Feed,
  { what, signal }: SpanReading,
  spans: readonly Span[],
  take: (message: KafkaMessage, span: Span) => void,
): Promise<boolean> {
  signal?.addEventListener('abort', feed.bell.ring, { once: true });
  await feed.start();
  let breathedAt = performance.now();
  while (!signal?.aborted) {
    const taken = feed.order.take();
    if (taken !== null) {
      take(taken.record, spans[taken.source]!);
      feed.goOn(taken.source);
    } else if (feed.order.isOver()) return true;
    else await withinTime(feed.bell.rung(), `the ${what}`, STALLED_MS);
    if (performance.now() - breathedAt < BREATH_MS) continue;
    await nextTurn();
    breathedAt = performance.now();
  }
  return false;
}

/** Brings the records of the spans here, and no more of each than its share. */
interface Feed {
  readonly order: RecordOrder<KafkaMessage>;
  /** Rings when there may be something to take. */
  readonly bell: Bell;
  start(): Promise<void>;
  /** Some of the span has been taken. */
  goOn(source: number): void;
}

interface Cursor {
  readonly span: Span;
  readonly source: number;
  /** The offset that is read next. */
  next: bigint;
  isPaused: boolean;
}

const isRead = ({ span, next }: Cursor): boolean => next >= span.to;
const keyOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}|${partition}`;
const placeOf = ({ span }: Cursor) => ({ topic: span.topic, partitions: [span.partition] });

function createFeed(consumer: Consumer, spans: readonly Span[], share: number): Feed {
  const order = createRecordOrder<KafkaMessage>(spans.length);
  const bell = createBell();
  const cursors = spans.map((span, source): Cursor => ({ span, source, next: span.from, isPaused: false }));
  const byPlace = new Map(cursors.map((cursor) => [keyOf(cursor.span), cursor]));

  async function eachBatch({ batch }: EachBatchPayload): Promise<void> {
    const cursor = byPlace.get(keyOf(batch));
    if (cursor === undefined || isRead(cursor)) return;
    const { span, source, next } = cursor;
    const isAsked = (offset: bigint): boolean => offset >= next && offset < span.to;
    order.add(
      source,
      batch.messages.filter(({ offset }) => isAsked(BigInt(offset))),
    );
    readUpTo(cursor, batch.lastOffset());
  }

  function readUpTo(cursor: Cursor, lastOffset: string): void {
    if (BigInt(lastOffset) < cursor.next) return;
    cursor.next = BigInt(lastOffset) + 1n;
    if (isRead(cursor)) order.end(cursor.source);
    if (isRead(cursor) || order.heldBytes(cursor.source) >= share) {
      cursor.isPaused = true;
      consumer.pause([placeOf(cursor)]);
    }
    bell.ring();
  }

  /** Before the first fetch: what is not asked for is never fetched. Who has to join again goes on where it stood. */
  function joined(assigned: Record<string, number[]>): void {
    for (const [topic, partitions] of Object.entries(assigned)) {
      for (const partition of partitions) {
        const cursor = byPlace.get(keyOf({ topic, partition }));
        if (cursor === undefined || isRead(cursor) || cursor.isPaused)
          consumer.pause([{ topic, partitions: [partition] }]);
        if (cursor !== undefined) consumer.seek({ topic, partition, offset: String(cursor.next) });
      }
    }
  }

  return {
    order,
    bell,
    async start() {
      await consumer.connect();
      const topics = [...new Set(spans.map(({ topic }) => topic))];
      await consumer.subscribe({ topics, fromBeginning: true });
      consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || bell.fail(payload.error));
      // What marks the end of a transaction is handed to nobody: only so is it known to be read.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
        const cursor = byPlace.get(keyOf(payload));
        if (cursor !== undefined) readUpTo(cursor, payload.lastOffset);
      });
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => joined(payload.memberAssignment));
      consumer
        .run({ autoCommit: false, partitionsConsumedConcurrently: spans.length, eachBatch })
        .catch(bell.fail);
    },
    goOn(source) {
      const cursor = cursors[source]!;
      if (!cursor.isPaused || isRead(cursor) || order.heldBytes(source) >= share / 2) return;
      cursor.isPaused = false;
      consumer.resume([placeOf(cursor)]);
    },
  };
}

interface Bell {
  ring(): void;
  /** Whoever waits, or will wait, is told of it. */
  fail(error: unknown): void;
  /** Resolves when it has rung since the last time. */
  rung(): Promise<void>;
}

function createBell(): Bell {
  let hasRung = false;
  let failure: { readonly error: unknown } | null = null;
  let wake = (): void => undefined;
  return {
    ring() {
      hasRung = true;
      wake();
    },
    fail(error) {
      failure ??= { error };
      wake();
    },
    async rung() {
      if (!hasRung && failure === null) await new Promise<void>((resolve) => (wake = resolve));
      hasRung = false;
      if (failure !== null) throw failure.error;
    },
  };
}
