/**
 * What a sink knows of each partition number, written down now and then with the offsets from which it goes on: whoever takes
 * the partition over reads again only what came after that. Promise: what has followed from a snapshot's state has been
 * acknowledged before the snapshot counts. Whatever becomes of snapshots, metrics are evaluated: without one, what rules look
 * back to is read again.
 */
import { deserialize, serialize } from 'node:v8';
import { messageOf } from '../domain/errors';
import type { OnStreamEvent } from './events';
import type { MetricSink } from './port';
import type { createPositions, Restored } from './positions';
import type { SnapshotTopic } from './snapshot-topic';
import { atMost } from './within-time';

export interface SnapshotOptions {
  readonly topic: SnapshotTopic;
  /** Between two of a partition number. Default a minute; longer where they are large. */
  readonly everyMs?: number;
}

export interface SnapshotsOptions extends SnapshotOptions {
  readonly sink: MetricSink;
  readonly positions: ReturnType<typeof createPositions>;
  /** The brokers' time. */
  readonly now: () => number;
  /** The partition numbers that are here. Another array once they are assigned anew. */
  readonly has: () => readonly number[];
  readonly onEvent: OnStreamEvent;
}

export interface Snapshots {
  /** Never rejects. */
  restore(numbers: readonly number[]): Promise<Map<number, Restored>>;
  /** Of these the next snapshots are due within `everyMs`, not all at once. */
  assigned(fresh: readonly number[]): void;
  /** Takes the last one of all that are here, before they are left. Never rejects, and takes seconds at most. */
  close(): Promise<void>;
}

const EVERY_MS = 60_000;
/** Taking one holds the process: a twentieth of its time at most. */
const REST = 20;
/** What is written is read by nobody but for the last of it. */
const BYTES_A_SECOND = 1_048_576;
const LOOK_EVERY_MS = 50;
const LAST_WITHIN_MS = 5_000;

export function createSnapshots(options: SnapshotsOptions): Snapshots {
  const { topic, everyMs = EVERY_MS, sink, positions, now, has, onEvent } = options;
  const dueAt = new Map<number, number>();
  let restUntil = 0;
  let taking: Promise<void> | null = null;
  /** What time has decided up to then stays decided, though the clock is set back: what is taken afterwards is of a time to come. */
  let latest = -Infinity;
  const heard = (): number => (latest = Math.max(latest, now()));
  const looking = setInterval(takeOne, LOOK_EVERY_MS);
  looking.unref();

  async function restore(numbers: readonly number[]): Promise<Map<number, Restored>> {
    if (numbers.length === 0) return new Map();
    try {
      const found = await topic.read(numbers);
      return new Map([...found].flatMap(([number, bytes]) => restoredOf(number, bytes)));
    } catch (error) {
      onEvent({ kind: 'snapshot_failed', partition: null, reason: messageOf(error) });
      return new Map();
    }
  }

  function restoredOf(number: number, bytes: Buffer): [number, Restored][] {
    const snapshot = decoded(bytes);
    const worth = snapshot === null ? 'none' : (sink.worthOf?.(snapshot.state) ?? 'none');
    if (worth === 'none') return [];
    onEvent({ kind: 'snapshot_read', partition: number, bytes: bytes.length, takenAt: snapshot!.takenAt });
    return [[number, { ...snapshot!, isWhole: worth === 'whole' }]];
  }

  function assigned(fresh: readonly number[]): void {
    const moment = performance.now();
    fresh.forEach((number, i) => dueAt.set(number, moment + (everyMs * (i + 1)) / fresh.length));
  }

  function takeOne(): void {
    heard();
    const moment = performance.now();
    if (taking !== null || moment < restUntil) return;
    const due = has().filter((each) => (dueAt.get(each) ?? Infinity) <= moment && !positions.isBehind(each));
    if (due.length === 0) return;
    const longest = due.reduce((a, b) => (dueAt.get(a)! <= dueAt.get(b)! ? a : b));
    taking = take(longest).finally(() => (taking = null));
  }

  /** Samples of a batch that is still being worked on are in the state already: read again, they are taken once. */
  async function take(partition: number): Promise<void> {
    const here = has();
    const began = performance.now();
    try {
      const bytes = serialize({
        ...{ state: sink.save!(partition), offsets: positions.offsetsOf(partition), takenAt: heard() },
      });
      const ms = performance.now() - began;
      const restMs = Math.max(ms * REST, (bytes.length / BYTES_A_SECOND) * 1_000);
      restUntil = performance.now() + restMs;
      dueAt.set(partition, performance.now() + everyMs);
      await Promise.all([sink.flush(partition), sink.shared?.flush(partition)]);
      // What was flushed may have been thrown away with the partition.
      if (has() !== here) return;
      await topic.write(partition, bytes);
      onEvent({ kind: 'snapshot', partition, bytes: bytes.length, ms });
    } catch (error) {
      dueAt.set(partition, performance.now() + everyMs);
      onEvent({ kind: 'snapshot_failed', partition, reason: messageOf(error) });
    }
  }

  async function close(): Promise<void> {
    clearInterval(looking);
    await atMost(takeAll(), LAST_WITHIN_MS);
  }

  async function takeAll(): Promise<void> {
    for (const partition of has()) {
      await taking;
      if (!positions.isBehind(partition)) await take(partition);
    }
  }

  return { restore, assigned, close };
}

type Snapshot = Omit<Restored, 'isWhole'>;

/** Null for what nobody here has written. */
function decoded(bytes: Buffer): Snapshot | null {
  try {
    const snapshot = deserialize(bytes) as Partial<Snapshot> | null;
    return isSnapshot(snapshot) ? snapshot : null;
  } catch {
    return null;
  }
}

function isSnapshot(snapshot: Partial<Snapshot> | null): snapshot is Snapshot {
  if (typeof snapshot !== 'object' || snapshot === null) return false;
  const { offsets, takenAt } = snapshot;
  return (
    Number.isFinite(takenAt) && typeof offsets === 'object' && Object.values(offsets).every(Number.isInteger)
  );
}
