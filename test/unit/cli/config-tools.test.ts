/** `tocsin routes`, `tocsin config diff` and `tocsin test config` on files, without servers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alertRow, run } from './fake-context';

const TEXT = `
route:
  receiver: team
  group_by: [alertname]
  routes:
    - receiver: dba
      matchers: ['service="db"']
      continue: true
      group_by: ['...']
      group_wait: 5s
    - { receiver: night, matchers: ['service=~"db|web"'], mute_time_intervals: [weekend] }
receivers: [{ name: team }, { name: dba }, { name: night }]
inhibit_rules:
  - { name: worse first, source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [service] }
  - { source_matchers: ['alertname="Dark"'], target_matchers: ['service="web"'] }
time_intervals:
  - { name: weekend, time_intervals: [{ weekdays: ['saturday', 'sunday'] }] }
`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-config-'));
  file = join(folder, 'alertmanager.yml');
  writeFileSync(file, TEXT);
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test('routes show: the tree, and of each route what it changes', async () => {
  const { code, out } = await run(['routes', 'show', file]);
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    '{}  → team  group_by alertname  group_wait 30s  group_interval 5m  repeat_interval 4h',
    '├─ {service="db"}  → dba  group_by all labels  group_wait 5s  continue',
    '└─ {service=~"db|web"}  → night  muted in weekend',
  ]);
  const { out: json } = await run(['routes', 'show', file, '--json']);
  expect(JSON.parse(json)).toMatchObject({
    receiver: 'team',
    routes: [{ receiver: 'dba', group_by: ['...'], group_wait: '5s' }, { mute_time_intervals: ['weekend'] }],
  });
});

test('a tocsin.yaml stands for the alertmanager.yml that it names', async () => {
  const own = write('tocsin.yaml', 'alertmanager: { file: alertmanager.yml }');
  const none = write('plain.yaml', 'instance: a');
  const [byOwn, byFile] = [await run(['routes', 'show', own]), await run(['routes', 'show', file])];
  expect([byOwn.code, byOwn.out]).toEqual([0, byFile.out]);
  const refused = await run(['routes', 'test', none, 'a=b']);
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('names no alertmanager.yml')]);
});

test('routes test: every route that is taken, with its group', async () => {
  const { code, out } = await run(['routes', 'test', file, 'alertname=Down', 'service="db"', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual([
    {
      ...{ receiver: 'dba', route: '{}/{service="db"}' },
      group_key: '{}/{service="db"}:{alertname="Down", service="db"}',
      group_labels: { alertname: 'Down', service: 'db' },
    },
    {
      ...{ receiver: 'night', route: '{}/{service=~"db|web"}' },
      group_key: '{}/{service=~"db|web"}:{alertname="Down"}',
      group_labels: { alertname: 'Down' },
    },
  ]);
});

test.each([
  [['service=db', '--verify-receivers', 'dba,night'], 0, ''],
  [['service=db', '--verify-receivers', 'night,dba'], 1, 'the receivers are dba, night'],
  [['service=web', '--verify-receivers', 'team'], 1, 'those expected are team'],
  [['service'], 2, '"service" is no label'],
  [['service=db', 'service=web'], 2, 'given twice'],
])('routes test %j ends with %i', async (words, expected, complaint) => {
  const { code, err } = await run(['routes', 'test', file, ...words]);
  expect(code).toBe(expected);
  expect(err).toContain(complaint);
});

const alerts = [
  { alertname: 'Slow', service: 'db', severity: 'critical' },
  { alertname: 'Lag', service: 'db', severity: 'warning' },
  { alertname: 'Down', service: 'web' },
  { alertname: 'Down', service: 'mail' },
];

interface Diff {
  readonly changed: number;
  readonly receivers: readonly { readonly receiver: string }[];
  readonly listed: readonly { readonly labels: object; readonly changes: readonly object[] }[];
}

async function diff(text: string, ...more: readonly string[]): Promise<Diff> {
  const list = write('alerts.json', JSON.stringify(alerts.map((labels) => ({ labels, status: {} }))));
  const next = write('next.yml', text);
  // A Saturday.
  const at = ['--at', '2026-11-21T12:00:00Z'];
  const { code, out, err } = await run([
    'config',
    'diff',
    file,
    next,
    '--alerts',
    list,
    ...at,
    '--json',
    ...more,
  ]);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Diff;
}

test('config diff: the same file changes nothing', async () => {
  expect(await diff(TEXT)).toMatchObject({ changed: 0, listed: [] });
});

test('config diff: other receivers, with what each gains and loses', async () => {
  const found = await diff(TEXT.replace('service=~"db|web"', 'service="web"'));
  expect(found.listed).toEqual([
    expect.objectContaining({
      labels: alerts[0],
      changes: [
        { kind: 'receivers', before: 'dba, night', after: 'dba' },
        expect.objectContaining({ kind: 'time interval', after: 'told' }),
      ],
    }),
    expect.objectContaining({
      labels: alerts[1],
      changes: [{ kind: 'receivers', before: 'dba, night', after: 'dba' }],
    }),
  ]);
  expect(found.receivers).toContainEqual({
    ...{ receiver: 'night', before: 3, after: 1, gained: 0, lost: 2, muted: 0, unmuted: 0 },
  });
});

test.each([
  ['grouping', 'group_by: [alertname]', 'group_by: [service]', [2, 3, 0, 1]],
  ['inhibition', 'severity="critical"', 'severity="page"', [1]],
  ['time interval', "'saturday', 'sunday'", "'sunday'", [0, 2]],
])('config diff: %s', async (kind, from, to, changed) => {
  const found = await diff(TEXT.replace(from, to));
  const of = found.listed.filter(({ changes }) =>
    changes.some((change) => 'kind' in change && change.kind === kind),
  );
  expect(of.map(({ labels }) => labels)).toEqual([...changed].sort().map((index) => alerts[index]));
});

test('config diff and why: an instance that is named stands in what they say', async () => {
  const diffed = await run(['config', 'diff', file, file, '--instance', 'blue']);
  expect(diffed.out).toBe('0 of 1 open alerts of instance blue would go another way');
  const asked = await run(['config', 'diff', file, file, '--instance', 'blue', '--json']);
  expect(JSON.parse(asked.out)).toMatchObject({ instance: 'blue', alerts: 1 });
  const listed = await run(['config', 'diff', file, file, '--alerts', write('none.json', '[]')]);
  expect(listed.out).toMatch(/^0 of 0 alerts of \S*none\.json would/);
  expect((await run(['why', 'bffa', '--instance', 'blue'])).err).toContain(
    'begins with bffa, in instance blue',
  );
  expect((await run(['why', 'a="b"', '--instance', 'blue'])).err).toContain(
    'no alert of instance blue has such',
  );
  expect((await run(['why', 'bffa'])).err).toContain('in the default instance (--instance names another)');
});

test('config diff: of the open alerts, without those that are over', async () => {
  const next = write('next.yml', TEXT.replace('receiver: team', 'receiver: night'));
  const row = (host: string, more = {}) =>
    alertRow({ fingerprint: host, labels: { alertname: 'Down', host }, ...more });
  const rows = [
    row('aa'),
    row('bb', { expiresAt: '2026-11-21T12:00:00Z' }),
    row('cc', { state: 'RESOLVED' }),
  ];
  const { code, out } = await run(['config', 'diff', file, next], { rows });
  expect(code).toBe(0);
  expect(out).toContain(
    '1 of 1 open alerts of the default instance (--instance names another) would go another way',
  );
  expect(out).toContain('host="aa"');
  expect(out).toMatch(/team +1 +0 +0 +1/);
});

test.each([
  ['not json', 'is no JSON'],
  ['{}', 'holds no list'],
  ['[{"labels": {"a": 1}}]', 'the 1th'],
])('config diff refuses %s as alerts', async (text, complaint) => {
  const { code, err } = await run(['config', 'diff', file, file, '--alerts', write('alerts.json', text)]);
  expect(code).toBe(2);
  expect(err).toContain(complaint);
});

const TESTS = `
config: alertmanager.yml
tests:
  - name: the way of a db alert
    at: 2026-11-21T12:00:00Z
    alerts:
      - labels: { alertname: Slow, service: db, severity: critical }
        receivers: [night, dba]
        told: [dba]
        groups: { dba: { alertname: Slow, service: db, severity: critical }, night: { alertname: Slow } }
        muted_by: [{ time_interval: weekend }]
      - labels: { alertname: Lag, service: db, severity: warning }
        told: []
        muted_by: [{ inhibition: worse first }]
  - name: a rule without a name, and a silence
    at: 2026-11-23T12:00:00+01:00
    silences: [{ name: work, matchers: ['service="mail"'] }]
    alerts:
      - labels: { alertname: Dark }
      - labels: { alertname: Down, service: web }
        muted_by: [{ inhibition: 2 }]
      - labels: { alertname: Down, service: mail }
        receivers: [team]
        muted_by: [{ silence: work }]
`;

test('test config: all as expected', async () => {
  const { code, out, err } = await run(['test', 'config', write('tests.yml', TESTS)]);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('SUCCESS');
});

test.each([
  ['told: [dba]', 'told: [dba, night]', 'told:\n        exp: dba, night\n        got: dba'],
  ['receivers: [night, dba]', 'receivers: [dba]', 'receivers:\n        exp: dba\n        got: dba, night'],
  [
    'night: { alertname: Slow }',
    'night: {}',
    'groups.night:\n        exp: {}\n        got: {alertname="Slow"}',
  ],
  ['night: { alertname: Slow }', 'team: {}', 'groups.team:\n        exp: {}\n        got: no group'],
  ['inhibition: worse first', 'inhibition: 1', 'exp: inhibition 1\n        got: inhibition worse first'],
  ['muted_by: [{ silence: work }]', 'muted_by: []', 'exp: nothing\n        got: silence work'],
  ['2026-11-21T12:00:00Z', '2026-11-23T12:00:00Z', 'exp: dba\n        got: dba, night'],
])('test config: %s → %s fails', async (from, to, complaint) => {
  const junit = join(folder, 'results.xml');
  const path = write('tests.yml', TESTS.replace(from, to));
  const { code, err } = await run(['test', 'config', '--junit', junit, path]);
  expect(code).toBe(1);
  expect(err).toContain('FAILED:');
  expect(err).toContain(complaint);
  expect(readFileSync(junit, 'utf8')).toContain('failures="1"');
});

test('test config: all that is wrong with a file is said at once, with its place', async () => {
  const path = write(
    'tests.yml',
    `config: alertmanager.yml
tests:
  - at: tomorrow
    silences: [{ name: work, matchers: ['service'] }]
    alerts:
      - labels: { a: b }
        muted_by: [{ silence: other }, {}]
        tols: [team]
`,
  );
  const { code, err } = await run(['test', 'config', path]);
  expect(code).toBe(1);
  expect(err).toContain('did you mean "told"');
  expect(err).toMatch(/:3:\d+.*is no moment/);
  expect(err).toMatch(/:4:\d+.*matchers/);
  expect(err).toMatch(/:7:\d+.*is no silence of this test/);
  expect(err).toMatch(/:7:\d+.*has to name one of/);
});

test('test config: names that the configuration does not have are refused, each with its place', async () => {
  const text = TESTS.replace('told: [dba]', 'told: [dbaa]')
    .replace('receivers: [night, dba]', 'receivers: [nigth, dba]')
    .replace('night: { alertname: Slow }', 'tean: {}')
    .replace('time_interval: weekend', 'time_interval: weekends')
    .replace('inhibition: worse first', 'inhibition: worse frist')
    .replace('inhibition: 2', 'inhibition: 3');
  const { code, err } = await run(['test', 'config', write('tests.yml', text)]);
  expect(code).toBe(1);
  for (const said of [
    /:8:\d+: .*receivers\[0\]: "nigth" is no receiver of alertmanager\.yml; did you mean "night"\?/,
    /:9:\d+: .*told\[0\]: "dbaa" is no receiver of alertmanager\.yml; did you mean "dba"\?/,
    /:10:\d+: .*groups\.tean: "tean" is no receiver of alertmanager\.yml; did you mean "team"\?/,
    /:11:\d+: .*"weekends" is no time interval of alertmanager\.yml; did you mean "weekend"\?/,
    /:14:\d+: .*"worse frist" is no inhibition rule of .*did you mean "worse first"\?/,
    /"3" is no inhibition rule of alertmanager\.yml/,
  ])
    expect(err).toMatch(said);
  const other = write(
    'tests.yml',
    escalation('        single: [hok]\n        digest: [{ receiver: hoook }]').replace(
      'oncall-mail',
      'oncall-mial',
    ),
  );
  const own = (await run(['test', 'config', other])).err;
  for (const said of ['"oncall-mial" is no', '"hok" is no', '"hoook" is no']) expect(own).toContain(said);
});

test('test config: where active and mute times both hold a route back, the active ones decide', async () => {
  const both = TEXT.replace(
    'mute_time_intervals: [weekend]',
    'mute_time_intervals: [weekend], active_time_intervals: [office]',
  ).replace(
    'time_intervals:\n',
    "time_intervals:\n  - { name: office, time_intervals: [{ weekdays: ['monday'] }] }\n",
  );
  expect(both).not.toBe(TEXT);
  writeFileSync(file, both);
  const asked = TESTS.replace('time_interval: weekend', 'time_interval: office');
  expect((await run(['test', 'config', write('tests.yml', asked)])).err).toBe('');
});

test('test config: a configuration that is wrong or not there fails the file', async () => {
  const path = write('tests.yml', TESTS.replace('config: alertmanager.yml', 'config: away.yml'));
  expect((await run(['test', 'config', path])).err).toContain('away.yml');
  writeFileSync(file, TEXT.replace('receiver: dba', 'receiver: nobody'));
  const { code, err } = await run(['test', 'config', write('tests.yml', TESTS)]);
  expect(code).toBe(1);
  expect(err).toContain('nobody');
});

const escalation = (more: string): string => `config: ${join(process.cwd(), 'examples/tocsin.yaml')}
tests:
  - alerts:
      - labels: { alertname: Down }
        escalation:
          - { after: 0s, receivers: [oncall-mail] }
          - { after: 15m, receivers: [oncall-mail] }
          - { after: 45m, receivers: [oncall-mail] }
${more}`;

test('test config: escalation of a tocsin.yaml, as nobody takes the alert', async () => {
  expect(await run(['test', 'config', write('tests.yml', escalation(''))])).toMatchObject({
    code: 0,
    err: '',
  });
  const later = write('tests.yml', escalation('').replace('45m', '30m'));
  const { code, err } = await run(['test', 'config', later]);
  expect(code).toBe(1);
  expect(err).toContain('got: oncall-mail after 0s; oncall-mail after 15m; oncall-mail after 45m');
});

test('test config: what the configuration has not is not asked of it', async () => {
  const { code, err } = await run(['test', 'config', write('tests.yml', escalation('        told: [team]'))]);
  expect(code).toBe(1);
  expect(err).toContain('are asked of an alertmanager.yml');
  const other = TESTS.replace('told: [dba]', 'escalation: []');
  expect((await run(['test', 'config', write('tests.yml', other)])).err).toContain(
    'are asked of a tocsin.yaml',
  );
});

const OWN = `receivers:
  - { name: chat, type: webhook, url: 'http://h/' }
route: { receivers: [chat], fatigue_limit: { similar: 1, window: 30m, digest_after: 5m } }
`;
const fatigue = (second: string, first = 'single: [chat]'): string => `config: tocsin.yaml
tests:
  - alerts:
      - { labels: { alertname: Slow, severity: warning, instance: a }, ${first} }
      - { labels: { alertname: Slow, severity: warning, instance: b }, after: 10m, ${second} }
`;

test('test config: what the fatigue limit tells singly and what in a digest, and why', async () => {
  write('tocsin.yaml', OWN);
  const right = fatigue(
    'single: [], digest: [{ receiver: chat, after: 5m, told: 1, like: { alertname: Slow } }]',
  );
  expect(await run(['test', 'config', write('tests.yml', right)])).toMatchObject({ code: 0, err: '' });
});

test.each([
  [
    fatigue('single: [chat]'),
    'got: nobody (chat in a digest after 5m: 1 like Slow were told in the last 30m, and the limit is 1)',
  ],
  [fatigue('digest: [{ receiver: chat, after: 6m }]'), 'exp: chat, after 6m'],
  [fatigue('digest: [{ receiver: chat, told: 2 }]'), 'exp: chat, 2 told'],
  [fatigue('digest: [{ receiver: chat, like: { alertname: Other } }]'), 'exp: chat, like Other'],
  [fatigue('digest: []'), 'exp: nobody'],
  [
    fatigue('after: 10m', 'digest: [{ receiver: chat }]').replace(', after: 10m, after', ', after'),
    'got: chat is told of it: 0 like Slow were told',
  ],
  [
    fatigue('single: [chat]').replaceAll('warning', 'critical').replace('[chat]', '[]'),
    'got: chat (chat is told of each: severity critical is never limited)',
  ],
])('test config: a wrong expectation of the fatigue limit is told with the reason', async (text, told) => {
  write('tocsin.yaml', OWN);
  const { code, err } = await run(['test', 'config', write('tests.yml', text)]);
  expect(code).toBe(1);
  expect(err).toContain(told);
});

test('test config: an alertmanager.yml has no fatigue limit to be asked for', async () => {
  const other = TESTS.replace('told: [dba]', 'single: [dba]');
  expect((await run(['test', 'config', write('tests.yml', other)])).err).toContain(
    'are asked of a tocsin.yaml',
  );
});

test.each(['alertmanager', 'tocsin'])('the example of %s is right', async (name) => {
  expect(await run(['test', 'config', `examples/${name}-test.yml`])).toMatchObject({ code: 0, err: '' });
});
