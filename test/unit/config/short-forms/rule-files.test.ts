import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '../../../../src/config/load';
import { problemText } from '../../../../src/config/problems';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tocsin-forms-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function check(files: Record<string, string>, text = 'rule_files: ["*.yml"]') {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const { config, problems } = checkConfig({ text, path: join(folder, 'tocsin.yaml') }, {});
  return { config, problems: problems.filter(({ level }) => level === 'error').map(problemText) };
}

const rule = (name: string) => `{ name: ${name}, metric: m, threshold: 1 }`;

it("are groups of the file's name or its own, and one where files share it", () => {
  const { config, problems } = check(
    {
      'a.yml': `rules: [${rule('A')}]`,
      'b.yml': `group: a\nrules: [${rule('B')}]`,
      'c.yml': 'groups: [{ name: c, rules: [{ alert: C, expr: m > 1 }] }]',
    },
    `rule_files: ["*.yml"]\nrules: [${rule('O')}]`,
  );
  expect(problems).toEqual([]);
  const short = config!.ruleGroups;
  expect(short.map(({ name, rules }) => [name, rules.map((each) => each.name)])).toEqual([
    ['default', ['O']],
    ['a', ['A', 'B']],
    ['c', ['C']],
  ]);
  expect(short[1]).toMatchObject({ file: 'a.yml', intervalMs: null, queryOffsetMs: null, limit: 0 });
  expect(Object.keys(short[1]!.written)).toEqual(['A', 'B']);
});

it("share no group with Prometheus' form, whichever comes first", () => {
  const grouped = 'groups: [{ name: g }]';
  const short = `group: g\nrules: [${rule('A')}]`;
  expect(check({ 'a.yml': grouped, 'b.yml': short }).problems).toEqual([
    'b.yml:1:1: group: "g" is in a.yml already',
  ]);
  expect(check({ 'a.yml': short, 'b.yml': grouped }).problems).toEqual([
    'b.yml:1:12: group "g": groups[0].name: "g" is in a.yml already',
  ]);
});

describe('a name that a rule refers to', () => {
  it('may stand in another file, of either form', () => {
    const files = {
      'a.yml': `rules: [${rule('A')}, { name: R, any_of: [A, C] }]`,
      'c.yml': 'groups: [{ name: c, rules: [{ alert: C, expr: m > 1 }] }]',
    };
    expect(check(files).problems).toEqual([]);
    expect(check({ ...files, 'c.yml': '' }).problems).toEqual([
      'a.yml:1:70: group "a", rule "R": rules[1].any_of[1]: "C" is no alert; did you mean "A"?; accepted: A, R',
    ]);
  });

  it('is not unknown because its own rule or file is wrong', () => {
    const asking = 'rules: [{ name: R, any_of: [A, C] }]';
    expect(
      check({ 'a.yml': asking, 'b.yml': 'rules: [{ name: A }, { name: C, metric: 5 }]' }).problems,
    ).toEqual(expect.not.arrayContaining([expect.stringContaining('is no alert')]));
    expect(check({ 'a.yml': asking, 'b.yml': 'rules: [' }).problems).toEqual([
      expect.stringContaining('b.yml:1:9: is not valid YAML'),
    ]);
  });

  it("has to be one of the configuration's receivers, in both forms", () => {
    const files = {
      'a.yml': 'rules: [{ name: A, metric: m, threshold: 1, receivers: [hok] }]',
      'c.yml': 'groups: [{ name: c, rules: [{ alert: C, expr: m > 1, receivers: [hook, dab] }] }]',
    };
    const text = 'rule_files: ["*.yml"]\nreceivers: [{ name: hook, type: webhook, url: "http://h/" }]';
    expect(check(files, text).problems).toEqual([
      expect.stringContaining(
        'a.yml:1:57: group "a", rule "A": rules[0].receivers[0]: "hok" is no receiver; did you mean "hook"?',
      ),
      expect.stringContaining('rules[0].receivers[1]: "dab" is no receiver; accepted: hook'),
    ]);
  });
});
