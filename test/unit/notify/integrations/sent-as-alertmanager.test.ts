/**
 * What each kind sends is what Alertmanager itself sent: see test/oracle/alertmanager. Where it is not, the difference
 * stands here, with its reason.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAlertmanager } from '../../../../src/config/alertmanager/load';
import { createIntegrations } from '../../../../src/notify/integrations';
import { startHttpCatcher, type CaughtRequest, type HttpCatcher } from '../../../harness/http-catcher';
import { EXTERNAL_URL, GROUPS } from './groups';
import { notify } from './sending';
import { ORACLE, SENT } from './sent';

interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const REQUESTS = JSON.parse(
  readFileSync(join(__dirname, '../../../fixtures/alertmanager/requests.json'), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, readonly Recorded[]>>>>;

/** What every service that is asked would call a success. */
const SUCCESS = {
  ...{ ok: true, success: true, access_token: 'S3cr3tAccess', errcode: 0, issues: [], status: 1 },
};

let server: HttpCatcher;
beforeAll(async () => {
  server = await startHttpCatcher();
  server.answerAlways({ status: 200, body: SUCCESS });
});
afterAll(() => server.close());

type Request = Readonly<Record<string, unknown>>;

const HEADERS = ['content-type', 'authorization', 'x-auth-token', 'x-user-id'];

function ofOurs({ method, path, headers, json, body }: CaughtRequest): Request {
  const shown = HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  const form =
    headers['content-type'] === FORM['content-type'] ? Object.fromEntries(new URLSearchParams(body)) : body;
  return {
    ...{ method, path: inOrder(path), headers: Object.fromEntries(shown) as object },
    body: withoutFingerprints(json ?? form),
  };
}

function ofTheirs({ method, path, headers, body }: Recorded): Request {
  const json = body === '' ? '' : (JSON.parse(body) as unknown);
  return { method, path: inOrder(path), headers, body: withoutFingerprints(json) };
}

/** The parameters of an address by name. */
function inOrder(path: string): string {
  const url = new URL(path, ORACLE);
  url.searchParams.sort();
  return `${url.pathname}${url.search}`;
}

/** Alertmanager makes an alert's fingerprint of its labels; here it comes with the alert. */
function withoutFingerprints(body: unknown): unknown {
  return JSON.parse(
    JSON.stringify(body)
      .replace(/(fingerprint\\*":\\*")[0-9a-f]{16}/g, '$1…')
      .replaceAll(server.url, ORACLE),
  ) as unknown;
}

type Json = Record<string, unknown>;
type Change = (theirs: Request & { readonly body: Json }) => Request;

const body =
  (change: (body: Json) => Json): Change =>
  (theirs) =>
    typeof theirs.body === 'object' ? { ...theirs, body: change(theirs.body) } : theirs;
const without = (fields: Json, ...names: readonly string[]): Json =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** What is made of their request to have ours, by kind. */
const DIFFERENCES: Readonly<Record<string, Change>> = {
  // Events of v1 have no such fields.
  'pagerduty v1': body((fields) => without(fields, 'event_action', 'payload')),
  // Parameters in the address stand in the logs of each proxy on the way, and two of them are secret.
  pushover: ({ method, path }) => {
    const url = new URL(path as string, ORACLE);
    const form = [...url.searchParams].filter(([, value]) => value !== '');
    return { method, path: url.pathname, headers: FORM, body: Object.fromEntries(form) };
  },
  // Numbers and flags of JSON: Telegram takes both.
  telegram: body((fields) => ({
    ...fields,
    ...Object.fromEntries(
      ['chat_id', 'message_thread_id', 'disable_notification', 'disable_web_page_preview']
        .filter((name) => name in fields)
        .map((name) => [name, JSON.parse(fields[name] as string) as unknown]),
    ),
  })),
  // Microsoft's own name of the field.
  msteams: body((fields) => ({ ...fields, '@type': 'MessageCard' })),
  // The form that the message does not have.
  wechat: body((fields) => without(fields, fields.msgtype === 'markdown' ? 'text' : 'markdown')),
  // What is false where nothing is said.
  rocketchat: body(
    (fields) =>
      JSON.parse(
        JSON.stringify(fields).replaceAll(/,"(?:is_webview|msg_in_chat_window)":false/g, ''),
      ) as Json,
  ),
};

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

const changeOf = (name: string): Change =>
  DIFFERENCES[name] ?? DIFFERENCES[name.split(' ')[0]!] ?? ((theirs) => theirs);

describe.each(Object.entries(SENT))('%s', (name, text) => {
  it.each(Object.entries(GROUPS))('the group %s', async (groupName, group) => {
    server.answerAlways({ status: 200, body: SUCCESS });
    const before = server.requests.length;
    const { config } = checkAlertmanager(text.replaceAll(ORACLE, server.url), null);
    const [integration] = createIntegrations(config!, {
      ...{ externalUrl: EXTERNAL_URL, templateFiles: [], now: Date.now, environment: {} },
      addresses: {
        pushover: `${server.url}/1/messages.json`,
        pagerdutyV1: `${server.url}/generic/2010-04-15/create_event.json`,
      },
    });

    expect(await notify(integration!, group)).toMatchObject({ kind: 'delivered' });
    await integration!.close();

    const theirs = REQUESTS[name]![groupName]!.map(ofTheirs);
    expect(server.requests.slice(before).map(ofOurs)).toEqual(
      theirs.map((request) => changeOf(name)(request as Request & { body: Json })),
    );
  });
});
