/** Each thing that can be wrong in an alertmanager.yml: where it is said to be, and what would mend it. */
import { checkAlertmanager } from '../../../../src/config/alertmanager/load';
import { problemText } from '../../../../src/config/problems';

const ROUTE = 'route: { receiver: a }\n';
const RECEIVER = 'receivers: [{ name: a }]\n';

/** The problems of a text, with their places. */
function said(text: string, file = 'am.yml'): string[] {
  return checkAlertmanager(text, file).problems.map(problemText);
}

const withReceiver = (kind: string, options: string): string =>
  `${ROUTE}receivers:\n- name: a\n  ${kind}_configs:\n  - ${options}\n`;
const withRoute = (options: string): string =>
  `${RECEIVER}route:\n  receiver: a\n  routes:\n  - ${options}\n`;
const withGlobal = (options: string): string => `${ROUTE}${RECEIVER}global:\n  ${options}\n`;
const withInterval = (options: string): string =>
  `${ROUTE}${RECEIVER}time_intervals:\n- name: n\n  time_intervals:\n  - ${options}\n`;

const CASES: readonly (readonly [string, string, string])[] = [
  // the whole
  ['nothing at all', '', 'am.yml:1:1: route: is missing; accepted: a route with a receiver'],
  ['no YAML', 'route: {', 'am.yml:1:9: is not valid YAML: '],
  ['a list', '- a', 'am.yml:1:1: a list is not accepted; accepted: a mapping of keys to values'],
  ['an unknown anchor', `route: *r\n${RECEIVER}`, 'am.yml:1:8: is not valid YAML: unknown anchor r'],
  [
    'an alias of itself',
    `route: &r { receiver: a, routes: [*r] }\n${RECEIVER}`,
    'am.yml:1:35: is not valid YAML: an alias that contains itself',
  ],
  [
    'an unknown section',
    `${ROUTE}${RECEIVER}inhibit_rule: []\n`,
    'am.yml:3:1: inhibit_rule: is not a key here; did you mean "inhibit_rules"?',
  ],
  ['a section twice', `${ROUTE}${RECEIVER}${ROUTE}`, 'am.yml:1:1: route: stands here twice'],
  [
    'what Tocsin does not do',
    `${ROUTE}${RECEIVER}tracing: { endpoint: x }\n`,
    'am.yml:3:1: tracing: is not done by Tocsin; leave it out',
  ],
  // routes
  [
    'no receiver at the root',
    `route: { group_by: [a] }\n${RECEIVER}`,
    'am.yml:1:1: route.receiver: is missing: the root route needs one',
  ],
  [
    'matchers at the root',
    `route: { receiver: a, matchers: [a=b] }\n${RECEIVER}`,
    'am.yml:1:23: route.matchers: cannot stand in the root route',
  ],
  [
    'continue at the root',
    `route: { receiver: a, continue: true }\n${RECEIVER}`,
    'am.yml:1:23: route.continue: cannot stand in the root route',
  ],
  [
    'an unknown receiver',
    withRoute('receiver: b'),
    'am.yml:5:5: route.routes[0].receiver: "b" is no receiver; did you mean "a"?; accepted: a',
  ],
  [
    'an unknown interval',
    withRoute('mute_time_intervals: [nights]'),
    'am.yml:5:27: route.routes[0].mute_time_intervals[0]: "nights" is no time interval; accepted: none is configured',
  ],
  [
    'no interval between',
    withRoute('group_interval: 0s'),
    'am.yml:5:5: route.routes[0].group_interval: 0 has to be more than 0',
  ],
  [
    'a duration without unit',
    withRoute('group_wait: 30'),
    'am.yml:5:5: route.routes[0].group_wait: "30" has no unit; accepted: a duration such as 30s, 5m or 1h30m',
  ],
  [
    'all labels and some',
    withRoute("group_by: ['...', a]"),
    'am.yml:5:5: route.routes[0].group_by: has ... beside labels',
  ],
  [
    'a label twice',
    withRoute('group_by: [a, b, a]'),
    'am.yml:5:22: route.routes[0].group_by[2]: "a" stands here twice',
  ],
  [
    'a matcher that is none',
    withRoute('matchers: [severity]'),
    'am.yml:5:16: route.routes[0].matchers[0]: "severity" has its end where =, !=, =~ or !~ was expected',
  ],
  [
    'an open quote',
    withRoute("matchers: ['a=\"b']"),
    'am.yml:5:16: route.routes[0].matchers[0]: "a=\\"b" has a double quote at character 3 that is never closed',
  ],
  [
    'a bad expression',
    withRoute('match_re: { a: "(" }'),
    'am.yml:5:17: route.routes[0].match_re.a: "(" has "(", which is no regular expression of RE2',
  ],
  [
    'a name that match cannot have',
    withRoute('match: { "a b": c }'),
    'am.yml:5:14: route.routes[0].match["a b"]: "a b" cannot be a name here: write matchers instead',
  ],
  [
    'an empty route',
    `${RECEIVER}route: { receiver: a, routes: [~] }\n`,
    'am.yml:2:32: route.routes[0]: is empty',
  ],
  // receivers
  [
    'a name twice',
    `${ROUTE}receivers: [{ name: a }, { name: a }]\n`,
    'am.yml:2:28: receivers[1].name: "a" is the name of receivers[0] already',
  ],
  ['no name', `${ROUTE}receivers: [{ name: a }, { labels: {} }]\n`, 'am.yml:2:26: receivers[1]: has no name'],
  [
    'an unknown kind',
    `${ROUTE}receivers: [{ name: a, slak_configs: [] }]\n`,
    'am.yml:2:24: receivers[0].slak_configs: is not a key here; did you mean "slack_configs"?',
  ],
  [
    'a kind in the singular',
    `${ROUTE}receivers: [{ name: a, slack_config: {} }]\n`,
    'am.yml:2:24: receivers[0].slack_config: is not a key here; write slack_configs: a list instead',
  ],
  [
    'no list',
    `${ROUTE}receivers: [{ name: a, slack_configs: {} }]\n`,
    'am.yml:2:24: receivers[0].slack_configs: a mapping is not accepted; accepted: a list',
  ],
  [
    'an empty one',
    `${ROUTE}receivers: [{ name: a, webhook_configs: [~] }]\n`,
    'am.yml:2:42: receivers[0].webhook_configs[0]: is empty',
  ],
  [
    'neither url nor file',
    withReceiver('webhook', 'max_alerts: 5'),
    'am.yml:5:5: receivers[0].webhook_configs[0]: has no url or url_file; accepted: one of url, url_file',
  ],
  [
    'url and file',
    withReceiver('webhook', '{ url: "http://x", url_file: f }'),
    'am.yml:5:24: receivers[0].webhook_configs[0].url_file: cannot stand beside url: keep one of them',
  ],
  [
    'a mail without server',
    withReceiver('email', 'to: a@example.com'),
    'am.yml:5:5: receivers[0].email_configs[0].smarthost: is missing, and so is global.smtp_smarthost',
  ],
  [
    'a mail without port',
    withReceiver('email', '{ to: a, from: b, smarthost: mail }'),
    'am.yml:5:23: receivers[0].email_configs[0].smarthost: "mail" has no port; accepted: host:port, such as mail.example.com:587',
  ],
  [
    'Slack without a way',
    withReceiver('slack', 'channel: c'),
    'am.yml:5:5: receivers[0].slack_configs[0].api_url: is missing, and so is global.slack_api_url or global.slack_app_token',
  ],
  [
    'PagerDuty without a key',
    withReceiver('pagerduty', 'severity: info'),
    'am.yml:5:5: receivers[0].pagerduty_configs[0]: has no routing_key or service_key',
  ],
  [
    'a chat without id',
    withReceiver('telegram', 'bot_token: t'),
    'am.yml:5:5: receivers[0].telegram_configs[0].chat_id: is missing',
  ],
  [
    'two ways to log in',
    withReceiver('webhook', '{ url: "http://x", http_config: { basic_auth: {}, bearer_token: t } }'),
    'am.yml:5:55: receivers[0].webhook_configs[0].http_config.bearer_token: cannot stand beside',
  ],
  [
    'a certificate without key',
    withGlobal('http_config: { tls_config: { cert_file: c } }'),
    'am.yml:4:18: global.http_config.tls_config: has a cert without key or key_file',
  ],
  [
    'a wrong type',
    withGlobal('smtp_require_tls: maybe'),
    'am.yml:4:3: global.smtp_require_tls: "maybe" is not accepted; accepted: true or false',
  ],
  [
    'another scheme',
    withGlobal('pagerduty_url: ftp://x'),
    'am.yml:4:3: global.pagerduty_url: "ftp://x" has the scheme ftp; accepted: an http or https URL',
  ],
  [
    'two ports',
    withGlobal('pagerduty_url: http://x:80:90'),
    'am.yml:4:3: global.pagerduty_url: "http://x:80:90" has the port ":80:90"',
  ],
  [
    'no host',
    withGlobal('pagerduty_url: "http://"'),
    'am.yml:4:3: global.pagerduty_url: "http://" has no host',
  ],
  [
    'a bad escape',
    withGlobal('pagerduty_url: http://x/%zz'),
    'am.yml:4:3: global.pagerduty_url: "http://x/%zz" has "%zz", which encodes nothing',
  ],
  [
    'a secret and its file',
    withGlobal('{ opsgenie_api_key: k, opsgenie_api_key_file: f }'),
    'am.yml:4:26: global.opsgenie_api_key_file: cannot stand beside opsgenie_api_key',
  ],
  [
    'half of a character',
    withGlobal('smtp_from: "a\\ud83d"'),
    'am.yml:4:3: global.smtp_from: "a\\ud83d" has half of a character',
  ],
  // inhibition
  [
    'a source that is none',
    `${ROUTE}${RECEIVER}inhibit_rules:\n- source_matchers: [a]\n`,
    'am.yml:4:21: inhibit_rules[0].source_matchers[0]: "a" has its end',
  ],
  [
    'no label',
    `${ROUTE}${RECEIVER}inhibit_rules: [{ equal: [""] }]\n`,
    'am.yml:3:27: inhibit_rules[0].equal[0]: "" cannot be the name of a label',
  ],
  // time intervals
  [
    'over midnight',
    withInterval("times: [{ start_time: '22:00', end_time: '06:00' }]"),
    'am.yml:6:36: time_intervals[0].time_intervals[0].times[0].end_time: "06:00" is not after start_time: for a time over midnight write two ranges',
  ],
  [
    'no time',
    withInterval("times: [{ start_time: '9:00', end_time: '10:00' }]"),
    'am.yml:6:15: time_intervals[0].time_intervals[0].times[0].start_time: "9:00" is not accepted; accepted: HH:MM',
  ],
  [
    'a weekend over sunday',
    withInterval('weekdays: [saturday:sunday]'),
    'am.yml:6:16: time_intervals[0].time_intervals[0].weekdays[0]: "saturday:sunday" ends before it begins: a week begins with sunday',
  ],
  [
    'no day',
    withInterval("days_of_month: ['32']"),
    'am.yml:6:21: time_intervals[0].time_intervals[0].days_of_month[0]: "32" has 32, which no month has',
  ],
  [
    'no zone',
    withInterval('location: Europe/Berln'),
    'am.yml:6:5: time_intervals[0].time_intervals[0].location: "Europe/Berln" is no time zone; did you mean "Europe/Berlin"?',
  ],
  [
    'a name twice',
    `${ROUTE}${RECEIVER}mute_time_intervals: [{ name: n }]\ntime_intervals: [{ name: n }]\n`,
    'am.yml:4:20: time_intervals[0].name: "n" is the name of another one already',
  ],
];

