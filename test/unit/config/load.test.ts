import { alertsIn } from '../../builders/rules';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createLogger } from '../../../src/observe/observe';
import { checkConfig, loadConfig } from '../../../src/config/load';
import type { Known } from '../../../src/config/cross-checks';
import { ConfigInvalid, problemText } from '../../../src/config/problems';
import { input } from '../../../src/domain/runbook';

const load = (text: string, env: Record<string, string> = {}) =>
  loadConfig({ text, path: 'tocsin.yaml' }, env);
const problems = (text: string, env: Record<string, string> = {}, known: Known = {}) =>
  checkConfig({ text, path: 'tocsin.yaml' }, env, known).problems;
const errors = (text: string, env: Record<string, string> = {}, known: Known = {}) =>
  problems(text, env, known)
    .filter(({ level }) => level === 'error')
    .map(problemText);

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'tocsin-config-'))));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};

describe('YAML that stands for no plain value', () => {
  it.each([
    ['an alias of nothing', 'instance: *nobody', 'Unresolved alias'],
    ['an alias within itself', 'targets: &x [*x]', ''],
    [
      'a bomb',
      ['a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]']
        .concat(['b', 'c', 'd', 'e'].map((name, at) => `${name}: &${name} [${`*${'abcd'[at]},`.repeat(9)}]`))
        .join('\n'),
      'Excessive alias count',
    ],
  ])('%s is one problem of the file', (_name, text, words) => {
    const [first, ...others] = problems(text);
    expect(others).toEqual([]);
    expect(problemText(first!)).toMatch(new RegExp(`^tocsin.yaml: is not valid YAML: .*${words}`));
  });
});

describe('problems of form and of meaning', () => {
  const text = [
    'kafka: { broker: [a] }',
    "targets: [{ name: db, type: postgresql, url: '${NOT_SET}' }]",
    'rules:',
    "  - { name: A, metric: up, operator: '=>', threshold: 80 }",
    '  - { name: B, metric: upp, threshold: 80, severity: low }',
    '  - { name: B, metric: up, threshold: 80, runbook: nobody }',
    'rule_files: [missing.yaml]',
    'receivers:',
    '  - { name: hook, type: webhok }',
    "  - { name: mail, type: webhook, url: 'ftp://h' }",
    'route: { receivers: [hok, hook] }',
    'cooldown: soon',
  ].join('\n');

  it('are told in one run, each in its place', () => {
    const found = problems(text, {}, { metrics: [{ name: 'up' }], runbooks: [] });
    expect(found.map(({ path, line }) => [line, path])).toEqual([
      [1, 'kafka.broker'],
      [2, 'targets[0].url'],
      [4, 'rules[0].operator'],
      [5, 'rules[1].metric'],
      [6, 'rules[2].name'],
      [6, 'rules[2].runbook'],
      [7, 'rule_files[0]'],
      [9, 'receivers[0].type'],
      [10, 'receivers[1].url'],
      [11, 'route.receivers[0]'],
      [12, 'cooldown'],
    ]);
  });

  it('of a rule file too, and the wrong rule hides no other', () => {
    const path = file('some/rules.yaml', 'rules: [{ name: A }, { name: B, metric: upp, threshold: 1 }]');
    const found = problems(`rule_files: ['${path}']`, {}, { metrics: [{ name: 'up' }] });
    expect(found.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['rules[0].metric', 'rules[1].metric']),
    );
  });

  it('stop at nothing: neither a text nor a list is a configuration', () => {
    for (const whole of ['just a text', '[1, 2]', '5']) expect(errors(whole)).toHaveLength(1);
  });
});

