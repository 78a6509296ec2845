/** A sample of a series that a rule has made, in the form in which samples travel. */
import { metricValue } from '../domain/metric';
import { METRIC_NAME, type LabelSet } from '../promql/label-set';
import type { SharedSample } from '../stream/port';

export function sampleOf(labels: LabelSet, time: number, sample: number | 'stale'): SharedSample {
  const {
    [METRIC_NAME]: metric_name = '',
    instance_id = '',
    database_type = '',
    ...tags
  } = labels.toLabels() as Record<string, string>;
  const value = sample === 'stale' ? sample : metricValue(sample);
  return { metric_name, instance_id, database_type, tags, value, time };
}
