/**
 * How fast a series changes. A window seldom begins and ends with a sample: `rate`, `increase` and `delta` continue the
 * line to the window's ends, and no further than half a step beyond the samples where the series seems to begin or end
 * within it. Formulas: "rate()" of Prometheus' documentation, and its behaviour.
 */
import { KahanSum } from '../kahan';
import type { Window } from '../samples';
import type { RangeFunction } from './over-time';

/** A series is taken to reach the window's end when its sample lies less than 1.1 mean steps from it. */
const NEAR = 1.1;

interface Kind {
  /** Never falls but where it begins anew. */
  readonly counter: boolean;
  readonly perSecond: boolean;
}

const extrapolated =
  ({ counter, perSecond }: Kind): RangeFunction =>
  ({ times, values, from, to, rangeStart, rangeEnd }) => {
    const steps = to - from - 1;
    if (steps < 1) return undefined;
    let difference = values[to - 1]! - values[from]!;
    if (counter)
      for (let i = from + 1; i < to; i++) if (values[i]! < values[i - 1]!) difference += values[i - 1]!;
    const sampled = (times[to - 1]! - times[from]!) / 1_000;
    const step = sampled / steps;
    let toStart = (times[from]! - rangeStart) / 1_000;
    let toEnd = (rangeEnd - times[to - 1]!) / 1_000;
    if (toStart >= step * NEAR) toStart = step / 2;
    if (toEnd >= step * NEAR) toEnd = step / 2;
    // A counter is never below zero: its line is continued no further back than to where it would have begun.
    if (counter && difference > 0 && values[from]! >= 0)
      toStart = Math.min(toStart, sampled * (values[from]! / difference));
    const factor = sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
    return difference * (perSecond ? factor / ((rangeEnd - rangeStart) / 1_000) : factor);
  };

/** Of the last two samples. */
const instant =
  ({ counter, perSecond }: Kind): RangeFunction =>
  ({ times, values, from, to }) => {
    if (to - from < 2) return undefined;
    const [before, now] = [values[to - 2]!, values[to - 1]!];
    const interval = (times[to - 1]! - times[to - 2]!) / 1_000;
    if (interval === 0) return undefined;
    const difference = counter && now < before ? now : now - before;
    return perSecond ? difference / interval : difference;
  };

/** The line of least squares: its slope a second, and its value at `time`. */
function regression({ times, values, from, to }: Window, time: number): { slope: number; intercept: number } {
  const [x, y, xy, xx] = [new KahanSum(), new KahanSum(), new KahanSum(), new KahanSum()];
  const first = values[from]!;
  let level = true;
  for (let i = from; i < to; i++) {
    const [dx, value] = [(times[i]! - time) / 1_000, values[i]!];
    if (value !== first && i > from) level = false;
    x.add(dx);
    y.add(value);
    xy.add(dx * value);
    xx.add(dx * dx);
  }
  if (level) return Number.isFinite(first) || Number.isNaN(first) ? { slope: 0, intercept: first } : NEITHER;
  const count = to - from;
  const sum = ({ sum, compensation }: KahanSum): number => sum + compensation;
  const covariance = sum(xy) - (sum(x) * sum(y)) / count;
  const variance = sum(xx) - (sum(x) * sum(x)) / count;
  const slope = covariance / variance;
  return { slope, intercept: sum(y) / count - (slope * sum(x)) / count };
}

const NEITHER = { slope: NaN, intercept: NaN };

export const RATES: Readonly<Record<string, RangeFunction>> = {
  rate: extrapolated({ counter: true, perSecond: true }),
  increase: extrapolated({ counter: true, perSecond: false }),
  delta: extrapolated({ counter: false, perSecond: false }),
  irate: instant({ counter: true, perSecond: true }),
  idelta: instant({ counter: false, perSecond: false }),
  deriv: (window) =>
    window.to - window.from < 2 ? undefined : regression(window, window.times[window.from]!).slope,
  predict_linear: (window, [duration]) => {
    if (window.to - window.from < 2) return undefined;
    const { slope, intercept } = regression(window, window.time);
    return slope * duration! + intercept;
  },
};
