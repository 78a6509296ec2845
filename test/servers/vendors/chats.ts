/** Services that show a message in a channel. */
import { bodyOf, hasOnly, isJson, isPost, isText, judged, refusal, type Json, type Vendor } from './rules';

const plain = (status: number, body: string) => ({ status, body, headers: { 'content-type': 'text/plain' } });

const ATTACHMENT = [
  ...['title', 'title_link', 'pretext', 'text', 'fallback', 'callback_id', 'fields', 'actions', 'image_url'],
  ...['thumb_url', 'footer', 'color', 'mrkdwn_in'],
];

export const slackWebhook: Vendor = (request) => {
  const { attachments } = bodyOf(request) as { attachments?: Json[] };
  return judged(
    [
      [isPost(request), plain(405, 'method_not_allowed')],
      [request.path === '/services/T0/B0/S3cr3tPath', plain(404, 'no_team')],
      [isJson(request), plain(400, 'invalid_payload')],
      [
        Array.isArray(attachments) && attachments.every((each) => hasOnly(each, ATTACHMENT)),
        plain(400, 'invalid_attachments'),
      ],
    ],
    plain(200, 'ok'),
  );
};

export const slackApi: Vendor = (request) => {
  const { channel, ts } = bodyOf(request);
  const isUpdate = request.path === '/api/chat.update';
  const failed = (error: string) => ({ status: 200, body: { ok: false, error } });
  return judged(
    [
      [request.headers.authorization === 'Bearer xoxb-S3cr3tToken', failed('invalid_auth')],
      [isPost(request) && isJson(request), failed('invalid_json')],
      [isUpdate || request.path === '/api/chat.postMessage', failed('unknown_method')],
      [isText(channel), failed('channel_not_found')],
      [!isUpdate || ts === '1700000000.000100', failed('message_not_found')],
    ],
    { status: 200, body: { ok: true, ts: '1700000000.000100', channel: 'C0123' } },
  );
};

export const discord: Vendor = (request) => {
  const { content, embeds = [] } = bodyOf(request) as { content?: string; embeds?: Json[] };
  const fits = (text: unknown, most: number) => typeof text === 'string' && [...text].length <= most;
  return judged(
    [
      [isPost(request) && request.path === '/api/webhooks/1/S3cr3tPath', refusal(404, { code: 10015 })],
      [isJson(request), refusal(400, { code: 50109 })],
      [fits(content, 2000), refusal(400, { content: ['too long'] })],
      [
        embeds.length === 1 && fits(embeds[0]!.title, 256) && fits(embeds[0]!.description, 4096),
        refusal(400, { embeds: ['0'] }),
      ],
      [Number.isInteger(embeds[0]?.color), refusal(400, { embeds: ['color'] })],
    ],
    { status: 204, body: '' },
  );
};

export const telegram: Vendor = (request) => {
  const { chat_id: chat, text, parse_mode: mode } = bodyOf(request);
  const bad = (status: number, description: string) =>
    refusal(status, { ok: false, error_code: status, description });
  return judged(
    [
      [request.path === '/bot123:S3cr3tToken/sendMessage', bad(404, 'Not Found')],
      [isPost(request) && isJson(request), bad(400, 'Bad Request: no body')],
      [chat === -1001234, bad(400, 'Bad Request: chat not found')],
      [isText(text) && text.trim() !== '', bad(400, 'Bad Request: message text is empty')],
      [[...(text as string)].length <= 4096, bad(400, 'Bad Request: message is too long')],
      [mode !== 'HTML' || isTelegramHtml(text as string), bad(400, "Bad Request: can't parse entities")],
    ],
    { status: 200, body: { ok: true, result: { message_id: 1, chat: { id: chat } } } },
  );
};

