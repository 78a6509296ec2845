/**
 * Reads `gds.metrics.*` for one evaluator pool: finds the topics, decodes, puts aside what is no metric, and hands the
 * rest to a sink. Offsets are committed when the sink has flushed, and dead letters and late metrics are acknowledged.
 *
 * A partition that is new here is read again from some time before its committed offset, so that the sink can rebuild
 * what it keeps in memory (a rule's pending time, a window). How far is measured in the broker's record time, which is
 * why each commit carries the record time of its last message.
 *
 * A sink that shares samples between partitions has a topic of its own beside them: partition n of it comes with partition n of
 * the others, but has no part in their clock.
 */
import type { Admin, KafkaMessage } from 'kafkajs';
import { groupName } from '../domain/identity';
import { decodeMetric, decodeValue, jsonText } from './codec';
import { createDeadLetterWriter, deadLetterOf, type DeadLetter } from './dead-letters';
import {
  createSkewTally,
  DEFAULT_TIMING,
  judgeTime,
  notAfter,
  skewProblem,
  type EventTiming,
  type SkewTally,
} from './event-time';
import { ignoreEvents, type OnStreamEvent } from './events';
import {
  runGroupConsumer,
  type Assignment,
  type BatchHands,
  type GroupConsumer,
  type RawBatch,
} from './group-consumer';
import { withAdmin, type Kafka } from './kafka';
import { createLateMetricWriter, lateMetricOf, type LateMetric } from './late-metrics';
import { eventTimeMs, looksLikeMetric, MAX_METRIC_BYTES } from './metric-message';
import { createMetricSkimmer } from './metric-skim';
import { createPartitionClocks } from './partition-clocks';
import type { MetricPlace, MetricSink, SharedSink } from './port';
import { decodeShared } from './slot-topic';
import { isDerivedTopic, lateMetricsTopic, listMetricTopics, metricsDlqTopic } from './topics';

export interface MetricConsumerOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** The evaluator pool: the group is `gds-alerting-{pool}`. */
  readonly pool: string;
  readonly sink: MetricSink;
  /** What becomes of metrics whose event time is far from their record time. */
  readonly timing?: EventTiming;
  readonly topicPollMs?: number;
  readonly sessionTimeoutMs?: number;
  readonly commitEveryMessages?: number;
  readonly commitEveryMs?: number;
  readonly onEvent?: OnStreamEvent;
}

const BREATHE_EVERY = 512;
/** While a backlog is read, how often the sink is told how far it has come, in record time. */
const TELL_EVERY_MS = 1_000;

export const alertingGroup = (instance: string, pool: string): string =>
  groupName(instance, `gds-alerting-${pool}`);

