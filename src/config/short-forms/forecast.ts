/**
 * A metric that will have passed a limit in a while: `predict_linear(m[1h], 21600) > 90`, the straight line of least squares
 * through the window's samples, prolonged. It fires before the limit is reached; a line through less than two samples there
 * is not, so a new series is quiet.
 */
import { DEFAULTS } from '../defaults';
import type { ShortForm } from './form';
import { numberText, seriesText } from './promql-text';
import { COMPARISON_KEYS, comparisons } from './thresholds';
import { inUnitOf } from './units';

export const forecast: ShortForm = {
  name: 'forecast',
  chosenBy: ['prediction_window'],
  takes: [...COMPARISON_KEYS, 'window'],
  noData: 'keep',
  read(raw, { unitOf }) {
    const metric = raw.metric!;
    const window = seriesText(metric, raw.matchers)(raw.window ?? DEFAULTS.short_forms.forecast.window);
    const ahead = numberText(raw.prediction_window! / 1_000);
    const compared = `predict_linear(${window}, ${ahead})`;
    const { conditions, findings } = comparisons(
      raw,
      (amount) => inUnitOf(metric, unitOf(metric), amount),
      compared,
    );
    return { conditions, findings: [...findings, ...positive(raw.window, raw.prediction_window!)] };
  },
};

function positive(window: number | undefined, ahead: number) {
  const accepted = 'a duration above 0s';
  return [
    ...(window === 0
      ? [{ path: ['window'], message: 'has no samples to draw a line through', accepted }]
      : []),
    ...(ahead === 0 ? [{ path: ['prediction_window'], message: 'looks at no future', accepted }] : []),
  ];
}
