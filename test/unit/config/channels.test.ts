/** Receivers that are services: what they need, what has no effect, and that none of their secrets is shown. */
import { inspect } from 'node:util';
import { checkConfig, loadConfig } from '../../../src/config/load';

const BOT = "type: slack, name: s, token: S3cr3t, channel: C1, signing_secrets: ['S3cr3t']";
const PHONE = "account_sid: AC1, auth_token: S3cr3t, from: '+15005550006', to: '+4915112345678'";
const LISTENS =
  'http: { callbacks: { listen: 127.0.0.1:9465, external_url: https://tocsin.example.com/ } }\n';
const ROUTE = 'route: { receivers: [s] }\n';

const load = (receivers: string, more = LISTENS) =>
  loadConfig({ text: `${more}${ROUTE}receivers: [{ ${receivers} }]`, path: null }, {});
const problems = (receivers: string, more = LISTENS) =>
  checkConfig({ text: `${more}${ROUTE}receivers: [{ ${receivers} }]`, path: null }, {}).problems.map(
    ({ level, path, message }) => `${level} ${path}: ${message}`,
  );

test.each([
  ['pagerduty', "type: pagerduty, name: s, routing_key: S3cr3t, webhook_secrets: ['S3cr3t']", true],
  ['slack', BOT, true],
  ['incident_room', BOT.replace('type: slack', 'type: incident_room').replace(', channel: C1', ''), true],
  ['sms', `type: sms, name: s, ${PHONE}, callback_tokens: ['S3cr3t']`, false],
  ['voice', `type: voice, name: s, ${PHONE}`, false],
  [
    'webhook',
    "type: webhook, name: s, url: 'http://x/S3cr3t', signing_secrets: [S3cr3t], tls: { ca: S3cr3t }",
    false,
  ],
])('%s is taken whole, and shows no secret', (type, text, follows) => {
  expect(problems(text)).toEqual([]);
  const config = load(text);
  expect(config.receivers[0]).toMatchObject({ type, notifyAfter: 'fire', sendAcknowledged: follows });
  expect(config.acknowledgedTo).toEqual(follows ? ['s'] : []);
  expect(JSON.stringify(config) + inspect(config, { depth: 20 })).not.toContain('S3cr3t');
});

test('the address of callbacks is taken apart, and ends without a slash', () => {
  expect(load(BOT).callbacks).toEqual({
    ...{ host: '127.0.0.1', port: 9465, externalUrl: 'https://tocsin.example.com' },
  });
  expect(load(BOT, '').callbacks).toBeNull();
});

test.each<[string, string, string, string]>([
  ['nobody who listens for clicks', BOT, '', 'has no effect: nobody listens'],
  [
    'nobody who listens for PagerDuty',
    'type: pagerduty, name: s, routing_key: k, webhook_secrets: [k]',
    '',
    'has no effect: nobody listens',
  ],
  [
    'a telephone without the address that is called',
    `type: sms, name: s, ${PHONE}`,
    'http: { callbacks: { listen: 127.0.0.1:1 } }\n',
    'is missing: who calls back for s signs the address',
  ],
  [
    'a certificate without its key',
    "type: webhook, name: s, url: 'http://x', tls: { cert: c }",
    '',
    'come together',
  ],
  [
    'a number that is none',
    `type: sms, name: s, ${PHONE.replace("'+49", "'0049")}`,
    LISTENS,
    'is not accepted',
  ],
  [
    'a network that is none',
    BOT,
    `${LISTENS}notify: { networks: { deny: [10.0.0.0/33] } }\n`,
    'is not accepted',
  ],
  [
    'an id in Slack that is none',
    BOT,
    `${LISTENS}people: [{ name: a, slack: '@a', notify: { high: [s] } }]\n`,
    'is not accepted',
  ],
])('%s', (_what, receiver, more, expected) => {
  expect(problems(receiver, more)).toEqual([expect.stringContaining(expected)]);
});