export function consumeMetrics(options: MetricConsumerOptions): GroupConsumer {
  const { kafka, instance, pool, sink, timing = DEFAULT_TIMING, onEvent = ignoreEvents } = options;
  const group = alertingGroup(instance, pool);
  const deadLetters = createDeadLetterWriter(kafka, metricsDlqTopic(instance), onEvent);
  const lateMetrics = createLateMetricWriter(kafka, lateMetricsTopic(instance), onEvent);
  const { shared } = sink;
  const positions = createPositions(kafka, group, { plan: sink.plan, aside: shared?.topic });
  const clocks = createPartitionClocks();
  const skimmer = sink.wants === undefined ? null : createMetricSkimmer((metric) => sink.wants!(metric));
  let numbers: readonly number[] = [];

  async function onAssigned(
    assignment: Assignment,
    seek: (topic: string, partition: number, offset: string) => void,
  ): Promise<void> {
    numbers = [];
    const assigned = [...new Set(Object.values(assignment).flat())].sort((a, b) => a - b);
    const { fresh, otherPlan, rereads, places } = await positions.settle(assignment, sink.lookbackMs);
    await sink.assigned(assigned, fresh, otherPlan);
    for (const { topic, partition, offset } of rereads) seek(topic, partition, String(offset));
    clocks.assign(places.filter(({ topic }) => topic !== shared?.topic));
    numbers = assigned;
  }

  function onAnswered(at: number): void {
    clocks.answered(at);
    for (const partition of numbers) tellReached(partition, positions.isReplaying(partition));
  }

  function tellReached(partition: number, replayed: boolean): boolean {
    const time = clocks.of(partition);
    return time === -Infinity || sink.reached(partition, time, replayed);
  }

  async function onBatch(batch: RawBatch, hands: BatchHands): Promise<void> {
    const { topic, partition } = batch;
    if (topic === shared?.topic) return onShared(shared, batch, hands);
    clocks.heard(batch, Number(batch.highWatermark));
    const { letters, late, skew } = await offerAll(batch, hands);
    await hands.persist(async () => {
      await sink.flush(partition);
      await Promise.all([deadLetters.write(letters), lateMetrics.write(late)]);
    });
    skew.tell(batch, onEvent);
    const last = batch.messages.at(-1)!;
    const next = Number(last.offset) + 1;
    positions.advance(topic, partition, next);
    clocks.read(batch, Number(last.offset), Number(last.timestamp));
    if (next <= positions.of(topic, partition).committed) hands.pass(last);
    else hands.done(last, batch.messages.length, noteOf(Number(last.timestamp), sink.plan));
  }

  async function onShared(to: SharedSink, batch: RawBatch, hands: BatchHands): Promise<void> {
    const { topic, partition, messages } = batch;
    const { next, committed } = positions.of(topic, partition);
    for (const { offset, value } of messages) {
      if (Number(offset) < next) continue;
      const replayed = Number(offset) < committed;
      const record = decodeShared(partition, value);
      if (record !== null) to.offer(record, replayed);
      while (!to.advance(partition, replayed)) await hands.breathe();
      await hands.breathe();
    }
    await hands.persist(() => to.flush(partition));
    const last = messages.at(-1)!;
    const read = Number(last.offset) + 1;
    positions.advance(topic, partition, read);
    // What a slot has still to evaluate is read again from as far back, however late it was shared.
    const time = Math.min(to.reachedBy(partition), Number(last.timestamp));
    if (read <= committed || time === -Infinity) hands.pass(last);
    else hands.done(last, messages.length, noteOf(time));
  }

  async function offerAll({ topic, partition, messages }: RawBatch, hands: BatchHands): Promise<PutAside> {
    const aside: PutAside = { letters: [], late: [], skew: createSkewTally() };
    const isDerived = isDerivedTopic(instance, topic);
    const { next, committed } = positions.of(topic, partition);
    const first = Number(messages[0]!.offset);
    const live: MetricPlace = { topic, partition, replayed: false };
    let place: MetricPlace = { topic, partition, replayed: first < committed };
    let tellAt = -Infinity;
    for (let at = 0; at < messages.length; at++) {
      const message = messages[at]!;
      if (first < next && Number(message.offset) < next) continue;
      if (place.replayed && Number(message.offset) >= committed) place = live;
      const recorded = Number(message.timestamp);
      if (recorded >= tellAt) {
        tellAt = recorded + TELL_EVERY_MS;
        clocks.read(place, Number(message.offset) - 1, recorded);
        const replayed = place.replayed || positions.isReplaying(partition, topic);
        while (!tellReached(partition, replayed)) await hands.breathe();
      }
      offer(message, recorded, place, place.replayed ? null : aside, isDerived);
      if (at % BREATHE_EVERY === 0) await hands.breathe();
    }
    return aside;
  }

  /** What is not evaluated goes to `aside`; null where that was done before. */
  function offer(
    message: KafkaMessage,
    recorded: number,
    place: MetricPlace,
    aside: PutAside | null,
    isDerived: boolean,
  ): void {
    const text = textOf(message);
    if (text !== null && skimmer !== null && isUnwanted(skimmer.unwantedAt(text), recorded)) return;
    const value = valueOf(message, text);
    const time = looksLikeMetric(value) ? eventTimeMs(value.timestamp) : NaN;
    if (!looksLikeMetric(value) || Number.isNaN(time)) {
      aside?.letters.push(invalid(message, place));
      return;
    }
    if (text !== null) skimmer?.learn(value, text);
    const verdict = judgeTime(time, recorded, timing);
    // A rule that works off a backlog makes samples of the backlog's times: they are as good as what they are made of.
    if (verdict === 'late' && !isDerived) {
      aside?.late.push(lateMetricOf(place, message, value.instance_id, recorded - time));
    } else if (verdict === 'rejected') {
      aside?.letters.push(deadLetterOf(place, message, 'clock_skew', [skewProblem(time, recorded, timing)]));
      aside?.skew.add(value.instance_id, 'rejected', time - recorded);
    } else {
      if (verdict === 'corrected') aside?.skew.add(value.instance_id, 'corrected', time - recorded);
      sink.offer(value, notAfter(recorded, time), place);
    }
  }

  /** Of a metric that nobody wants: what is put aside is put aside with its whole message. */
  const isUnwanted = (time: number | null, recorded: number): boolean =>
    time !== null && judgeTime(time, recorded, timing) === 'in_time';

  const consumer = runGroupConsumer({
    ...options,
    group,
    async topics() {
      const topics = await listMetricTopics(kafka, instance);
      return shared === undefined ? topics : [...topics, shared.topic];
    },
    onAssigned,
    onBatch,
    onAnswered,
    onEvent,
  });
  return {
    joined: consumer.joined,
    async stop() {
      await consumer.stop();
      await Promise.all([deadLetters.close(), lateMetrics.close()]);
    },
  };
}

