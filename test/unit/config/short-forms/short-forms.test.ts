import { checkConfig } from '../../../../src/config/load';
import type { AlertRule } from '../../../../src/domain/rule-group';
import { formatExpr } from '../../../../src/promql/format';
import { parseExpr } from '../../../../src/promql/parse';

const ALERTS = 'rules: [{ name: A, metric: m, threshold: 1 }, { name: B, metric: m, threshold: 1 }, ';

function read(rule: string) {
  const text = `${ALERTS}{ name: R, ${rule} }]`;
  const { config, problems } = checkConfig({ text, path: null }, {});
  const errors = problems.filter(({ level }) => level === 'error');
  return {
    problems: errors.map(({ path, message }) => `${path.replace('rules[2]', 'R')}: ${message}`),
    rules: (config?.ruleGroups[0]!.rules ?? []).filter(({ name }) => name === 'R') as AlertRule[],
    group: config?.ruleGroups[0],
  };
}

const exprsOf = (rule: string) => {
  const { rules, problems } = read(rule);
  expect(problems).toEqual([]);
  return rules.map(({ expr, recovery, labels }) =>
    [labels.severity, expr, ...(recovery === null ? [] : [recovery])].join(' | '),
  );
};

const seasons = (text: (season: string) => string) => ['1d', '2d', '3d'].map(text).join(' + ');
const usual = `(${seasons((each) => `avg_over_time(m[10m] offset ${each})`)}) / 3`;
const variance = `(${seasons((each) => `stdvar_over_time(m[10m] offset ${each})`)}) / 3 + (${seasons((each) => `avg_over_time(m[10m] offset ${each}) ^ 2`)}) / 3 - (${usual}) ^ 2`;
const BY = 'instance_id, database_type, environment';
const ratio = (window: string) =>
  `sum by (${BY}) (rate(e_total{code="5xx"}[${window}])) / sum by (${BY}) (rate(t_total[${window}]))`;

