import { problemText } from '../../../src/config/problems';
import { readRuleGroups } from '../../../src/config/rule-groups';
import type { AlertRule } from '../../../src/domain/rule-group';

const read = (rule: string) => readRuleGroups(`groups: [{ name: g, rules: [{ ${rule} }] }]`, 'r.yml');
const alert = 'alert: A, expr: "m > 90"';

test.each([
  ['recovery: "m <= 80"', { recovery: 'm <= 80' }],
  ['occurrences: 3 of 5', { occurrences: { count: 3, of: 5 } }],
  ['consecutive_failures: 3', { occurrences: { count: 3, of: 3 } }],
  ['consecutive_failures: 1', { occurrences: null }],
  ['cooldown: 5m', { cooldownMs: 300_000 }],
  ['cooldown_minutes: 5', { cooldownMs: 300_000 }],
  [
    'flapping: { low: 25%, high: 50, window: 10m }',
    { flapping: { lowPercent: 25, highPercent: 50, windowMs: 600_000 } },
  ],
  ['no_data: alert', { noData: 'alert' }],
  ['evaluation_delay: 30s', { delayMs: 30_000 }],
  ['mode: shadow', { mode: 'shadow' }],
  ['mode: off', { mode: 'off' }],
  ['runbook: r', { runbook: 'r' }],
  ['receivers: [a, b]', { receivers: ['a', 'b'] }],
  ['unit: req/s', { unit: 'req/s' }],
  ['for: 1m', { noData: 'ok', mode: 'active', delayMs: 0, cooldownMs: null, inhibitedBy: null }],
])('%s beside an alert is read', (extension, expected) => {
  const { groups, problems } = read(`${alert}, ${extension}`);
  expect(problems).toEqual([]);
  expect(groups[0]!.rules[0] as AlertRule).toMatchObject(expected);
});

const at = 'groups[0].rules[0]';
test.each([
  ['recovery: "m <="', `${at}.recovery: "m <=" could not be parsed`],
  ['recovery: "1"', `${at}.recovery: "1" is a scalar; accepted: an instant vector`],
  ['recovery: "m[5m]"', `${at}.recovery: "m[5m]" is a matrix; accepted: an instant vector`],
  [
    'occurrences: 5 of 3',
    `${at}.occurrences: "5 of 3" is not accepted; accepted: so many of the last so many`,
  ],
  ['occurrences: 0 of 3', `${at}.occurrences: "0 of 3" is not accepted`],
  ['occurrences: 3', `${at}.occurrences: 3 is not accepted`],
  [
    'occurrences: 2 of 3, consecutive_failures: 2',
    `${at}.consecutive_failures: cannot stand beside occurrences`,
  ],
  ['cooldown: 1m, cooldown_minutes: 1', `${at}.cooldown_minutes: cannot stand beside cooldown`],
  [
    'flapping: { low: 50%, high: 50%, window: 10m }',
    `${at}.flapping.low: 50% is not below high 50%; accepted: less than 50%`,
  ],
  [
    'flapping: { low: 25%, high: 120%, window: 10m }',
    `${at}.flapping.high: "120%" is not accepted; accepted: a percentage from 0% to 100%`,
  ],
  ['flapping: { low: 25%, high: 50% }', `${at}.flapping.window: is missing`],
  ['no_data: maybe', `${at}.no_data: "maybe" is not accepted; accepted: ok, alert, keep`],
  ['mode: silent', `${at}.mode: "silent" is not accepted; accepted: active, shadow, off`],
  ['receivers: []', `${at}.receivers: a list is too short; accepted: a list of at least 1`],
  ['recover: "m <= 80"', `${at}.recover: is not a key here; did you mean "recovery"?`],
])('%s is refused with its place', (extension, message) => {
  const problems = read(`${alert}, ${extension}`).problems.map(problemText);
  expect(problems).toEqual([expect.stringContaining(message)]);
});

it.each([
  'recovery: m',
  'occurrences: 2 of 3',
  'consecutive_failures: 2',
  'cooldown: 1m',
  'cooldown_minutes: 1',
  'flapping: { low: 1%, high: 2%, window: 1m }',
  'no_data: ok',
  'evaluation_delay: 1m',
  'mode: off',
  'runbook: r',
  'receivers: [a]',
  'unit: s',
])('a recording rule has no %s', (extension) => {
  const key = extension.split(':')[0]!;
  expect(read(`record: r, expr: m, ${extension}`).problems.map(problemText)).toEqual([
    expect.stringContaining(`${at}.${key}: belongs to alerting rules; a recording rule has none`),
  ]);
});

it('says all problems at once', () => {
  const { problems } = read(`${alert}, recovery: "m[5m]", flapping: { low: 9%, high: 8%, window: 1m }`);
  expect(problems).toHaveLength(2);
});
