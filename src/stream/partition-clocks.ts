/**
 * How far time has passed in each partition number, so that rules can be evaluated at a time when all that was recorded
 * before it has been read. A topic's partition that is read to its end passes time with every answer of the broker that leads
 * it; one that is behind stands at the record time of its last message. The slowest topic of a partition number counts. While
 * a broker is away no time passes in what it leads: what is not heard of is not missing. One whose messages do not say when
 * they came says nothing of how far time has come, either: however far it is behind, the others do not wait for it. For one
 * that is there and cannot be read they do.
 */
export interface ClockPlace {
  readonly topic: string;
  readonly partition: number;
}

export interface EndedPlace extends ClockPlace {
  readonly next: number;
  readonly end: number;
}

interface Reading extends ClockPlace {
  /** The next offset to read, and the end that was last heard of. */
  next: number;
  end: number;
  recordTime: number;
  /** What was read of it last does not say when it came. */
  isUndated: boolean;
}

export interface PartitionClocks {
  /** Others are forgotten, and so is who has answered. The places ended there at this time; those `unread` nobody reads. */
  assign(places: readonly EndedPlace[], at: number, unread?: readonly ClockPlace[]): void;
  /** Who leads each partition of each topic. */
  led(leaders: ReadonlyMap<string, ReadonlyMap<number, number>>): void;
  /** A batch has come of a partition that ends there. */
  heard(place: ClockPlace, end: number): void;
  /** All up to this offset has been read; -Infinity where that was no message, as a transaction's marker. */
  read(place: ClockPlace, offset: number, recordTime: number): void;
  /** The same of messages that do not say when they came. */
  readUndated(place: ClockPlace, offset: number): void;
  /** The partition was made again, and begins anew. */
  restart(place: ClockPlace): void;
  /** All that the node had at this time has been read, where no place is behind. */
  answered(node: number, at: number): void;
  /** -Infinity while nothing is known. */
  of(partition: number): number;
}

export function createPartitionClocks(): PartitionClocks {
  let readings = new Map<string, Reading>();
  let byPartition = new Map<number, Reading[]>();
  let leaders: ReadonlyMap<string, ReadonlyMap<number, number>> = new Map();
  let assignedAt = -Infinity;
  const answers = new Map<number, number>();
  const keyOf = ({ topic, partition }: ClockPlace): string => `${topic}|${partition}`;
  const leaderOf = ({ topic, partition }: ClockPlace): number => leaders.get(topic)?.get(partition) ?? NaN;

  return {
    assign(places, at, unread = []) {
      const all = [...places, ...unread.map((place) => ({ ...place, next: 0, end: Infinity }))];
      readings = new Map(all.map((place) => [keyOf(place), newReading(place)]));
      byPartition = new Map();
      for (const reading of readings.values())
        byPartition.set(reading.partition, [...(byPartition.get(reading.partition) ?? []), reading]);
      answers.clear();
      assignedAt = at;
    },
    led(found) {
      leaders = found;
    },
    heard(place, end) {
      const reading = readings.get(keyOf(place));
      if (reading !== undefined) reading.end = Math.max(reading.end, end);
    },
    read(place, offset, recordTime) {
      const reading = readings.get(keyOf(place));
      if (reading === undefined) return;
      reading.next = Math.max(reading.next, offset + 1);
      reading.recordTime = Math.max(reading.recordTime, recordTime);
      if (recordTime > -Infinity) reading.isUndated = false;
    },
    readUndated(place, offset) {
      const reading = readings.get(keyOf(place));
      if (reading === undefined) return;
      reading.next = Math.max(reading.next, offset + 1);
      reading.isUndated = true;
    },
    restart(place) {
      const reading = readings.get(keyOf(place));
      if (reading !== undefined) Object.assign(reading, { next: 0, end: 0 });
    },
    answered(node, at) {
      answers.set(node, Math.max(answers.get(node) ?? -Infinity, at));
    },
    of(partition) {
      const times = (byPartition.get(partition) ?? []).map((reading) =>
        isBehind(reading) ? reading.recordTime : (answers.get(leaderOf(reading)) ?? assignedAt),
      );
      const all = times.length > 0 ? times : [...answers.values()];
      return all.length === 0 ? -Infinity : Math.min(...all);
    },
  };
}

const newReading = (place: EndedPlace): Reading => ({ ...place, recordTime: -Infinity, isUndated: false });

const isBehind = ({ next, end, isUndated }: Reading): boolean => next < end && !isUndated;