describe('becomes PromQL:', () => {
  it.each<[form: string, rule: string, exprs: string[]]>([
    ['a threshold', 'metric: m, threshold: 90', ['warning | m > 90']],
    [
      'of some series',
      "metric: m, threshold: 90%, matchers: ['environment=production', 'a!~\"x|y\"']",
      ['warning | m{environment="production",a!~"x|y"} > 90'],
    ],
    [
      'of a window, with a recovery',
      'metric: m, threshold: 90, window: 5m, recovery_threshold: 80, severity: high',
      ['high | avg_over_time(m[5m]) > 90 | avg_over_time(m[5m]) <= 80'],
    ],
    [
      'two thresholds, the critical one first',
      "metric: lag_seconds, operator: '<=', threshold_warning: 1m, threshold_critical: 1000ms, recovery_threshold_warning: 2m",
      ['critical | lag_seconds <= 1', 'warning | lag_seconds <= 60 | lag_seconds > 120'],
    ],
    [
      'a name that PromQL cannot write',
      "metric: app.latency, threshold: 1, matchers: ['a=b']",
      ['warning | {a="b",__name__="app.latency"} > 1'],
    ],
    ['a name that PromQL reads as a number', 'metric: inf, threshold: 1', ['warning | {__name__="inf"} > 1']],
    ['a limit below 0', "metric: m, operator: '<', threshold: -0.5", ['warning | m < -0.5']],
    [
      'a forecast',
      'metric: m, threshold: 90, prediction_window: 6h, recovery_threshold: 80',
      ['warning | predict_linear(m[1h], 21600) > 90 | predict_linear(m[1h], 21600) <= 80'],
    ],
    [
      'a forecast from a window',
      'metric: m, threshold: 90, prediction_window: 6h, window: 2h',
      ['warning | predict_linear(m[2h], 21600) > 90'],
    ],
    ['a slope', 'metric: m, threshold: 5, rate_of_change: { per: 1m }', ['warning | deriv(m[5m]) * 60 > 5']],
    [
      'a slope by second',
      'metric: m, threshold: 5, rate_of_change: { per: 1s }',
      ['warning | deriv(m[5m]) > 5'],
    ],
    [
      'a change over the window',
      'metric: m_bytes, threshold: 1KiB, rate_of_change: { window: 1h }',
      ['warning | delta(m_bytes[1h]) > 1024'],
    ],
    [
      "a counter's rate",
      'metric: c_total, threshold: 5, recovery_threshold: 3, rate_of_change: { per: 1m, counter: true }',
      ['warning | rate(c_total[5m]) * 60 > 5 | rate(c_total[5m]) * 60 <= 3'],
    ],
    [
      "a counter's increase",
      'metric: c_total, threshold_warning: 5, threshold_critical: 9, rate_of_change: { counter: true }',
      ['critical | increase(c_total[5m]) > 9', 'warning | increase(c_total[5m]) > 5'],
    ],
    [
      'a change in percent',
      "metric: m_bytes, operator: '<', threshold: -50%, rate_of_change: { percent: true, window: 1h }",
      ['warning | 100 * (m_bytes - m_bytes offset 1h) / (abs(m_bytes offset 1h) > 0) < -50'],
    ],
    [
      "a counter's rate in percent",
      'metric: c_total, threshold: 50, rate_of_change: { percent: true, counter: true }',
      [
        'warning | 100 * (rate(c_total[5m]) - rate(c_total[5m] offset 5m)) / (abs(rate(c_total[5m] offset 5m)) > 0) > 50',
      ],
    ],
    [
      'standard deviations',
      'metric: m, anomaly: {}',
      ['warning | abs(m - avg_over_time(m[1h])) > 3 * (stddev_over_time(m[1h]) > 0)'],
    ],
    [
      'above only',
      'metric: m, severity: critical, anomaly: { direction: above, window: 30m, deviations: 4 }',
      ['critical | m - avg_over_time(m[30m]) > 4 * (stddev_over_time(m[30m]) > 0)'],
    ],
    [
      'median deviations',
      'metric: m, anomaly: { method: mad, direction: below }',
      ['warning | quantile_over_time(0.5, m[1h]) - m > 3.5 * 1.4826 * (mad_over_time(m[1h]) > 0)'],
    ],
    [
      'seasons',
      'metric: m, anomaly: { method: seasonal }',
      [`warning | abs(avg_over_time(m[10m]) - ${usual}) > 3 * (sqrt(clamp_min(${variance}, 0)) > 0)`],
    ],
    [
      'absence',
      'metric: m, absent_for: 5m',
      ['warning | last_over_time(m[1h]) unless last_over_time(m[5m])'],
    ],
    [
      'a long absence',
      'metric: m, absent_for: 2h',
      ['warning | last_over_time(m[4h]) unless last_over_time(m[2h])'],
    ],
    [
      'all of some alerts',
      'all_of: [A, B], severity: critical',
      [
        `critical | max by (${BY}) (ALERTS{alertname="A",alertstate="firing"}) and on (instance_id) ALERTS{alertname="B",alertstate="firing"}`,
      ],
    ],
    [
      'any of some alerts',
      'any_of: [A, B], on: [instance_id, database]',
      [
        'warning | count by (instance_id, database, database_type, environment) (ALERTS{alertname="A",alertstate="firing"} or ALERTS{alertname="B",alertstate="firing"})',
      ],
    ],
    [
      'burn rates, by severity',
      `burn_rate: { errors: 'e_total{code="5xx"}', total: t_total, objective: 99.9% }`,
      [
        `critical | (${ratio('1h')} > 14.4 * 0.001 and ${ratio('5m')} > 14.4 * 0.001) or (${ratio('6h')} > 6 * 0.001 and ${ratio('30m')} > 6 * 0.001)`,
        `warning | ${ratio('3d')} > 1 * 0.001 and ${ratio('6h')} > 1 * 0.001`,
      ],
    ],
    [
      'burn rates of own windows',
      'burn_rate: { errors: e, total: t, objective: 0.99, by: [instance_id], windows: [{ long: 1h, short: 1m, factor: 2, severity: high }] }',
      [
        'high | sum by (instance_id) (rate(e[1h])) / sum by (instance_id) (rate(t[1h])) > 2 * 0.01 and sum by (instance_id) (rate(e[1m])) / sum by (instance_id) (rate(t[1m])) > 2 * 0.01',
      ],
    ],
  ])('%s', (_form, rule, exprs) => {
    expect(exprsOf(rule)).toEqual(exprs);
    for (const { expr } of read(rule).rules) expect(formatExpr(parseExpr(expr))).toBe(expr);
  });
});

