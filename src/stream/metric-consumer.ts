/**
 * Reads `gds.metrics.*` for one evaluator pool: finds the topics, decodes, puts aside what is no metric, and hands the
 * rest to a sink. Offsets are committed when the sink has flushed, and dead letters and late metrics are acknowledged.
 *
 * A partition that is new here is read again from some time before its committed offset, so that the sink can rebuild
 * what it keeps in memory (a rule's pending time, a window). How far is measured in the broker's record time, which is
 * why each commit carries the record time of its last message. It also says up to when what time decides was told.
 *
 * A sink that shares samples between partitions has a topic of its own beside them: partition n of it comes with partition n of
 * the others, but has no part in their clock.
 */
import type { KafkaMessage } from 'kafkajs';
import { TocsinError } from '../domain/errors';
import { groupName } from '../domain/identity';
import type { BrokerClock } from './broker-clock';
import { decodeMetric, jsonText, valueIn } from './codec';
import { createDeadLetterWriter, deadLetterOf, type DeadLetter } from './dead-letters';
import {
  createSkewTally,
  DEFAULT_TIMING,
  judgeMetric,
  judgeTime,
  recordTimeOf,
  skewProblem,
  undated,
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
import { MAX_METRIC_BYTES } from './metric-message';
import { createMetricSkimmer } from './metric-skim';
import { createPartitionClocks, type ClockPlace } from './partition-clocks';
import type { MetricPlace, MetricSink, SharedSink } from './port';
import { createPositions, noteOf, type Restore } from './positions';
import { decodeShared } from './slot-topic';
import { createSnapshots, type SnapshotOptions } from './snapshots';
import { createTimeFollower } from './time-follower';
import {
  findMetricTopics,
  readableTopics,
  isDerivedTopic,
  lateMetricsTopic,
  metricsDlqTopic,
  type Leaders,
} from './topics';

export interface MetricConsumerOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** The evaluator pool: the group is `gds-alerting-{pool}`. */
  readonly pool: string;
  readonly sink: MetricSink;
  readonly clock: BrokerClock;
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
/** No record lies after the brokers' time, by more than brokers differ in it: one that says so bears its sender's. */
const BROKERS_DIFFER_MS = 1_000;
/** While a backlog is read, how often the sink is told how far it has come, in record time. */
const TELL_EVERY_MS = 1_000;

export const alertingGroup = (instance: string, pool: string): string =>
  groupName(instance, `gds-alerting-${pool}`);

export function consumeMetrics(options: MetricConsumerOptions): GroupConsumer {
  const { kafka, instance, pool, sink, clock, timing = DEFAULT_TIMING, onEvent = ignoreEvents } = options;
  const group = alertingGroup(instance, pool);
  const deadLetters = createDeadLetterWriter(kafka, metricsDlqTopic(instance), onEvent);
  const lateMetrics = createLateMetricWriter(kafka, lateMetricsTopic(instance), onEvent);
  const { shared } = sink;
  const ofNoTime = undated(timing);
  const positions = createPositions(kafka, group, { plan: sink.plan, aside: shared?.topic, now: clock.now });
  const clocks = createPartitionClocks();
  const skimmer = sink.wants === undefined ? null : createMetricSkimmer((metric) => sink.wants!(metric));
  let numbers: readonly number[] = [];
  let nodes: ReadonlyMap<string, number> = new Map();
  let leaders: Leaders = new Map();
  const follower = createTimeFollower({
    reached: (...reached) => sink.reached(...reached),
    timeOf: clocks.of,
    here: () => numbers,
  });
  const snapshots =
    options.snapshots &&
    createSnapshots({
      ...options.snapshots,
      ...{ sink, positions, now: clock.now, has: () => numbers, onEvent },
    });

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
    await clock.known();
    const asked = clock.now();
    const assigned = [...new Set(Object.values(assignment).flat())].sort((a, b) => a - b);
    const { accept, fresh, otherPlan, toldUntil, saved, rereads, places } = await positions.settle(
      ...[assignment, sink.lookbackMs, restore],
    );
    await sink.assigned(assigned, fresh, otherPlan, saved);
    accept();
    follower.begin(fresh, toldUntil, asked);
    snapshots?.assigned(fresh);
    for (const { topic, partition, offset } of rereads) seek(topic, partition, String(offset));
    clocks.assign(
      places.filter(({ topic }) => topic !== shared?.topic),
      asked,
      unreadOf(assignment, assigned),
    );
    if (isLatest()) numbers = assigned;
  }

  /** What is there and nobody reads: of topics that lack a leader. */
  function unreadOf(assignment: Assignment, numbers: readonly number[]): ClockPlace[] {
    return [...leaders].flatMap(([topic, led]) =>
      numbers
        .filter((partition) => led.has(partition) && !assignment[topic]?.includes(partition))
        .map((partition) => ({ topic, partition })),
    );
  }

  function onAnswered(node: number, at: number): void {
    clocks.answered(node, at);
    follower.followAll();
  }

  async function onBatch(batch: RawBatch, hands: BatchHands): Promise<void> {
    const { topic, partition } = batch;
    const end = Number(batch.highWatermark);
    let isMadeAgain = positions.isMadeAgain(batch, Number(batch.messages[0]!.offset), end);
    if (isMadeAgain === null)
      await hands.persist(async () => void (isMadeAgain = await positions.endsBeforeNext(batch)));
    if (isMadeAgain) startAnew(batch);
    if (topic === shared?.topic) return onShared(shared, batch, hands);
    clocks.heard(batch, end);
    const latest = clock.now() + BROKERS_DIFFER_MS;
    const { letters, late, skew, undatedRecords } = await offerAll(batch, latest, hands);
    const told = follower.toldUntil(partition);
    await hands.persist(async () => {
      await sink.flush(partition);
      await Promise.all([deadLetters.write(letters), lateMetrics.write(late)]);
    });
    skew.tell(batch, onEvent);
    if (undatedRecords > 0) onEvent({ kind: 'records_undated', topic, partition, records: undatedRecords });
    const last = batch.messages.at(-1)!;
    const next = Number(last.offset) + 1;
    const recorded = lastRecorded(batch, latest);
    positions.advance(topic, partition, next);
    const read = Number(batch.lastOffset());
    if (recorded === null) clocks.readUndated(batch, read);
    else clocks.read(batch, read, recorded);
    if (next <= positions.of(topic, partition).committed) return hands.pass(last);
    hands.done(last, batch.messages.length, noteOf(recorded ?? clock.now(), sink.plan, told));
  }

  /** A topic can be made again so quickly that nobody joins anew. */
  function startAnew({ topic, partition }: RawBatch): void {
    positions.restart(topic, partition);
    clocks.restart({ topic, partition });
    onEvent({ kind: 'topic_made_again', topic, partition });
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
    const time = Math.min(to.reachedBy(partition), recordTimeOf(last.timestamp, clock.now()) ?? Infinity);
    if (read <= committed || time === -Infinity) hands.pass(last);
    else hands.done(last, messages.length, noteOf(time));
  }

  /** Record times after the `latest` are read as that. */
  async function offerAll(
    { topic, partition, messages }: RawBatch,
    latest: number,
    hands: BatchHands,
  ): Promise<PutAside & { readonly undatedRecords: number }> {
    const aside: PutAside = { letters: [], late: [], skew: createSkewTally() };
    let undatedRecords = 0;
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
      const recorded = recordTimeOf(message.timestamp, latest);
      if (recorded !== null && recorded >= tellAt) {
        tellAt = recorded + TELL_EVERY_MS;
        clocks.read(place, Number(message.offset) - 1, recorded);
        while (!follower.follow(partition)) await hands.breathe();
      }
      const came = recorded === null ? { at: latest, timing: ofNoTime } : { at: recorded, timing };
      if (recorded === null && !place.replayed) undatedRecords += 1;
      offer(message, came, place, place.replayed ? null : aside, isDerived);
      if (at % BREATHE_EVERY === 0) await hands.breathe();
    }
    return { ...aside, undatedRecords };
  }

  /** What is not evaluated goes to `aside`; null where that was done before. */
  function offer(
    message: KafkaMessage,
    came: Came,
    place: MetricPlace,
    aside: PutAside | null,
    isDerived: boolean,
  ): void {
    const text = textOf(message);
    if (text !== null && skimmer !== null && isUnwanted(skimmer.unwantedAt(text), came)) return;
    const value = valueIn(message.value, text);
    const judged = judgeMetric(value, came.at, came.timing, isDerived);
    if (judged === null) {
      aside?.letters.push(invalid(message, place));
      return;
    }
    const { metric, verdict, sentAt } = judged;
    if (text !== null) skimmer?.learn(metric, text);
    if (verdict === 'late') {
      aside?.late.push(lateMetricOf(place, message, metric.instance_id, came.at - sentAt));
    } else if (verdict === 'rejected') {
      aside?.letters.push(deadLetterOf(place, message, 'clock_skew', [skewProblem(sentAt, came.at, timing)]));
      aside?.skew.add(metric.instance_id, 'rejected', sentAt - came.at);
    } else {
      if (verdict === 'corrected') aside?.skew.add(metric.instance_id, 'corrected', sentAt - came.at);
      sink.offer(metric, judged.time, place);
    }
  }

  /** Of a metric that nobody wants: what is put aside is put aside with its whole message. */
  const isUnwanted = (time: number | null, came: Came): boolean =>
    time !== null && judgeTime(time, came.at, came.timing) === 'in_time';

  const consumer = runGroupConsumer({
    ...options,
    group,
    note: options.says && encodeNote(options.says),
    async topics(read) {
      const found = await findMetricTopics(kafka, instance);
      ({ leaders, nodes } = found);
      clocks.led(leaders);
      const topics = readableTopics(found, new Set(read));
      for (const topic of leaders.keys())
        if (!topics.includes(topic)) onEvent({ kind: 'topic_unled', topic });
      return shared === undefined ? topics : [...topics, shared.topic];
    },
    onAssigned,
    onBatch,
    answered: { now: clock.now, nodeAt: (address) => nodes.get(address), tell: onAnswered },
    onSkipped: (topic, partition, last) => clocks.read({ topic, partition }, last, -Infinity),
    onEvent,
  });
  return {
    joined: consumer.joined,
    async stop() {
      await snapshots?.close();
      numbers = [];
      await consumer.stop();
      await Promise.all([deadLetters.close(), lateMetrics.close()]);
    },
  };
}

type Seek = (topic: string, partition: number, offset: string) => void;

/** Against which time a metric is judged, and how. */
interface Came {
  readonly at: number;
  readonly timing: EventTiming;
}

/** Metrics of a batch that are not evaluated, or not as they came. */
interface PutAside {
  readonly letters: DeadLetter[];
  readonly late: LateMetric[];
  readonly skew: SkewTally;
}

/** When the last record came that says it; null where none does. */
function lastRecorded({ messages }: RawBatch, latest: number): number | null {
  for (let at = messages.length - 1; at >= 0; at--) {
    const recorded = recordTimeOf(messages[at]!.timestamp, latest);
    if (recorded !== null) return recorded;
  }
  return null;
}

/** A message that may be a metric in JSON; null for another. */
const textOf = ({ value }: KafkaMessage): string | null =>
  value === null || value.length > MAX_METRIC_BYTES ? null : jsonText(value);

function invalid(message: KafkaMessage, place: MetricPlace): DeadLetter {
  const decoded = decodeMetric(message.value);
  return deadLetterOf(place, message, 'invalid_metric', decoded.ok ? [] : decoded.problems);
}
