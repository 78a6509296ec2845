import fc from 'fast-check';
import { NO_EXTENSIONS } from '../../../src/domain/rule-group';
import { ruleHash } from '../../../src/evaluate/partition-rules';
import { alertsIn, comparisonIn } from '../../builders/rules';
import { checkConfig, loadConfig } from '../../../src/config/load';

const alertsOf = (rule: string) =>
  alertsIn(loadConfig({ text: `rules: [{ name: R, ${rule} }]`, path: null }, {}));
const rulesOf = (rule: string) => alertsOf(rule).map(comparisonIn);
const refusalsOf = (rule: string) =>
  checkConfig({ text: `rules: [{ name: R, ${rule} }]`, path: null }, {})
    .problems.filter(({ level }) => level === 'error')
    .map(({ path, message }) => `${path}: ${message}`);

describe('a rule', () => {
  it('with one threshold becomes one rule with the defaults', () => {
    expect(alertsOf('metric: m, threshold: 90')).toEqual([
      {
        ...{ kind: 'alert', name: 'R', expr: 'm > 90', forMs: 0, keepFiringForMs: 0 },
        ...{ labels: { severity: 'warning', metric: 'm' }, annotations: {} },
        ...{ ...NO_EXTENSIONS, noData: 'keep', exportsHidden: true },
      },
    ]);
  });

  it('with two thresholds becomes two of one name, the critical one keeping its twin from beginning', () => {
    const rules = rulesOf(
      'metric: m, threshold_warning: 70, threshold_critical: 85, recovery_threshold: 65, for: 30s',
    );
    expect(
      rules.map(({ name, severity, threshold, recoveryThreshold, inhibitedBy, forMs }) => ({
        name,
        severity,
        threshold,
        recoveryThreshold,
        inhibitedBy,
        forMs,
      })),
    ).toEqual([
      {
        name: 'R',
        severity: 'critical',
        threshold: 85,
        recoveryThreshold: 65,
        inhibitedBy: null,
        forMs: 30_000,
      },
      {
        name: 'R',
        severity: 'warning',
        threshold: 70,
        recoveryThreshold: 65,
        inhibitedBy: 'critical',
        forMs: 30_000,
      },
    ]);
  });

  it('with the critical threshold alone has no twin', () => {
    expect(rulesOf('metric: m, threshold_critical: 85')).toMatchObject([
      { severity: 'critical', inhibitedBy: null },
    ]);
  });

  it("takes the requirements' spelling", () => {
    expect(
      rulesOf(
        "metric: cpu_usage_percent, operator: '>', threshold: 80, severity: WARNING, cooldown_minutes: 15, window: 5m, consecutive_failures: 3",
      ),
    ).toMatchObject([
      { severity: 'warning', cooldownMs: 900_000, windowMs: 300_000, consecutiveFailures: 3 },
    ]);
  });

  it.each([
    ['lag_seconds', '1000ms', 1],
    ['lag_seconds', '5m', 300],
    ['lag_ms', '2s', 2_000],
    ['response_milliseconds', '1000ms', 1_000],
    ['disk_usage_percent', '90%', 90],
    ['connection_count', '80%', 80],
    ['hit_ratio', '90%', 0.9],
    ['size_bytes', '10GiB', 10 * 1024 ** 3],
    ['size_bytes', '10GB', 10e9],
    ['disk_read_bytes_per_second', '50MB', 50e6],
    ['anything', '-1.5e3', -1_500],
  ])('%s over %s compares with %d', (metric, threshold, expected) => {
    expect(rulesOf(`metric: ${metric}, threshold: "${threshold}"`)[0]!.threshold).toBeCloseTo(expected, 9);
  });

  it.each([
    ['metric: m', 'rules[0]: has no condition'],
    [
      'metric: m, threshold: 1, threshold_warning: 2',
      "rules[0].threshold: cannot stand beside threshold_warning: each makes the rule's severity",
    ],
    [
      'metric: m, threshold_warning: 1, severity: high',
      "rules[0].severity: cannot stand beside threshold_warning: each makes the rule's severity",
    ],
    [
      'metric: m, threshold_warning: 90, threshold_critical: 80',
      'rules[0].threshold_critical: has to be above threshold_warning 90',
    ],
    [
      "metric: m, operator: '<', threshold_warning: 10, threshold_critical: 20",
      'rules[0].threshold_critical: has to be below threshold_warning 10',
    ],
    [
      "metric: m, operator: '==', threshold_warning: 1, threshold_critical: 2",
      'rules[0].operator: cannot have two thresholds',
    ],
    [
      'metric: m, threshold: 90, recovery_threshold: 95',
      'rules[0].recovery_threshold: is on the bad side of threshold 90',
    ],
    [
      "metric: m, operator: '<=', threshold: 10, recovery_threshold: 5",
      'rules[0].recovery_threshold: is on the bad side of threshold 10',
    ],
    [
      "metric: m, operator: '==', threshold: 0, recovery_threshold: 1",
      'rules[0].recovery_threshold: has no meaning with the operator ==',
    ],
    [
      'metric: m, threshold_warning: 70, recovery_threshold_critical: 60',
      'rules[0].recovery_threshold_critical: needs threshold_critical',
    ],
    [
      'metric: m, threshold: 1, cooldown: 1m, cooldown_minutes: 1',
      'rules[0].cooldown_minutes: cannot stand beside cooldown: both say the same',
    ],
    [
      'metric: response_time, threshold: 1000ms',
      'rules[0].threshold: is a time, but response_time does not say its unit; write a plain number',
    ],
    [
      'metric: size_bytes, threshold: 90%',
      'rules[0].threshold: is a percentage, but size_bytes counts bytes; write a plain number',
    ],
    [
      'metric: m, threshold: 1, labels: { severity: high }',
      "rules[0].labels.severity: is made from the rule's severity; leave it out",
    ],
    ['metric: m, threshold: .inf', 'rules[0].threshold: is not accepted'],
    ['metric: m, threshold: 1, matchers: ["a=~["]', 'rules[0].matchers[0]: is not accepted'],
    ['metric: m, threshold: 1, for: -5s', 'rules[0].for: is not accepted'],
  ])('{ %s } is refused', (rule, expected) => {
    expect(refusalsOf(rule)).toEqual([expected]);
  });
});

