/** What services say in answers that their code says nothing of. */
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import * as chats from '../../../servers/vendors/chats';
import { firing, message } from './groups';
import { integrationOf, notify } from './sending';
import { CASES } from './vendors';

let server: HttpCatcher;

beforeEach(async () => {
  server = await startHttpCatcher();
});
afterEach(() => server.close());

const make = (name: string) => integrationOf(CASES[name]!.receiver(server.url));

it.each([
  ['webhook', 200, 'delivered'],
  ['webhook', 400, 'refused'],
  ['msteams', 200, 'delivered'],
  ['discord', 503, 'retry'],
])('%s: a body that never ends changes nothing of HTTP %i', async (name, status, kind) => {
  server.answerAlways({ status, body: 'x', stalls: true });

  const delivery = await notify(make(name));

  expect(delivery.kind).toBe(kind);
  expect(JSON.stringify(delivery)).not.toContain('no answer in time');
});

describe('WeChat', () => {
  const paths = (): string[] => server.requests.map(({ path }) => path.replace(/^\/cgi-bin\/|\?.*$/g, ''));

  it('is asked for a token once', async () => {
    server.answerAlways(chats.wechat);
    const integration = make('wechat');

    await notify(integration);
    await notify(integration);

    expect(paths()).toEqual(['gettoken', 'message/send', 'message/send']);
  });

  it.each([40014, 42001])('is asked for another one after %i', async (errcode) => {
    server.answerAlways(chats.wechat);
    const integration = make('wechat');
    await notify(integration);
    server.answer({ status: 200, body: { errcode, errmsg: 'access_token expired' } });

    expect(await notify(integration)).toMatchObject({ kind: 'retry' });
    expect(await notify(integration)).toMatchObject({ kind: 'delivered' });
    expect(paths().filter((path) => path === 'gettoken')).toHaveLength(2);
  });

  it.each([
    [81013, 'refused'],
    [-1, 'retry'],
    [45009, 'retry'],
  ])('that answers %i', async (errcode, kind) => {
    server.answer({ status: 200, body: { errcode: 0, access_token: 'S3cr3tAccess' } });
    server.answerAlways({ status: 200, body: { errcode, errmsg: 'why' } });

    expect(await notify(make('wechat'))).toMatchObject({ kind, error: `WeChat answered ${errcode} why` });
  });

  it('that knows no such secret refuses', async () => {
    server.answerAlways({ status: 200, body: { errcode: 40001, errmsg: 'invalid credential' } });

    expect(await notify(make('wechat'))).toMatchObject({
      ...{
        kind: 'refused',
        error: 'WeChat gives no access token for corp_id corp: 40001 invalid credential',
      },
    });
  });
});

describe('Telegram', () => {
  it('says in the body how long to wait', async () => {
    server.answerAlways({
      status: 429,
      body: { ok: false, description: 'Too Many Requests', parameters: { retry_after: 9 } },
    });

    expect(await notify(make('telegram'))).toMatchObject({ kind: 'retry', retryAfterMs: 9_000 });
  });

  it('gets a word on a message that is too long for it', async () => {
    server.answerAlways(chats.telegram);
    const long = message({
      alerts: [firing({ alertname: 'A<b>' }, { text: '<'.repeat(5_000) })],
      groupLabels: {},
    });

    expect(await notify(make('telegram'), long)).toMatchObject({ kind: 'delivered' });
    expect((server.requests[0]!.json as { text: string }).text).toBe(
      '[FIRING:1]  (A&lt;b&gt;)\n\nThe message is longer than Telegram takes: see https://tocsin.example.com/alerts for the alerts.',
    );
  });
});

it.each([
  [429, 'retry'],
  [503, 'retry'],
  [413, 'refused'],
])('a connector of Teams answers 200 although Teams answered %i', async (code, kind) => {
  server.answerAlways({
    status: 200,
    body: `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ${code} with ContextId`,
  });

  expect(await notify(make('msteams'))).toMatchObject({
    kind,
    error: expect.stringContaining(`Teams answered ${code}`) as string,
  });
});

it('Slack answers a webhook with ok, and with anything else has not taken it', async () => {
  server.answerAlways({
    status: 200,
    body: '<html>signed out</html>',
    headers: { 'content-type': 'text/html' },
  });

  expect(await notify(make('slack'))).toMatchObject({ kind: 'refused' });
});

it('Rocket.Chat may say in a success that it was none', async () => {
  server.answerAlways({ status: 200, body: { success: false, error: 'error-room-archived' } });

  expect(await notify(make('rocketchat'))).toEqual({
    ...{ kind: 'refused', error: 'channel "#alerts": Rocket.Chat answered error-room-archived' },
  });
});

it('PagerDuty says what is wrong with an event', async () => {
  server.answerAlways({
    status: 400,
    body: { message: 'Event object is invalid', errors: ["Length of 'routing_key' is incorrect"] },
  });

  expect(await notify(make('pagerduty'))).toMatchObject({
    error: `HTTP 400 from 127.0.0.1:${server.port}: Event object is invalid, Length of 'routing_key' is incorrect`,
  });
});

it('Opsgenie gets no update of an alert that it has not taken', async () => {
  server.answerAlways({ status: 422, body: { message: 'no' } });

  expect(await notify(make('opsgenie'))).toMatchObject({ kind: 'refused' });
  expect(server.requests).toHaveLength(1);
});
