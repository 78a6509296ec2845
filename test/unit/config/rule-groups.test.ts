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
  expect(problems).toHaveLength(3);
});

it('refuses two groups of one name in a file', () => {
  expect(problemsOf('groups: [{ name: a }, { name: a }]')).toEqual([
    'r.yml:1:25: group "a": groups[1].name: "a" is repeated in the same file',
  ]);
});
