/**
 * A metric that is far from what it usually is, in multiples of how far it usually strays.
 *
 * - `zscore`: `abs(m - avg_over_time(m[1h])) > 3 * (stddev_over_time(m[1h]) > 0)`. The newest sample is one of the window's n,
 *   so none is more than sqrt(n - 1) deviations away (Samuelson, "How Deviant Can You Be?", 1968): for 3 deviations the
 *   window has to have more than 10 samples.
 * - `mad`: the same with the median and 1.4826 times the median absolute deviation, which estimates the standard deviation
 *   of normally distributed values and is moved by no outlier as long as these are fewer than half. Modified z-score, with
 *   its limit of 3.5: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993.
 * - `seasonal`: the window's mean against that of the same time in the last seasons, in deviations of all those seasons'
 *   samples: the mean of their variances plus the variance of their means (law of total variance). A series without all the
 *   seasons is quiet.
 *
 * A deviation of 0 is left out (`> 0`): a series that never strays says nothing of how far is far, and the mean of equal
 * values may miss them by a rounding.
 */
import { DEFAULTS } from '../defaults';
import type { Finding } from '../problems';
import { oneCondition, type ShortForm } from './form';
import { numberText, seriesText, type SeriesText } from './promql-text';
import type { DIRECTIONS, METHODS, RawRule } from './schema';

type RawAnomaly = NonNullable<RawRule['anomaly']>;
type Settings = Required<RawAnomaly>;

/** Texts of PromQL. */
interface Baseline {
  readonly compared: string;
  readonly usual: string;
  readonly deviation: string;
}

export const anomaly: ShortForm = {
  name: 'anomaly',
  chosenBy: ['anomaly'],
  takes: ['metric', 'matchers', 'severity'],
  noData: 'keep',
  read(raw) {
    const settings = settingsOf(raw.anomaly!);
    const baseline = BASELINES[settings.method](seriesText(raw.metric!, raw.matchers), settings);
    const severity = raw.severity ?? DEFAULTS.rule.severity;
    return {
      conditions: oneCondition(severity, isFar(baseline, settings)),
      findings: checkSeason(raw.anomaly!, settings),
    };
  },
};

const settingsOf = (raw: RawAnomaly): Settings => ({
  ...DEFAULTS.short_forms.anomaly[raw.method],
  season: DEFAULTS.short_forms.anomaly.season,
  seasons: DEFAULTS.short_forms.anomaly.seasons,
  ...raw,
});

/** Iglewicz and Hoaglin: 1 / 0.6745, the upper quartile of the standard normal distribution. */
const MAD_TO_DEVIATION = '1.4826';

const BASELINES: Readonly<
  Record<(typeof METHODS)[number], (series: SeriesText, settings: Settings) => Baseline>
> = {
  zscore: (series, { window }) => ({
    compared: series(),
    usual: `avg_over_time(${series(window)})`,
    deviation: `(stddev_over_time(${series(window)}) > 0)`,
  }),
  mad: (series, { window }) => ({
    compared: series(),
    usual: `quantile_over_time(0.5, ${series(window)})`,
    deviation: `${MAD_TO_DEVIATION} * (mad_over_time(${series(window)}) > 0)`,
  }),
  seasonal,
};

function seasonal(series: SeriesText, { window, season, seasons }: Settings): Baseline {
  const windows = Array.from({ length: seasons }, (_, i) => series(window, (i + 1) * season));
  const meanOf = (text: (window: string) => string): string =>
    `(${windows.map(text).join(' + ')}) / ${seasons}`;
  const usual = meanOf((each) => `avg_over_time(${each})`);
  const within = meanOf((each) => `stdvar_over_time(${each})`);
  const squares = meanOf((each) => `avg_over_time(${each}) ^ 2`);
  // What rounding leaves of nothing may be below 0, which has no root.
  const variance = `clamp_min(${within} + ${squares} - (${usual}) ^ 2, 0)`;
  return { compared: `avg_over_time(${series(window)})`, usual, deviation: `(sqrt(${variance}) > 0)` };
}

function isFar({ compared, usual, deviation }: Baseline, { direction, deviations }: Settings): string {
  return `${DISTANCES[direction](compared, usual)} > ${numberText(deviations)} * ${deviation}`;
}

const DISTANCES: Readonly<Record<(typeof DIRECTIONS)[number], (compared: string, usual: string) => string>> =
  {
    both: (compared, usual) => `abs(${compared} - ${usual})`,
    above: (compared, usual) => `${compared} - ${usual}`,
    below: (compared, usual) => `${usual} - ${compared}`,
  };

function checkSeason(raw: RawAnomaly, { method, window, season }: Settings): Finding[] {
  if (method === 'seasonal')
    return season > window
      ? []
      : [{ path: ['anomaly', 'season'], message: 'is no longer than window', accepted: 'such as 1d or 1w' }];
  return (['season', 'seasons'] as const)
    .filter((key) => raw[key] !== undefined)
    .map((key) => ({ path: ['anomaly', key], message: `has no meaning with the method ${method}` }));
}
