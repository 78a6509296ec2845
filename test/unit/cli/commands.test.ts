import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { wantsColour, type Context } from '../../../src/cli/context';
import { join, resolve } from 'node:path';
import { ROLES, type Wiring } from '../../../src/cli/port';
import { run } from './fake-context';

const SERVERS = {
  TOCSIN_KAFKA: '127.0.0.1:19092',
  TOCSIN_TEMPORAL: '127.0.0.1:17233',
  TOCSIN_POSTGRES: 'postgres://postgres:pw@127.0.0.1:15432/tocsin',
};
const EXAMPLE = ['--config', 'examples/tocsin.yaml'];

describe('check', () => {
  it('counts what a valid file configures', async () => {
    const { code, out, err } = await run(['check', 'examples/tocsin.yaml'], {}, { env: {} });
    expect(err).toBe('');
    expect(out).toMatch(
      /^examples\/tocsin\.yaml is valid: 2 targets, \d+ rules, 8 receivers, 1 escalation policy$/,
    );
    expect(code).toBe(0);
  });

  it('takes its file from the argument, --config or TOCSIN_CONFIG', async () => {
    const file = 'examples/tocsin.yaml';
    for (const [args, env] of [
      [['check', file], {}],
      [['check', '--config', file], {}],
      [['--config', file, 'check'], {}],
      [['check'], { TOCSIN_CONFIG: file }],
    ] as const) {
      expect((await run(args, {}, { env })).code).toBe(0);
    }
    const { code, err } = await run(['check'], {}, { env: {} });
    expect(err).toContain('there is no tocsin.yaml here; name one with --config or in TOCSIN_CONFIG');
    expect(code).toBe(2);
  });

  it('gives programs the problems and the counts', async () => {
    const { out } = await run(['check', 'examples/tocsin.yaml', '--json'], {}, { env: {} });
    expect(JSON.parse(out)).toMatchObject({
      valid: true,
      problems: [],
      summary: { targets: 2, receivers: 8, escalation_policies: 1 },
    });
  });

  it('knows the runbooks, metrics and metric groups of the project', async () => {
    const { code, err } = await run(['check', 'test/unit/cli/wrong.yaml'], {}, { env: {} });
    expect(code).toBe(2);
    expect(err).toContain(
      'remediation.runbooks.terminate-idle-session: "terminate-idle-session" is no runbook; did you mean "terminate-idle-sessions"?',
    );
    expect(err).toContain(
      'targets[0].intervals.connection: "connection" is no metric group; did you mean "connections"?',
    );
    expect(err).toContain('rules[0].metric: warning: "cpu_usage_procent" is no metric that Tocsin collects');
    expect(err).toContain('test/unit/cli/wrong.yaml has 2 problems; nothing would start');
  });
});

describe('start', () => {
  it('runs the roles once each with the configuration', async () => {
    const started: unknown[] = [];
    const wire = { runRoles: async (...args: unknown[]) => void started.push(args) };
    const { code } = await run(
      ['start', 'evaluator', 'collector', 'evaluator', ...EXAMPLE],
      {},
      { env: {}, wire },
    );
    expect(started).toEqual([
      [
        expect.objectContaining({ file: 'examples/tocsin.yaml' }),
        ['collector', 'evaluator'],
        expect.any(Function),
      ],
    ]);
    expect(code).toBe(0);
  });

  it('all means all', async () => {
    const started: unknown[] = [];
    await run(
      ['start', 'all', ...EXAMPLE],
      {},
      { env: {}, wire: { runRoles: async (_config, roles) => void started.push(roles) } },
    );
    expect(started).toEqual([ROLES]);
  });

  it('starts nothing with a wrong configuration', async () => {
    const { code, err, calls } = await run(['start', 'all', '--config', 'test/unit/cli/wrong.yaml']);
    expect(err).toMatch(/^tocsin start: test\/unit\/cli\/wrong\.yaml has 2 problems:\n {2}test/);
    expect(err).toContain('run `tocsin check`');
    expect(calls).toEqual([]);
    expect(code).toBe(2);
  });

  it('fails with 1 when a role cannot start', async () => {
    const { code, err } = await run(['start', 'collector', ...EXAMPLE], {}, { env: {} });
    expect(err).toContain('tocsin start: runRoles was started');
    expect(code).toBe(1);
  });
});

