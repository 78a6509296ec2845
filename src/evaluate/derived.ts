/**
 * What recording rules make, as metrics for whoever else reads them. Published at least once while Kafka takes them.
 * Where it takes everything but these, alerts do not wait for it: so many stay here, and older ones are dropped and told.
 * So is one that is refused for good; those beside it go on.
 */
import { handOverInParts } from '../domain/in-parts';
import { METRIC_NAME, type LabelSet } from '../promql/label-set';
import type { Metric } from '../domain/metric';
import type { RuleGroup } from '../domain/rule-group';
import type { MetricPublisher } from '../stream/port';
import { sampleOf } from './made-sample';
import { ALERTS, ALERTS_FOR_STATE } from './rule-series';

export interface DerivedMetrics {
  offer(partition: number, metric: Metric): void;
  /** Never rejects: what could not be sent is tried again at the next call. */
  flush(partition: number): Promise<void>;
  keepOnly(partitions: readonly number[]): void;
}

const MOST_WAITING = 10_000;

export function createDerivedMetrics(
  publisher: MetricPublisher,
  onDropped: (metrics: number, problem: string) => void,
): DerivedMetrics {
  const waiting = new Map<number, Metric[]>();
  const flushing = new Map<number, Promise<void>>();

  async function sendOut(partition: number): Promise<void> {
    for (let metrics = take(partition); metrics.length > 0; metrics = take(partition)) {
      try {
        const refused = await handOverInParts(metrics, publisher.publish);
        if (refused.length > 0) onDropped(refused.length, refused[0]!.problem);
      } catch {
        waiting.set(partition, [...metrics, ...(waiting.get(partition) ?? [])]);
        drop(partition);
        return;
      }
    }
  }

  function take(partition: number): Metric[] {
    const metrics = waiting.get(partition) ?? [];
    waiting.delete(partition);
    return metrics;
  }

  function drop(partition: number): void {
    const metrics = waiting.get(partition)!;
    const tooMany = metrics.length - MOST_WAITING;
    if (tooMany <= 0) return;
    metrics.splice(0, tooMany);
    onDropped(tooMany, `more than ${MOST_WAITING} wait`);
  }

  return {
    offer(partition, metric) {
      const metrics = waiting.get(partition);
      if (metrics === undefined) waiting.set(partition, [metric]);
      else metrics.push(metric);
    },
    async flush(partition) {
      await flushing.get(partition);
      if (!waiting.has(partition)) return;
      const work = flushing.get(partition) ?? sendOut(partition).finally(() => flushing.delete(partition));
      flushing.set(partition, work);
      await work;
    },
    keepOnly(partitions) {
      for (const partition of [...waiting.keys()])
        if (!partitions.includes(partition)) waiting.delete(partition);
    },
  };
}

/** Null for what no recording rule makes. */
export function derivedMetric(
  group: RuleGroup,
  labels: LabelSet,
  time: number,
  sample: number | 'stale',
): Metric | null {
  const name = labels.get(METRIC_NAME);
  if (name === ALERTS || name === ALERTS_FOR_STATE) return null;
  const made = sampleOf(labels, time, sample);
  return {
    ...{ metric_name: name, tags: made.tags, value: made.value },
    timestamp: new Date(time).toISOString(),
    database_type: made.database_type || 'derived',
    instance_id: made.instance_id || group.name,
    collection_method: 'recording_rule',
  };
}
