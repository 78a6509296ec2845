import { problemText } from '../../../src/config/problems';
import { noRulesSeen } from '../../../src/config/repeated-rules';
import { checkRuleFile, readRuleGroups } from '../../../src/config/rule-groups';

const check = (content: string, env: Record<string, string> | null = null) =>
  checkRuleFile(content, 'r.yml', { seen: noRulesSeen(), names: null }, env).problems.map(problemText);
const rule = (text: string) =>
  `groups: [{ name: g, rules: [{ alert: A, labels: { severity: high }, ${text} }] }]`;
const at = 'groups[0].rules[0]';

it.each([
  ['expr: m > 90, recovery: m <= 80', []],
  ['expr: m < 10, recovery: m >= 10', []],
  ['expr: m > 90, recovery: m <= 95', [`${at}.recovery: warning: can hold while m > 90 does`]],
  ['expr: m > 90, recovery: m > 80', [`${at}.recovery: warning: can hold while m > 90 does`]],
  ['expr: m > 90, recovery: (m) > 90', [`${at}.recovery: warning: can hold while m > 90 does`]],
  ['expr: m > 90, recovery: m', [`${at}.recovery: warning: has no condition: each alert ends as soon as`]],
  ['expr: m >= 90, recovery: m <= 90', [`${at}.recovery: warning: can hold while m >= 90 does`]],
  ['expr: m >= 5 and m <= 5', []],
  ['expr: m >= 5 and m < 5', [`${at}.expr: warning: never holds: m >= 5 and m < 5 exclude each other`]],
  ['expr: m > 5 and on (env) m < 3', []],
  [
    'expr: m > 90, recovery: m < 80 and m > 85',
    [`${at}.recovery: warning: never holds: m < 80 and m > 85 exclude each other`],
  ],
  [
    'expr: sum by (a) (m) > 90, recovery: sum by (b) (m) < 80',
    [`${at}.recovery: warning: yields other labels than the expression`],
  ],
  ['expr: sum by (a) (m) > 90, recovery: m < 80', [`${at}.recovery: warning: yields other labels`]],
])('{ %s }', (text, warnings) => {
  expect(check(rule(text))).toEqual(warnings.map((each) => expect.stringContaining(each) as string));
});

it.each(['ALERTS{alertname="X"}', 'count by (job) (ALERTS{alertstate="firing"} or ALERTS_X > 1)'])(
  '%s is a condition: an alert has a series while there is the alert',
  (expr) => expect(check(rule(`expr: '${expr}'`))).toEqual([]),
);

it('tells errors before warnings, each in the order of the file', () => {
  const text = `groups:
  - name: g
    rules:
      - { alert: A, labels: { severity: high }, expr: up }
      - { alert: B, labels: { severity: high }, expr: up @ 3 > 1 }
      - { alert: C, labels: { severity: high }, expr: up > }
      - { alert: D, labels: { severity: [] }, expr: down }
`;
  expect(check(text).map((each) => each.slice(0, each.indexOf(' ')))).toEqual([
    'r.yml:5:49:',
    'r.yml:6:49:',
    'r.yml:7:31:',
    'r.yml:4:49:',
  ]);
});

describe('a file of short forms', () => {
  it('is checked like any other', () => {
    const text = `group: g
rules:
  - { name: A, metric: m, threshold: "\${LIMIT}", matchers: ['a=b', 'a=c'] }
  - { name: B, metric: m, threshold_warning: 1, threshold_critical: 2, annotations: { s: '{{ .Lables }}' } }
`;
    expect(check(text, { LIMIT: '5' })).toEqual([
      'r.yml:3:5: group "g", rule "A": rules[0]: warning: never yields anything: a cannot be "b" and "c"',
      expect.stringContaining(
        'r.yml:4:87: group "g", rule "B": rules[1].annotations.s: warning: asks for .Lables',
      ),
    ]);
    expect(check('rules: [{ name: A, metric: m, absent_for: 5m, look_back: 5m }]')).toEqual([
      expect.stringContaining('rules[0].look_back: 5m is not longer than absent_for'),
    ]);
  });

  it('is one group', () => {
    const { groups, problems } = readRuleGroups(
      'rules: [{ name: A, metric: m, threshold: 1 }]',
      'x/disk.yml',
    );
    expect(problems).toEqual([]);
    expect(groups).toMatchObject([{ name: 'disk', rules: [{ kind: 'alert', expr: 'm > 1' }] }]);
  });
});

describe('two rules of one name', () => {
  const both = (one: string, other: string): string[] =>
    check(`groups:
- { name: g, rules: [{ alert: A, labels: { severity: high }, ${one} }] }
- { name: h, rules: [{ alert: A, labels: { severity: high }, ${other} }] }
`);

  it.each([
    ['expr: m > 90', 'expr: m > 80'],
    ['expr: m > 90', 'expr: k > 80, for: 5m'],
    ['expr: m > 90', `expr: 'm{env="prod"} > 80'`],
    [`expr: 'm{env="prod"} > 90'`, `expr: 'k{env="prod"} > 80'`],
    ['expr: sum by (a) (m) > 90', 'expr: max by (a) (k) > 80'],
  ])('make one alert: { %s } and { %s }', (one, other) => {
    expect(both(one, other)).toEqual([
      expect.stringContaining('"A" is in group "g" of r.yml already, with these labels: where both find'),
    ]);
  });

  it.each([
    [`expr: 'm{env="prod"} > 90'`, `expr: 'm{env="dev"} > 80'`],
    [`expr: 'm{env="prod"} > 90'`, `expr: 'm{env!="prod"} > 80'`],
    ['expr: sum by (a) (m) > 90', 'expr: sum by (b) (m) > 80'],
    ['expr: m > 90', 'expr: m > 80, mode: shadow'],
  ])('make two: { %s } and { %s }', (one, other) => expect(both(one, other)).toEqual([]));

  it('make two where a label tells them apart', () => {
    expect(
      check(`groups:
- { name: g, rules: [{ alert: A, labels: { severity: high }, expr: m > 90 }] }
- { name: h, rules: [{ alert: A, labels: { severity: low }, expr: m > 80 }] }
`),
    ).toEqual([]);
  });
});