/** A few tags, each closed again; a `<` that opens none of them is none. */
function isTelegramHtml(text: string): boolean {
  const open: string[] = [];
  for (const [, slash, name] of text.matchAll(/<(\/?)([a-z]*)[^>]*>?/gi)) {
    if (!/^(?:b|strong|i|em|u|s|a|code|pre)$/.test(name!)) return false;
    if (slash !== '/') open.push(name!);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}

export const webex: Vendor = (request) => {
  const { markdown, roomId } = bodyOf(request);
  return judged(
    [
      [request.headers.authorization === 'Bearer S3cr3tToken', refusal(401, { message: 'no credentials' })],
      [isPost(request) && request.path === '/v1/messages' && isJson(request), refusal(404)],
      [roomId === 'R00m', refusal(404, { message: 'Could not find a room with provided ID.' })],
      [
        isText(markdown) && Buffer.byteLength(markdown) <= 7439,
        refusal(400, { message: 'Message is too long' }),
      ],
    ],
    { status: 200, body: { id: 'm' } },
  );
};

export const rocketchat: Vendor = (request) => {
  const { attachments } = bodyOf(request);
  const { 'x-auth-token': token, 'x-user-id': user } = request.headers;
  return judged(
    [
      [isPost(request) && request.path === '/api/v1/chat.postMessage', refusal(404)],
      [
        token === 'S3cr3tToken' && user === 'S3cr3tUser',
        refusal(401, { success: false, error: 'logged out' }),
      ],
      [
        isJson(request) && bodyOf(request).channel === '#alerts',
        refusal(400, { success: false, error: 'invalid-channel' }),
      ],
      [Array.isArray(attachments) && attachments.length === 1, refusal(400, { success: false })],
    ],
    { status: 200, body: { success: true } },
  );
};

const PRIORITY = ['priority', 'requested_ack', 'persistent_notifications'];

export const mattermost: Vendor = (request) => {
  const { attachments, text, priority, props } = bodyOf(request) as Record<string, unknown>;
  return judged(
    [
      [isPost(request) && request.path === '/hooks/S3cr3tPath', refusal(404)],
      [isJson(request), refusal(400, { id: 'web.incoming_webhook.parse.app_error' })],
      [
        isText(text) || (Array.isArray(attachments) && attachments.length > 0),
        refusal(400, { id: 'no_text' }),
      ],
      [text === undefined || [...(text as string)].length <= 16_383, refusal(400, { id: 'too_long' })],
      [priority === undefined || hasOnly(priority, PRIORITY), refusal(400, { id: 'priority' })],
      [props === undefined || hasOnly(props, ['card']), refusal(400, { id: 'props' })],
    ],
    plain(200, 'ok'),
  );
};

export const msteams: Vendor = (request) => {
  const { '@type': type, title, text } = bodyOf(request);
  return judged(
    [
      [isPost(request) && request.path === '/webhook/S3cr3tPath', refusal(404)],
      [Buffer.byteLength(request.body) <= 28_672, plain(413, 'Request Entity Too Large')],
      [
        isJson(request) && type === 'MessageCard',
        plain(400, 'Bad payload received by generic incoming webhook.'),
      ],
      [isText(title) && isText(text), plain(400, 'Summary or Text is required.')],
    ],
    plain(200, '1'),
  );
};

export const msteamsv2: Vendor = (request) => {
  const { type, attachments = [] } = bodyOf(request) as { type?: string; attachments?: Json[] };
  const [first] = attachments as { contentType?: string; content?: { type?: string; body?: unknown[] } }[];
  return judged(
    [
      [isPost(request) && request.path === '/workflows/S3cr3tPath', refusal(404)],
      [Buffer.byteLength(request.body) <= 28_672, refusal(413)],
      [isJson(request) && type === 'message' && attachments.length === 1, refusal(400)],
      [first?.contentType === 'application/vnd.microsoft.card.adaptive', refusal(400)],
      [first?.content?.type === 'AdaptiveCard' && first.content.body?.length === 2, refusal(400)],
    ],
    { status: 202, body: '' },
  );
};

export const wechat: Vendor = (request) => {
  const url = new URL(request.path, 'http://wechat');
  const said = (errcode: number, errmsg: string, more: Json = {}) => ({
    status: 200,
    body: { errcode, errmsg, ...more },
  });
  if (url.pathname === '/cgi-bin/gettoken') {
    const isKnown =
      url.searchParams.get('corpsecret') === 'S3cr3tKey' && url.searchParams.get('corpid') === 'corp';
    return isKnown
      ? said(0, 'ok', { access_token: 'S3cr3tAccess', expires_in: 7200 })
      : said(40001, 'invalid credential');
  }
  const { msgtype, agentid, text } = bodyOf(request) as { msgtype?: string; agentid?: string; text?: Json };
  return judged(
    [
      [url.pathname === '/cgi-bin/message/send' && isPost(request), refusal(404)],
      [url.searchParams.get('access_token') === 'S3cr3tAccess', said(40014, 'invalid access_token')],
      [msgtype === 'text' && isText(text?.content), said(40008, 'invalid message type')],
      [agentid === '7', said(40056, 'invalid agentid')],
    ],
    said(0, 'ok'),
  );
};
