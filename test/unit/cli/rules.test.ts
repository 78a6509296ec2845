import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from './fake-context';

const FOLDER = 'test/fixtures/rules';
const command = (...args: string[]) => run(args, {}, { env: {} });

describe('test rules', () => {
  it('says success and ends with 0 when all is as expected', async () => {
    const { code, out, err } = await command('test', 'rules', `${FOLDER}/disk-test.yml`);
    expect(err).toBe('');
    expect(out).toBe(`Processing test file: ${FOLDER}/disk-test.yml\n  SUCCESS\n`);
    expect(code).toBe(0);
  });

  it('finds the examples as they say that they are', async () => {
    expect(await command('check', 'rules', '--strict', 'examples/chatdb-rules.yml')).toMatchObject({
      ...{ code: 0, err: '', out: 'examples/chatdb-rules.yml is valid: 10 rules in 3 groups' },
    });
    expect(await command('test', 'rules', 'examples/chatdb-rules-test.yml')).toMatchObject({
      code: 0,
      err: '',
    });
  });

  it('holds recovery, flapping and missing data to what is expected', async () => {
    const { code, err } = await command('test', 'rules', `${FOLDER}/extensions-test.yml`);
    expect(err).toBe('');
    expect(code).toBe(0);
  });

  it('shows what was expected and what came, and ends with 1', async () => {
    const { code, err } = await command('test', 'rules', `${FOLDER}/failing-test.yml`);
    expect(err).toContain('name: expects too much,\n    alertname: DiskGone, time: 1m,');
    expect(err).toContain('exp:\n            labels: {alertname="DiskGone", instance="db-1"');
    expect(err).toContain('got: nothing');
    expect(err).not.toContain('expects what is');
    expect(code).toBe(1);
  });

  it('runs only the tests whose names match', async () => {
    const file = `${FOLDER}/failing-test.yml`;
    expect((await command('test', 'rules', '--run', 'what', file)).code).toBe(0);
    expect((await command('test', 'rules', '--run', 'what', '--run', 'too', file)).code).toBe(1);
    expect((await command('test', 'rules', '--run', '(', file)).code).toBe(2);
  });

  it('refuses names that no test has', async () => {
    const { code, out, err } = await command('test', 'rules', '--run', 'nothing', `${FOLDER}/disk-test.yml`);
    expect(err).toContain('no test has a name that matches nothing');
    expect(out).not.toContain('SUCCESS');
    expect(code).toBe(2);
  });

  it('tells what is no test beside what a test cannot have', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-no-test-'));
    const file = join(folder, 'test.yml');
    const series = "[{ series: 'a{', values: 1 b }]";
    writeFileSync(
      file,
      `fuzy: 1\ntests: [{ input_series: ${series}, promql_expr_test: [{ expr: 'sum(', eval_time: 0m }] }]\n`,
    );
    try {
      const { code, err } = await command('test', 'rules', file);
      expect(code).toBe(1);
      for (const part of ['fuzy: is not a key', 'series: 1:3', 'values: b is no sample', 'expr: 1:5'])
        expect(err).toContain(part);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('warns of an alert that the rule files do not have', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-unknown-'));
    const file = join(folder, 'test.yml');
    const expectation = '{ eval_time: 1m, alertname: DiskGnoe, exp_alerts: [] }';
    writeFileSync(
      file,
      `{ rule_files: [${resolve(FOLDER, 'disk.yml')}], tests: [{ alert_rule_test: [${expectation}] }] }`,
    );
    try {
      const { code, err } = await command('test', 'rules', file);
      expect(err.trim()).toBe('WARNING: the rule files have no alert "DiskGnoe"; did you mean "DiskGone"?');
      expect(code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names the rules that no test reached', async () => {
    const { out } = await command('test', 'rules', '--coverage', `${FOLDER}/disk-test.yml`);
    expect(out).toContain('Coverage: 2 of 3 rules (66 %)');
    expect(out).toContain('DiskGone: never fired or yielded anything (group "disk", disk.yml)');
  });

  it('writes JUnit for a CI server, with each expectation that was not met', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-junit-'));
    try {
      const path = join(folder, 'results.xml');
      await command('test', 'rules', '--junit', path, `${FOLDER}/failing-test.yml`);
      const xml = readFileSync(path, 'utf8');
      expect(xml).toMatch(/<testsuite [^>]*tests="2"[^>]*failures="1"/);
      expect(xml).toContain('<testcase name="expects too much">');
      for (const expectation of ['time: 1m', 'time: 2m', 'expr:']) expect(xml).toContain(expectation);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('gives programs each test with what failed', async () => {
    const { out } = await command('test', 'rules', '--json', `${FOLDER}/failing-test.yml`);
    expect(JSON.parse(out)).toMatchObject({
      passed: false,
      files: [
        {
          tests: [
            { name: 'expects too much', passed: false },
            { name: 'expects what is', passed: true },
          ],
        },
      ],
    });
  });

  it('refuses a file that is none, with the place', async () => {
    const { code, err } = await command('test', 'rules', `${FOLDER}/disk.yml`);
    expect(err).toContain(`${FOLDER}/disk.yml:1:1: groups: is not a key here`);
    expect(code).toBe(1);
  });
});

describe('check rules', () => {
  it('counts what a valid file has', async () => {
    const { code, out, err } = await command('check', 'rules', `${FOLDER}/disk.yml`);
    expect(err).toBe('');
    expect(out).toBe(`${FOLDER}/disk.yml is valid: 3 rules in 1 group`);
    expect(code).toBe(0);
  });

  it('says what would page for all, for nothing, or without what it promises', async () => {
    const { code, err } = await command('check', 'rules', `${FOLDER}/suspicious.yml`);
    expect(err.split('\n').map((line) => line.replace(/^.*rules\[/, 'rules['))).toEqual([
      expect.stringContaining('rules[0]: warning: "NoSeverity" has no severity'),
      expect.stringContaining('rules[2].expr: warning: asks for no series: it fires always'),
      expect.stringContaining('rules[3].expr: warning: has no condition: it fires for every series'),
      expect.stringContaining('rules[4].expr: warning: never yields anything: job cannot be "a" and "b"'),
      expect.stringContaining('rules[5].annotations.summary: warning: asks for $labels.instance'),
      expect.stringContaining('rules[5].annotations.summary: warning: asks for .Lables'),
      expect.stringContaining('rules[6].expr: warning: absent(up{job="a"}) is 1 or nothing'),
      expect.stringContaining('rules[7].alert: warning: "LostLabel" with this expression'),
    ]);
    expect(code).toBe(0);
  });

  it('warns of a file without rules, and says how to name those of a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-empty-'));
    try {
      for (const text of ['', '# none yet', 'groups: [{ name: g }]', 'rules: []']) {
        const file = join(folder, 'none.yml');
        writeFileSync(file, text);
        const { code, err } = await command('check', 'rules', file);
        expect([code, err]).toEqual([0, expect.stringMatching(/none.yml[:\d]*: warning: has no rules$/)]);
      }
      const { code, err } = await command('check', 'rules', folder);
      expect([code, err]).toEqual([2, expect.stringContaining(`name files, or '${folder}/*.yml'`)]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('takes a warning for an error when asked to', async () => {
    expect((await command('check', 'rules', '--strict', `${FOLDER}/suspicious.yml`)).code).toBe(2);
    expect((await command('check', 'rules', '--strict', `${FOLDER}/disk.yml`)).code).toBe(0);
  });

  describe('of what evaluators refuse', () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tocsin-refused-'))));
    afterEach(() => rmSync(folder, { recursive: true }));
    async function errorsOf(...texts: readonly string[]): Promise<string[]> {
      const files = texts.map((text, i) => {
        writeFileSync(join(folder, `${i}.yml`), text);
        return join(folder, `${i}.yml`);
      });
      const { code, err } = await command('check', 'rules', ...files);
      expect(code).toBe(2);
      return err.split('\n').map((line) => line.slice(folder.length + 1));
    }

    it.each([
      [
        'a time of its own',
        'groups: [{ name: g, rules: [{ record: a, expr: "up @ 9 == 0" }] }]',
        'asks for a time',
      ],
      [
        'and in a recovery',
        'rules: [{ name: A, metric: m, threshold: 1, recovery: "m @ 9 < 1" }]',
        'recovery: "m @ 9 < 1" asks for a time',
      ],
      [
        'a name twice',
        'rules: [{ name: A, metric: m, threshold: 1 }, { name: A, metric: m, threshold: 2 }]',
        'rules[1].name: "A" is in the group "0" already',
      ],
      [
        'a circle',
        'rules: [{ name: A, all_of: [B, C] }, { name: B, all_of: [A, C] }]',
        'leads back to itself: A → B → A',
      ],
    ])('%s', async (_what, text, expected) => {
      expect((await errorsOf(text))[0]).toContain(expected);
    });

    it('a group that another file has', async () => {
      const text = 'groups: [{ name: g }]';
      expect(await errorsOf(text, text)).toContainEqual(
        expect.stringMatching(/^1.yml:1:12: group "g": groups\[0\].name: "g" is in .*0.yml already/),
      );
    });

    it.each([
      ['short form first', 0],
      ["Prometheus' form first", 1],
    ])('a group that a file of the other form has, %s', async (_order, first) => {
      const texts = [
        'group: g\nrules: [{ name: A, metric: m, threshold: 1 }]',
        'groups: [{ name: g, rules: [{ record: a, expr: up }] }]',
      ];
      const errors = await errorsOf(texts[first]!, texts[1 - first]!);
      expect(errors).toContainEqual(
        expect.stringMatching(/^1.yml:.*(name|group): "g" is in .*0.yml already/),
      );
    });

    it('a rule in short form that another file has in the same group', async () => {
      const text = 'group: g\nrules: [{ name: A, metric: m, threshold: 1 }]';
      expect(await errorsOf(text, text)).toContainEqual(
        expect.stringMatching(
          /^1.yml:2:\d+: group "g", rule "A": rules\[0\].name: "A" is in the group "g" already \(.*0.yml, rules\[0\]\)/,
        ),
      );
    });

    it('beside all other errors and warnings', async () => {
      const rules = [
        '{ alert: A, expr: "up >", labels: { severity: low } }',
        '{ alert: B, expr: "up @ 9 == 0", labels: { severity: low } }',
        '{ alert: C, expr: "up == 0" }',
      ];
      const errors = await errorsOf(`groups: [{ name: g, rules: [${rules.join()}] }, { name: h, bad: 1 }]`);
      expect(errors).toEqual([
        expect.stringContaining('rules[0].expr: "up >" could not be parsed'),
        expect.stringContaining('rules[1].expr: "up @ 9 == 0" asks for a time of its own'),
        expect.stringContaining('bad: is not a key here'),
        expect.stringContaining('rules[2]: warning: "C" has no severity'),
        '0.yml has 3 errors, 1 warning',
      ]);
    });
  });

  it('gives programs the problems', async () => {
    const { out } = await command('check', 'rules', '--json', `${FOLDER}/*.yml`);
    const { valid, problems } = JSON.parse(out) as {
      valid: boolean;
      problems: { file: string; line: number; group: string; rule: string; path: string }[];
    };
    expect(valid).toBe(false);
    const named = problems.find(({ path }) => path === 'groups[0].rules[2].expr');
    expect(named).toMatchObject({ group: 'suspicious', rule: 'Always' });
    expect(problems.every(({ file, line }) => file.endsWith('.yml') && line > 0)).toBe(true);
  });
});

describe('check rules beside a configuration', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-names-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  afterAll(() => rmSync(folder, { recursive: true }));
  const config = file(
    'tocsin.yaml',
    `receivers: [{ name: dba, type: webhook, url: 'http://127.0.0.1/' }]
rules: [{ name: Configured, metric: m, threshold: 9 }]
`,
  );
  const short = file(
    'short.yml',
    `rules:
  - { name: Near, metric: m, threshold: 9, severity: low, receivers: [dba, dbb], runbook: none }
  - { name: Both, all_of: [Configured, Nearr], severity: low }
`,
  );
  const grouped = file(
    'grouped.yml',
    `groups:
  - name: g
    rules:
      - { alert: Reads, expr: 'ALERTS{alertname="Near"} == 1', labels: { severity: low } }
      - { alert: Lost, expr: 'count by (instance_id) (ALERTS{alertname="Gone", alertstate="firing"}) > 1', labels: { severity: low } }
      - { alert: Any, expr: 'ALERTS{alertname=~"Gone.*"} == 1', labels: { severity: low } }
`,
  );

  it('warns of alerts, receivers and runbooks that are neither there nor in these files', async () => {
    const { code, err } = await command('check', 'rules', short, grouped, '--config', config);
    expect(code).toBe(0);
    expect(err.split('\n').map((line) => line.slice(folder.length + 1))).toEqual([
      expect.stringMatching(
        /^short.yml:2:\d+: group "short", rule "Near": rules\[0\].receivers\[1\]: warning: "dbb" .*did you mean "dba"/,
      ),
      expect.stringMatching(
        /^short.yml:2:\d+: group "short", rule "Near": rules\[0\].runbook: warning: "none" is no runbook/,
      ),
      expect.stringMatching(/^short.yml:3:\d+: .*: warning: asks for the alert "Nearr".*did you mean "Near"/),
      expect.stringMatching(/^grouped.yml:5:\d+: .*expr: warning: asks for the alert "Gone", which neither/),
    ]);
    expect((await command('check', 'rules', '--strict', grouped, '--config', config)).code).toBe(2);
  });

  it('leaves names alone where there is none, or none that can be read', async () => {
    const without = await command('check', 'rules', short, grouped);
    expect([without.code, without.err]).toEqual([0, '']);
    const wrong = file('wrong.yaml', 'receivers: 1');
    const { code, err } = await command('check', 'rules', short, '--config', wrong);
    expect([code, err]).toEqual([0, expect.stringContaining('receivers and runbooks are not checked: ')]);
  });
});

describe("rules of Prometheus' files in the configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-rules-'));
  const config = join(folder, 'tocsin.yaml');
  beforeAll(() =>
    writeFileSync(config, `rule_files: [${resolve(FOLDER, 'pools.yml')}]\nroute: { receivers: [] }\n`),
  );
  afterAll(() => rmSync(folder, { recursive: true }));

  it('are listed and explained', async () => {
    const list = await command('rules', 'list', '--config', config);
    expect(list.out).toMatch(
      /PoolFull +alert +\S+ +3s +active +pools.* max by \(instance_id, environment\) \(pool:used:ratio\) > 0\.8/,
    );
    const { out } = await command('rules', 'explain', 'PoolFull', '--config', config);
    expect(out).toContain('Expression  max by (instance_id, environment) (pool:used:ratio) > 0.8');
    expect(out).toContain('Fires       when the expression yields something, and has been for 3s');
    expect((await command('rules', 'explain', 'pools/pool:used:ratio', '--config', config)).out).toContain(
      'Makes',
    );
    expect((await command('rules', 'explain', 'PoolFul', '--config', config)).err).toContain(
      'did you mean "PoolFull"?',
    );
    expect((await command('check', config)).out).toContain('2 rules');
  });

  it('are said to be evaluated by each partition, or in one place, and because of what', async () => {
    const across = join(folder, 'across.yml');
    writeFileSync(
      across,
      `groups:
  - name: fleet
    rules:
      - { record: 'fleet:locks:sum', expr: 2 * sum by (environment) (locks) }
      - { alert: Locked, expr: locks > 9 }
  - name: readers
    rules: [{ alert: FleetLocked, expr: 'fleet:locks:sum > 100' }]
  - name: again
    rules: [{ alert: Page, expr: 'ALERTS{alertname="FleetLocked"} == 1' }]
  - name: alone
    rules: [{ alert: Alone, expr: 'sum by (instance_id) (locks) > 9' }]
`,
    );
    const both = join(folder, 'both.yaml');
    writeFileSync(both, `rule_files: [${across}]\nroute: { receivers: [] }\n`);
    const whereOf = async (name: string): Promise<string> => {
      const { out } = await command('rules', 'explain', name, '--config', both);
      return /^ *Where +(.*)$/m.exec(out)![1]!;
    };
    const one = 'in one place for all partitions:';
    const asks = 'sum by (environment) (locks), which asks all instances at once';
    expect(await whereOf('fleet:locks:sum')).toBe(`${one} it has ${asks}`);
    expect(await whereOf('Locked')).toBe(`${one} fleet:locks:sum of its group has ${asks}`);
    expect(await whereOf('FleetLocked')).toBe(
      `${one} it may read fleet:locks:sum of the group fleet, which is evaluated so`,
    );
    expect(await whereOf('Page')).toBe(
      `${one} it may read the ALERTS of FleetLocked of the group readers, which is evaluated so`,
    );
    expect(await whereOf('Alone')).toBe(
      'by each partition for its instances: its group needs no others at once',
    );
  });

  it('are given to programs', async () => {
    const { out } = await command('rules', 'list', '--json', '--config', config);
    expect(JSON.parse(out)).toMatchObject([
      { kind: 'record' },
      { kind: 'alert', group: 'pools', for_ms: 3_000 },
    ]);
  });
});
