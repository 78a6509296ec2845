/** Values as people read them: with a unit, and without the noise of floating point. */
import type { MetricValue } from './metric';
import type { Transition } from './transition';

/** Six digits are enough for people; programs get all. What is no number has no unit. */
export function amountText(value: MetricValue | null, unit: string | null = null): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  const digits = String(Number(value.toPrecision(6)));
  if (unit === null || unit === '') return digits;
  return unit === '%' ? `${digits}%` : `${digits} ${unit}`;
}

const ENDINGS = [
  ['_percent', '%'],
  ['_seconds', 's'],
  ['_ms', 'ms'],
  ['_bytes', 'bytes'],
  ['_bytes_per_second', 'bytes/s'],
] as const;

/** What an alert's value and thresholds count: what its rule says, else what the name of the metric does, where one is compared; or null. */
export function unitOf({
  rule,
  condition,
}: Pick<Transition, 'rule'> & { readonly condition?: Transition['condition'] | null }): string | null {
  if (rule?.unit !== undefined) return rule.unit;
  return ENDINGS.find(([ending]) => condition?.metric.endsWith(ending))?.[1] ?? null;
}