/** Metrics of a batch that are not evaluated, or not as they came. */
interface PutAside {
  readonly letters: DeadLetter[];
  readonly late: LateMetric[];
  readonly skew: SkewTally;
}

/** A message that may be a metric in JSON; null for another. */
const textOf = ({ value }: KafkaMessage): string | null =>
  value === null || value.length > MAX_METRIC_BYTES ? null : jsonText(value);

/** The message's value, or undefined where there is none to decode. */
function valueOf({ value }: KafkaMessage, text: string | null): unknown {
  if (value === null || value.length === 0 || value.length > MAX_METRIC_BYTES) return undefined;
  try {
    return decodeValue(value, text);
  } catch {
    return undefined;
  }
}

function invalid(message: KafkaMessage, place: MetricPlace): DeadLetter {
  const decoded = decodeMetric(message.value);
  return deadLetterOf(place, message, 'invalid_metric', decoded.ok ? [] : decoded.problems);
}

interface Position {
  /** The next offset that the sink has not been given. */
  readonly next: number;
  /** What the group had committed when the partition was assigned; -1 for nothing. */
  readonly committed: number;
}

export interface PositionOptions {
  /** What commits say of those who have read. */
  readonly plan?: string;
  /** A topic that says nothing of whether the others are read again. */
  readonly aside?: string;
}

interface Reread extends Place {
  readonly offset: number;
}

