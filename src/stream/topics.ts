/**
 * The topics: their names, their settings, and how they come to be. The figures are the requirements': metrics and
 * transitions are kept 7 days, dead letters 30, in development one; 12 partitions of metrics, one of transitions.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { KafkaJSError, Partitioners, type Admin, type ITopicConfig } from 'kafkajs';
import { topicName } from '../domain/identity';
import type { Metric } from '../domain/metric';
import { withAdmin, type Kafka } from './kafka';

export const METRIC_PARTITIONS = 12;

const DAY_MS = 86_400_000;
const LED_WITHIN_MS = 15_000;
const METRICS_BYTES = 10e9;
const METRICS_BYTES_A_PARTITION = Math.floor(METRICS_BYTES / METRIC_PARTITIONS);
const ALERTS_KEPT_MS = 7 * DAY_MS;

export const metricsDlqTopic = (instance: string): string => topicName(instance, 'gds.metrics.dlq');
export const lateMetricsTopic = (instance: string): string => topicName(instance, 'gds.metrics.late');
export const alertsTopic = (instance: string): string => topicName(instance, 'gds.alerts');
/** What rules on trial would have written to the topic of the alerts. Only they need it. */
export const shadowTopic = (instance: string): string => topicName(instance, 'gds.alerts.shadow');
const DERIVED = 'gds.metrics.derived.';
export const alertsDlqTopic = (instance: string): string => topicName(instance, 'gds.alerts.dlq');

/** Two parts and the longest name of an instance stay below Kafka's 249 characters. */
const MAX_PART_LENGTH = 64;

/** A part of a topic's name: other characters than Kafka's become `-`, and so do dots, which separate the parts. */
const part = (text: string): string =>
  text.replace(/[^a-zA-Z0-9_-]/g, '-').slice(0, MAX_PART_LENGTH) || 'default';

/** `gds.metrics.{database_type}.{environment}`. */
export function metricTopic(instance: string, metric: Pick<Metric, 'database_type' | 'tags'>): string {
  const environment = part(metric.tags.environment ?? 'default');
  return topicName(instance, `gds.metrics.${part(metric.database_type)}.${environment}`);
}

/** `gds.metrics.derived.{environment}`: what recording rules make, over all environments where they do not say which. */
export function derivedTopic(instance: string, { tags }: Pick<Metric, 'tags'>): string {
  return topicName(instance, `${DERIVED}${part(tags.environment || 'all')}`);
}

/** That many environments have a topic of their own for what recording rules make. Tags of samples name them. */
export const MOST_DERIVED_TOPICS = 20;

export const isDerivedTopic = (instance: string, topic: string): boolean =>
  topic.startsWith(topicName(instance, DERIVED));

/** `gds.evaluate.shared.{pool}`: no topic of metrics, as others do not read it. */
export const sharedTopic = (instance: string, pool: string): string =>
  topicName(instance, `gds.evaluate.shared.${part(pool)}`);

/** `gds.evaluate.state.{pool}`: what evaluators of a pool know, for those that take over from them. */
export const snapshotTopic = (instance: string, pool: string): string =>
  topicName(instance, `gds.evaluate.state.${part(pool)}`);

/** `gds.evaluate.clock`: what is written there is read by nobody; brokers say when it came. */
export const clockTopic = (instance: string): string => topicName(instance, 'gds.evaluate.clock');

/** Whether a topic carries metrics of this instance: never the dead letters and the late ones. */
export function isMetricTopic(instance: string, topic: string): boolean {
  const prefix = topicName(instance, 'gds.metrics.');
  if (!topic.startsWith(prefix)) return false;
  const rest = topic.slice(prefix.length);
  return rest !== 'dlq' && rest !== 'late' && rest !== '';
}

export async function listMetricTopics(kafka: Kafka, instance: string): Promise<string[]> {
  const topics = await withAdmin(kafka, (admin) => admin.listTopics());
  return topics.filter((topic) => isMetricTopic(instance, topic)).sort();
}

/** Topic → the node that leads each of its partitions; -1 where nobody does. */
export type Leaders = ReadonlyMap<string, ReadonlyMap<number, number>>;

export interface FoundTopics {
  readonly leaders: Leaders;
  /** By `host:port`. */
  readonly nodes: ReadonlyMap<string, number>;
}

/** The topics of metrics, and who leads them: -1 for nobody. Throws TOC_DEPENDENCY_AWAY. */
export async function findMetricTopics(kafka: Kafka, instance: string): Promise<FoundTopics> {
  return withAdmin(kafka, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata();
    const { brokers } = await admin.describeCluster();
    const leaders = topics
      .filter(({ name }) => isMetricTopic(instance, name))
      .map(({ name, partitions }) => {
        const led = partitions.map(({ partitionId, leader }) => [partitionId, leader] as const);
        return [name, new Map(led)] as const;
      });
    const nodes = brokers.map(({ host, port, nodeId }) => [`${host}:${port}`, nodeId] as const);
    return { leaders: new Map(leaders), nodes: new Map(nodes) };
  });
}

/**
 * Which of the topics are read, sorted. One that is not led is left for later: kafkajs can read none of a list that has one
 * without a leader. Those that are `read` stay: most leaders are gone for a moment.
 */
export function readableTopics(
  { leaders }: Pick<FoundTopics, 'leaders'>,
  read: ReadonlySet<string>,
): string[] {
  return [...leaders]
    .filter(([topic, led]) => read.has(topic) || ![...led.values()].includes(NO_LEADER))
    .map(([topic]) => topic)
    .sort();
}

const NO_LEADER = -1;