describe('the alert', () => {
  const alertOf = (rule: string) => read(rule).rules[0]!;

  it('has the metric as a label where there is one', () => {
    expect(alertOf('metric: app.x, threshold: 1, labels: { team: a }').labels).toEqual({
      ...{ team: 'a', severity: 'warning', metric: 'app.x' },
    });
    expect(alertOf('all_of: [A, B]').labels).toEqual({ severity: 'warning' });
  });

  it('decides nothing without samples, unless their absence says something', () => {
    expect(alertOf('metric: m, threshold: 1').noData).toBe('keep');
    expect(alertOf('metric: m, threshold: 1, no_data: ok').noData).toBe('ok');
    expect(alertOf('metric: m, absent_for: 5m').noData).toBe('alert');
    expect(alertOf('all_of: [A, B]').noData).toBe('ok');
    expect(alertOf('metric: m, absent_for: 5m, no_data: ok').noData).toBe('ok');
  });

  it.each([
    ['consecutive_failures: 3', { occurrences: { count: 3, of: 3 } }],
    ['consecutive_failures: 1', { occurrences: null }],
    ['occurrences: 3 of 5', { occurrences: { count: 3, of: 5 } }],
    ['cooldown_minutes: 2', { cooldownMs: 120_000 }],
    ['flapping: { low: 10%, high: 20%, window: 1h }', { flapping: expect.anything() as unknown }],
    ['evaluation_delay: 1m', { delayMs: 60_000 }],
    ['mode: shadow', { mode: 'shadow' }],
    ['unit: MB', { unit: 'MB' }],
    ['recovery: m <= 3', { recovery: 'm <= 3' }],
    ['for: 5m', { forMs: 300_000, keepFiringForMs: 0 }],
  ])('takes %s in every form', (extension, expected) => {
    for (const form of [
      'metric: m, threshold: 1',
      'metric: m, anomaly: {}',
      'metric: m, absent_for: 1m',
      'any_of: [A, B]',
      'burn_rate: { errors: e, total: t, objective: 99% }',
    ])
      expect(alertOf(`${form}, ${extension}`)).toMatchObject(expected);
  });

  it('of the warning is kept from beginning by the critical one', () => {
    for (const form of [
      'metric: m, threshold_warning: 1, threshold_critical: 2',
      'burn_rate: { errors: e, total: t, objective: 99% }',
    ])
      expect(read(form).rules.map(({ labels, inhibitedBy }) => [labels.severity, inhibitedBy])).toEqual([
        ['critical', null],
        ['warning', 'critical'],
      ]);
  });

  it('comes with what was written', () => {
    expect(read('metric: m, absent_for: 5m').group!.written.R).toEqual({
      form: 'absence',
      text: 'name: R\nmetric: m\nabsent_for: 5m',
    });
  });
});

const windows = (window: string) =>
  `burn_rate: { errors: e, total: t, objective: 99%, windows: [{ ${window}, factor: 1, severity: high }] }`;

