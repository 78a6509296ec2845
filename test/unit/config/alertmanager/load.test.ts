/** What a right alertmanager.yml means, and what is said of one beside its errors. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { checkAlertmanager, loadAlertmanager } from '../../../../src/config/alertmanager/load';
import { isAlertmanager } from '../../../../src/config/alertmanager/recognise';
import { RECEIVER_KINDS } from '../../../../src/config/alertmanager/receivers/kinds';
import { ConfigInvalid, problemText } from '../../../../src/config/problems';
import { RECEIVERS, ROUTES } from './bases';

const EXAMPLE = 'examples/alertmanager.yml';
const MINIMAL = 'route: { receiver: a }\nreceivers: [{ name: a }]\n';

function said(text: string, options = {}): string[] {
  return checkAlertmanager(text, null, options).problems.map(problemText);
}

describe('the requirements’ alertmanager.yml', () => {
  const text = readFileSync('test/fixtures/alertmanager/requirements.yml', 'utf8');

  it('is refused as Alertmanager refuses it, with the mend of each problem', () => {
    const { config, problems } = checkAlertmanager(text, 'alertmanager.yml');
    expect(config).toBeNull();
    expect(problems.map(problemText)).toEqual([
      'alertmanager.yml:27:5: receivers[0].email_configs[0].subject: is not a key here; write headers: { Subject: … } instead',
      'alertmanager.yml:28:5: receivers[0].email_configs[0].body: is not a key here; write text: … for plain text or html: … for HTML instead',
      'alertmanager.yml:48:5: receivers[1].pagerduty_configs[0].description: warning: could not be sent: a notification has no .Annotations; write .CommonAnnotations, or {{ range .Alerts }} around it',
    ]);
  });

  it('loads when it is mended: examples/alertmanager.yml', () => {
    const config = loadAlertmanager(EXAMPLE);
    expect(config.warnings).toEqual([]);
    expect(config.receivers.map(({ name }) => name)).toEqual([
      'nobody',
      'chatdb-alerts',
      'critical-alerts',
      'warning-alerts',
    ]);
    expect(config.receivers[1]!.integrations[0]).toMatchObject({
      kind: 'email',
      options: {
        headers: { Subject: '[ChatDB] {{ .GroupLabels.alertname }}' },
        from: 'chatdb-alerts@company.com',
      },
    });
  });
});

describe('routes', () => {
  const { config } = checkAlertmanager(ROUTES, null);
  const [first, second] = config!.route.routes;

  it('inherit what they do not say', () => {
    expect(first).toMatchObject({
      receiver: 'pager',
      groupBy: null,
      groupWaitMs: 10_000,
      repeatIntervalMs: 10_800_000,
    });
    expect(first!.routes[0]).toMatchObject({
      receiver: 'pager',
      groupBy: ['instance'],
      repeatIntervalMs: 86_400_000,
    });
    expect(second).toMatchObject({
      groupWaitMs: 0,
      groupBy: ['alertname', 'cluster'],
      groupIntervalMs: 120_000,
    });
  });

  it('can group by nothing, and merge their labels', () => {
    expect(first!.routes[1]!.groupBy).toEqual([]);
    expect(first!.routes[1]!.labels).toEqual({ team: 'dba', link: 'https://{{ .Status }}' });
  });

  it('do not inherit their parent’s times', () => {
    expect(first!.muteTimeIntervals).toEqual(['nights', 'holidays']);
    expect(first!.routes[0]!.muteTimeIntervals).toEqual([]);
  });

  it('have Alertmanager’s defaults', () => {
    const { route } = checkAlertmanager(MINIMAL, null).config!;
    expect(route).toMatchObject({
      groupBy: [],
      groupWaitMs: 30_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
    });
  });
});

describe('a configuration', () => {
  it('is frozen', () => {
    const config = loadAlertmanager(EXAMPLE);
    expect(Object.isFrozen(config.route.routes[0])).toBe(true);
    expect(Object.isFrozen(config.receivers[1]!.integrations[0]!.options)).toBe(true);
  });

  it('shows no secret', () => {
    const { config } = checkAlertmanager(RECEIVERS.replaceAll('xoxb', 'hush-hush'), null);
    const shown = [JSON.stringify(config), inspect(config, { depth: 20 })].join();
    expect(shown).not.toContain('hush-hush');
    expect(shown).not.toContain('hooks.slack.com');
    const slack = config!.receivers[0]!.integrations.filter((each) => each.kind === 'slack')[2]!;
    expect(slack.kind === 'slack' && slack.options.app_token?.reveal()).toBe('hush-hush');
  });

  it('finds templates and certificates from its own folder, as Alertmanager does', () => {
    const text = `${MINIMAL}templates: [a/*.tmpl, /b.tmpl]\nglobal: { http_config: { tls_config: { ca_file: ca.pem } }, slack_api_url_file: url }\n`;
    const { problems } = checkAlertmanager(text, '/etc/am/alertmanager.yml');
    expect(problems.map(({ value }) => value)).toEqual(['"/etc/am/a/*.tmpl"', '"/b.tmpl"']);
    const { config } = checkAlertmanager(text.replace(', /b.tmpl', ''), '/etc/am/alertmanager.yml');
    expect(config!.templates).toEqual(['/etc/am/a/*.tmpl']);
    expect(config!.global.http_config!.tls_config.ca_file).toBe('/etc/am/ca.pem');
    expect(config!.global.slack_api_url_file).toBe('url');
  });

  it('is not thrown at people who load a bad one, but every problem of it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
    try {
      const file = join(folder, 'alertmanager.yml');
      writeFileSync(file, 'route: {}\nreceivers: [{}]\n');
      expect(() => loadAlertmanager(file)).toThrow(ConfigInvalid);
      expect(() => loadAlertmanager(file)).toThrow(/has 2 problems:[^]*route\.receiver[^]*has no name/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('YAML 1.1', () => {
  it('does not mind where lines within braces and quotes begin', () => {
    const text = `receivers: [
{ name: a },
  {
name: b }
]
route:
  receiver: a
  group_by: [
  x,
y
  ]
  labels:
    long: "one
two

  three"
    short: {
}
`;
    const { problems } = checkAlertmanager(text, null);
    expect(problems.map(problemText)).toEqual([
      '17:5: route.labels.short: a mapping is not accepted; accepted: a text',
    ]);
    const { config } = checkAlertmanager(text.replace(/ {4}short[^]*/, ''), null);
    expect(config!.receivers.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(config!.route).toMatchObject({ groupBy: ['x', 'y'], labels: { long: 'one two\nthree' } });
  });

  it('keeps the place of what is wrong in such a line', () => {
    const text = 'route:\n  receiver: a\n  group_by: [\n x, x\n  ]\nreceivers: [{ name: a }]\n';
    expect(said(text)).toEqual(['4:5: route.group_by[1]: "x" stands here twice']);
  });

  it('takes yes and off for true and false, and numbers for texts', () => {
    const text = `route: { receiver: 5, routes: [{ continue: yes }] }\nreceivers: [{ name: 0x5 }, { name: 5 }]`;
    const { config } = checkAlertmanager(text, null);
    expect(config!.route.routes[0]!.continue).toBe(true);
    expect(config!.receivers.map(({ name }) => name)).toEqual(['0x5', '5']);
  });

  it('merges, and lets what comes later hold', () => {
    const text = `route: { receiver: b, <<: &x { receiver: a }, routes: [{ <<: *x, receiver: b }] }\nreceivers: [{ name: a }, { name: b }]`;
    const { route } = checkAlertmanager(text, null).config!;
    expect([route.receiver, route.routes[0]!.receiver]).toEqual(['a', 'b']);
  });

  it('knows no control characters', () => {
    expect(said('route: { receiver: "a\u0000" }')).toEqual([
      '1:22: is not valid YAML: has the character U+0000; write it as an escape',
    ]);
  });

  it('reads one document only', () => {
    expect(said(`${MINIMAL}---\n{`)).toEqual([]);
    expect(said(`%YAML 1.2\n---\n${MINIMAL}`)).toEqual([expect.stringContaining('where only 1.1 is read')]);
  });
});

