/**
 * Reads stretches of a topic when somebody asks, by one consumer that stays: joining a group for each would take seconds, and
 * who asks waits. It reads nothing of its own accord, and commits nothing.
 */
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { TocsinError } from '../domain/errors';
import { kafkaAway, type Kafka } from './kafka';
import { deleteGroup, readerGroup } from './reader-group';
import { withinTime } from './within-time';

export interface SpotReaderOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly topic: string;
  /** Names the reader's group. */
  readonly purpose: string;
  readonly timeoutMs?: number;
}

export interface SpotReader {
  /**
   * The messages of a partition from one offset up to another, which must hold a message. One stretch of a partition at a
   * time. Throws TOC_DEPENDENCY_AWAY when they have not come in time.
   */
  read(partition: number, from: number, last: number): Promise<KafkaMessage[]>;
  close(): Promise<void>;
}

interface Wanted {
  readonly from: number;
  readonly last: number;
  readonly messages: KafkaMessage[];
  resolve(messages: KafkaMessage[]): void;
  reject(error: unknown): void;
}

const TIMEOUT_MS = 10_000;
/** How long a fetch that asks for nothing yet stays away: the first messages come so much later. */
const IDLE_MS = 50;

export function createSpotReader(options: SpotReaderOptions): SpotReader {
  const { kafka, instance, topic, purpose, timeoutMs = TIMEOUT_MS } = options;
  const group = readerGroup(instance, purpose);
  const wanted = new Map<number, Wanted>();
  let running: Promise<Consumer> | null = null;
  let closed = false;

  /** The consumer, when it has its partitions. A failure is thrown to those who wait; who asks later begins anew. */
  function start(): Promise<Consumer> {
    const consumer = kafka.consumer({
      groupId: group,
      maxWaitTimeInMs: IDLE_MS,
      allowAutoTopicCreation: false,
    });
    const joined = new Promise<Consumer>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
        failAll(payload.error);
        if (!payload.restart && running === started) running = null;
      });
      // Before the first fetch: what nobody wants is never fetched.
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        const partitions = payload.memberAssignment[topic] ?? [];
        const idle = partitions.filter((partition) => !wanted.has(partition));
        consumer.pause([{ topic, partitions: idle }]);
        for (const partition of partitions) if (wanted.has(partition)) seekTo(consumer, partition);
        resolve(consumer);
      });
    });
    const eachBatch = ({ batch }: EachBatchPayload): Promise<void> => take(consumer, batch);
    const started = (async () => {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 4, eachBatch });
      return joined;
    })();
    started.catch(() => {
      if (running === started) running = null;
      void consumer.disconnect().catch(() => undefined);
    });
    return started;
  }

  async function take(consumer: Consumer, batch: EachBatchPayload['batch']): Promise<void> {
    const { partition } = batch;
    const want = wanted.get(partition);
    if (want === undefined) return consumer.pause([{ topic, partitions: [partition] }]);
    for (const message of batch.messages) {
      const offset = Number(message.offset);
      if (offset >= want.from && offset <= want.last) want.messages.push(message);
    }
    if (Number(batch.lastOffset()) < want.last) return;
    consumer.pause([{ topic, partitions: [partition] }]);
    wanted.delete(partition);
    want.resolve(want.messages);
  }

  function seekTo(consumer: Consumer, partition: number): void {
    const { from, messages } = wanted.get(partition)!;
    messages.length = 0;
    consumer.seek({ topic, partition, offset: String(from) });
    consumer.resume([{ topic, partitions: [partition] }]);
  }

  function failAll(error: unknown): void {
    for (const { reject } of wanted.values()) reject(error);
    wanted.clear();
  }

  async function read(partition: number, from: number, last: number): Promise<KafkaMessage[]> {
    try {
      return await withinTime(readNow(partition, from, last), topic, timeoutMs);
    } catch (error) {
      throw kafkaAway(error);
    } finally {
      wanted.delete(partition);
    }
  }

  async function readNow(partition: number, from: number, last: number): Promise<KafkaMessage[]> {
    if (closed) throw new TocsinError('TOC_DEPENDENCY_AWAY', `the reader of ${topic} is closed`);
    const consumer = await (running ??= start());
    return await new Promise((resolve, reject) => {
      wanted.set(partition, { from, last, messages: [], resolve, reject });
      seekTo(consumer, partition);
    });
  }

  running = start();
  running.catch(() => undefined);
  return {
    read,
    async close() {
      closed = true;
      failAll(new TocsinError('TOC_DEPENDENCY_AWAY', `the reader of ${topic} is closed`));
      const consumer = await running?.catch(() => null);
      await consumer?.disconnect().catch(() => undefined);
      await deleteGroup(kafka, group);
    },
  };
}
