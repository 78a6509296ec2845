/**
 * Where a process stands in each partition, against what its group has committed: which partition numbers it can go on with,
 * and from where the others are read again. How far back is measured in the broker's record time, which is why each commit
 * notes that of its last message. Where somebody has saved what he knew, only what came after that is read again.
 */
import type { Admin } from 'kafkajs';
import type { Assignment } from './group-consumer';
import { withAdmin, type Kafka } from './kafka';
import { YEAR_10000_MS } from './metric-message';

interface Position {
  /** The next offset that the sink has not been given. */
  readonly next: number;
  /** What the group had committed when the partition was assigned; -1 for nothing. */
  readonly committed: number;
  /** No message before this offset comes any more, as long as the topic is the same. */
  readonly comesFrom: number;
}

export interface PositionOptions {
  /** What commits say of those who have read. */
  readonly plan?: string;
  /** A topic that says nothing of whether the others are read again. */
  readonly aside?: string;
  /** The brokers' time. */
  readonly now: () => number;
}

/** What somebody knew of a partition number when he had read up to these offsets, by topic. */
export interface Restored {
  readonly state: unknown;
  readonly offsets: Readonly<Record<string, number>>;
  /** Milliseconds since 1970, of the brokers' time. */
  readonly takenAt: number;
  /** Nothing before the offsets has to be read again. */
  readonly isWhole: boolean;
}

/** What was saved of these partition numbers, where something was. */
export type Restore = (numbers: readonly number[]) => Promise<Map<number, Restored>>;

export interface Settled {
  /** To be called when the sink has taken the assignment: from then on its state counts. */
  accept(): void;
  readonly fresh: readonly number[];
  readonly otherPlan: readonly number[];
  readonly saved: ReadonlyMap<number, unknown>;
  /** What time has decided in these partition numbers up to these record times has been told, by somebody. */
  readonly toldUntil: ReadonlyMap<number, number>;
  /** From where those places are read that do not go on where the group has committed. */
  readonly rereads: readonly (Place & { readonly offset: number })[];
  readonly places: readonly (Place & { readonly next: number; readonly end: number })[];
}

const SAVED_MAY_LAG_MS = 6 * 3_600_000;
const CLOCK_SET_BACK_MS = 60_000;

