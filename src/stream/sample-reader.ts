/**
 * Reads the points of one series straight from the metric topics: what a verification judges. Each read is a short life
 * of its own: find the offsets of the time, read to the end as it is then, and leave nothing behind. What evaluators leave out is
 * left out here as well.
 *
 * Messages are keyed by instance, so one partition of each topic is read. Producers that key otherwise are served too:
 * when that partition has nothing of the series, the others are read.
 */
import type { Admin, KafkaMessage } from 'kafkajs';
import type { Labels } from '../domain/labels';
import { numberOf, seriesLabels, type Point } from '../domain/metric';
import { valueIn } from './codec';
import { DEFAULT_TIMING, judgeMetric, type EventTiming } from './event-time';
import { withAdmin, type Kafka } from './kafka';
import type { SampleReader } from './port';
import { readSpans, spansSince as spansOf, type Span } from './span-reader';
import { isDerivedTopic, isMetricTopic, metricTopic, partitionOfKey } from './topics';

export interface SampleReaderOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  /** As evaluators have it. */
  readonly timing?: EventTiming;
  /** How far before the asked event time record times are looked at: a source's clock may be ahead. Default 60 s. */
  readonly marginMs?: number;
  /** How long one read may take. Default 15 s. */
  readonly timeoutMs?: number;
}

interface Series {
  readonly metric: string;
  readonly labels: Labels;
}

/** The returned reader throws TOC_DEPENDENCY_AWAY when Kafka does not answer in time. */
export function createSampleReader(options: SampleReaderOptions): SampleReader {
  const { kafka, instance, timing = DEFAULT_TIMING, marginMs = 60_000, timeoutMs = 15_000 } = options;

  async function since(series: Series, sinceMs: number): Promise<Point[]> {
    const spans = await withAdmin(kafka, (admin) => spansSince(admin, series, sinceMs));
    const keyed = spans.filter((span) => span.partition === span.keyPartition);
    const points = await read(keyed, series, sinceMs);
    if (points.length > 0) return points;
    return read(
      spans.filter((span) => span.partition !== span.keyPartition),
      series,
      sinceMs,
    );
  }

  async function spansSince(
    admin: Admin,
    series: Series,
    sinceMs: number,
  ): Promise<(Span & { keyPartition: number })[]> {
    const topics = (await admin.listTopics()).filter((topic) => mayHold(instance, topic, series.labels));
    const all = await Promise.all(topics.map((topic) => spansOf(admin, topic, sinceMs - marginMs)));
    return all.flatMap((spans) => {
      const instanceId = series.labels.instance_id ?? '';
      return spans.map((span) => ({
        ...span,
        keyPartition: partitionOfKey(span.topic, instanceId, spans.length),
      }));
    });
  }

  async function read(spans: readonly Span[], series: Series, sinceMs: number): Promise<Point[]> {
    const points = new Map<number, number>();
    const pointOf = finderOf(series, timing);
    await readSpans({ kafka, instance, what: 'samples', timeoutMs }, spans, (message, { topic }) => {
      const point = pointOf(message, isDerivedTopic(instance, topic));
      if (point !== null && point[0] > sinceMs) points.set(...point);
    });
    return [...points].sort((a, b) => a[0] - b[0]);
  }

  return { since };
}

/** Only the topics of the series' type and environment, as far as its labels tell them. */
function mayHold(instance: string, topic: string, labels: Labels): boolean {
  const { database_type, environment } = labels;
  if (!isMetricTopic(instance, topic) || database_type === undefined) return isMetricTopic(instance, topic);
  const of = metricTopic(instance, {
    database_type,
    tags: { environment: environment ?? 'default' },
  });
  return topic === of || topic.startsWith(`${of}.`);
}

/** Finds the message's point when it is one of the series and is evaluated. Stale markers are no points. */
function finderOf(series: Series, timing: EventTiming) {
  const name = Buffer.from(series.metric);
  const names = Object.keys(series.labels);
  return ({ value, timestamp }: KafkaMessage, isDerived: boolean): Point | null => {
    // Most messages are of other metrics: their bytes tell without decoding.
    if (value === null || !value.includes(name)) return null;
    // At the time for which it is evaluated: by its own clock, a sample from before an act could seem to come after it.
    const found = judgeMetric(valueIn(value), Number(timestamp), timing, isDerived);
    if (found === null || Number.isNaN(found.time)) return null;
    const { metric, time } = found;
    if (metric.metric_name !== series.metric || metric.value === 'stale') return null;
    const labels = seriesLabels(metric);
    const isSame =
      Object.keys(labels).length === names.length &&
      names.every((each) => labels[each] === series.labels[each]);
    return isSame ? [time, numberOf(metric.value)] : null;
  };
}
