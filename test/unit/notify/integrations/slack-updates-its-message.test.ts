/** With update_message a group has one message in Slack, which is changed with what is told of the group. */
import { checkAlertmanager } from '../../../../src/config/alertmanager/load';
import { createIntegrations } from '../../../../src/notify/integrations';
import type { Delivery, Integration } from '../../../../src/notify/port';
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { slackApi } from '../../../servers/vendors/chats';
import { EXTERNAL_URL, GROUPS, message } from './groups';
import { notify } from './sending';

let server: HttpCatcher;
let integration: Integration;

beforeEach(async () => {
  server = await startHttpCatcher();
  server.answerAlways(slackApi);
  integration = slackAt(server.url);
});
afterEach(() => Promise.all([integration.close(), server.close()]));

/** The file takes update_message for Slack's own address alone: another one takes its place afterwards. */
function slackAt(url: string): Integration {
  const { config } = checkAlertmanager(
    `route: { receiver: team }
receivers:
  - name: team
    slack_configs:
      - api_url: https://slack.com/api/chat.postMessage
        channel: '#alerts'
        update_message: true
        http_config: { authorization: { credentials: xoxb-S3cr3tToken } }`,
    null,
  );
  const [receiver] = config!.receivers;
  const [first] = receiver!.integrations;
  const options = { ...first!.options, api_url: { reveal: () => `${url}/api/chat.postMessage` } };
  const here = { ...config!, receivers: [{ ...receiver!, integrations: [{ ...first!, options }] }] };
  const surroundings = { externalUrl: EXTERNAL_URL, templateFiles: [], now: Date.now, environment: {} };
  return createIntegrations(here as unknown as NonNullable<typeof config>, surroundings)[0]!;
}

const memoryOf = (delivery: Delivery) => (delivery.kind === 'delivered' ? (delivery.memory ?? {}) : {});
const paths = (): string[] => server.requests.map(({ path }) => path);

it('posts first, and changes that message afterwards', async () => {
  const first = await notify(integration);
  expect(first).toMatchObject({ kind: 'delivered', memory: { ts: '1700000000.000100', channel: 'C0123' } });

  const second = await notify(integration, { ...GROUPS.resolved!, memory: memoryOf(first) });

  expect(second).toMatchObject({ kind: 'delivered', memory: memoryOf(first) });
  expect(paths()).toEqual(['/api/chat.postMessage', '/api/chat.update']);
  expect(server.requests[1]!.json).toMatchObject({ ts: '1700000000.000100', channel: 'C0123' });
});

it('posts anew where the message is gone', async () => {
  const delivery = await notify(integration, message({ memory: { ts: '1.2', channel: 'C0123' } }));

  expect(delivery).toMatchObject({ kind: 'delivered', memory: { ts: '1700000000.000100' } });
  expect(paths()).toEqual(['/api/chat.update', '/api/chat.postMessage']);
});

it('keeps trying to change it while Slack is in trouble', async () => {
  server.answer({ status: 503 });

  expect(
    await notify(integration, message({ memory: { ts: '1700000000.000100', channel: 'C0123' } })),
  ).toMatchObject({
    kind: 'retry',
  });
  expect(paths()).toEqual(['/api/chat.update']);
});

it.each([
  ['ratelimited', 'retry'],
  ['internal_error', 'retry'],
  ['channel_not_found', 'refused'],
  ['invalid_auth', 'refused'],
])('an answer of 200 that says %s', async (error, kind) => {
  server.answerAlways({ status: 200, body: { ok: false, error } });

  expect(await notify(integration)).toEqual({
    ...{ kind, error: `channel "#alerts": Slack answered ${error}` },
    ...(kind === 'retry' && { retryAfterMs: null }),
  });
});