describe('the alertmanager.yml that is named', () => {
  const named = (text: string) => `alertmanager: { file: ${file('alertmanager.yml', text)} }`;

  it('is checked too, each problem with its place in it', () => {
    const [found, ...others] = problems(named('route:\n  receiver: nobody\nreceivers: [{ name: team }]'));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ level: 'error', path: 'route.receiver', line: 2 });
    expect(found!.file).toMatch(/alertmanager\.yml$/);
    expect(errors('alertmanager: { file: missing.yml }')).toEqual([
      expect.stringContaining('alertmanager.file: "missing.yml" does not exist'),
    ]);
  });

  it('is muted by targets that are down for an hour at most', () => {
    const text = named('route: { receiver: team }\nreceivers: [{ name: team }]').replace(
      ' }',
      ', target_down: WORD }',
    );
    expect(load(text.replace('WORD', '10m')).alertmanager!.targetDownMs).toBe(600_000);
    expect(load(text.replace('WORD', 'off')).alertmanager!.targetDownMs).toBeNull();
    expect(errors(text.replace('WORD', '2h'))).toEqual([expect.stringContaining('at most 1h')]);
  });

  it('tells who is told: route.receivers may be empty then', () => {
    const text = named('route: { receiver: team }\nreceivers: [{ name: team }]');
    expect(problems(text)).toEqual([]);
    expect(load(text).alertmanager).toEqual({
      file: join(folder, 'alertmanager.yml'),
      receivers: ['team'],
      targetDownMs: 3_600_000,
      stormReceiver: null,
      policies: [],
    });
  });

  it('has links in its messages that lead somewhere: without external_url there is a warning', () => {
    const receivers = (configs: string) =>
      named(`route: { receiver: team }\nreceivers: [{ name: team, ${configs} }]`);
    const slack = receivers("slack_configs: [{ api_url: 'https://slack.example.com', channel: ops }]");
    expect(problems(slack)).toMatchObject([
      { level: 'warning', path: 'alertmanager', message: expect.stringContaining('set external_url') },
    ]);
    expect(problems(`external_url: https://karma.example.com\n${slack}`)).toEqual([]);
    expect(problems(receivers("webhook_configs: [{ url: 'https://hook.example.com' }]"))).toEqual([]);
  });

  it('names who hears the summary of a storm, of its own receivers', () => {
    const text = named('route: { receiver: team }\nreceivers: [{ name: team }, { name: ops }]').replace(
      ' }',
      ', storm_summary: WORD }',
    );
    expect(load(text.replace('WORD', 'ops')).alertmanager!.stormReceiver).toBe('ops');
    expect(errors(text.replace('WORD', 'opps'))).toEqual([
      expect.stringMatching(
        /alertmanager\.storm_summary: "opps" is no receiver of \S*alertmanager\.yml; did you mean "ops"\?; accepted: team, ops$/,
      ),
    ]);
  });
});

describe('what is said of receivers of the alertmanager.yml', () => {
  const HOOK = 'webhook_configs: [{ url: http://h/ }]';
  const said = (receivers: string) =>
    `alertmanager:\n  file: ${file('alertmanager.yml', `route: { receiver: pager }\nreceivers: [{ name: pager, ${HOOK} }, { name: mails, ${HOOK} }]`)}\n  receivers: ${receivers}`;

  it('is their fallback and their rate limit', () => {
    const text = said(
      '[{ name: pager, fallback: mails, rate_limit: { messages: 30, per: 1m } }, { name: mails }]',
    );
    expect(problems(text)).toEqual([]);
    expect(load(text).alertmanager!.policies).toEqual([
      {
        ...{ name: 'pager', fallback: 'mails', fallbackAfterMs: 60_000 },
        rateLimit: { messages: 30, perMs: 60_000 },
      },
      { name: 'mails', fallback: null, fallbackAfterMs: null, rateLimit: null },
    ]);
  });

  it.each([
    [
      '[{ name: pagr }]',
      /receivers\[0\]\.name: "pagr" is no receiver of \S+; did you mean "pager"\?; accepted: pager, mails$/,
    ],
    [
      '[{ name: pager, fallback: mail }]',
      /receivers\[0\]\.fallback: "mail" is no receiver of \S+; did you mean "mails"/,
    ],
    ['[{ name: pager, fallback: pager }]', /receivers\[0\]\.fallback: "pager" is the receiver itself$/],
    [
      '[{ name: pager }, { name: pager }]',
      /receivers\[1\]\.name: "pager" is the name of alertmanager\.receivers\[0\] already$/,
    ],
    [
      '[{ name: pager, rate_limit: { messages: 0, per: 1m } }]',
      /receivers\[0\]\.rate_limit\.messages: 0 is not accepted/,
    ],
    [
      '[{ name: pager, rate_limit: { messages: 1, per: 2d } }]',
      /receivers\[0\]\.rate_limit\.per: "?2d"? is not accepted/,
    ],
  ])('%s is refused, with its place', (receivers, why) => {
    expect(errors(said(receivers))).toEqual([expect.stringMatching(why)]);
  });

  it('leads round in no circle', () => {
    const text = said('[{ name: pager, fallback: mails }, { name: mails, fallback: pager }]');
    expect(errors(text)).toEqual([
      expect.stringMatching(/receivers\[0\]\.fallback: "mails" leads back to itself: pager → mails → pager$/),
      expect.stringMatching(/receivers\[1\]\.fallback: "pager" leads back to itself: mails → pager → mails$/),
    ]);
  });

  it('has a time that is never used without a fallback', () => {
    expect(problems(said('[{ name: pager, fallback_after: 5s }]')).map(problemText)).toEqual([
      expect.stringContaining(
        'receivers[0].fallback_after: warning: is never used: the receiver has no fallback',
      ),
    ]);
  });
});

