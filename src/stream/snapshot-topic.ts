/**
 * Snapshots in a compacted topic: of each partition number the newest one, in partition n. A snapshot is a run of parts with
 * a manifest behind them, which says how many they are and what they add up to. So the last record of a partition leads to the
 * newest whole one: what a process has begun and not ended is passed over, and what does not add up does not count.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { KafkaMessage, Message } from 'kafkajs';
import { z } from 'zod';
import { messageOf } from '../domain/errors';
import { ignoreEvents, type OnStreamEvent } from './events';
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
  /** How long each look may take; whoever takes over waits for it. */
  readonly readWithinMs?: number;
}

const HOUR_MS = 3_600_000;
/** As long as the metrics from which one goes on. */
const KEPT_MS = 7 * 24 * HOUR_MS;
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
  const { kafka, instance, pool, onEvent = ignoreEvents, readWithinMs } = options;
  const topic = snapshotTopic(instance, pool);
  const sender = createSender(kafka, { lane: 'snapshots', lingerMs: 0, onEvent });
  const reader = createSpotReader({ kafka, instance, topic, purpose: 'snapshots', timeoutMs: readWithinMs });

  async function read(partitions: readonly number[]): Promise<Map<number, Buffer>> {
    const found = new Map<number, Buffer>();
    const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
    const asked = ends.filter(({ partition }) => partitions.includes(partition));
    await Promise.all(
      asked.map(async ({ partition, low, high }) => {
        // One that does not come must not keep the others away.
        try {
          const snapshot = await readNewest(partition, Number(low), Number(high) - 1);
          if (snapshot !== null) found.set(partition, snapshot);
        } catch (error) {
          onEvent({ kind: 'snapshot_failed', partition, reason: messageOf(error) });
        }
      }),
    );
    return found;
  }

  async function readNewest(partition: number, first: number, newest: number): Promise<Buffer | null> {
    if (newest < first) return null;
    const [last] = await reader.read(partition, newest, newest);
    const at = last === undefined ? null : placeOf(last);
    if (at === null) return null;
    if (isManifest(last!)) return readUpTo(partition, first, newest, last!);
    const before = newest - at - 1;
    return before < first ? null : readUpTo(partition, first, before, null);
  }

  async function readUpTo(
    partition: number,
    first: number,
    end: number,
    known: KafkaMessage | null,
  ): Promise<Buffer | null> {
    const manifest = known ?? (await reader.read(partition, end, end))[0];
    const parts = manifest === undefined ? null : countOf(manifest);
    if (parts === null || end - parts < first) return null;
    const whole = joined(await reader.read(partition, end - parts, end));
    if (whole !== null) return whole;
    // Of a request that was sent again, parts stand there twice.
    return joined(await reader.read(partition, Math.max(first, end - 2 * parts - 1), end));
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

/** The snapshot whose manifest the last record is; null where the records do not hold all of it. */
export function joined(records: readonly KafkaMessage[]): Buffer | null {
  const manifest = records.at(-1);
  const said = manifest === undefined ? null : manifestOf(manifest);
  if (said === null) return null;
  const id = headerOf(manifest!, SNAPSHOT);
  const own = records.slice(0, -1).filter((each) => headerOf(each, SNAPSHOT) === id && !isManifest(each));
  const parts = new Map(own.map((record) => [placeOf(record), record.value ?? Buffer.alloc(0)]));
  if (parts.size !== said.parts) return null;
  const snapshot = Buffer.concat(
    Array.from({ length: said.parts }, (_, at) => parts.get(at) ?? Buffer.alloc(0)),
  );
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