/** Where this process stands in each partition, against what its group has committed. */
export function createPositions(kafka: Kafka, group: string, { plan, aside, now }: PositionOptions) {
  let known = new Map<string, Position>();

  /**
   * Decides which partition numbers are fresh. State here holds only while nobody has committed beyond what this process
   * has read: otherwise another member had the partition in between. A topic that nobody has read yet takes nothing away
   * from the state that its partition number has here. A topic that was deleted and made again begins anew: it ends
   * before what was read or committed, or its commits went with it.
   */
  async function settle(
    assignment: Assignment,
    lookbackMs: number,
    restore: Restore = () => Promise.resolve(new Map()),
  ): Promise<Settled> {
    return withAdmin(kafka, async (admin) => {
      const found = await lookAt(admin, group, assignment);
      const { places, bounds, committed } = found;
      const fresh = new Set(places.filter((place) => !holds(place, found)).map(({ partition }) => partition));
      const again = places.filter(({ partition }) => fresh.has(partition));
      const otherPlan = new Set(
        again.filter((place) => isOfOtherPlan(place, found)).map(({ partition }) => partition),
      );
      const restored = await restore([...fresh].filter((number) => !otherPlan.has(number)));
      for (const [number, saved] of restored) {
        const here = again.filter(({ partition }) => partition === number);
        if (!isUsable(saved, here, found, now())) restored.delete(number);
      }
      const starts = await startsOf(admin, again, found, restored, lookbackMs);
      const next = new Map(
        places.map((place): [string, Position] => {
          const key = keyOf(place);
          const offset = committed.get(key)?.offset ?? -1;
          const kept = fresh.has(place.partition) ? undefined : known.get(key)?.next;
          const goesOn = Math.max(offset, bounds.get(key)!.low);
          const { low } = bounds.get(key)!;
          return [
            key,
            {
              ...{ next: kept ?? starts.get(key) ?? goesOn, committed: offset },
              // Without a start of ours, kafkajs asks by itself what is committed, and that moves.
              comesFrom: starts.get(key) ?? low,
            },
          ];
        }),
      );
      // Until the sink has taken it, nothing is known of what it holds.
      known = new Map();
      return {
        accept: () => void (known = next),
        fresh: [...fresh].sort((x, y) => x - y),
        otherPlan: [...otherPlan],
        toldUntil: toldUntilOf(again, aside, found),
        saved: new Map([...restored].map(([number, { state }]) => [number, state])),
        rereads: again.flatMap((place) =>
          starts.has(keyOf(place)) ? [{ ...place, offset: starts.get(keyOf(place))! }] : [],
        ),
        places: places.map((place) => {
          const key = keyOf(place);
          return { ...place, next: next.get(key)!.next, end: bounds.get(key)!.high };
        }),
      };
    });
  }

  function holds(place: Place, { bounds, committed }: Found): boolean {
    const key = keyOf(place);
    const position = known.get(key);
    const offset = committed.get(key)?.offset ?? -1;
    if (position === undefined)
      return offset < 0 && [...known.keys()].some((each) => numberOf(each) === place.partition);
    const madeAgain = position.next > bounds.get(key)!.high || (offset < 0 && position.next > 0);
    return offset <= position.next && !madeAgain;
  }

  function isOfOtherPlan(place: Place, { committed }: Found): boolean {
    const before = committed.get(keyOf(place));
    return plan !== undefined && place.topic !== aside && before !== undefined && before.plan !== plan;
  }

  /**
   * Whether a batch tells that its topic was made again. kafkajs goes back by itself only where the leader has nothing as far
   * as it had read. A partition that ends before what was read proves nothing: a new leader learns only after a while
   * how far everything is replicated, and says less until then. Null: its leader has to be asked.
   */
  function isMadeAgain({ topic, partition }: Place, first: number, end: number): boolean | null {
    const { next, comesFrom } = of(topic, partition);
    if (first < comesFrom) return true;
    return end < next ? null : false;
  }

  /** Asked for its end, a leader answers only when it knows as much as those before it. */
  async function endsBeforeNext({ topic, partition }: Place): Promise<boolean> {
    const ends = await withAdmin(kafka, (admin) => admin.fetchTopicOffsets(topic));
    const high = ends.find((end) => end.partition === partition)?.high;
    return high !== undefined && Number(high) < of(topic, partition).next;
  }

  const of = (topic: string, partition: number): Position =>
    known.get(`${topic}|${partition}`) ?? { next: 0, committed: -1, comesFrom: 0 };

  return {
    ...{ settle, of, isMadeAgain, endsBeforeNext },
    /** Whether anything of the partition number is still read again. */
    isBehind(partition: number): boolean {
      for (const [key, { next, committed }] of known)
        if (next < committed && numberOf(key) === partition) return true;
      return false;
    },
    /** The next offset of each topic. */
    offsetsOf(partition: number): Record<string, number> {
      const places = [...known].filter(([key]) => numberOf(key) === partition);
      return Object.fromEntries(places.map(([key, { next }]) => [topicOf(key), next]));
    },
    /** The topic's partition was made again: nothing of it was read or committed. */
    restart(topic: string, partition: number): void {
      known.set(`${topic}|${partition}`, { next: 0, committed: -1, comesFrom: 0 });
    },
    /** Messages have come up to before this offset. */
    advance(topic: string, partition: number, next: number): void {
      const position = known.get(`${topic}|${partition}`);
      if (position === undefined) return;
      known.set(`${topic}|${partition}`, {
        ...position,
        next: Math.max(position.next, next),
        comesFrom: next,
      });
    },
  };
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

const keyOf = ({ topic, partition }: Place): string => `${topic}|${partition}`;
const topicOf = (key: string): string => key.slice(0, key.lastIndexOf('|'));
const numberOf = (key: string): number => Number(key.slice(key.lastIndexOf('|') + 1));

function placesOf(assignment: Assignment): Place[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

interface Committed {
  readonly offset: number;
  readonly recordTime: number | null;
  readonly plan: string | null;
  readonly toldUntil: number | null;
}

/** What a commit says beside its offset: the record time of its last message, and up to when all that time decides was told. */
export const noteOf = (recordTime: number, plan?: string, toldUntil?: number): string =>
  [recordTime, toldUntil === undefined ? plan : (plan ?? NO_PLAN), toldUntil]
    .filter((each) => each !== undefined)
    .join(' ');
const NO_PLAN = '-';
const NOTE = /^(-?\d+)(?: (\S+)(?: (\d+))?)?$/;

/** What Kafka has, and what the group has committed of it. */
interface Found {
  readonly places: readonly Place[];
  readonly bounds: ReadonlyMap<string, Bounds>;
  readonly committed: ReadonlyMap<string, Committed>;
}

async function lookAt(admin: Admin, group: string, assignment: Assignment): Promise<Found> {
  const topics = Object.keys(assignment);
  const bounds = await boundsOf(admin, topics);
  const committed = await committedOffsets(admin, group, topics);
  for (const [key, { offset }] of committed) if (offset > bounds.get(key)!.high) committed.delete(key);
  return { places: placesOf(assignment), bounds, committed };
}

/**
 * Commits without a note are those of a person, who says from where to read. What has gone from the topics since is
 * missing in the state, and where far more was read since than has to be, reading that is worth more. One of a time still to
 * come was taken under a clock that was wrong: its groups would wait for that time.
 */
function isUsable(
  { offsets, takenAt }: Restored,
  places: readonly Place[],
  { bounds, committed }: Found,
  now: number,
): boolean {
  if (takenAt > now + CLOCK_SET_BACK_MS) return false;
  const notes = places.flatMap((place) => committed.get(keyOf(place)) ?? []);
  const times = notes.map(({ recordTime }) => recordTime);
  if (times.length === 0 || times.includes(null)) return false;
  if (Math.max(...(times as number[])) - takenAt > SAVED_MAY_LAG_MS) return false;
  return places.every((place) => {
    const { low, high } = bounds.get(keyOf(place))!;
    const offset = offsets[place.topic] ?? low;
    return offset >= low && offset <= high;
  });
}

/** The latest that one of its topics says. Topics that are further behind were so when it was told. */
function toldUntilOf(
  places: readonly Place[],
  aside: string | undefined,
  { committed }: Found,
): Map<number, number> {
  const toldUntil = new Map<number, number>();
  for (const place of places) {
    const note = committed.get(keyOf(place));
    const time = note?.toldUntil ?? note?.recordTime ?? -Infinity;
    if (place.topic !== aside)
      toldUntil.set(place.partition, Math.max(toldUntil.get(place.partition) ?? -Infinity, time));
  }
  return toldUntil;
}

/** From where places are read that do not go on where the group has committed. */
async function startsOf(
  admin: Admin,
  places: readonly Place[],
  { committed, bounds }: Found,
  restored: ReadonlyMap<number, Restored>,
  lookbackMs: number,
): Promise<Map<string, number>> {
  // A topic without commits may have been made again: it is read from its beginning.
  const savedOf = (place: Place): number | undefined =>
    committed.has(keyOf(place)) ? restored.get(place.partition)?.offsets[place.topic] : undefined;
  const goesOn = (place: Place): boolean =>
    restored.get(place.partition)?.isWhole === true && savedOf(place) !== undefined;
  const back = await lookBackOf(
    admin,
    places.filter((place) => !goesOn(place)),
    committed,
    lookbackMs,
  );
  const starts = places.map((place): [string, number] => {
    const key = keyOf(place);
    const start = Math.min(savedOf(place) ?? Infinity, back.get(key) ?? Infinity);
    // What has gone from the topic unread is not waited for.
    const { low } = bounds.get(key)!;
    return [key, start === Infinity && (committed.get(key)?.offset ?? low) < low ? low : start];
  });
  return new Map(starts.filter(([, offset]) => offset < Infinity));
}

/** From where each place is read again: the first record within the look-back of what its topic has committed. */
async function lookBackOf(
  admin: Admin,
  places: readonly Place[],
  committed: ReadonlyMap<string, Committed>,
  lookbackMs: number,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (lookbackMs <= 0) return found;
  for (const topic of new Set(places.map((place) => place.topic))) {
    const here = places.filter(
      (place) => place.topic === topic && committed.get(keyOf(place))?.recordTime != null,
    );
    if (here.length === 0) continue;
    const since = Math.min(...here.map((place) => committed.get(keyOf(place))!.recordTime!)) - lookbackMs;
    // Times below zero mean something else to Kafka.
    const starts = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, since));
    for (const { partition } of here) {
      const offset = Number(starts.find((start) => start.partition === partition)?.offset ?? Infinity);
      const key = keyOf({ topic, partition });
      if (offset < committed.get(key)!.offset) found.set(key, offset);
    }
  }
  return found;
}

/** Null for what is no time: whoever has written it, a partition goes on. */
function timeIn(text: string | undefined): number | null {
  const time = Number(text);
  return time >= 0 && time < YEAR_10000_MS ? time : null;
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}

async function boundsOf(admin: Admin, topics: readonly string[]): Promise<Map<string, Bounds>> {
  const bounds = new Map<string, Bounds>();
  for (const topic of topics)
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      bounds.set(keyOf({ topic, partition }), { low: Number(low), high: Number(high) });
  return bounds;
}

async function committedOffsets(
  admin: Admin,
  groupId: string,
  topics: string[],
): Promise<Map<string, Committed>> {
  const committed = new Map<string, Committed>();
  if (topics.length === 0) return committed;
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics })) {
    for (const { partition, offset, metadata } of partitions) {
      if (Number(offset) < 0) continue;
      const [, time, plan, toldUntil] = NOTE.exec(metadata ?? '') ?? [];
      committed.set(keyOf({ topic, partition }), {
        ...{ offset: Number(offset), recordTime: timeIn(time), toldUntil: timeIn(toldUntil) },
        plan: plan === undefined || plan === NO_PLAN ? null : plan,
      });
    }
  }
  return committed;
}
