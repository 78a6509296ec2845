import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '../../../src/config/load';
import { problemText } from '../../../src/config/problems';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tocsin-groups-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function check(files: Record<string, string>) {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const text = 'rule_files: ["*.yml"]';
  const { config, problems } = checkConfig({ text, path: join(folder, 'tocsin.yaml') }, {});
  return { config, problems: problems.filter(({ level }) => level === 'error').map(problemText) };
}

it("takes Prometheus' rule files beside its own", () => {
  const { config, problems } = check({
    'a.yml':
      'groups: [{ name: g, rules: [{ alert: A, expr: up == 0, annotations: { summary: "${1} {{ $value }}" } }] }]',
    'b.yml': 'rules: [{ name: B, metric: up, operator: "==", threshold: 0 }]',
  });
  expect(problems).toEqual([]);
  expect(config!.ruleGroups.map(({ name, file }) => [name, file])).toEqual([
    ['b', 'b.yml'],
    ['g', 'a.yml'],
  ]);
  expect(config!.evaluate.intervalMs).toBe(15_000);
});

it('takes rules across instances, and refuses what a stream cannot tell', () => {
  const { config, problems } = check({
    'a.yml':
      'groups: [{ name: g, rules: [{ alert: A, expr: "sum by (region) (x) > 1" }, { record: b, expr: "x @ 100" }] }]',
  });
  expect(config).toBeNull();
  expect(problems).toEqual([
    expect.stringContaining('groups[0].rules[1].expr: "x @ 100" asks for a time of its own with @'),
  ]);
});

it('refuses what a stream cannot tell to templates, in either form', () => {
  const asked = `{ s: '{{ query "x @ 100" }}' }`;
  const { problems } = check({
    'a.yml': `groups: [{ name: g, rules: [{ alert: A, expr: x > 1, annotations: ${asked} }] }]`,
    'b.yml': `rules: [{ name: B, metric: up, threshold: 0, labels: ${asked} }]`,
  });
  expect(problems.sort()).toEqual([
    expect.stringMatching(/^a.yml:.*annotations.s: "x @ 100" asks a query that asks for a time of its own/),
    expect.stringMatching(/^b.yml:.*labels.s: "x @ 100" asks a query that asks for a time of its own/),
  ]);
});

it('names the group and the rule that a problem is about, in either form', () => {
  const { problems } = check({
    'a.yml': 'groups: [{ name: g, rules: [{ alert: A, expr: "x >" }] }]',
    'b.yml': 'rules: [{ name: B, metric: up, threshold: x }]',
    'c.yml': 'group: h\nrules: [{ name: C, metric: up, threshold: x }]',
  });
  expect(
    problems.map((text) => text.replace(/^(\w\.yml)[:\d]*/, '$1').replace(/rules\[0\]\..*/, 'rules[0]')),
  ).toEqual([
    'a.yml group "g", rule "A": groups[0].rules[0]',
    'b.yml group "b", rule "B": rules[0]',
    'c.yml group "h", rule "C": rules[0]',
  ]);
});

it('refuses a group whose name another file has', () => {
  const { problems } = check({ 'a.yml': 'groups: [{ name: g }]', 'b.yml': 'groups: [{ name: g }]' });
  expect(problems).toEqual(['b.yml:1:12: group "g": groups[0].name: "g" is in a.yml already']);
});

it('tells each problem once, with its file', () => {
  const { problems } = check({ 'a.yml': 'groups: [{ name: g, rules: [{ alert: A, expr: "x >" }] }]' });
  expect(problems).toEqual([
    expect.stringContaining(
      'a.yml:1:41: group "g", rule "A": groups[0].rules[0].expr: "x >" could not be parsed',
    ),
  ]);
});
