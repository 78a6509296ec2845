/**
 * Classic histograms: a series for each bucket, its upper bound in the label `le`, its value the count of all that is not
 * greater. Formulas: "histogram_quantile()" and "histogram_fraction()" of Prometheus' documentation.
 */
import { openMetricsText } from '../float-text';
import type { LabelSet } from '../label-set';
import { remembered, unique } from '../relabelling';
import type { Vector } from '../values';

const BUCKET = 'le';
/** Counts that differ by less are the same but for rounding. */
const TOLERANCE = 1e-12;

interface Bucket {
  readonly bound: number;
  count: number;
}

/** Which elements are the buckets of one histogram: those that differ in their bound alone. */
interface Layout {
  readonly labels: readonly LabelSet[];
  readonly members: readonly (readonly { readonly at: number; readonly bound: number }[])[];
}

const layout = (): ((labels: readonly LabelSet[]) => Layout) =>
  remembered((all) => {
    const byKey = new Map<string, number>();
    const labels: LabelSet[] = [];
    const members: { at: number; bound: number }[][] = [];
    all.forEach((each, at) => {
      const bound = boundOf(each.get(BUCKET));
      if (bound === null) return;
      const histogram = each.filter((name) => name !== BUCKET);
      let place = byKey.get(histogram.key);
      if (place === undefined) {
        byKey.set(histogram.key, (place = labels.push(histogram.withoutName()) - 1));
        members.push([]);
      }
      members[place]!.push({ at, bound });
    });
    for (const buckets of members)
      buckets.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
    return { labels: unique(labels), members };
  });

const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** null: no number, or one that is greater than numbers get. */
function boundOf(text: string): number | null {
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const bound = DECIMAL.test(text) ? Number(text) : NaN;
  return Number.isFinite(bound) ? bound : null;
}

/** Buckets of the same bound (as 1 and 1.0) are one. */
function bucketsOf(members: Layout['members'][number], values: readonly number[]): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { at, bound } of members) {
    const last = buckets.at(-1);
    if (last?.bound === bound) last.count += values[at]!;
    else buckets.push({ bound, count: values[at]! });
  }
  return buckets;
}

/** Counts never fall: what is less than the bucket before, or so little more that it is rounding, is the same. */
function makeMonotonic(buckets: readonly Bucket[]): void {
  let before = buckets[0]!.count;
  for (const bucket of buckets.slice(1)) {
    if (bucket.count < before || almostEqual(before, bucket.count)) bucket.count = before;
    else before = bucket.count;
  }
}

function almostEqual(a: number, b: number): boolean {
  if (a === b) return true;
  const [size, difference] = [Math.abs(a) + Math.abs(b), Math.abs(a - b)];
  if (a === 0 || b === 0 || size < Number.MIN_VALUE * 2 ** 52)
    return difference < TOLERANCE * Number.MIN_VALUE * 2 ** 52;
  return difference / Math.min(size, Number.MAX_VALUE) < TOLERANCE;
}

const isComplete = (buckets: readonly Bucket[]): boolean => buckets.at(-1)?.bound === Infinity;

/** Within its bucket the rank is interpolated; beyond the last bound it is that bound. */
function bucketQuantile(q: number, buckets: Bucket[]): number {
  if (Number.isNaN(q)) return NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  if (!isComplete(buckets) || buckets.length < 2) return NaN;
  makeMonotonic(buckets);
  const observations = buckets.at(-1)!.count;
  if (observations === 0) return NaN;
  const rank = q * observations;
  const found = buckets.slice(0, -1).findIndex(({ count }) => count >= rank);
  if (found < 0) return buckets.at(-2)!.bound;
  const { bound, count } = buckets[found]!;
  if (found === 0) return bound <= 0 ? bound : bound * (rank / count);
  const below = buckets[found - 1]!;
  return below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count));
}

/** The share of observations in (lower, upper]. */
function bucketFraction(lower: number, upper: number, buckets: Bucket[]): number {
  if (!isComplete(buckets)) return NaN;
  const total = buckets.at(-1)!.count;
  if (total === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return NaN;
  if (lower >= upper) return 0;
  const rank = (value: number): number => {
    const found = rankOf(value, buckets);
    return found > total ? total : found;
  };
  return (rank(upper) - rank(lower)) / total;
}

/** How many observations lie at or below the value. In a bucket without an end nothing can be interpolated. */
function rankOf(value: number, buckets: readonly Bucket[]): number {
  let from = buckets[0]!.bound <= 0 ? -Infinity : 0;
  let rank = 0;
  for (const { bound, count } of buckets) {
    if (value <= from) return rank;
    if (value < bound)
      return from === -Infinity ? count : rank + ((count - rank) * (value - from)) / (bound - from);
    from = bound;
    rank = count;
  }
  return rank;
}

function computed(compute: (buckets: Bucket[], params: readonly number[]) => number) {
  const layoutOf = layout();
  return ({ labels, values }: Vector, params: readonly number[]): Vector => {
    const histograms = layoutOf(labels);
    return {
      labels: histograms.labels,
      values: histograms.members.map((members) => compute(bucketsOf(members, values), params)),
    };
  };
}

export const histogramQuantile = () => computed((buckets, [q]) => bucketQuantile(q!, buckets));
export const histogramFraction = () =>
  computed((buckets, [lower, upper]) => bucketFraction(lower!, upper!, buckets));

/** Several quantiles at once, each under its value as a label. */
export function histogramQuantiles(label: string) {
  const one = histogramQuantile();
  return (vector: Vector, quantiles: readonly number[]): Vector => {
    const parts = quantiles.map((q) => ({ q, found: one(vector, [q]) }));
    return {
      labels: unique(
        parts.flatMap(({ q, found }) => found.labels.map((labels) => labels.with(label, openMetricsText(q)))),
      ),
      values: parts.flatMap(({ found }) => found.values),
    };
  };
}