test.each(CASES)('%s', (_what, text, problem) => {
  const [first] = said(text);
  expect(first).toContain(problem);
  expect(checkAlertmanager(text, 'am.yml').config).toBeNull();
});

test('all problems are said at once, in the order of the file', () => {
  const text = `
global: { smtp_smarthost: mail }
route:
  receiver: nobody
  group_wait: 5
receivers:
- name: a
  email_configs: [{ to: x, boddy: y }]
  discord_configs: [{}]
- name: a
`;
  expect(said(text).map((problem) => problem.replace(/^am\.yml:(\d+):\d+: ([^:]+):.*/, '$1 $2'))).toEqual([
    '2 global.smtp_smarthost',
    '5 route.group_wait',
    '8 receivers[0].email_configs[0].boddy',
    '9 receivers[0].discord_configs[0]',
    '10 receivers[1].name',
  ]);
});

test('a typo in a receiver does not hide that a route names none', () => {
  const text = `route: { receiver: b }\nreceivers: [{ name: a, slack_configs: [{ chanel: c }] }]\n`;
  expect(said(text)).toEqual([
    expect.stringContaining('route.receiver: "b" is no receiver'),
    expect.stringContaining('slack_configs[0].chanel: is not a key here; did you mean "channel"?'),
  ]);
});

test('aliases that stand for far too much are refused at once', () => {
  const levels = 'abcdefghi'.split('');
  const lists = levels.map((name, index) => {
    const of = index === 0 ? 'x' : `*${levels[index - 1]!}`;
    return `${name}: &${name} [${Array.from({ length: 9 }, () => of).join(', ')}]`;
  });
  expect(said(`${lists.join('\n')}\n`)).toEqual([expect.stringContaining('aliases stand for far too much')]);
});

test('secrets are not shown, whatever is wrong with them', () => {
  const text = `
global: { slack_api_url: 'ftp://hush', opsgenie_api_key: [hush] }
${ROUTE}receivers: [{ name: a, webhook_configs: [{ url: 'http://x:hush' }, { url: 'http://hush{{' }] }]
`;
  expect(said(text)).toHaveLength(4);
  expect(said(text).join('\n')).not.toContain('hush');
});
