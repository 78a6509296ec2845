/**
 * Snapshots in a compacted topic: of each partition number the newest one, in partition n. A snapshot is a run of parts with
 * a manifest behind them, which says how many they are and what they add up to. So the last record of a partition leads to the
 * newest whole one: what a process has begun and not ended is passed over, and what does not add up does not count.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { KafkaMessage, Message } from 'kafkajs';
import { z } from 'zod';
import type { OnStreamEvent } from './events';
import { withAdmin, type Kafka } from './kafka';
import type { Closable } from './publishers';
import { createSender } from './sender';
import { createSpotReader } from './spot-reader';
import { ensurePartitioned, snapshotTopic, type TopicSettings } from './topics';

export interface SnapshotTopic extends Closable {
  /** The newest whole snapshot of each partition number that has one. Throws TOC_DEPENDENCY_AWAY. */
  read(partitions: readonly number[]): Promise<Map<number, Buffer>>;
  /** Resolves when Kafka has all of it. Throws TOC_DEPENDENCY_AWAY. */
  write(partition: number, snapshot: Buffer): Promise<void>;
}

export interface SnapshotTopicOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly pool: string;
  readonly onEvent?: OnStreamEvent;
  readonly timeoutMs?: number;
}

const HOUR_MS = 3_600_000;
/** Older ones are worth nothing. */
const KEPT_MS = 24 * HOUR_MS;
/** While a snapshot is being written, the one before it must still be whole. */
const UNCOMPACTED_MS = HOUR_MS / 6;
const SEGMENT_BYTES = 32 * 1_048_576;

/** Makes the topic where it is missing, with a partition for each of the metrics'. Throws TOC_DEPENDENCY_AWAY. */
export async function ensureSnapshotTopic(
  kafka: Kafka,
  instance: string,
  pool: string,
  settings: TopicSettings = {},
): Promise<void> {
  await ensurePartitioned(kafka, instance, settings, {
    topic: snapshotTopic(instance, pool),
    retentionMs: KEPT_MS,
    config: {
      'cleanup.policy': 'compact,delete',
      'min.compaction.lag.ms': String(UNCOMPACTED_MS),
      'min.cleanable.dirty.ratio': '0.1',
      'segment.bytes': String(SEGMENT_BYTES),
      'segment.ms': String(HOUR_MS),
    },
  });
}

const PART_BYTES = 262_144;
const MANIFEST = 'manifest';
/** Of a record: which snapshot it belongs to, and where in it it stands. */
const [SNAPSHOT, AT] = ['snapshot', 'at'];

const manifestSchema = z.object({ parts: z.int().min(1), sha256: z.string() });

export function createSnapshotTopic(options: SnapshotTopicOptions): SnapshotTopic {
  const { kafka, instance, pool, onEvent, timeoutMs } = options;
  const topic = snapshotTopic(instance, pool);
  const sender = createSender(kafka, { lane: 'snapshots', lingerMs: 0, timeoutMs, onEvent });
  const reader = createSpotReader({ kafka, instance, topic, purpose: 'snapshots', timeoutMs });

  async function read(partitions: readonly number[]): Promise<Map<number, Buffer>> {
    const found = new Map<number, Buffer>();
    const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
    const asked = ends.filter(({ partition }) => partitions.includes(partition));
    await Promise.all(
      asked.map(async ({ partition, low, high }) => {
        const snapshot = await readNewest(partition, Number(low), Number(high) - 1);
        if (snapshot !== null) found.set(partition, snapshot);
      }),
    );
    return found;
  }

  async function readNewest(partition: number, first: number, newest: number): Promise<Buffer | null> {
    if (newest < first) return null;
    const [last] = await reader.read(partition, newest, newest);
    const at = last === undefined ? null : placeOf(last);
    if (at === null) return null;
    if (isManifest(last!)) return readUpTo(partition, newest, last!);
    const before = newest - at - 1;
    return before < first ? null : readUpTo(partition, before, null);
  }

  async function readUpTo(
    partition: number,
    end: number,
    known: KafkaMessage | null,
  ): Promise<Buffer | null> {
    const manifest = known ?? (await reader.read(partition, end, end))[0];
    const parts = manifest === undefined ? null : countOf(manifest);
    if (parts === null || parts > end) return null;
    return joined(await reader.read(partition, end - parts, end));
  }

  return {
    read,
    write: (partition, snapshot) => sender.send([{ topic, messages: recordsOf(partition, snapshot) }]),
    async close() {
      await sender.close();
      await reader.close();
    },
  };
}

/** Those of one snapshot, the manifest last. Newer parts replace older ones when the topic is compacted. */
export function recordsOf(partition: number, snapshot: Buffer): Message[] {
  const id = randomUUID();
  const parts = Math.max(1, Math.ceil(snapshot.length / PART_BYTES));
  const headersAt = (at: number) => ({ [SNAPSHOT]: id, [AT]: String(at) });
  const records: Message[] = Array.from({ length: parts }, (_, at) => ({
    ...{ partition, key: `part ${at}`, headers: headersAt(at) },
    value: snapshot.subarray(at * PART_BYTES, (at + 1) * PART_BYTES),
  }));
  const manifest = JSON.stringify({ parts, sha256: digestOf(snapshot) });
  return [...records, { partition, key: MANIFEST, headers: headersAt(parts), value: Buffer.from(manifest) }];
}

/** Null where the records are not the parts of one snapshot in their order, and its manifest. */
export function joined(records: readonly KafkaMessage[]): Buffer | null {
  const manifest = records.at(-1);
  const said = manifest === undefined ? null : manifestOf(manifest);
  if (said === null || records.length !== said.parts + 1) return null;
  const id = headerOf(manifest!, SNAPSHOT);
  if (records.some((record, at) => headerOf(record, SNAPSHOT) !== id || placeOf(record) !== at)) return null;
  const snapshot = Buffer.concat(records.slice(0, -1).map(({ value }) => value ?? Buffer.alloc(0)));
  return digestOf(snapshot) === said.sha256 ? snapshot : null;
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const isManifest = ({ key }: KafkaMessage): boolean => key?.toString() === MANIFEST;
const countOf = (manifest: KafkaMessage): number | null => manifestOf(manifest)?.parts ?? null;

function manifestOf(record: KafkaMessage): z.output<typeof manifestSchema> | null {
  if (!isManifest(record) || record.value === null) return null;
  try {
    return manifestSchema.safeParse(JSON.parse(record.value.toString())).data ?? null;
  } catch {
    return null;
  }
}

function headerOf({ headers }: KafkaMessage, name: string): string | null {
  const value = headers?.[name];
  return value === undefined || Array.isArray(value) ? null : value.toString();
}

function placeOf(record: KafkaMessage): number | null {
  const at = Number(headerOf(record, AT) ?? NaN);
  return Number.isInteger(at) && at >= 0 ? at : null;
}
