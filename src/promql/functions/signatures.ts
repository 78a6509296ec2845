/** The functions of Prometheus 3: what they take and give. Source: "Query functions" of its documentation. */
import type { ValueType } from '../ast';

export interface Signature {
  readonly args: readonly ValueType[];
  /** How many of the last argument's kind may be left out or added: 0 none, n at most n − 1 more than given, -1 any number. */
  readonly variadic: number;
  readonly returns: 'vector' | 'scalar';
  /** Why no expression may call it. */
  readonly unsupported?: string;
}

const of =
  (returns: Signature['returns']) =>
  (args: readonly ValueType[], variadic = 0): Signature => ({ args, variadic, returns });
const vector = of('vector');
const scalar = of('scalar');
const each = (names: string, signature: Signature): Record<string, Signature> =>
  Object.fromEntries(names.split(' ').map((name) => [name, signature]));

const NATIVE = 'works on native histograms only; the engine evaluates floats and classic histograms';
const unsupported = (signature: Signature, why: string): Signature => ({ ...signature, unsupported: why });

export const SIGNATURES: Readonly<Record<string, Signature | undefined>> = {
  __proto__: null as never,
  ...each(
    'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sort ' +
      'sort_desc sqrt tan tanh timestamp',
    vector(['vector']),
  ),
  ...each(
    'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate ' +
      'last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time ' +
      'stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time',
    vector(['matrix']),
  ),
  ...each('day_of_month day_of_week day_of_year days_in_month hour minute month year', vector(['vector'], 1)),
  ...each('pi time', scalar([])),
  ...each('sort_by_label sort_by_label_desc', vector(['vector', 'string'], -1)),
  clamp: vector(['vector', 'scalar', 'scalar']),
  clamp_max: vector(['vector', 'scalar']),
  clamp_min: vector(['vector', 'scalar']),
  double_exponential_smoothing: vector(['matrix', 'scalar', 'scalar']),
  histogram_fraction: vector(['scalar', 'scalar', 'vector']),
  histogram_quantile: vector(['scalar', 'vector']),
  histogram_quantiles: vector(['vector', 'string', 'scalar', 'scalar'], 9),
  label_join: vector(['vector', 'string', 'string', 'string'], -1),
  label_replace: vector(['vector', 'string', 'string', 'string', 'string']),
  predict_linear: vector(['matrix', 'scalar']),
  quantile_over_time: vector(['scalar', 'matrix']),
  round: vector(['vector', 'scalar'], 1),
  scalar: scalar(['vector']),
  vector: vector(['scalar']),
  ...each(
    'histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar',
    unsupported(vector(['vector']), NATIVE),
  ),
  info: unsupported(
    vector(['vector', 'vector'], 1),
    'joins with info metrics are not supported; use group_left',
  ),
  start_timestamp: unsupported(vector(['vector']), 'start timestamps are not kept'),
  ...each('start end step range', unsupported(scalar([]), 'a rule has no query range')),
};
