/** The series that all measurements of evaluation share: 200 instances × 50 metrics, and what they have at each second. */
import type { Metric } from '../src/domain/metric';

export const INSTANCES = 200;
export const METRICS = 50;
export const SERIES = INSTANCES * METRICS;
const REGIONS = 5;
const DATABASE = 'postgresql';
const ENVIRONMENT = 'production';

export const metricName = (metric: number): string => `metric_${metric}_percent`;
export const nameOfSeries = (series: number): string => metricName(Math.floor(series / INSTANCES));
const instanceOf = (series: number): string => `pg-${series % INSTANCES}`;

const tagsOf = Array.from({ length: REGIONS }, (_, region) => ({
  environment: ENVIRONMENT,
  region: `r${region}`,
}));

/** Without the name, as rules see them. */
export function labelsOf(series: number): Record<string, string> {
  return { ...tagsOf[series % REGIONS], instance_id: instanceOf(series), database_type: DATABASE };
}

/**
 * A counter that rises by 1 to 7 a second, by series, from 100,000 times that at second `origin`; the noise is below a half.
 * Every side is fed the same.
 */
export function valueAt(series: number, second: number, origin: number): number {
  const noise = ((series * 7_919 + second * 104_729) % 1_000) / 2_000;
  return (1 + (series % 7)) * (second - origin + 100_000) + noise;
}

/** What a series has at a second. */
export function sampleAt(series: number, second: number, origin: number): Metric {
  const id = `abc-${String(series).padStart(5, '0')}-${second}`;
  return sampleOf(series, { time: second * 1_000, value: valueAt(series, second, origin), id });
}

export interface Said {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly value: number;
  readonly id: string;
}

function sampleOf(series: number, { time, value, id }: Said): Metric {
  return {
    timestamp: new Date(time).toISOString(),
    database_type: DATABASE,
    instance_id: instanceOf(series),
    metric_name: nameOfSeries(series),
    value,
    tags: tagsOf[series % REGIONS]!,
    metadata: { collection_duration_ms: 12, version: '1.0', collector: 'pg-collector', correlation_id: id },
  };
}

/** A sample as it travels on Kafka. */
export function messageOfSeries(series: number, said: Said): { key: string; value: string } {
  return { key: instanceOf(series), value: JSON.stringify(sampleOf(series, said)) };
}

export function messageAt(series: number, second: number, origin: number): { key: string; value: string } {
  return { key: instanceOf(series), value: JSON.stringify(sampleAt(series, second, origin)) };
}