describe('templates', () => {
  it('of a file that is none are an error; a pattern without a file is a warning', () => {
    const folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
    try {
      writeFileSync(join(folder, 'good.tmpl'), '{{ define "a" }}{{ toUpper .Status }}{{ end }}');
      writeFileSync(join(folder, 'bad.tmpl'), '{{ define "b" }}{{ if }}{{ end }}');
      const check = (patterns: string): string[] =>
        checkAlertmanager(`${MINIMAL}templates: ${patterns}`, join(folder, 'am.yml')).problems.map(
          ({ level, path, message }) => `${level} ${path} ${message}`,
        );
      expect(check('[good.tmpl]')).toEqual([]);
      expect(check("['*.tmpl']")).toEqual([expect.stringMatching(/^error templates\[0\] is no template: /)]);
      expect(check("['*.txt']")).toEqual(['warning templates[0] matches no file']);
      expect(check('[none.tmpl]')).toEqual(['warning templates[0] matches no file']);
      expect(check('[../]')).toEqual([
        expect.stringMatching(/^error templates\[0\] cannot be read: .*EISDIR/),
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of receivers that could not be sent are warned of', () => {
    const text = (title: string): string =>
      `route: { receiver: a }\nreceivers: [{ name: a, slack_configs: [{ api_url: 'http://x', title: '${title}' }] }]`;
    expect(said(text('{{ .Labels.severity }}'))).toEqual([
      expect.stringContaining(
        'title: warning: could not be sent: a notification has no .Labels; write .CommonLabels',
      ),
    ]);
    expect(said(text('{{ range .Alerts }}{{ .Labels.severity }}{{ $.Labels }}{{ end }}'))).toHaveLength(1);
    expect(said(text('{{ upper .Status }}'))).toEqual([
      expect.stringContaining('is no template and could not be sent'),
    ]);
    expect(said(text('{{ range .Alerts }}{{ .Labels.severity | toUpper }}{{ end }}'))).toEqual([]);
  });
});

describe('names in templates', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'alertmanager-'));
    writeFileSync(join(folder, 'own.tmpl'), '{{ define "my.title" }}{{ template "__subject" . }}{{ end }}');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Of a Slack title, beside files of templates. */
  const warned = (title: string, templates = '[own.tmpl]'): string[] => {
    const receiver = `{ name: a, slack_configs: [{ api_url: 'http://x', title: '${title}' }] }`;
    const text = `templates: ${templates}\nroute: { receiver: a }\nreceivers: [${receiver}]`;
    return checkAlertmanager(text, join(folder, 'am.yml'))
      .problems.filter(({ level }) => level === 'warning')
      .map((problem) => problemText({ ...problem, file: null }));
  };

  it('have to be those of the files, of the defaults or of the text itself', () => {
    expect(warned('{{ template "my.tittle" . }}')).toEqual([
      '3:63: receivers[0].slack_configs[0].title: warning: could not be sent: no template has the name "my.tittle"; did you mean "my.title"?',
    ]);
    for (const right of [
      '{{ template "my.title" . }}',
      '{{ template "slack.default.title" . }}',
      '{{ define "x" }}{{ end }}{{ template "x" . }}',
      '{{ template "own.tmpl" . }}',
    ])
      expect(warned(right)).toEqual([]);
  });

  it('are not known where a file is not there', () => {
    expect(warned('{{ template "my.tittle" . }}', '[none.tmpl]')).toEqual([
      '1:13: templates[0]: warning: "' + join(folder, 'none.tmpl') + '" matches no file',
    ]);
  });

  it('in files are looked at too, with their line', () => {
    writeFileSync(
      join(folder, 'own.tmpl'),
      '{{ define "a" }}\n{{ template "b" . }}{{ end }}\n{{ define "c" }}{{ $.Own }}{{ .Own }}{{ range .Alerts.Firing }}{{ .Annotation.a }}{{ end }}{{ end }}',
    );
    expect(warned('x')).toEqual([
      expect.stringMatching(/own\.tmpl" line 2 could not be sent: no template has the name "b"/),
      expect.stringMatching(
        /own\.tmpl" line 3 .*an alert has no \.Annotation; .*did you mean "Annotations"\?$/,
      ),
    ]);
  });

  it.each([
    ['{{ .Alertss }}', /no \.Alertss; .*did you mean "Alerts"\?$/],
    [
      '{{ range .Alerts }}{{ .Annotation.summary }}{{ end }}',
      /an alert has no \.Annotation; .*"Annotations"\?$/,
    ],
    ['{{ range $.Alerts.Resolved }}{{ if .Label }}x{{ end }}{{ end }}', /no \.Label; .*"Labels"\?$/],
    [
      '{{ range .Alerts }}{{ .CommonLabels.a }}{{ end }}',
      /an alert has no \.CommonLabels; write \$\.CommonLabels$/,
    ],
  ])('%s asks for a field that is not there', (title, said) => {
    expect(warned(title)).toEqual([expect.stringMatching(said)]);
  });

  it.each([
    '{{ range .Alerts }}{{ range .Labels.SortedPairs }}{{ .Name }}{{ end }}{{ .Fingerprint }}{{ end }}',
    '{{ range .Alerts }}{{ with .Labels }}{{ .severity }}{{ end }}{{ else }}{{ .Status }}{{ end }}',
    '{{ range .CommonLabels.SortedPairs }}{{ .Name }}{{ end }}',
    '{{ range $i, $each := .Alerts }}{{ $each.Labels.a }}{{ .StartsAt }}{{ end }}',
  ])('%s asks for what there is', (title) => {
    expect(warned(title)).toEqual([]);
  });
});

describe('receivers that cannot be sent', () => {
  it('are refused by name', () => {
    const sendable = new Set(['webhook', 'email'] as const);
    const text = `route: { receiver: a }
receivers:
- name: a
  webhook_configs: [{ url: 'http://x' }]
  discord_configs: [{ webhook_url: 'http://x' }]
`;
    expect(said(text, { sendable })).toEqual([
      '5:21: receivers[0].discord_configs[0]: cannot be sent: Tocsin has no sender for discord; accepted: webhook_configs, email_configs',
    ]);
    expect(said(text)).toEqual([]);
  });

  it('may be of any kind that Alertmanager has', () => {
    const refused = checkAlertmanager(RECEIVERS, null, { sendable: new Set() }).problems;
    expect(new Set(refused.map(({ path }) => /(\w+)_configs/.exec(path)![1]))).toEqual(
      new Set(RECEIVER_KINDS),
    );
    expect(RECEIVER_KINDS).toHaveLength(18);
  });
});

describe('matchers', () => {
  const text = (matcher: string): string =>
    `receivers: [{ name: a }]\nroute: { receiver: a, routes: [{ matchers: ['${matcher}'] }] }\n`;

  it('that only the classic way reads are warned of, with what both read', () => {
    expect(said(text('foo=a\\d'))).toEqual([
      expect.stringContaining(
        'route.routes[0].matchers[0]: warning: "foo=a\\\\d" is read in the classic way only',
      ),
    ]);
    expect(said(text('foo=a\\d'))[0]).toContain('did you mean "foo="a\\\\d""?');
  });

  it('are read in the way that is asked for', () => {
    expect(said(text('"a b"=c'))).toEqual([]);
    expect(said(text('"a b"=c'), { matcherMode: 'classic-mode' })).toHaveLength(1);
    expect(said(text('foo=a\\d'), { matcherMode: 'utf8-strict-mode' })).toEqual([
      expect.not.stringContaining('warning'),
    ]);
  });
});

describe('which of the two a file is', () => {
  it.each([
    [readFileSync(EXAMPLE, 'utf8'), 'x.yml', true],
    [RECEIVERS, 'x.yml', true],
    ['route: { receiver: a }', 'x.yml', true],
    ['global: {}', 'x.yml', true],
    ['receivers: [{ name: a, slack_configs: [] }]', 'x.yml', true],
    [readFileSync('examples/tocsin.yaml', 'utf8'), 'alertmanager.yml', false],
    ['route: { receivers: [a] }\nreceivers: [{ name: a, type: webhook }]', 'x.yml', false],
    ['kafka: {}\nglobal: {}', 'x.yml', false],
    ['', 'tocsin.yaml', false],
    ['', 'etc/alertmanager.yml', true],
    ['a: {', 'alertmanager.yaml', true],
  ])('%#', (text, file, expected) => {
    expect(isAlertmanager(text, file)).toBe(expected);
  });
});
