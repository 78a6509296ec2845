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
import type { KafkaMessage } from 'kafkajs';
import { TocsinError } from '../domain/errors';
import { groupName } from '../domain/identity';
import { decodeMetric, jsonText, valueIn } from './codec';
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
import { encodeNote, type EvaluatorNote } from './evaluator-note';
import { ignoreEvents, type OnStreamEvent } from './events';
import {
  runGroupConsumer,
  type Assignment,
  type BatchHands,
  type GroupConsumer,
  type RawBatch,
} from './group-consumer';
import type { Kafka } from './kafka';
import { createLateMetricWriter, lateMetricOf, type LateMetric } from './late-metrics';
import { eventTimeMs, looksLikeMetric, MAX_METRIC_BYTES } from './metric-message';
import { createMetricSkimmer } from './metric-skim';
import { createPartitionClocks } from './partition-clocks';
import type { MetricPlace, MetricSink, SharedSink } from './port';
import { createPositions, noteOf, type Restore } from './positions';
import { decodeShared } from './slot-topic';
import { createSnapshots, type SnapshotOptions } from './snapshots';
import { isDerivedTopic, lateMetricsTopic, listMetricTopics, metricsDlqTopic } from './topics';

export interface MetricConsumerOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** The evaluator pool: the group is `gds-alerting-{pool}`. */
  readonly pool: string;
  readonly sink: MetricSink;
  /** What becomes of metrics whose event time is far from their record time. */
  readonly timing?: EventTiming;
  /** Where what the sink knows is written down now and then, for whoever takes over. Without it, the look-back is read again. */
  readonly snapshots?: SnapshotOptions;
  /** What the group is told of this evaluator. */
  readonly says?: EvaluatorNote;
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
  const snapshots =
    options.snapshots &&
    createSnapshots({ ...options.snapshots, sink, positions, has: () => numbers, onEvent });

  let settling: Promise<void> = Promise.resolve();
  let assignments = 0;

  /** One after the other: members that come and go quickly make the next one before the last is settled. */
  function onAssigned(assignment: Assignment, seek: Seek): Promise<void> {
    const mine = ++assignments;
    numbers = [];
    const isLatest = (): boolean => mine === assignments;
    settling = settling
      .catch(() => undefined)
      .then(() => (isLatest() ? settle(assignment, seek, isLatest) : undefined));
    return settling;
  }

  async function settle(assignment: Assignment, seek: Seek, isLatest: () => boolean): Promise<void> {
    try {
      await take(assignment, seek, isLatest, snapshots?.restore);
    } catch (error) {
      if (!(error instanceof TocsinError) || error.code !== 'TOC_STATE_UNUSABLE') throw error;
      onEvent({ kind: 'snapshot_failed', partition: null, reason: error.message });
      await take(assignment, seek, isLatest);
    }
  }

  async function take(
    assignment: Assignment,
    seek: Seek,
    isLatest: () => boolean,
    restore?: Restore,
  ): Promise<void> {
    const assigned = [...new Set(Object.values(assignment).flat())].sort((a, b) => a - b);
    const { accept, fresh, otherPlan, saved, rereads, places } = await positions.settle(
      ...[assignment, sink.lookbackMs, restore],
    );
    await sink.assigned(assigned, fresh, otherPlan, saved);
    accept();
    snapshots?.assigned(fresh);
    for (const { topic, partition, offset } of rereads) seek(topic, partition, String(offset));
    clocks.assign(places.filter(({ topic }) => topic !== shared?.topic));
    if (isLatest()) numbers = assigned;
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
    const value = valueIn(message.value, text);
    const time = looksLikeMetric(value) ? eventTimeMs(value.timestamp) : NaN;
    if (!looksLikeMetric(value) || Number.isNaN(time)) {
      aside?.letters.push(invalid(message, place));
      return;
    }
    if (text !== null) skimmer?.learn(value, text);
    const verdict = judgeTime(time, recorded, timing, isDerived);
    if (verdict === 'late') {
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
    note: options.says && encodeNote(options.says),
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
      await snapshots?.close();
      await consumer.stop();
      await Promise.all([deadLetters.close(), lateMetrics.close()]);
    },
  };
}

type Seek = (topic: string, partition: number, offset: string) => void;

/** Metrics of a batch that are not evaluated, or not as they came. */
interface PutAside {
  readonly letters: DeadLetter[];
  readonly late: LateMetric[];
  readonly skew: SkewTally;
}

/** A message that may be a metric in JSON; null for another. */
const textOf = ({ value }: KafkaMessage): string | null =>
  value === null || value.length > MAX_METRIC_BYTES ? null : jsonText(value);

function invalid(message: KafkaMessage, place: MetricPlace): DeadLetter {
  const decoded = decodeMetric(message.value);
  return deadLetterOf(place, message, 'invalid_metric', decoded.ok ? [] : decoded.problems);
}
