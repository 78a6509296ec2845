/**
 * Gives the samples that global groups need to the slots that evaluate them, and tells those how far time has come in each
 * partition. Promise: what a slot is told to be reached has been given to it before, at least once. What is given
 * twice, after a crash, has the same series and time and is taken once.
 *
 * Records wait here until Kafka has them; offsets of what they came from are committed after that. One that is refused for good
 * holds up none of the others: it is left out, and that is said.
 */
import { handOverInParts } from '../domain/in-parts';
import type { SharedPublisher, SharedRecord, SharedSample } from '../stream/port';
import type { GlobalPlan } from './global-groups';
import { createInterest } from './interest';

/** What a slot has not been given. */
export interface RefusedRecord {
  readonly slot: number;
  readonly partition: number;
  readonly samples: number;
  readonly problem: string;
}

export interface Forwarder {
  /** The state of other partitions is forgotten, and that of `fresh` ones is begun anew. */
  assigned(partitions: readonly number[], fresh: readonly number[]): void;
  /** Whether a slot may need samples of this metric. */
  wants(metric: string): boolean;
  offer(partition: number, sample: SharedSample): void;
  /** Everything of the partition before this time has been offered. */
  reached(partition: number, time: number): void;
  /** Resolves when Kafka has all that was offered of the partition. */
  flush(partition: number): Promise<void>;
  unsent(): number;
}

interface Outbox {
  /** What was offered since the last record, by slot. */
  readonly gathered: Map<number, SharedSample[]>;
  readonly records: SharedRecord[];
  toldAt: number;
  flushing: Promise<void> | null;
}

/** Between two records without samples; an evaluation waits for the next at most. */
const TELL_EVERY_MS = 1_000;
/** While Kafka takes nothing, time need not be told again and again. */
const MOST_WAITING = 1_000;

export function createForwarder(
  plan: GlobalPlan,
  publisher: SharedPublisher,
  onRefused: (refused: RefusedRecord) => void = () => undefined,
): Forwarder {
  const outboxes = new Map<number, Outbox>();
  const interest = createInterest(plan.slots);

  function offer(partition: number, sample: SharedSample): void {
    const outbox = outboxes.get(partition);
    if (outbox === undefined) return;
    for (const { slot } of interest.slotsFor(sample)) {
      const samples = outbox.gathered.get(slot);
      if (samples === undefined) outbox.gathered.set(slot, [sample]);
      else samples.push(sample);
    }
  }

  function reached(partition: number, time: number): void {
    const outbox = outboxes.get(partition);
    if (outbox === undefined) return;
    const isDue = time - outbox.toldAt >= TELL_EVERY_MS;
    if (isDue && (outbox.gathered.size > 0 || outbox.records.length < MOST_WAITING)) {
      close(partition, outbox, time);
      outbox.toldAt = time;
    }
    if (outbox.records.length > 0 && outbox.flushing === null) void flush(partition).catch(() => undefined);
  }

  function close(from: number, { gathered, records }: Outbox, time: number | null): void {
    for (const { slot, id: by } of plan.slots) {
      const samples = gathered.get(slot) ?? [];
      if (time !== null || samples.length > 0) records.push({ slot, from, plan: by, time, samples });
    }
    gathered.clear();
  }

  async function flush(partition: number): Promise<void> {
    const outbox = outboxes.get(partition);
    if (outbox === undefined) return;
    if (outbox.gathered.size > 0) close(partition, outbox, null);
    // One at a time keeps the order; a failure belongs to whoever has waited for it.
    await outbox.flushing?.catch(() => undefined);
    if (outbox.records.length === 0) return;
    outbox.flushing ??= sendOut(outbox).finally(() => (outbox.flushing = null));
    await outbox.flushing;
  }

  async function sendOut({ records }: Outbox): Promise<void> {
    while (records.length > 0) {
      const sending = records.slice();
      const refused = await handOverInParts(sending, publisher.publish);
      records.splice(0, sending.length);
      for (const { item, problem } of refused)
        onRefused({ slot: item.slot, partition: item.from, samples: item.samples.length, problem });
    }
  }

  return {
    assigned(partitions, fresh) {
      for (const partition of [...outboxes.keys()])
        if (!partitions.includes(partition) || fresh.includes(partition)) outboxes.delete(partition);
      for (const partition of partitions)
        if (!outboxes.has(partition))
          outboxes.set(partition, { gathered: new Map(), records: [], toldAt: -Infinity, flushing: null });
    },
    wants: (metric) => interest.asked(metric).length > 0,
    offer,
    reached,
    flush,
    unsent: () => [...outboxes.values()].reduce((sum, { records }) => sum + records.length, 0),
  };
}