describe('a duration', () => {
  it("beyond what Node's timers can wait for is refused", () => {
    expect(errors('acknowledge: { lease: 30d }')).toEqual([expect.stringContaining('at most 24d')]);
    expect(load('acknowledge: { lease: 24d }').acknowledgeLeaseMs).toBe(24 * 86_400_000);
  });
});

describe('an empty file', () => {
  it('gives the defaults, frozen all the way down', () => {
    const config = load('');
    expect(config).toMatchObject({
      instance: '',
      environment: 'production',
      targets: [],
      cooldownMs: 300_000,
    });
    expect(config.collect.limits).toEqual({
      poolMin: 2,
      poolMax: 10,
      idleMs: 300_000,
      acquireMs: 10_000,
      statementMs: 30_000,
      failureThreshold: 3,
      resetMs: 60_000,
    });
    expect(config.notify.breaker).toEqual({ failureThreshold: 5, resetMs: 60_000, successThreshold: 2 });
    expect(() => ((config.kafka as { clientId: string }).clientId = 'x')).toThrow(TypeError);
    expect(() => (config.kafka.brokers as string[]).push('x')).toThrow(TypeError);
  });

  it('warns that nobody is told', () => {
    expect(problems('').map(problemText)).toEqual(
      ['route.receivers: warning: is empty: nobody is told when an alert fires'].map(
        (text) => `tocsin.yaml: ${text}`,
      ),
    );
  });
});

describe('what templates read of the outside', () => {
  it('is nothing by default, and otherwise what the file says', () => {
    expect(load('')).toMatchObject({ externalLabels: {}, externalUrl: '' });
    expect(load('{ external_labels: { cluster: eu }, external_url: https://tocsin.example }')).toMatchObject({
      externalLabels: { cluster: 'eu' },
      externalUrl: 'https://tocsin.example',
    });
  });

  it('has the form of labels and of an address', () => {
    expect(errors('{ external_labels: { "a-b": x }, external_url: tocsin }')).toEqual([
      expect.stringContaining('external_labels'),
      expect.stringContaining('external_url: "tocsin" is not accepted; accepted: an http or https URL'),
    ]);
  });
});

