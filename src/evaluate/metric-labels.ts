/**
 * The labels of a metric's series, and the one way to write them as tags: what is sent in two ways (with an empty tag and
 * without it, say) is one series, for two of the same labels could be told apart by no rule.
 */
import { overlaid, type Labels } from '../domain/labels';
import { METRIC_NAME } from '../promql/label-set';
import type { MetricId } from './saved-series';

export const labelsOf = ({ tags, ...own }: MetricId): Labels => overlaid(tags, ownLabels(own));

/** The same where its tags are written so already, as nearly all are. */
export function writtenPlainly(metric: MetricId): MetricId {
  if (isPlain(metric.tags)) return metric;
  const tags = Object.entries(labelsOf(metric)).filter(([name, value]) => value !== '' && !OWN.has(name));
  return { ...metric, tags: Object.fromEntries(tags) };
}

const ownLabels = ({ metric_name, instance_id, database_type }: Omit<MetricId, 'tags'>): Labels => ({
  ...{ instance_id, database_type, [METRIC_NAME]: metric_name },
});

const OWN: ReadonlySet<string> = new Set(['instance_id', 'database_type', METRIC_NAME]);

function isPlain(tags: Labels): boolean {
  for (const name in tags) if (tags[name] === '' || OWN.has(name)) return false;
  return true;
}
