/**
 * Brings what several partitions give, each in its own order, into the order in which it was recorded, with little of each in
 * memory. The next record of all is known as soon as each partition that goes on has one here; of records of one time the
 * first partition's comes first, so that a second reading gives the same order.
 */
import type { KafkaMessage } from 'kafkajs';

export type Recorded = Pick<KafkaMessage, 'timestamp' | 'value'>;

export interface RecordOrder<T extends Recorded> {
  /** What the source of this number gives next. */
  add(source: number, records: readonly T[]): void;
  /** The source gives no more. */
  end(source: number): void;
  /** Null while a source that goes on has nothing here, and when all have been taken. */
  take(): { readonly source: number; readonly record: T } | null;
  /** What is here of the source and has not been taken, about. */
  heldBytes(source: number): number;
  /** Whether all sources have ended and everything has been taken. */
  isOver(): boolean;
}

interface Source<T> {
  records: T[];
  /** The place of the next record, and its record time: Infinity without one. */
  at: number;
  time: number;
  bytes: number;
  hasEnded: boolean;
}

/** Of a record beside its value. */
const OVERHEAD_BYTES = 200;

const sizeOf = ({ value }: Recorded): number => (value?.length ?? 0) + OVERHEAD_BYTES;

export function createRecordOrder<T extends Recorded>(count: number): RecordOrder<T> {
  const sources = Array.from({ length: count }, (): Source<T> => ({
    records: [],
    at: 0,
    time: Infinity,
    bytes: 0,
    hasEnded: false,
  }));

  /** The one whose next record is the earliest; -1 where that cannot be told. */
  function earliest(): number {
    let found = -1;
    for (let i = 0; i < sources.length; i++) {
      const { records, at, time, hasEnded } = sources[i]!;
      if (at < records.length) {
        if (found < 0 || time < sources[found]!.time) found = i;
      } else if (!hasEnded) return -1;
    }
    return found;
  }

  return {
    add(number, records) {
      const source = sources[number]!;
      source.records = [...source.records.slice(source.at), ...records];
      source.at = 0;
      source.bytes = source.records.reduce((sum, record) => sum + sizeOf(record), 0);
      source.time = timeOf(source.records[0]);
    },
    end: (number) => void (sources[number]!.hasEnded = true),
    take() {
      const number = earliest();
      if (number < 0) return null;
      const source = sources[number]!;
      const record = source.records[source.at]!;
      source.at += 1;
      source.bytes -= sizeOf(record);
      source.time = timeOf(source.records[source.at]);
      return { source: number, record };
    },
    heldBytes: (number) => sources[number]!.bytes,
    isOver: () => sources.every(({ records, at, hasEnded }) => hasEnded && at >= records.length),
  };
}

const timeOf = (record: Recorded | undefined): number =>
  record === undefined ? Infinity : Number(record.timestamp);
