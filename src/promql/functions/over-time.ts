/**
 * Functions of one series' samples in a window. Each answers with a number, or undefined where the samples do not
 * suffice for an answer. Formulas: "Query functions" of Prometheus' documentation.
 */
import { EvaluationError } from '../errors';
import { KahanSum, mean } from '../kahan';
import { quantile } from '../quantile';
import type { Window } from '../samples';

/** `params`: the scalar arguments beside the window, in their order. */
export type RangeFunction = (window: Window, params: readonly number[]) => number | undefined;

function sum({ values, from, to }: Window): number {
  const total = new KahanSum();
  for (let i = from; i < to; i++) total.add(values[i]!);
  return total.total;
}

const average = ({ values, from, to }: Window): number => mean(values, from, to);

/** Where the extreme is; NaN gives way to any number. */
function extreme({ values, from, to }: Window, beats: (a: number, b: number) => boolean): number {
  let best = from;
  for (let i = from + 1; i < to; i++)
    if (beats(values[i]!, values[best]!) || Number.isNaN(values[best]!)) best = i;
  return best;
}

const above = (a: number, b: number): boolean => a > b;
const below = (a: number, b: number): boolean => a < b;

/** Of equal extremes the last one's time. */
const orEqual =
  (beats: (a: number, b: number) => boolean) =>
  (a: number, b: number): boolean =>
    beats(a, b) || a === b;

/** Welford's, compensated. */
function variance({ values, from, to }: Window): number {
  const middle = new KahanSum();
  const squares = new KahanSum();
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    const delta = value - (middle.sum + middle.compensation);
    middle.add(delta / (i - from + 1));
    squares.add(delta * (value - (middle.sum + middle.compensation)));
  }
  return (squares.sum + squares.compensation) / (to - from);
}

function medianAbsoluteDeviation({ values, from, to }: Window): number {
  const sorted = values.slice(from, to);
  if (sorted.some(Number.isNaN)) return NaN;
  const median = quantile(0.5, sorted);
  return quantile(
    0.5,
    sorted.map((value) => Math.abs(value - median)),
  );
}

function changes({ values, from, to }: Window): number {
  let count = 0;
  for (let i = from + 1; i < to; i++) {
    const [before, now] = [values[i - 1]!, values[i]!];
    if (now !== before && !(Number.isNaN(now) && Number.isNaN(before))) count += 1;
  }
  return count;
}

function resets({ values, from, to }: Window): number {
  let count = 0;
  for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) count += 1;
  return count;
}

/** Holt's linear method: a smoothed value and a smoothed trend. */
function doubleExponentialSmoothing(
  { values, from, to }: Window,
  [smoothing, trend]: readonly number[],
): number | undefined {
  checkFactor('smoothing', smoothing!);
  checkFactor('trend', trend!);
  if (to - from < 2) return undefined;
  let before = 0;
  let smoothed = values[from]!;
  let slope = values[from + 1]! - values[from]!;
  for (let i = from + 1; i < to; i++) {
    if (i > from + 1) slope = trend! * (smoothed - before) + (1 - trend!) * slope;
    before = smoothed;
    smoothed = smoothing! * values[i]! + (1 - smoothing!) * (before + slope);
  }
  return smoothed;
}

function checkFactor(name: string, factor: number): void {
  if (factor <= 0 || factor >= 1)
    throw new EvaluationError(
      `invalid ${name} factor. Expected: 0 < ${name[0]}f < 1, got: ${factor.toFixed(6)}`,
    );
}

const seconds = (ms: number): number => ms / 1_000;

export const OVER_TIME: Readonly<Record<string, RangeFunction>> = {
  avg_over_time: average,
  sum_over_time: sum,
  count_over_time: ({ from, to }) => to - from,
  present_over_time: () => 1,
  min_over_time: (window) => window.values[extreme(window, below)],
  max_over_time: (window) => window.values[extreme(window, above)],
  ts_of_min_over_time: (window) => seconds(window.times[extreme(window, orEqual(below))]!),
  ts_of_max_over_time: (window) => seconds(window.times[extreme(window, orEqual(above))]!),
  first_over_time: ({ values, from }) => values[from],
  last_over_time: ({ values, to }) => values[to - 1],
  ts_of_first_over_time: ({ times, from }) => seconds(times[from]!),
  ts_of_last_over_time: ({ times, to }) => seconds(times[to - 1]!),
  stddev_over_time: (window) => Math.sqrt(variance(window)),
  stdvar_over_time: variance,
  mad_over_time: medianAbsoluteDeviation,
  quantile_over_time: ({ values, from, to }, [q]) => quantile(q!, values.slice(from, to)),
  changes,
  resets,
  double_exponential_smoothing: doubleExponentialSmoothing,
};
