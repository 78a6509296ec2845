/**
 * How fast a metric changes.
 *
 * - A gauge in a unit of time (`per`): `deriv(m[5m]) * 60`, the slope of the line of least squares, which one wild sample
 *   does not make. Without a unit of time, over the window: `delta(m[5m])`.
 * - A counter: `rate(m[5m]) * 60` and `increase(m[5m])`, which know that it begins again at 0.
 * - In percent, of what it was one window ago: `100 * (m - m offset 1h) / (abs(m offset 1h) > 0)`; a counter's rate
 *   likewise. Nothing is no percentage of 0, so a metric that was 0 is quiet.
 */
import type { Finding } from '../problems';
import type { ShortForm } from './form';
import { numberText, seriesText, type SeriesText } from './promql-text';
import type { RawRule } from './schema';
import { COMPARISON_KEYS, comparisons } from './thresholds';
import { asPercent, inUnitOf } from './units';

type RawRate = NonNullable<RawRule['rate_of_change']>;

export const rateOfChange: ShortForm = {
  name: 'rate of change',
  chosenBy: ['rate_of_change'],
  takes: COMPARISON_KEYS,
  noData: 'keep',
  read(raw, { unitOf }) {
    const metric = raw.metric!;
    const change = raw.rate_of_change!;
    const { conditions, findings } = comparisons(
      raw,
      (amount) => (change.percent ? asPercent(amount) : inUnitOf(metric, unitOf(metric), amount)),
      comparedIn(change, seriesText(metric, raw.matchers)),
    );
    return { conditions, findings: [...findings, ...perPercent(change)] };
  },
};

function comparedIn({ window, per, counter, percent }: RawRate, series: SeriesText): string {
  if (percent) return percentChange(window, counter, series);
  if (per === undefined) return `${counter ? 'increase' : 'delta'}(${series(window)})`;
  const perSecond = `${counter ? 'rate' : 'deriv'}(${series(window)})`;
  const seconds = per / 1_000;
  return seconds === 1 ? perSecond : `${perSecond} * ${numberText(seconds)}`;
}

function percentChange(window: number, counter: boolean, series: SeriesText): string {
  const [now, before] = counter
    ? [`rate(${series(window)})`, `rate(${series(window, window)})`]
    : [series(), series.ago(window)];
  return `100 * (${now} - ${before}) / (abs(${before}) > 0)`;
}

function perPercent({ per, percent }: RawRate): Finding[] {
  if (!percent || per === undefined) return [];
  const message = 'cannot stand beside percent, which is of the value one window ago';
  return [{ path: ['rate_of_change', 'per'], message }];
}
