/**
 * How far time has passed in each partition number, so that rules can be evaluated at a time when all that was recorded
 * before it has been read. A topic's partition that is read to its end passes time with every answer of the broker; one
 * that is behind stands at the record time of its last message. The slowest topic of a partition number counts. While Kafka is away no time passes:
 * what is not heard of is not missing.
 */
export interface ClockPlace {
  readonly topic: string;
  readonly partition: number;
}

interface Reading {
  readonly partition: number;
  /** The next offset to read, and the end that was last heard of. */
  next: number;
  end: number;
  recordTime: number;
}

export interface PartitionClocks {
  /** Others are forgotten; those that stay keep their place. */
  assign(places: readonly (ClockPlace & { readonly next: number; readonly end: number })[]): void;
  /** A message has been read. */
  read(place: ClockPlace, offset: number, recordTime: number): void;
  heard(place: ClockPlace, end: number): void;
  /** All that brokers had at this time has been read, where no place is behind. */
  answered(at: number): void;
  /** -Infinity while nothing is known. */
  of(partition: number): number;
}

export function createPartitionClocks(): PartitionClocks {
  let readings = new Map<string, Reading>();
  let byPartition = new Map<number, Reading[]>();
  let answeredAt = -Infinity;
  const keyOf = ({ topic, partition }: ClockPlace): string => `${topic}|${partition}`;

  return {
    assign(places) {
      readings = new Map(
        places.map((place) => {
          const { partition, next, end } = place;
          return [keyOf(place), { partition, next, end, recordTime: -Infinity }];
        }),
      );
      byPartition = new Map();
      for (const reading of readings.values())
        byPartition.set(reading.partition, [...(byPartition.get(reading.partition) ?? []), reading]);
      answeredAt = -Infinity;
    },
    read(place, offset, recordTime) {
      const reading = readings.get(keyOf(place));
      if (reading === undefined) return;
      reading.next = Math.max(reading.next, offset + 1);
      reading.recordTime = Math.max(reading.recordTime, recordTime);
    },
    heard(place, end) {
      const reading = readings.get(keyOf(place));
      if (reading !== undefined) reading.end = Math.max(reading.end, end);
    },
    answered(at) {
      answeredAt = Math.max(answeredAt, at);
    },
    of(partition) {
      let slowest = Infinity;
      for (const { next, end, recordTime } of byPartition.get(partition) ?? [])
        if (next < end) slowest = Math.min(slowest, recordTime);
      return slowest === Infinity ? answeredAt : slowest;
    },
  };
}