describe('every problem of a file', () => {
  const text = `
kafka: { broker: [a:1], brokers: [] }
http: { port: 99999 }
cooldown: soon
targets:
  - { name: "a b", type: postgres, url: "postgres://u:s3cret@h/d" }
rules:
  - name: R
    metric: cpu
    operator: "=>"
    threshold: 1
  - { metric: cpu, threshold: many }
log: { level: chatty }
rutes: {}
`;

  it('is reported at once, with path, value, what is accepted, line and column', () => {
    const { problems } = checkConfig({ text, path: 'tocsin.yaml' }, {});
    expect(problems.map(({ path, line, column }) => [path, line, column])).toEqual(
      expect.arrayContaining([
        ['kafka.broker', 2, 10],
        ['kafka.brokers', 2, 25],
        ['http.port', 3, 9],
        ['cooldown', 4, 1],
        ['targets[0].name', 6, 7],
        ['targets[0].type', 6, 20],
        ['rules[0].operator', 10, 5],
        ['rules[1].name', 12, 5],
        ['rules[1].threshold', 12, 20],
        ['log.level', 13, 8],
        ['rutes', 14, 1],
      ]),
    );
    // The twelfth is the warning that nobody is told.
    expect(problems).toHaveLength(12);
    const at = (path: string) => problems.find((problem) => problem.path === path)!;
    expect(problemText(at('rules[0].operator'))).toBe(
      'tocsin.yaml:10:5: group "default", rule "R": rules[0].operator: "=>" is not accepted; accepted: >, >=, <, <=, ==, !=',
    );
    expect(problemText(at('http.port'))).toBe(
      'tocsin.yaml:3:9: http.port: 99999 is not accepted; accepted: a whole number from 0 to 65535',
    );
    expect(problemText(at('kafka.broker'))).toBe(
      'tocsin.yaml:2:10: kafka.broker: is not a key here; did you mean "brokers"?; accepted: brokers, client_id, development, tls, sasl',
    );
    expect(at('rutes').suggestion).toBe('rules');
    expect(at('rules[1].name').message).toBe('is missing');
  });

  it('reaches the caller as one error with the code of a bad configuration, without secrets', () => {
    const error = (() => {
      try {
        load(text);
      } catch (thrown) {
        return thrown as ConfigInvalid;
      }
      throw new Error('it was accepted');
    })();
    expect(error).toBeInstanceOf(ConfigInvalid);
    expect(error.code).toBe('TOC_CONFIG_INVALID');
    expect(error.message).toMatch(/^tocsin\.yaml has 11 problems:\n/);
    expect(error.message).not.toContain('s3cret');
    expect(error.message.split('\n')).toHaveLength(12);
  });

  it.each([
    [
      'a list instead of a mapping',
      'kafka: []',
      'tocsin.yaml:1:1: kafka: a list is not accepted; accepted: a mapping of keys to values',
    ],
    [
      'a text instead of a list',
      'rules: none',
      'tocsin.yaml:1:1: rules: "none" is not accepted; accepted: a list',
    ],
    [
      'an empty value',
      'http:\n  host:\n',
      'tocsin.yaml:2:3: http.host: is empty; accepted: an address to listen on',
    ],
    [
      'a file that is no mapping',
      '[1]',
      'tocsin.yaml:1:1: a list is not accepted; accepted: a mapping of keys to values',
    ],
    ['bad YAML', 'a: [', expect.stringMatching(/^tocsin\.yaml:1:5: is not valid YAML: /) as string],
    [
      'a key that stands twice',
      'http: {}\nhttp: {}',
      expect.stringMatching(/^tocsin\.yaml:2:1: is not valid YAML: .*unique/) as string,
    ],
    [
      'a receiver of an unknown type',
      'receivers: [{ name: a, type: e-mail }]',
      'tocsin.yaml:1:24: receivers[0].type: "e-mail" is not accepted; did you mean "email"?; accepted: notification_service, webhook, email, pagerduty, slack, incident_room, sms, voice',
    ],
    [
      "a key of another receiver's type",
      'receivers: [{ name: a, type: webhook, url: "http://h/", routing_kye: x }]',
      'tocsin.yaml:1:57: receivers[0].routing_kye: is not a key here; accepted: type, name, deadline, send_resolved, fallback, fallback_after, rate_limit, timeout, notify_after, send_acknowledged, url, headers, signing_secrets, tls',
    ],
    [
      'an audit more often than a server takes',
      'audit: { every: 100ms }',
      'tocsin.yaml:1:10: audit.every: "100ms" is not accepted; accepted: a duration such as 30s, 5m, 1h30m or 1000ms (a bare number means seconds), at least 1s, or off',
    ],
    [
      'a heartbeat to nowhere',
      'audit: { heartbeat: { url: "hc.example/ping" } }',
      'tocsin.yaml:1:23: audit.heartbeat.url: *** is no web address; accepted: an http or https URL',
    ],
    [
      'a heartbeat without audits',
      'audit: { every: off, heartbeat: { url: "https://hc.example/ping" } }',
      'tocsin.yaml:1:35: audit.heartbeat.url: is never told anything while audit.every is off',
    ],
  ])('%s', (_what, text, expected) => {
    expect(errors(text)).toEqual([expected]);
  });

  it('says so when the file is not there', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'), {})).toThrow(/none\.yaml: does not exist/);
  });
});

describe('the environment', () => {
  it('fills in variables, defaults where they are absent or empty, and literals', () => {
    const config = load(
      'environment: "${ENVIRONMENT}"\nhttp: { port: "${PORT:-9000}", host: "${HOST:-127.0.0.1}" }\nroute: {}\nrules: [{ name: "$${X} ${A}-${B:-b}", metric: m, threshold: "${LIMIT}" }]',
      { ENVIRONMENT: 'staging', PORT: '', HOST: 'localhost', A: 'a', LIMIT: '90' },
    );
    expect(config).toMatchObject({ environment: 'staging', http: { port: 9000, host: 'localhost' } });
    expect(alertsIn(config)[0]).toMatchObject({ name: '${X} a-b', expr: 'm > 90' });
  });

  it('cannot change the structure of the file', () => {
    const config = load('rules: [{ name: "${N}", metric: m, threshold: 1 }]', { N: 'x, metric: y }] #\n- ' });
    expect(alertsIn(config)[0]!.name).toBe('x, metric: y }] #\n- ');
  });

  it('reports each variable that is not set, and nothing else about its value', () => {
    expect(errors('http: { port: "${PORT}" }\npostgres: { url: "${DB}" }')).toEqual([
      'tocsin.yaml:1:9: http.port: needs the environment variable PORT, which is not set',
      'tocsin.yaml:2:13: postgres.url: needs the environment variable DB, which is not set',
    ]);
  });

  it('refuses a reference that it cannot read', () => {
    expect(errors('environment: "${A-b}"')[0]).toContain(
      'has a reference that cannot be read: ${A-b}; accepted: ${NAME}',
    );
  });

  it('shows the reference and never the value that a variable holds', () => {
    const [problem] = errors('http: { port: "${PASSWORD}" }', { PASSWORD: 's3cret' });
    expect(problem).toBe(
      'tocsin.yaml:1:9: http.port: "${PASSWORD}" is not accepted; accepted: a whole number from 0 to 65535',
    );
  });
});

