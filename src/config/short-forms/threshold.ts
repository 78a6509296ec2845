/**
 * A metric compared with a limit: `m > 90`. With a window its mean is: `avg_over_time(m[5m]) > 90`. A recovery threshold is
 * the opposite comparison with a limit of its own (hysteresis), so that a value that hovers about the limit is one alert.
 */
import { DEFAULTS } from '../defaults';
import type { ShortForm } from './form';
import { seriesText } from './promql-text';
import { COMPARISON_KEYS, comparisons, THRESHOLD_KEYS } from './thresholds';
import { inUnitOf } from './units';

export const threshold: ShortForm = {
  name: 'threshold',
  chosenBy: THRESHOLD_KEYS,
  takes: [...COMPARISON_KEYS, 'window'],
  noData: 'keep',
  read(raw, { unitOf }) {
    const metric = raw.metric!;
    const series = seriesText(metric, raw.matchers);
    const windowMs = raw.window ?? DEFAULTS.rule.window;
    const compared = windowMs === 0 ? series() : `avg_over_time(${series(windowMs)})`;
    return comparisons(raw, (amount) => inUnitOf(metric, unitOf(metric), amount), compared);
  },
};
