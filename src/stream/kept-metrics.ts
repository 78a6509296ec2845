/**
 * What the metric topics still hold of a time, in the order in which it was recorded over all partitions, and judged as an
 * evaluator judges it: what it does not evaluate is counted and left out. Only reads: nothing is put aside, and no offset is
 * committed.
 */
import type { KafkaMessage } from 'kafkajs';
import type { Metric } from '../domain/metric';
import { valueIn } from './codec';
import { DEFAULT_TIMING, judgeMetric, type EventTiming } from './event-time';
import { withAdmin, type Kafka } from './kafka';
import { readSpans, spansBetween, type Span } from './span-reader';
import { isDerivedTopic, listMetricTopics } from './topics';

/** Times are milliseconds since 1970. */
export interface KeptMetric {
  readonly metric: Metric;
  /** The one for which it is evaluated. */
  readonly time: number;
  readonly recorded: number;
  readonly partition: number;
  /** A rule has made it. */
  readonly isDerived: boolean;
}

export interface KeptMetricsOptions {
  readonly kafka: Kafka;
  readonly instance: string;
  readonly timing?: EventTiming;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /** After each record. */
  readonly onProgress?: (progress: ReadingProgress) => void;
}

export interface ReadingProgress {
  /** Records. */
  readonly read: number;
  readonly of: number;
  /** Record time of the last, milliseconds since 1970. */
  readonly upTo: number;
}

export interface KeptReading {
  /** False where it was ended before. */
  readonly isWhole: boolean;
  readonly records: number;
  /** Of these, what was left out: what is no metric, what came too late, and what a clock that is ahead made. */
  readonly invalid: number;
  readonly late: number;
  readonly rejected: number;
  /** What a clock that is ahead made, evaluated for its record time. */
  readonly corrected: number;
  /** The record time from which on all of it was still there; null where nothing of the time has been deleted. */
  readonly heldSince: number | null;
}

/** Record times, both included, in milliseconds since 1970. Throws TOC_DEPENDENCY_AWAY. */
export async function readKeptMetrics(
  options: KeptMetricsOptions,
  between: { readonly fromMs: number; readonly toMs: number },
  take: (kept: KeptMetric) => void,
): Promise<KeptReading> {
  const { kafka, instance, timing = DEFAULT_TIMING, onProgress = () => undefined, signal } = options;
  const spans = await metricSpans(kafka, instance, between);
  const of = spans.reduce((sum, { from, to }) => sum + Number(to - from), 0);
  const counts = { records: 0, invalid: 0, late: 0, rejected: 0, corrected: 0 };
  let heldSince: number | null = null;

  function takeRecord(message: KafkaMessage, span: Span): void {
    const recorded = Number(message.timestamp);
    counts.records += 1;
    if (span.from === span.low && span.low > 0n && message.offset === String(span.from))
      heldSince = Math.max(heldSince ?? -Infinity, recorded);
    const kept = judged(message.value, recorded, span);
    if (kept !== null) take(kept);
    onProgress({ read: counts.records, of, upTo: recorded });
  }

  function judged(bytes: Buffer | null, recorded: number, { topic, partition }: Span): KeptMetric | null {
    const isDerived = isDerivedTopic(instance, topic);
    const found = judgeMetric(valueIn(bytes), recorded, timing, isDerived);
    const verdict = found?.verdict ?? 'invalid';
    if (verdict !== 'in_time') counts[verdict] += 1;
    if (found === null || Number.isNaN(found.time)) return null;
    return { metric: found.metric, time: found.time, recorded, partition, isDerived };
  }

  const isWhole = await readSpans({ kafka, instance, what: 'metrics', signal }, spans, takeRecord);
  return { isWhole, ...counts, heldSince };
}

async function metricSpans(
  kafka: Kafka,
  instance: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Span[]> {
  const topics = await listMetricTopics(kafka, instance);
  const found = await withAdmin(kafka, (admin) =>
    Promise.all(topics.map((topic) => spansBetween(admin, topic, fromMs, toMs))),
  );
  return found.flat();
}
