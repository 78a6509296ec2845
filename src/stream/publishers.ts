/**
 * The two ways into Kafka for other rooms. Metrics are gathered for up to 100 ms, keyed by instance, and their topics
 * are made when they are first needed. Transitions leave at once, keyed by fingerprint; texts that are too long are cut.
 */
import type { Message, TopicMessages } from 'kafkajs';
import { isRefusal, TocsinError } from '../domain/errors';
import type { Metric } from '../domain/metric';
import type { Transition } from '../domain/transition';
import { encodeJson, tooLarge } from './codec';
import type { OnStreamEvent } from './events';
import type { Kafka } from './kafka';
import { eventTimeMs, looksLikeMetric, MAX_METRIC_BYTES, metricProblems } from './metric-message';
import type { MetricPublisher, TransitionPublisher } from './port';
import { createSender, type Sender } from './sender';
import { createTopicMaker, type TopicBound } from './topic-maker';
import { alertsTopic, metricTopic, type TopicSettings } from './topics';
import { validBytes } from './transition-message';
import { MAX_TRANSITION_BYTES, shortened } from './transition-size';

export interface MetricPublisherOptions extends TopicSettings {
  readonly kafka: Kafka;
  readonly instance: string;
  /** Names what is sent in events and errors. Default `metrics`. */
  readonly lane?: string;
  /** Default: `gds.metrics.{database_type}.{environment}`. */
  readonly topicOf?: (instance: string, metric: Metric) => string;
  /** Default: each is made. */
  readonly bound?: TopicBound;
  readonly lingerMs?: number;
  readonly maxMessages?: number;
  readonly timeoutMs?: number;
  readonly onEvent?: OnStreamEvent;
}

export interface Closable {
  close(): Promise<void>;
}

export function createMetricPublisher(options: MetricPublisherOptions): MetricPublisher & Closable {
  const { kafka, instance, lane = 'metrics', topicOf = metricTopic } = options;
  const sender = createSender(kafka, { ...options, lane, lingerMs: options.lingerMs ?? 100 });
  const topics = createTopicMaker(options);

  async function publish(metrics: readonly Metric[]): Promise<void> {
    const byTopic = new Map<string, Message[]>();
    for (const metric of metrics) {
      const message = { key: metric.instance_id, value: encodeValid(metric) };
      const topic = topicOf(instance, metric);
      const known = byTopic.get(topic);
      if (known === undefined) byTopic.set(topic, [message]);
      else known.push(message);
    }
    const chosen = await topics.ensure([...byTopic.keys()]);
    await sender.send(
      [...byTopic].map(([topic, messages]): TopicMessages => ({ topic: chosen.get(topic)!, messages })),
    );
  }

  function encodeValid(metric: Metric): Buffer {
    if (!looksLikeMetric(metric) || Number.isNaN(eventTimeMs(metric.timestamp)))
      throw invalid(metric, metricProblems(metric));
    const value = encodeJson(metric);
    if (value.length > MAX_METRIC_BYTES) throw invalid(metric, [tooLarge(value)]);
    return value;
  }

  return { publish, close: sender.close };
}

function invalid({ metric_name: name, instance_id: of }: Metric, problems: readonly string[]): TocsinError {
  return new TocsinError('TOC_MESSAGE_INVALID', `metric "${name}" of "${of}": ${problems.join('; ')}`);
}

/** What Kafka refuses goes again so short: its topic may take less than readers do. */
const SHORT_BYTES = 16_384;

export interface TransitionPublisherOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** Default: that of the alerts. */
  readonly topic?: string;
  /** Names what is sent in events and errors. Default `transitions`. */
  readonly lane?: string;
  readonly timeoutMs?: number;
  readonly onEvent?: OnStreamEvent;
}

export function createTransitionPublisher(
  options: TransitionPublisherOptions,
): TransitionPublisher & Closable & Pick<Sender, 'open'> {
  const { topic = alertsTopic(options.instance), lane = 'transitions' } = options;
  const sender = createSender(options.kafka, {
    lane,
    lingerMs: 0,
    timeoutMs: options.timeoutMs ?? 5_000,
    onEvent: options.onEvent,
  });

  async function send(transitions: readonly Transition[], maxBytes: number): Promise<void> {
    const messages = transitions.map((transition) => ({
      key: transition.fingerprint,
      value: validBytes(shortened(transition, maxBytes)),
    }));
    await sender.send([{ topic, messages }]);
  }

  async function publish(transitions: readonly Transition[]): Promise<void> {
    try {
      await send(transitions, MAX_TRANSITION_BYTES);
    } catch (error) {
      if (transitions.length > 1 || !isRefusal(error)) throw error;
      await send(transitions, SHORT_BYTES);
    }
  }

  return { open: sender.open, publish, close: sender.close };
}