describe("a rule's hash", () => {
  const base = 'metric: m, threshold: 1, labels: { a: x, b: y }, matchers: ["p=1", "q=2"]';
  const hashOf = (rule: string) => ruleHash(alertsOf(rule)[0]!);

  it('does not depend on the order or spelling of its keys', () => {
    expect(
      hashOf('labels: { b: y, a: x }, matchers: ["p=\\"1\\"", "q=2"], threshold: 1.0, metric: m, for: 0s'),
    ).toBe(hashOf(base));
  });

  it.each(['annotations: { s: x }', 'runbook: r', 'unit: percent'])(
    'does not change with %s, which changes no alert',
    (change) => {
      expect(hashOf(`${base}, ${change}`)).toBe(hashOf(base));
    },
  );

  it.each([
    'threshold: 2',
    'for: 1s',
    'window: 1s',
    'severity: high',
    'consecutive_failures: 2',
    'cooldown: 1s',
    'recovery_threshold: 0',
    "operator: '>='",
  ])('changes with %s', (change) => {
    const changed = change.startsWith('threshold')
      ? base.replace('threshold: 1', change)
      : `${base}, ${change}`;
    expect(hashOf(changed)).not.toBe(hashOf(base));
  });

  it('is the same for every number however it is written', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (limit) => {
        expect(hashOf(`metric: m, threshold: ${limit}`)).toBe(hashOf(`metric: m, threshold: "${limit}.0"`));
      }),
      { numRuns: 25 },
    );
  });
});

describe('the catalogue of metrics', () => {
  const check = (rule: string) =>
    checkConfig(
      { text: `rules: [{ name: R, ${rule} }]`, path: null },
      {},
      {
        metrics: [
          { name: 'load', unit: '1' },
          { name: 'used', unit: 'percent' },
        ],
      },
    );

  it('refuses a unit that contradicts it', () => {
    const { problems } = check('metric: load, threshold: 90%');
    expect(problems.find(({ level }) => level === 'error')!.message).toBe(
      'is a percentage, but load counts a plain ratio or flag; write a plain number',
    );
  });

  it('never changes what a rule means', () => {
    const rule = 'metric: used, threshold: 90%';
    expect(alertsIn(check(rule).config!)).toEqual(alertsOf(rule));
  });
});
