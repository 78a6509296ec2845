import { NO_EXTENSIONS } from '../../../src/domain/rule-group';
import { problemText } from '../../../src/config/problems';
import { readRuleGroups } from '../../../src/config/rule-groups';

const problemsOf = (content: string) => readRuleGroups(content, 'r.yml').problems.map(problemText);
const ruleOf = (rule: string) => `groups:\n  - name: g\n    rules:\n      - ${rule}\n`;

it("reads Prometheus' form, a group's labels under the rule's", () => {
  const { groups, problems } = readRuleGroups(
    `groups:
  - name: g
    interval: 30s
    query_offset: 10s
    limit: 5
    labels: { team: a, tier: 1 }
    rules:
      - { record: 'job:up:sum', expr: sum by (job) (up), labels: { team: b } }
      - alert: Down
        expr: label_replace(up, "host", "$1", "instance", "(.*):.*") == 0
        for: 1h30m
        keep_firing_for: 5m
        annotations: { summary: '{{ $labels.host }}' }
`,
    'r.yml',
  );
  expect(problems).toEqual([]);
  expect(groups).toEqual([
    {
      ...{ file: 'r.yml', name: 'g', intervalMs: 30_000, queryOffsetMs: 10_000, limit: 5 },
      rules: [
        { kind: 'record', name: 'job:up:sum', expr: 'sum by (job) (up)', labels: { team: 'b', tier: '1' } },
        {
          ...{ kind: 'alert', name: 'Down', forMs: 5_400_000, keepFiringForMs: 300_000 },
          expr: 'label_replace(up, "host", "$1", "instance", "(.*):.*") == 0',
          labels: { team: 'a', tier: '1' },
          annotations: { summary: '{{ $labels.host }}' },
          ...NO_EXTENSIONS,
        },
      ],
    },
  ]);
});

it('takes an empty file for one without groups', () => {
  expect(readRuleGroups('', 'r.yml')).toEqual({ groups: [], problems: [] });
  expect(readRuleGroups('groups:\n', 'r.yml')).toEqual({ groups: [], problems: [] });
});

test.each([
  [
    '{ alert: A, expr: "up ==" }',
    'r.yml:4:21: group "g", rule "A": groups[0].rules[0].expr: "up ==" could not be parsed: in the expression, 1:6: parse error: unexpected end of input',
  ],
  [
    '{ alert: A, expr: "up[5m]" }',
    'r.yml:4:21: group "g", rule "A": groups[0].rules[0].expr: "up[5m]" is a matrix; accepted: an instant vector or a scalar',
  ],
  ['{ alert: A, expr: "histogram_sum(x)" }', 'function "histogram_sum": works on native histograms only'],
  [
    '{ alert: A, record: b, expr: up }',
    'groups[0].rules[0].record: cannot stand beside alert: a rule is one or the other',
  ],
  [
    '{ expr: up }',
    'groups[0].rules[0]: has neither alert nor record; accepted: alert: a name, or record: a name',
  ],
  ['{ record: b, expr: up, for: 5m }', 'groups[0].rules[0].for: belongs to alerting rules'],
  [
    '{ record: "b{x=1}", expr: up }',
    'groups[0].rules[0].record: "b{x=1}" has braces: an expression belongs into expr',
  ],
  ['{ alert: A, expr: up, fro: 5m }', 'groups[0].rules[0].fro: is not a key here; did you mean "for"?'],
  ['{ alert: A, expr: up, for: 5x }', 'groups[0].rules[0].for: "5x" is not accepted; accepted: a duration'],
  [
    '{ alert: A, expr: up, labels: { __name__: x } }',
    'groups[0].rules[0].labels.__name__: "__name__" cannot be a label\'s name',
  ],
  ['{ alert: A, expr: up, annotations: { s: "{{ $lables.x }}" } }', 'undefined variable "$lables"'],
  ['{ alert: A, expr: up, annotations: { s: "{{ nope 1 }}" } }', 'function "nope" not defined'],
  [
    `{ alert: A, expr: up, annotations: { s: '{{ query "sum(up" }}' } }`,
    'asks a query that could not be parsed',
  ],
  [`{ alert: A, expr: up, labels: { s: '{{ "up[5m]" | query | len }}' } }`, 'asks a query that is a matrix'],
])('%s is refused with its place', (rule, message) => {
  const problems = problemsOf(ruleOf(rule));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(message);
});

it('says all problems at once', () => {
  const problems = problemsOf(
    'groups:\n  - { name: a, rules: [{ alert: A, expr: "1 +" }, { record: b, expr: "foo(1)" }] }\n  - { name: a, interval: soon }\n',
  );
  expect(problems).toEqual([
    expect.stringContaining('groups[1].interval: "soon" is not accepted'),
    expect.stringContaining('groups[0].rules[0].expr: "1 +" could not be parsed'),
    expect.stringContaining('groups[0].rules[1].expr: "foo(1)" could not be parsed'),
    expect.stringContaining('groups[1].name: "a" is repeated in the same file'),
  ]);
});

it('checks the rest of a rule and of its group beside a value that is refused, each problem with its own place', () => {
  const problems = problemsOf(`groups:
  - name: g
    rules:
      - { alert: A, expr: up ==, for: 5x }
      - { alert: B, for: 5m }
      - { alert: C, expr: [up], flapping: { low: 1, high: x } }
      - 7
      - { alert: D, expr: up +, labels: { n: null } }
  - nme: h
    rules: [{ alert: E, expr: up - }]
  - name: i
    rules: [{ alert: F, expr: up * }]
`);
  expect(problems.map((each) => each.slice(0, each.indexOf(' ', each.indexOf('].'))))).toEqual([
    'r.yml:4:34: group "g", rule "A": groups[0].rules[0].for:',
    'r.yml:5:9: group "g", rule "B": groups[0].rules[1].expr:',
    'r.yml:6:21: group "g", rule "C": groups[0].rules[2].expr:',
    'r.yml:6:53: group "g", rule "C": groups[0].rules[2].flapping.high:',
    'r.yml:6:33: group "g", rule "C": groups[0].rules[2].flapping.window:',
    'r.yml:7:9: group "g": groups[0].rules[3]:',
    'r.yml:8:43: group "g", rule "D": groups[0].rules[4].labels.n:',
    'r.yml:9:5: groups[1].name:',
    'r.yml:9:5: groups[1].nme:',
    'r.yml:4:21: group "g", rule "A": groups[0].rules[0].expr:',
    'r.yml:8:21: group "g", rule "D": groups[0].rules[4].expr:',
    'r.yml:12:25: group "i", rule "F": groups[2].rules[0].expr:',
  ]);
  expect(problems[1]).toContain('is missing; accepted: an expression in PromQL');
  expect(problems[2]).toContain('a list is not accepted; accepted: an expression in PromQL');
});

it('refuses two groups of one name in a file', () => {
  expect(problemsOf('groups: [{ name: a }, { name: a }]')).toEqual([
    'r.yml:1:25: group "a": groups[1].name: "a" is repeated in the same file',
  ]);
});
