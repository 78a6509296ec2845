/** The text of a configuration as the API shows it: nothing secret, and otherwise what was written. */
import { checkAlertmanager } from '../../../../src/config/alertmanager/load';
import { RECEIVERS, ROUTES } from './bases';

const printed = (text: string): string => {
  const { config, problems } = checkAlertmanager(text, null);
  expect(problems.filter(({ level }) => level === 'error')).toEqual([]);
  return config!.original;
};

const ROUTE = 'route: { receiver: a }\n';

test('secrets, passwords in URLs and comments are left out', () => {
  const text = `# the old password was letmein1
global:
  slack_api_url: https://letmein2.example.com # letmein3
  smtp_auth_password: |
    letmein4
  http_config:
    proxy_url: http://ann:letmein5@proxy:3128
    http_headers:
      X-Key: { secrets: [letmein6, "letmein7"], values: [seen] }
${ROUTE}
receivers:
- name: a
  webhook_configs:
  - url: &hook https://letmein8.example.com
  - url: *hook
    http_config: { basic_auth: { username: ann, password: 'letmein9' } }
  # password: letmein10
`;
  const shown = printed(text);
  expect(shown).not.toContain('letmein');
  expect(shown).toContain('slack_api_url: <secret>\n');
  expect(shown).toContain('smtp_auth_password: <secret>\n');
  expect(shown).toContain('proxy_url: http://ann:<secret>@proxy:3128');
  expect(shown).toContain('secrets: [ <secret>, <secret> ], values: [ seen ]');
  expect(shown).toContain('username: ann');
});

test('what is no secret stays as it is', () => {
  const text = `${ROUTE}receivers:
- name: a
  pagerduty_configs:
  - routing_key: "123"
    description: 'it''s {{ .Status }}'
`;
  expect(printed(text)).toBe(`${ROUTE}receivers:
  - name: a
    pagerduty_configs:
      - routing_key: <secret>
        description: 'it''s {{ .Status }}'
`);
});

test('it can be read again', () => {
  const once = printed(ROUTES);
  const { config } = checkAlertmanager(once, null);
  expect(config!.original).toBe(once);
  const { config: first } = checkAlertmanager(ROUTES, null);
  expect([config!.route, config!.inhibitRules, config!.timeIntervals]).toEqual([
    ...[first!.route, first!.inhibitRules, first!.timeIntervals],
  ]);
});

test('of all receivers', () => {
  const secrets = ['bearer_token: abc', 'password: secret', 'auth_password: p\n', 'secrets: [ s1 ]'];
  const shown = printed(RECEIVERS);
  for (const secret of secrets) expect(shown).not.toContain(secret);
  expect(shown).toContain('bearer_token: <secret>');
});
