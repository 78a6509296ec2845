/** Values as people read them: with a unit, and without the noise of floating point. */
import { numberOf, type MetricValue } from './metric';
import { breaches, OPPOSITE } from './rule';
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

export type Measured = Pick<Transition, 'value' | 'threshold' | 'rule'> & {
  readonly condition?: Transition['condition'] | null;
};

/** Whether what was measured is on the bad side of its threshold; true where that is not known. */
export function isBeyond({ value, threshold, condition }: Measured): boolean {
  if (value === null || threshold === null || !condition) return true;
  return breaches(condition.operator, numberOf(value), threshold);
}

/** `fires at > 75%, recovers at <= 60%`, as far as that is known; null where there is no threshold. */
export function limitsText(of: Measured): string | null {
  return joined([firesText(of), recoversText(of)]);
}

/** `80% (fires at > 75%)`; where it fires on below that, `65% (fires at > 75%, recovers at <= 60%)`. */
export function measuredText(of: Measured): string {
  const limits = of.value === null ? null : isBeyond(of) ? firesText(of) : limitsText(of);
  return amountText(of.value, unitOf(of)) + (limits === null ? '' : ` (${limits})`);
}

function firesText(of: Measured): string | null {
  const { threshold, condition } = of;
  if (threshold === null) return null;
  return `fires at ${condition ? `${condition.operator} ` : ''}${amountText(threshold, unitOf(of))}`;
}

function recoversText(of: Measured): string | null {
  const { condition } = of;
  if (condition?.recovery_threshold == null) return null;
  return `recovers at ${OPPOSITE[condition.operator]} ${amountText(condition.recovery_threshold, unitOf(of))}`;
}

const joined = (parts: readonly (string | null)[]): string | null =>
  parts.filter((part) => part !== null).join(', ') || null;