describe('dev and demo', () => {
  it('dev without a configuration runs the example for this machine', async () => {
    const seen: unknown[] = [];
    await run(
      ['dev'],
      {},
      {
        env: {},
        wire: {
          runDev: async ({ configAt, dataDir }) => {
            const { targets, postgres } = configAt(SERVERS);
            seen.push([targets.map(({ type }) => type), postgres.url.reveal(), dataDir]);
          },
        },
      },
    );
    expect(seen).toEqual([[['host'], SERVERS.TOCSIN_POSTGRES, `${process.cwd()}/.tocsin`]]);
  });

  it('dev reports what is wrong with its file before anything is started', async () => {
    const { code, err, calls } = await run(['dev', '--config', 'test/unit/cli/wrong.yaml'], {}, { env: {} });
    expect(err).toMatch(/^tocsin dev: test\/unit\/cli\/wrong\.yaml has 2 problems:/);
    expect([code, calls]).toEqual([2, []]);
  });

  it('dev fills a target from the server that it has started', async () => {
    const urls: (string | undefined)[] = [];
    const wire: Partial<Wiring> = {
      runDev: async ({ configAt }) => void urls.push(configAt(SERVERS).targets[0]!.url?.reveal()),
    };
    await run(['dev', '--config', 'examples/tutorial.yaml'], {}, { env: {}, wire });
    expect(urls).toEqual([SERVERS.TOCSIN_POSTGRES]);
  });

  it.each([
    [true, 0],
    [false, 1],
  ])('a demo whose steps happened: %s ends with %d', async (happened, expected) => {
    const wire = {
      runDemo: async ({ print }: { print: (line: string) => void }) => (print('step'), happened),
    };
    const { code, out } = await run(['demo'], {}, { wire });
    expect(out).toBe('step');
    expect(code).toBe(expected);
  });
});

describe('beside a running dev', () => {
  const dev = (file: string) => ({ runningDev: () => ({ file: resolve(file), environment: SERVERS }) });
  const addressesOf = async (args: readonly string[], more: Partial<Context>): Promise<unknown> => {
    let seen: unknown;
    const openOperator: Wiring['openOperator'] = async ({ file, kafka, temporal, postgres }) => {
      seen = [file, kafka.brokers.join(), temporal.address, postgres.url.reveal()];
      throw new Error('seen');
    };
    await run(['alerts', 'list', ...args], {}, { ...more, wire: { openOperator } });
    return seen;
  };
  const ofDev = Object.values(SERVERS);

  it('commands find its servers and its configuration', async () => {
    const env = {};
    const here = dev('examples/dev.yaml');
    expect(await addressesOf([], { env, ...here })).toEqual([resolve('examples/dev.yaml'), ...ofDev]);
    const same = ['--config', 'examples/tutorial.yaml'];
    expect(await addressesOf(same, { env, ...dev('examples/tutorial.yaml') })).toEqual([same[1], ...ofDev]);
    expect((await run(['targets', 'list'], {}, { env, ...here })).out).toContain('this-machine');
  });

  it('its servers are found also where its file needs more than this terminal has', async () => {
    expect(await addressesOf([], { env: {}, ...dev('examples/demo.yaml') })).toEqual([null, ...ofDev]);
  });

  it('another file, and what the environment says, go before it', async () => {
    const other = ['--config', 'examples/tutorial.yaml'];
    const usual = ['127.0.0.1:9092', '127.0.0.1:7233', 'postgres://postgres@127.0.0.1:5432/tocsin'];
    expect(await addressesOf(other, { env: {}, ...dev('examples/dev.yaml') })).toEqual([other[1], ...usual]);
    const env = { TOCSIN_TEMPORAL: 'temporal:7233' };
    expect(await addressesOf([], { env, ...dev('examples/dev.yaml') })).toContain('temporal:7233');
  });
});

