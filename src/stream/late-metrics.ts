/**
 * Metrics that were recorded too long after their event time to be evaluated. They go to a topic of their own as they
 * came, with headers that say from where and how late, so that they can be looked at, or sent on to another store. The
 * write is acknowledged before the metric's offset is committed, so after a crash one may stand there twice: topic,
 * partition and offset are its identity.
 */
import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import { ignoreEvents, type OnStreamEvent } from './events';
import type { Kafka } from './kafka';
import { createSender } from './sender';

export interface LateMetric {
  readonly topic: string;
  readonly partition: number;
  readonly instanceId: string;
  readonly lateMs: number;
  readonly message: Message;
}

/** With its headers, a record with the longest key would be larger than Kafka takes: such a one goes without its key. */
const MAX_KEY_BYTES = 512 * 1_024;

export function lateMetricOf(
  { topic, partition }: { topic: string; partition: number },
  { key, value, offset, timestamp }: Pick<KafkaMessage, 'key' | 'value' | 'offset' | 'timestamp'>,
  instanceId: string,
  lateMs: number,
): LateMetric {
  const headers: IHeaders = {
    'tocsin-topic': topic,
    'tocsin-partition': String(partition),
    'tocsin-offset': offset,
    'tocsin-record-time-ms': timestamp,
    'tocsin-late-ms': String(lateMs),
  };
  const kept = key !== null && key.length > MAX_KEY_BYTES ? null : key;
  return { topic, partition, instanceId, lateMs, message: { key: kept, value, headers } };
}

export interface LateMetricWriter {
  /** Resolves when Kafka has acknowledged all of them. Throws TOC_DEPENDENCY_AWAY. */
  write(metrics: readonly LateMetric[]): Promise<void>;
  close(): Promise<void>;
}

export function createLateMetricWriter(
  kafka: Kafka,
  topic: string,
  onEvent: OnStreamEvent = ignoreEvents,
): LateMetricWriter {
  const sender = createSender(kafka, { lane: 'late metrics', lingerMs: 0, timeoutMs: 5_000, onEvent });
  return {
    async write(metrics) {
      if (metrics.length === 0) return;
      await sender.send([{ topic, messages: metrics.map(({ message }) => message) }]);
      tell(metrics, onEvent);
    },
    close: sender.close,
  };
}

/** One event for each instance: a backfill is late with each of its metrics. */
function tell(metrics: readonly LateMetric[], onEvent: OnStreamEvent): void {
  const found = new Map<string, { metric: LateMetric; samples: number; lateMs: number }>();
  for (const metric of metrics) {
    const { samples = 0, lateMs = 0 } = found.get(metric.instanceId) ?? {};
    found.set(metric.instanceId, {
      metric,
      samples: samples + 1,
      lateMs: Math.max(lateMs, metric.lateMs),
    });
  }
  for (const [instanceId, { metric, samples, lateMs }] of found) {
    const { topic, partition } = metric;
    onEvent({ kind: 'late_metrics', topic, partition, instanceId, samples, lateMs });
  }
}