const partitionOf = Partitioners.DefaultPartitioner();

/** The partition of a key among `count`, as every producer with Kafka's default partitioner chooses it. */
export function partitionOfKey(topic: string, key: string, count: number): number {
  const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 0,
    replicas: [],
    isr: [],
  }));
  return partitionOf({ topic, partitionMetadata, message: { key, value: null } });
}

export interface TopicSettings {
  /** Development keeps everything for one day. */
  readonly development?: boolean;
}

export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly retentionMs: number;
  readonly retentionBytes?: number;
  /** Against the producer's own time, a clock that is wrong could not be told from one that is right. */
  readonly recordTimeOfBroker?: boolean;
  /** Beside these, or instead. */
  readonly config?: Readonly<Record<string, string>>;
}

function metricSpec(topic: string): TopicSpec {
  return {
    topic,
    partitions: METRIC_PARTITIONS,
    retentionMs: 7 * DAY_MS,
    retentionBytes: METRICS_BYTES_A_PARTITION,
    recordTimeOfBroker: true,
  };
}

function ownSpecs(instance: string): TopicSpec[] {
  return [
    { topic: metricsDlqTopic(instance), partitions: 1, retentionMs: 30 * DAY_MS },
    {
      topic: lateMetricsTopic(instance),
      partitions: 1,
      retentionMs: 7 * DAY_MS,
      retentionBytes: METRICS_BYTES,
    },
    { topic: alertsTopic(instance), partitions: 1, retentionMs: ALERTS_KEPT_MS },
    { topic: alertsDlqTopic(instance), partitions: 1, retentionMs: 30 * DAY_MS },
  ];
}

function configOf(spec: TopicSpec, brokers: number, { development = false }: TopicSettings): ITopicConfig {
  const replicated = brokers >= 3;
  const entries: Record<string, string> = {
    'cleanup.policy': 'delete',
    'retention.ms': String(development ? DAY_MS : spec.retentionMs),
    'min.insync.replicas': replicated ? '2' : '1',
    ...(spec.recordTimeOfBroker && { 'message.timestamp.type': 'LogAppendTime' }),
    ...spec.config,
  };
  if (spec.retentionBytes !== undefined) entries['retention.bytes'] = String(spec.retentionBytes);
  return {
    topic: spec.topic,
    numPartitions: spec.partitions,
    replicationFactor: replicated ? 3 : 1,
    configEntries: Object.entries(entries).map(([name, value]) => ({ name, value })),
  };
}

/** Makes those that are missing. */
export async function createTopics(
  kafka: Kafka,
  specs: readonly TopicSpec[],
  settings: TopicSettings,
): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = specs.filter(({ topic }) => !existing.has(topic));
    if (missing.length === 0) return;
    const { brokers } = await admin.describeCluster();
    const topics = missing.map((spec) => configOf(spec, brokers.length, settings));
    // Another process may make the same ones at this moment; kafkajs answers that with false, not with an error.
    await admin.createTopics({ topics, waitForLeaders: false });
    for (const { topic } of topics) await untilLed(admin, topic);
  });
}

/**
 * A new topic is known before its broker leads it. Records that came too early would be refused for some partitions and
 * taken for others, and be there twice after the next attempt. Offsets are answered only by a leader.
 */
async function untilLed(admin: Admin, topic: string): Promise<void> {
  const deadline = Date.now() + LED_WITHIN_MS;
  for (;;) {
    try {
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (!isPassing(error) || Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

/** Also where kafkajs has tried it again by itself, and given up. */
const isPassing = (error: unknown): boolean =>
  error instanceof KafkaJSError && (error.retriable || isPassing(error.cause));

/**
 * Makes the topics that every instance has, where they are missing, and the metric topics that are named. Topics that
 * exist are left as they are. Throws TOC_DEPENDENCY_AWAY.
 */
export async function ensureTopics(
  kafka: Kafka,
  instance: string,
  metricTopics: readonly string[] = [],
  settings: TopicSettings = {},
): Promise<void> {
  await createTopics(kafka, [...ownSpecs(instance), ...metricTopics.map(metricSpec)], settings);
}

export async function ensureShadowTopic(
  kafka: Kafka,
  instance: string,
  settings: TopicSettings = {},
): Promise<void> {
  const spec = { topic: shadowTopic(instance), partitions: 1, retentionMs: ALERTS_KEPT_MS };
  await createTopics(kafka, [spec], settings);
}

/**
 * Makes a topic where it is missing, with as many partitions as the metric topic that has most, and gives their number.
 * One that has too few gets more. Throws TOC_DEPENDENCY_AWAY.
 */
export async function ensurePartitioned(
  kafka: Kafka,
  instance: string,
  settings: TopicSettings,
  spec: Omit<TopicSpec, 'partitions'>,
): Promise<number> {
  const { topic } = spec;
  const metricTopics = await listMetricTopics(kafka, instance);
  const widest = Math.max(METRIC_PARTITIONS, ...(await partitionsOf(kafka, metricTopics)));
  await createTopics(kafka, [{ ...spec, partitions: widest }], settings);
  const [partitions] = await partitionsOf(kafka, [topic]);
  if (partitions! >= widest) return partitions!;
  await withAdmin(kafka, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: widest }] }));
  return widest;
}

async function partitionsOf(kafka: Kafka, topics: string[]): Promise<number[]> {
  if (topics.length === 0) return [];
  const metadata = await withAdmin(kafka, (admin) => admin.fetchTopicMetadata({ topics }));
  return metadata.topics.map(({ partitions }) => partitions.length);
}