describe('rules', () => {
  it('lists each with its condition', async () => {
    const { out } = await run(['rules', 'list', ...EXAMPLE], {}, { env: {} });
    expect(out).toMatch(/^NAME +KIND +SEVERITY +FOR +MODE +GROUP +FILE +EXPRESSION\n/);
    expect(out).toMatch(
      /^PostgresConnectionsHigh +alert +critical +30s +active +postgres +rules\/postgres.yaml +connections_used_percent\{database_type="postgresql"\} > 85, until .{10,50}…$/m,
    );
    expect(out).toMatch(/^OrdersDiskFillsUp .* predict_linear\(disk_usage_percent\[2h\], 21600\) > 95/m);
  });

  it('gives conditions room in a terminal, and no more than a line of it elsewhere', async () => {
    const terminal = await run(['rules', 'list', ...EXAMPLE], {}, { env: {}, width: 120 });
    const [head, ...lines] = terminal.out.split('\n');
    expect(Math.max(...lines.map((line) => line.length)) - head!.indexOf('EXPRESSION')).toBeGreaterThan(20);
    const piped = await run(['rules', 'list', ...EXAMPLE], {}, { env: {} });
    expect(Math.max(...piped.out.split('\n').map((line) => line.length))).toBeLessThan(220);
  });

  it('explains when a rule fires and recovers, and who is told then', async () => {
    const { out } = await run(['rules', 'explain', 'HostCpuHigh', ...EXAMPLE], {}, { env: {} });
    const cpu = 'avg_over_time(cpu_usage_percent{database_type="host"}[5m])';
    expect(out).toContain('HostCpuHigh  warning  (group host of rules/host.yaml, ');
    expect(out).toContain(`Expression  ${cpu} > 70`);
    expect(out).toContain('Evaluated   every 15s');
    expect(out).toContain('Fires       when the expression yields something 3 times in a row\n');
    expect(out).toContain('Not while   the critical rule of the same name fires for the same series');
    expect(out).toContain(`Recovers    when ${cpu} <= 65 holds`);
    expect(out).toContain('No data     decides nothing: the alert stays as it is');
    expect(out).toContain('Quiet       for 5m after a resolve by hand');
    expect(out).toContain(
      'Tells       notification-service after remediation, at the latest after 30s; hook at once',
    );
    expect(out).toContain(
      'Escalates   default: on_call_dba after 0s, senior_dba after 15m, engineering_manager after 45m',
    );
    expect(out).toContain('  Written (threshold)\n    name: HostCpuHigh\n    metric: cpu_usage_percent\n');
    expect(out.match(/HostCpuHigh {2}/g)).toHaveLength(2);
  });

  it('explains what stands beside the condition', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tocsin-explain-'));
    const config = join(folder, 'tocsin.yaml');
    writeFileSync(
      config,
      `receivers: [{ name: hook, type: webhook, url: 'http://127.0.0.1/' }, { name: dba, type: webhook, url: 'http://127.0.0.1/' }]
route: { receivers: [hook] }
evaluate: { interval: 30s }
escalation: [{ name: pg, matchers: ['database_type="postgresql"'], levels: [{ name: first, receivers: [dba], timeout: 5m }] }]
rules:
  - { name: Full, metric: m, threshold: 9, matchers: ['database_type="postgresql"'], for: 1m, occurrences: 3 of 5, cooldown: 2m,
      flapping: { low: 25%, high: 50%, window: 10m }, no_data: alert, evaluation_delay: 1m, receivers: [dba], unit: MB }
  - { name: Quiet, metric: m, threshold: 9, mode: shadow }
`,
    );
    try {
      const { out } = await run(['rules', 'explain', 'Full', '--config', config], {}, { env: {} });
      expect(out).toContain('Evaluated   every 30s, as of 1m ago');
      expect(out).toContain(
        'Fires       when the expression yields something in 3 of its last 5 evaluations, and has been for 1m',
      );
      expect(out).toContain('Recovers    when it yields nothing more');
      expect(out).toContain(
        'Flaps       when more than 50% of the evaluations of 10m change it, until fewer than 25% do',
      );
      expect(out).toContain('No data     counts as a breach');
      expect(out).toContain('Quiet       for 2m after a resolve');
      expect(out).toContain('Unit        MB');
      expect(out).toContain('Tells       dba at once');
      expect(out).toContain('Escalates   pg: first after 0s');
      const quiet = await run(['rules', 'explain', 'Quiet', '--config', config], {}, { env: {} });
      expect(quiet.out).toContain('Mode        shadow: it is evaluated and recorded, and nobody is told');
      expect(quiet.out).toContain('Tells       nobody');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('suggests the name that was meant', async () => {
    const { code, err } = await run(['rules', 'explain', 'HostCpuHihg', ...EXAMPLE], {}, { env: {} });
    expect(err).toContain('did you mean "HostCpuHigh"?');
    expect(code).toBe(2);
  });

  it('gives programs milliseconds', async () => {
    const { out } = await run(
      ['rules', 'explain', 'postgres/PostgresConnectionsHigh', '--json', ...EXAMPLE],
      {},
      { env: {} },
    );
    expect(JSON.parse(out)).toMatchObject([
      { severity: 'critical', expr: expect.stringMatching(/> 85$/) as string, inhibited_by: null },
      {
        ...{ severity: 'warning', for_ms: 30_000, inhibited_by: 'critical', no_data: 'keep' },
        written: { form: 'threshold' },
      },
    ]);
  });
});

describe('targets list', () => {
  const env = { PROD_DB_URL: 'postgres://app:s3cret@db:5432/orders' };
  it('shows addresses without their secrets', async () => {
    const { out } = await run(['targets', 'list', ...EXAMPLE], {}, { env });
    expect(out).toMatch(
      /^prod-db-01 +postgresql +production +default +allowed +postgres:\/\/app:\*\*\*@db:5432\/orders +region=us-east-1 service=orders owner=dba$/m,
    );
    expect(out).toMatch(/^app-host-01 +host +production +default +allowed +this machine$/m);
    expect((await run(['targets', 'list', '--json', ...EXAMPLE], {}, { env })).out).not.toContain('s3cret');
  });
});

describe('help', () => {
  const commands = [
    [],
    ['dev'],
    ['start'],
    ['demo'],
    ['check'],
    ['alerts'],
    ...['list', 'show', 'ack', 'unack', 'silence', 'unsilence', 'resolve', 'escalate'].map((name) => [
      'alerts',
      name,
    ]),
    ['rules', 'list'],
    ['rules', 'explain'],
    ['targets', 'list'],
  ];
  it.each(commands.map((command) => [command]))('%j has examples', async (command) => {
    const { code, out } = await run([...command, '--help']);
    expect(out).toContain('Examples:\n  $ tocsin');
    expect(code).toBe(0);
  });

  it('is shown with the exit codes and every command of the manual', async () => {
    const { out } = await run(['--help']);
    expect(out).toContain('2  the command line or the configuration is wrong; nothing was started');
    const manual = readFileSync('docs/cli.md', 'utf8');
    const names = [...out.matchAll(/^ {2}([a-z]+) /gm)]
      .map(([, name]) => name!)
      .filter((name) => !['help'].includes(name));
    expect(names).toEqual(
      expect.arrayContaining([
        'dev',
        'start',
        'demo',
        'check',
        'alerts',
        'rules',
        'generate',
        'send',
        'targets',
        'version',
      ]),
    );
    for (const name of names) expect(manual).toContain(`tocsin ${name}`);
  });
});

describe('version', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  it('is that of the package', async () => {
    expect((await run(['version'])).out).toBe(`tocsin ${version} (Node ${process.version})`);
    expect((await run(['--version'])).out).toBe(version);
    expect(JSON.parse((await run(['version', '--json'])).out)).toEqual({
      tocsin: version,
      node: process.version,
    });
  });
});

describe('colours', () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ])('with %j on a terminal %s: %s', (env, terminal, wanted) => {
    expect(wantsColour(env, terminal)).toBe(wanted);
  });
});