it.each([
  ['metric: m, severity: high', 'R: has no condition'],
  ['threshold: 5', 'R.metric: is missing'],
  ['metric: m, rate_of_change: {}', 'R: has no threshold'],
  ['metric: m, prediction_window: 1h', 'R: has no threshold'],
  ['metric: m, threshold: 1, prediction_window: 0s', 'R.prediction_window: looks at no future'],
  [
    'metric: m, threshold: 1, prediction_window: 1h, window: 0s',
    'R.window: has no samples to draw a line through',
  ],
  [
    'metric: m, anomaly: {}, absent_for: 5m',
    'R.absent_for: cannot stand beside anomaly: a rule has one condition',
  ],
  [
    'metric: m, threshold: 1, rate_of_change: {}, prediction_window: 1h',
    'R.rate_of_change: cannot stand beside prediction_window: a rule has one condition',
  ],
  ['all_of: [A, B], any_of: [A, B]', 'R.any_of: cannot stand beside all_of: a rule has one condition'],
  ['metric: m, anomaly: {}, threshold: 5', 'R.threshold: has no meaning beside anomaly'],
  ['metric: m, threshold: 5, look_back: 1h', 'R.look_back: has no meaning beside threshold'],
  ['all_of: [A, B], metric: m', 'R.metric: has no meaning beside all_of'],
  ["any_of: [A, B], matchers: ['a=b']", 'R.matchers: has no meaning beside any_of'],
  [
    'burn_rate: { errors: e, total: t, objective: 99% }, severity: high',
    'R.severity: has no meaning beside burn_rate',
  ],
  [
    'metric: m, threshold: 5, rate_of_change: {}, window: 5m',
    'R.window: has no meaning beside rate_of_change',
  ],
  [
    'metric: m, threshold: 5, rate_of_change: { percent: true, per: 1m }',
    'R.rate_of_change.per: cannot stand beside percent, which is of the value one window ago',
  ],
  [
    'metric: m_bytes, threshold: 5MB, rate_of_change: { percent: true }',
    'R.threshold: is an amount of bytes, but what is compared is a percentage; write a percentage',
  ],
  ['metric: m, anomaly: { method: median }', 'R.anomaly.method: is not accepted'],
  ['metric: m, anomaly: { deviations: 0 }', 'R.anomaly.deviations: is not accepted'],
  ['metric: m, anomaly: { seasons: 3 }', 'R.anomaly.seasons: has no meaning with the method zscore'],
  [
    'metric: m, anomaly: { method: seasonal, season: 1h, window: 1h }',
    'R.anomaly.season: is no longer than window',
  ],
  [
    'metric: m, absent_for: 5m, look_back: 5m',
    'R.look_back: is not longer than absent_for: nothing could be seen to have been there',
  ],
  ['all_of: [A]', 'R.all_of: is too short'],
  ['all_of: [A, C]', 'R.all_of[1]: is no alert'],
  ['all_of: [A, R]', 'R.all_of[1]: leads back to itself: R → R'],
  [
    'burn_rate: { errors: "e[5m]", total: t, objective: 99% }',
    'R.burn_rate.errors: selects no series of a counter',
  ],
  [
    'burn_rate: { errors: "e{", total: t, objective: 99% }',
    'R.burn_rate.errors: could not be parsed: in the expression, 1:3: parse error: unexpected end of input',
  ],
  [
    'burn_rate: { errors: e, total: t, objective: 100% }',
    'R.burn_rate.objective: is no objective that leaves errors and successes',
  ],
  [
    'burn_rate: { errors: e, total: t, objective: 99.9 }',
    'R.burn_rate.objective: is no objective that leaves errors and successes',
  ],
  ['burn_rate: { errors: e, total: t }', 'R.burn_rate.objective: is missing'],
  [windows('long: 5m, short: 1h'), 'R.burn_rate.windows[0].short: is not shorter than long'],
  [
    'metric: m, threshold: 5, recovery: m < 5, recovery_threshold: 4',
    'R.recovery: cannot stand beside recovery_threshold: both say when it recovers',
  ],
  [
    'metric: m, threshold: 5, occurrences: 2 of 3, consecutive_failures: 2',
    'R.consecutive_failures: cannot stand beside occurrences: both say the same',
  ],
  ['metric: m, threshold: 5, receivers: [nobody]', 'R.receivers[0]: is no receiver'],
  [
    'metric: m, threshold: 5, labels: { metric: x }',
    "R.labels.metric: is made from the rule's metric; leave it out",
  ],
  [
    'metric: m, threshold: 5, annotations: { s: "{{ $lables.x }}" }',
    'R.annotations.s: is no template: template: __alert_R:1: undefined variable "$lables"',
  ],
])('{ %s } is refused', (rule, expected) => {
  const { problems } = read(rule);
  expect(problems).toEqual([expect.stringContaining(expected)]);
});

it('suggests the alert that was meant, and the forms that there are', () => {
  const problem = (rule: string) =>
    checkConfig({ text: `${ALERTS}{ name: R, ${rule} }]`, path: null }, {}).problems.find(
      ({ level }) => level === 'error',
    )!;
  expect(problem('any_of: [A, Bb]')).toMatchObject({ suggestion: 'B', accepted: 'A, B, R' });
  for (const key of ['threshold', 'prediction_window', 'rate_of_change', 'anomaly', 'absent_for', 'all_of'])
    expect(problem('metric: m').accepted).toContain(key);
});

it('finds alerts that wait for each other', () => {
  const text =
    'rules: [{ name: A, any_of: [B, C] }, { name: B, all_of: [C, A] }, { name: C, any_of: [D, D] }, { name: D, metric: m, absent_for: 1m }]';
  const found = checkConfig({ text, path: null }, {}).problems.filter(({ level }) => level === 'error');
  expect(found.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    'rules[0].any_of[0]: leads back to itself: A → B → A',
    'rules[1].all_of[1]: leads back to itself: B → A → B',
  ]);
});