describe('secrets', () => {
  const text = (url: string) => `targets: [{ name: t, type: postgresql, url: ${url} }]`;

  it('are revealed where they are used and shown nowhere', () => {
    const config = load(text('"${DB}"'), { DB: 'postgres://u:s3cret@h/d' });
    expect(config.targets[0]!.url!.reveal()).toBe('postgres://u:s3cret@h/d');
    const lines: string[] = [];
    createLogger({ destination: { write: (line: string) => void lines.push(line) } }).info(
      { config },
      `${String(config.targets[0]!.url)}`,
    );
    for (const shown of [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${String(config.targets[0]!.url)}`,
      ...lines,
    ]) {
      expect(shown).not.toContain('s3cret');
      expect(shown).toContain('***');
    }
  });

  it('are read from a file beside the configuration on every use', () => {
    file('db.secret', 'postgres://u:one@h/d\n');
    const config = loadConfig(file('tocsin.yaml', text('{ file: db.secret }')), {});
    expect(config.targets[0]!.url!.reveal()).toBe('postgres://u:one@h/d');
    file('db.secret', 'postgres://u:two@h/d');
    expect(config.targets[0]!.url!.reveal()).toBe('postgres://u:two@h/d');
  });

  it('in a file that is not there are a problem at once', () => {
    expect(errors(text('{ file: nowhere/db.secret }'))).toEqual([
      'tocsin.yaml:1:47: targets[0].url.file: "nowhere/db.secret" does not exist',
    ]);
  });

  it('of the wrong form are not quoted', () => {
    expect(errors(text('{ path: s3cret }'))[0]).toMatch(
      /^tocsin\.yaml:1:40: targets\[0\]\.url: \*\*\* is not accepted; accepted: a connection URL/,
    );
    expect(errors(text('mysql://u:s3cret@h'))[0]).toBe(
      'tocsin.yaml:1:40: targets[0].url: *** is no URL of postgresql; accepted: postgres://…, postgresql://…',
    );
  });
});

describe('the address of Postgres', () => {
  it('has to be one of Postgres, and is not quoted', () => {
    expect(errors('postgres: { url: "s3cret" }')).toEqual([
      'tocsin.yaml:1:13: postgres.url: *** is no URL of postgresql; accepted: postgres://…, postgresql://…',
    ]);
  });
});

describe('names that refer to others', () => {
  const receivers = `
receivers:
  - { name: a, type: webhook, url: "http://h/", fallback: b }
  - { name: b, type: webhook, url: "http://h/", fallback: c }
  - { name: c, type: webhook, url: "http://h/", fallback: a }
  - { name: d, type: webhook, url: "http://h/", fallback: d }
  - { name: e, type: webhook, url: "http://h/", fallback: f }
  - { name: a, type: webhook, url: "http://h/" }
  - { name: to-loop, type: webhook, url: "http://h/", fallback: b }
`;
  it('have to exist, and fallbacks must not go round in a circle', () => {
    const found = errors(
      `${receivers}route: { receivers: [a, oncal] }\nescalation: [{ name: x, levels: [{ name: l1, receivers: [dd], timeout: 1s }] }]`,
    );
    expect(found.map((text) => text.replace(/^tocsin\.yaml:\d+:\d+: /, ''))).toEqual(
      expect.arrayContaining([
        'receivers[5].name: "a" is the name of receivers[0] already',
        'route.receivers[1]: "oncal" is no receiver; accepted: a, b, c, d, e, a, to-loop',
        expect.stringMatching(
          /^escalation\[0\]\.levels\[0\]\.receivers\[0\]: "dd" is no receiver; did you mean "\w"\?/,
        ),
        'receivers[3].fallback: "d" is the receiver itself',
        expect.stringMatching(/^receivers\[4\]\.fallback: "f" is no receiver/),
      ]),
    );
  });

  it('a fallback has its turn after a minute, unless the file says otherwise; without one there is no turn', () => {
    const text = `receivers:
  - { name: a, type: webhook, url: "http://h/", fallback: d }
  - { name: b, type: webhook, url: "http://h/", fallback: d, fallback_after: off }
  - { name: c, type: webhook, url: "http://h/", fallback: d, fallback_after: 10s }
  - { name: d, type: webhook, url: "http://h/", fallback_after: 10s }
`;
    const config = loadConfig(file('fallback.yaml', text), {});
    expect(config.receivers.map(({ fallbackAfterMs }) => fallbackAfterMs)).toEqual([
      60_000,
      null,
      10_000,
      null,
    ]);
    expect(problems(text).map(problemText)).toContain(
      'tocsin.yaml:5:49: receivers[3].fallback_after: warning: is never used: the receiver has no fallback',
    );
  });

  it('less than a second would give up on what is only on its way', () => {
    const text = `receivers: [{ name: a, type: webhook, url: "http://h/", fallback_after: 999ms }]
route: { receivers: [a] }
notify: { undelivered_after: 999ms }`;
    expect(problems(text).map(({ path, accepted }) => [path, accepted])).toEqual([
      ['receivers[0].fallback_after', expect.stringMatching(/, at least 1s, or off$/)],
      ['notify.undelivered_after', expect.stringMatching(/, at least 1s, or off$/)],
    ]);
  });

  it('shows the way of a circle', () => {
    const circle = receivers.replace(/ {2}- \{ name: a, type: webhook, url: "http:\/\/h\/" \}\n/, '');
    const found = errors(circle).filter((text) => text.includes('leads back'));
    expect(found).toHaveLength(3);
    expect(found[0]).toContain('receivers[0].fallback: "b" leads back to itself: a → b → c → a');
  });

  it('are checked against the runbooks, metrics and metric groups that are there', () => {
    const known: Known = {
      runbooks: [
        {
          name: 'terminate-idle-sessions',
          inputs: { max_sessions: input.integer({ description: '', default: 5, min: 1, max: 20 }) },
        },
      ],
      metrics: [{ name: 'connections_used_percent', unit: 'percent' }],
      groups: { postgresql: ['connections'] },
    };
    const text = `
rules:
  - { name: r, metric: conections_used_percent, threshold: 1, runbook: terminate-idle-session }
remediation:
  environments: [production]
  runbooks:
    terminate-idle-sessions: { inputs: { max_sessions: 50, max_session: 1 } }
    restart: {}
targets: [{ name: t, type: postgresql, url: "postgres://h/d", intervals: { connection: 5s } }]
route: { receivers: [] }
`;
    const found = problems(text, {}, known)
      .map(problemText)
      .map((line) => line.replace(/^tocsin\.yaml:\d+:\d+: /, ''));
    expect(found).toEqual(
      expect.arrayContaining([
        'group "default", rule "r": rules[0].runbook: "terminate-idle-session" is no runbook; did you mean "terminate-idle-sessions"?; accepted: terminate-idle-sessions',
        'group "default", rule "r": rules[0].metric: warning: "conections_used_percent" is no metric that Tocsin collects; the rule waits for another sender of it; did you mean "connections_used_percent"?',
        'remediation.runbooks.terminate-idle-sessions.inputs.max_sessions: 50 is not a whole number from 1 to 20',
        'remediation.runbooks.terminate-idle-sessions.inputs.max_session: "max_session" is no input of terminate-idle-sessions; did you mean "max_sessions"?; accepted: max_sessions',
        'remediation.runbooks.restart: "restart" is no runbook; accepted: terminate-idle-sessions',
        'targets[0].intervals.connection: "connection" is no metric group; did you mean "connections"?; accepted: connections',
      ]),
    );
  });
});

describe('addresses', () => {
  it('beyond the loopback one are warned of', () => {
    const warned = problems(
      'http: { host: 0.0.0.0 }\nnotification_service: { listen: "10.1.2.3:9480" }',
    ).filter(({ message }) => message.includes('other machines'));
    expect(warned.map(({ path, level }) => [path, level])).toEqual([
      ['http.host', 'warning'],
      ['notification_service.listen', 'warning'],
    ]);
    const quiet = problems('http: { host: "::1" }\nnotification_service: { listen: "[::1]:9480" }').filter(
      ({ message }) => message.includes('other machines'),
    );
    expect(quiet).toEqual([]);
  });
});

describe('what the rooms are handed', () => {
  const config = load(
    `
environment: staging
collect: { intervals: { connections: 5s, cpu: 10s } }
targets:
  - { name: a, type: postgresql, url: "postgres://h/d", tags: { environment: production, team: 7 }, intervals: { connections: 2s } }
  - { name: b, type: host }
receivers:
  - { name: svc, type: notification_service, url: "http://127.0.0.1:9480", fallback: mail }
  - { name: hook, type: webhook, url: "http://127.0.0.1/x", headers: { Authorization: "Bearer \${T}" }, notify_after: enrich, deadline: 5s, send_resolved: false }
  - { name: mail, type: email, to: [a@b], from: "T <t@b>", smtp: { host: h, user: u, password: p } }
route: { receivers: [svc, hook, mail] }
escalation:
  - { name: pay, matchers: ['team="payments"'], delay: 1m, levels: [{ name: l1, receivers: [mail], timeout: 2s }] }
  - { name: rest, repeat: 2, levels: [{ name: l1, receivers: [mail], timeout: 15m }] }
acknowledge: { lease: 1h }
enrich: { providers: { recent_window: off, postgres_sessions: 1s } }
notification_service: { listen: "[::1]:9481" }
`,
    { T: 't0ken' },
  );

  it('targets carry their environment and merged intervals', () => {
    expect(config.targets[0]).toMatchObject({
      tags: { environment: 'production', team: '7' },
      environment: 'production',
      intervals: { connections: 2_000, cpu: 10_000 },
    });
    expect(config.targets[1]).toMatchObject({
      url: null,
      tags: { environment: 'staging' },
      environment: 'staging',
    });
  });

  it('pages say after which stage and how late', () => {
    expect(config.page).toEqual([
      { receiver: 'svc', notifyAfter: 'remediate', deadlineMs: 30_000 },
      { receiver: 'hook', notifyAfter: 'enrich', deadlineMs: 5_000 },
      { receiver: 'mail', notifyAfter: 'fire', deadlineMs: 0 },
    ]);
  });

  it('whoever does not refuse resolves may hear of them, whether paged or escalated to', () => {
    expect(config.resolveTo).toEqual(
      config.receivers.map(({ name }) => name).filter((name) => name !== 'hook'),
    );
  });

  it('receivers keep their secrets wrapped', () => {
    const hook = config.receivers[1]!;
    expect(hook.type === 'webhook' && hook.headers.Authorization!.reveal()).toBe('Bearer t0ken');
    expect(JSON.stringify(config.receivers)).not.toMatch(/t0ken|"p"/);
  });

  it('escalations, leases, budgets and addresses come in milliseconds and parts', () => {
    expect(config.escalations[0]).toEqual({
      matchers: [{ name: 'team', op: '=', value: 'payments' }],
      policy: {
        name: 'pay',
        delayMs: 60_000,
        repeat: 0,
        levels: [{ name: 'l1', receivers: ['mail'], timeoutMs: 2_000 }],
      },
    });
    expect(config.acknowledgeLeaseMs).toBe(3_600_000);
    expect(config.enrich).toEqual([
      { provider: 'related_alerts', budgetMs: 500 },
      { provider: 'postgres_sessions', budgetMs: 1_000 },
      { provider: 'postgres_blockers', budgetMs: 5_000 },
    ]);
    expect(config.notificationService).toMatchObject({ host: '::1', port: 9481 });
  });
});

describe('rule files', () => {
  const rule = (name: string, more = '') => `{ name: ${name}, metric: m, threshold: 1 ${more} }`;

  it('are found by pattern, named by their file, and each problem by its own place', () => {
    file('set/rules/one.yaml', `rules:\n  - ${rule('A')}\n`);
    file(
      'set/rules/deep/er/two.yaml',
      `group: custom\nrules:\n  - ${rule('A')}\n  - ${rule('B', ', severity: loud')}\n`,
    );
    file('set/rules/not.txt', 'no rules');
    const path = file('set/tocsin.yaml', `rule_files: ["rules/**/*.yaml"]\nrules: [${rule('A')}]`);
    const { problems } = checkConfig(path, {});
    expect(problems.filter(({ level }) => level === 'error').map(problemText)).toEqual([
      `rules/deep/er/two.yaml:4:42: group "custom", rule "B": rules[1].severity: "loud" is not accepted; accepted: critical, high, warning, medium, low, info`,
    ]);
    file('set/rules/deep/er/two.yaml', `group: custom\nrules: [${rule('A')}]`);
    expect(
      loadConfig(path, {})
        .ruleGroups.flatMap(({ name: group, rules }) => rules.map(({ name }) => `${group}/${name}`))
        .sort(),
    ).toEqual(['custom/A', 'default/A', 'one/A']);
  });

  it('must not name two rules of a group alike', () => {
    file('twice/a.yaml', `group: g\nrules: [${rule('A')}]`);
    file('twice/b.yaml', `group: g\nrules: [${rule('A')}]`);
    const path = file('twice/tocsin.yaml', 'rule_files: ["*.y?ml"]\nroute: {}\n');
    rmSync(path);
    const main = file('twice/tocsin.conf', 'rule_files: ["?.yaml"]');
    expect(
      checkConfig(main, {})
        .problems.filter(({ level }) => level === 'error')
        .map(problemText),
    ).toEqual([
      'b.yaml:2:11: group "g", rule "A": rules[0].name: "A" is in the group "g" already (a.yaml, rules[0])',
    ]);
  });

  it('that are not there are an error, and a warning where a pattern finds none', () => {
    const found = checkConfig(file('none/tocsin.yaml', 'rule_files: [rules.yaml, "x/*.yaml"]'), {}).problems;
    expect(found.map(({ level, path }) => [level, path])).toEqual(
      expect.arrayContaining([
        ['error', 'rule_files[0]'],
        ['warning', 'rule_files[1]'],
      ]),
    );
  });
});

describe('metrics far from their record time', () => {
  it('are corrected, and evaluated up to an hour late, where nothing is said', () => {
    expect(load('').evaluate).toMatchObject({
      maxSkewMs: 300_000,
      skewPolicy: 'correct',
      maxLateMs: 3_600_000,
      snapshotEveryMs: 60_000,
    });
  });

  it('go by what is said', () => {
    const text = 'evaluate: { max_skew: 10s, skew_policy: reject, max_late: 2h }';
    expect(load(text).evaluate).toMatchObject({
      maxSkewMs: 10_000,
      skewPolicy: 'reject',
      maxLateMs: 7_200_000,
    });
  });

  it('are no case for other words, nor for less than a minute', () => {
    const [policy, late] = errors('evaluate:\n  skew_policy: ignore\n  max_late: 5s');
    expect(policy).toContain('evaluate.skew_policy: "ignore" is not accepted; accepted: correct, reject');
    expect(late).toContain('evaluate.max_late');
  });
});

describe('servers of the environment', () => {
  const env = {
    TOCSIN_KAFKA: 'kafka-1:9092, kafka-2:9092',
    TOCSIN_TEMPORAL: 'temporal:7233',
    TOCSIN_POSTGRES: 'postgres://app:p${x}@db/tocsin',
  };
  const serversOf = (text: string, given: Record<string, string> = env) => {
    const { kafka, temporal, postgres } = load(text, given);
    return [kafka.brokers, temporal.address, postgres.url.reveal()];
  };
  const all = [['kafka-1:9092', 'kafka-2:9092'], env.TOCSIN_TEMPORAL, env.TOCSIN_POSTGRES];

  it.each(['', 'log: { level: debug }', 'postgres: { pool: 3 }\nkafka: { tls: true }'])(
    'are those of a file that names none: %j',
    (text) => expect(serversOf(text)).toEqual(all),
  );

  it('stand back behind what the file says', () => {
    expect(serversOf("kafka: { brokers: ['own:1'] }\npostgres: { url: postgres://own/db }")).toEqual([
      ['own:1'],
      env.TOCSIN_TEMPORAL,
      'postgres://own/db',
    ]);
  });

  it('are the usual ones where a variable is not set, or empty', () => {
    const usual = [['127.0.0.1:9092'], '127.0.0.1:7233', 'postgres://postgres@127.0.0.1:5432/tocsin'];
    expect(serversOf('', { TOCSIN_KAFKA: '', TOCSIN_TEMPORAL: '' })).toEqual(usual);
  });

  it('are named by their variables where they are wrong', () => {
    expect(errors('', { TOCSIN_TEMPORAL: 'here', TOCSIN_KAFKA: 'a:1,b' })).toEqual([
      expect.stringMatching(/kafka\.brokers\[1\]: "\$\{TOCSIN_KAFKA\}"/),
      expect.stringMatching(/temporal\.address: "\$\{TOCSIN_TEMPORAL\}"/),
    ]);
    expect(errors('kafka:\npostgres: 3', env)).toHaveLength(2);
  });
});
