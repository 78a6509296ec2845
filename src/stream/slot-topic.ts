/**
 * The topic on which partitions give samples to the slots that evaluate rules across instances: its partition n is slot n,
 * read by whoever has partition n of the metric topics. Its records are JSON, for processes of one pool alone.
 */
import type { Closable } from './publishers';
import type { OnStreamEvent } from './events';
import type { Kafka } from './kafka';
import type { SharedPublisher, SharedRecord, SharedSample } from './port';
import { createSender } from './sender';
import { ensurePartitioned, sharedTopic, type TopicSettings } from './topics';

const HOUR_MS = 3_600_000;
/** The farthest that rules look back, and an hour for a slot that waits for a partition. */
const RETENTION_MS = 7 * HOUR_MS;

/** Makes the topic where it is missing, and gives the number of its partitions. Throws TOC_DEPENDENCY_AWAY. */
export function ensureSharedTopic(
  kafka: Kafka,
  instance: string,
  pool: string,
  settings: TopicSettings = {},
): Promise<number> {
  const topic = sharedTopic(instance, pool);
  const spec = { topic, retentionMs: RETENTION_MS, recordTimeOfBroker: true };
  return ensurePartitioned(kafka, instance, settings, spec);
}

export interface SharedPublisherOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly pool: string;
  readonly timeoutMs?: number;
  readonly onEvent?: OnStreamEvent;
}

export function createSharedPublisher(options: SharedPublisherOptions): SharedPublisher & Closable {
  const topic = sharedTopic(options.instance, options.pool);
  const sender = createSender(options.kafka, {
    lane: 'samples of global groups',
    lingerMs: 0,
    timeoutMs: options.timeoutMs ?? 5_000,
    onEvent: options.onEvent,
  });
  return {
    async publish(records) {
      const messages = records.flatMap((record) =>
        encodeShared(record).map((value) => ({ partition: record.slot, key: String(record.from), value })),
      );
      await sender.send([{ topic, messages }]);
    },
    close: sender.close,
  };
}

/** Far below what a request may have, whatever the samples' tags. */
const MAX_BYTES = 262_144;

/** In parts that Kafka takes, of which the last one says the time. */
export function encodeShared({ from, plan, time, samples }: SharedRecord): Buffer[] {
  const parts: string[][] = [[]];
  let bytes = 0;
  for (const sample of samples) {
    const text = JSON.stringify(sample);
    bytes += Buffer.byteLength(text);
    if (bytes > MAX_BYTES && parts.at(-1)!.length > 0) {
      parts.push([]);
      bytes = Buffer.byteLength(text);
    }
    parts.at(-1)!.push(text);
  }
  return parts.map((part, i) => {
    const head = JSON.stringify({ from, plan, time: i === parts.length - 1 ? time : null });
    return Buffer.from(`${head.slice(0, -1)},"samples":[${part.join(',')}]}`);
  });
}

/** Null for what is no such record. */
export function decodeShared(slot: number, value: Buffer | null): SharedRecord | null {
  if (value === null) return null;
  try {
    const record = JSON.parse(value.toString()) as Partial<SharedRecord> | null;
    return isRecord(record) ? { ...record, slot } : null;
  } catch {
    return null;
  }
}

function isRecord(record: Partial<SharedRecord> | null): record is Omit<SharedRecord, 'slot'> {
  if (typeof record !== 'object' || record === null) return false;
  const { from, plan, time, samples } = record;
  return (
    Number.isInteger(from) &&
    typeof plan === 'string' &&
    (time === null || Number.isFinite(time)) &&
    Array.isArray(samples) &&
    samples.every(isSample)
  );
}

function isSample(sample: Partial<SharedSample> | null): boolean {
  return (
    typeof sample === 'object' &&
    sample !== null &&
    typeof sample.metric_name === 'string' &&
    typeof sample.instance_id === 'string' &&
    typeof sample.database_type === 'string' &&
    typeof sample.tags === 'object' &&
    sample.tags !== null &&
    Number.isFinite(sample.time)
  );
}
