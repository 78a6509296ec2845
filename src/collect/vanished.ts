/**
 * Series that end: a replica that left, a table that was dropped. A labelled series that is missing from two
 * collections of its group in a row gets the stale marker, so that no alert stays open on a thing that no longer is.
 * One missing collection means nothing: a rate has none after its counter was reset.
 */
import { labelsText } from '../domain/labels';
import type { Metric } from '../domain/metric';

interface Seen {
  readonly metric: Metric;
  missed: number;
}

export interface Vanished {
  /** Takes the messages of a successful collection; answers the stale markers that follow from it. */
  after(group: string, metrics: readonly Metric[]): Metric[];
}

export function createVanished(): Vanished {
  const groups = new Map<string, Map<string, Seen>>();
  return {
    after(group, metrics) {
      const seen = groups.get(group) ?? new Map<string, Seen>();
      groups.set(group, seen);
      for (const known of seen.values()) known.missed++;
      for (const metric of metrics) seen.set(keyOf(metric), { metric, missed: 0 });
      const gone = [...seen].filter(([, { missed }]) => missed >= 2);
      for (const [key] of gone) seen.delete(key);
      const latest = metrics[0];
      if (latest === undefined) return [];
      return gone.map(([, { metric }]) => ({
        ...metric,
        timestamp: latest.timestamp,
        metadata: latest.metadata,
        value: 'stale',
      }));
    },
  };
}

const keyOf = (metric: Metric): string => `${metric.metric_name}${labelsText(metric.tags)}`;