/** Where this process stands in each partition, against what its group has committed. */
export function createPositions(kafka: Kafka, group: string, { plan, aside }: PositionOptions = {}) {
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
  ): Promise<{
    fresh: number[];
    otherPlan: number[];
    rereads: Reread[];
    places: (Place & { next: number; end: number })[];
  }> {
    const places = placesOf(assignment);
    return withAdmin(kafka, async (admin) => {
      const ends = await endOffsets(admin, Object.keys(assignment));
      const committed = await committedOffsets(admin, group, Object.keys(assignment));
      for (const [key, { offset }] of committed) if (offset > ends.get(key)!) committed.delete(key);
      const numbers = new Set([...known.keys()].map(numberOf));
      const holds = (place: Place): boolean => {
        const position = known.get(keyOf(place));
        const offset = committed.get(keyOf(place))?.offset ?? -1;
        if (position === undefined) return offset < 0 && numbers.has(place.partition);
        const madeAgain = position.next > ends.get(keyOf(place))! || (offset < 0 && position.next > 0);
        return offset <= position.next && !madeAgain;
      };
      const fresh = new Set(places.filter((place) => !holds(place)).map(({ partition }) => partition));
      const again = places.filter(({ partition }) => fresh.has(partition));
      const rereads = lookbackMs > 0 ? await rereadsOf(admin, again, committed, lookbackMs) : [];
      known = new Map(
        places.map((place): [string, Position] => {
          const offset = committed.get(keyOf(place))?.offset ?? -1;
          const kept = fresh.has(place.partition) ? undefined : known.get(keyOf(place))?.next;
          const reread = rereads.find(
            ({ topic, partition }) => topic === place.topic && partition === place.partition,
          );
          return [keyOf(place), { next: kept ?? reread?.offset ?? Math.max(offset, 0), committed: offset }];
        }),
      );
      const ended = places.map((place) => ({
        ...place,
        next: known.get(keyOf(place))!.next,
        end: ends.get(keyOf(place))!,
      }));
      const otherPlan = again.filter((place) => {
        const before = committed.get(keyOf(place));
        return plan !== undefined && place.topic !== aside && before !== undefined && before.plan !== plan;
      });
      return {
        fresh: [...fresh].sort((a, b) => a - b),
        otherPlan: [...new Set(otherPlan.map(({ partition }) => partition))],
        rereads,
        places: ended,
      };
    });
  }

  return {
    settle,
    /** Whether what is read of the partition number lies before what was committed, but for a topic that is left out. */
    isReplaying(partition: number, but?: string): boolean {
      const leftOut = [but, aside].map((topic) => `${topic}|${partition}`);
      for (const [key, { next, committed }] of known)
        if (next < committed && numberOf(key) === partition && !leftOut.includes(key)) return true;
      return false;
    },
    of: (topic: string, partition: number): Position =>
      known.get(`${topic}|${partition}`) ?? { next: 0, committed: -1 },
    advance(topic: string, partition: number, next: number): void {
      const position = known.get(`${topic}|${partition}`);
      if (position !== undefined && next > position.next)
        known.set(`${topic}|${partition}`, { ...position, next });
    },
  };
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

const keyOf = ({ topic, partition }: Place): string => `${topic}|${partition}`;
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
}

/** What a commit says beside its offset. */
const noteOf = (recordTime: number, plan?: string): string =>
  plan === undefined ? String(recordTime) : `${recordTime} ${plan}`;
const NOTE = /^(\d+)(?: (\S+))?$/;

/** From where each place is read again: the first record within the look-back of what its topic has committed. */
async function rereadsOf(
  admin: Admin,
  places: readonly Place[],
  committed: ReadonlyMap<string, Committed>,
  lookbackMs: number,
): Promise<Reread[]> {
  const rereads: Reread[] = [];
  for (const topic of new Set(places.map((place) => place.topic))) {
    const here = places.filter(
      (place) => place.topic === topic && committed.get(keyOf(place))?.recordTime != null,
    );
    if (here.length === 0) continue;
    const since = Math.min(...here.map((place) => committed.get(keyOf(place))!.recordTime!)) - lookbackMs;
    const starts = await admin.fetchTopicOffsetsByTimestamp(topic, since);
    for (const { partition } of here) {
      const offset = Number(starts.find((start) => start.partition === partition)?.offset ?? Infinity);
      if (offset < committed.get(keyOf({ topic, partition }))!.offset)
        rereads.push({ topic, partition, offset });
    }
  }
  return rereads;
}

async function endOffsets(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  for (const topic of topics)
    for (const { partition, high } of await admin.fetchTopicOffsets(topic))
      ends.set(keyOf({ topic, partition }), Number(high));
  return ends;
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
      const [, time, plan] = NOTE.exec(metadata ?? '') ?? [];
      const recordTime = time === undefined ? null : Number(time);
      committed.set(keyOf({ topic, partition }), { offset: Number(offset), recordTime, plan: plan ?? null });
    }
  }
  return committed;
}
