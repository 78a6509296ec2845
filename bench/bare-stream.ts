/** The least that can tell of a breach: kafkajs' consumer and producer, JSON.parse, one comparison, no rules. */
import type { Kafka } from 'kafkajs';
import { alertsTopic } from '../src/stream/topics';
import { topicOf, UNTIL_GROUPS_ARE_LOADED } from './evaluate';

interface Parsed {
  readonly value: number;
  readonly instance_id: string;
  readonly metadata: { readonly correlation_id: string };
}

export interface BareStreamOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly groupId: string;
  readonly above: number;
  readonly onAssigned: () => void;
  /** Kafka has acknowledged the message about the sample. */
  readonly onTold: (correlationId: string) => void;
}

/** Resolves with what stops it. */
export async function runBareStream(options: BareStreamOptions): Promise<() => Promise<void>> {
  const { kafka, instance, groupId, above } = options;
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  const consumer = kafka.consumer({ groupId, retry: UNTIL_GROUPS_ARE_LOADED });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: topicOf(instance), fromBeginning: true });
  consumer.on(consumer.events.GROUP_JOIN, options.onAssigned);
  const tell = async ({ instance_id: key, metadata }: Parsed): Promise<void> => {
    await producer.send({
      topic: alertsTopic(instance),
      messages: [{ key, value: JSON.stringify(metadata) }],
    });
    options.onTold(metadata.correlation_id);
  };
  await consumer.run({
    partitionsConsumedConcurrently: 12,
    eachBatch: async ({ batch }) => {
      const all = batch.messages.map(({ value }) => JSON.parse(value!.toString()) as Parsed);
      await Promise.all(all.filter(({ value }) => value > above).map(tell));
    },
  });
  return async () => {
    await consumer.disconnect();
    await producer.disconnect();
  };
}
