/**
 * A metric as it travels on Kafka, in the requirements' names. Event time is `timestamp`; collection time is
 * `metadata.collection_duration_ms` long and ends there; ingestion time is the broker's record time.
 */
import { overlaid, type Labels } from './labels';

/** Values that JSON cannot write as numbers travel as these strings; `stale` ends a series. */
export type MetricValue = number | 'NaN' | '+Inf' | '-Inf' | 'stale';

export interface MetricMetadata {
  readonly collection_duration_ms?: number;
  readonly version?: string;
  readonly correlation_id?: string;
  readonly [name: string]: string | number | boolean | null | undefined;
}

export interface Metric {
  /** Event time, ISO 8601 with a zone. */
  readonly timestamp: string;
  readonly database_type: string;
  readonly instance_id: string;
  readonly metric_name: string;
  readonly value: MetricValue;
  readonly tags: Labels;
  readonly metadata?: MetricMetadata;
  readonly collection_method?: string | null;
  readonly collector_version?: string | null;
}

/** A point of a series: event time in milliseconds since 1970 and the value. */
export type Point = readonly [timeMs: number, value: number];

/** A series' labels: the message's tags plus instance_id and database_type. */
export function seriesLabels(metric: Pick<Metric, 'tags' | 'instance_id' | 'database_type'>): Labels {
  const { instance_id, database_type } = metric;
  return overlaid(metric.tags, { instance_id, database_type });
}

/** The number that a travelling value stands for; the stale marker is NaN here and has to be looked for first. */
export function numberOf(value: MetricValue): number {
  if (typeof value === 'number') return value;
  if (value === '+Inf') return Infinity;
  if (value === '-Inf') return -Infinity;
  return NaN;
}

/** The inverse of `numberOf` for values that are computed here. */
export function metricValue(value: number): MetricValue {
  if (Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
