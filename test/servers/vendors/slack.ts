/** Slack's Web API as far as a bot uses it, with its rules: what is posted is kept, updated and found again, and has buttons. */
import { createHmac } from 'node:crypto';
import type { CaughtRequest, HttpAnswer } from '../../harness/http-catcher';
import { bodyOf, isText, type Json, type Vendor } from './rules';

export interface SlackMessage {
  readonly ts: string;
  readonly channel: string;
  text: string;
  blocks: readonly Json[];
  readonly threadTs: string | null;
  readonly isBroadcast: boolean;
  readonly metadata: Json | null;
}

export interface SlackRoom {
  readonly id: string;
  readonly name: string;
  isArchived: boolean;
  topic: string;
  readonly members: string[];
}

export interface SlackStandIn {
  readonly vendor: Vendor;
  readonly messages: SlackMessage[];
  readonly rooms: SlackRoom[];
  /** Methods in the order in which they were called. */
  readonly calls: string[];
  /** The next call of the method is answered so. */
  failNext(method: string, error: string): void;
}

interface SlackButton {
  readonly action_id: string;
  readonly value: string;
}

export const buttonsOf = ({ blocks }: SlackMessage): readonly SlackButton[] =>
  (blocks.find(({ type }) => type === 'actions')?.elements ?? []) as SlackButton[];

/** What Slack sends when somebody of the id clicks on the first button. */
export function slackClick(
  message: SlackMessage,
  {
    user,
    secret,
    responseUrl,
  }: { readonly user: string; readonly secret: string; readonly responseUrl: string },
) {
  const payload = {
    ...{ type: 'block_actions', user: { id: user, name: 'somebody' } },
    ...{ response_url: responseUrl, actions: [buttonsOf(message)[0]] },
  };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const seconds = Math.floor(Date.now() / 1_000);
  const hmac = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex');
  const headers = { 'x-slack-request-timestamp': String(seconds), 'x-slack-signature': `v0=${hmac}` };
  return { method: 'POST', body, headers };
}

const said = (body: Json): HttpAnswer => ({ status: 200, body });
const failed = (error: string): HttpAnswer => said({ ok: false, error });

/** Reading methods take forms alone; the others JSON. */
const READS = ['conversations.history', 'conversations.replies', 'conversations.list'];

export function startSlack(): SlackStandIn {
  const messages: SlackMessage[] = [];
  const rooms: SlackRoom[] = [{ id: 'C012AB3CD', name: 'alerts', isArchived: false, topic: '', members: [] }];
  const calls: string[] = [];
  const failing = new Map<string, string>();
  let clock = 1_700_000_000;

  const METHODS: Readonly<Record<string, (args: Json) => HttpAnswer>> = {
    'chat.postMessage': (args) => {
      const room = rooms.find(({ id, name }) => id === args.channel || `#${name}` === args.channel);
      if (room === undefined) return failed('channel_not_found');
      if (room.isArchived) return failed('is_archived');
      const problem = problemOf(args);
      if (problem !== null) return failed(problem);
      const ts = `${clock++}.000100`;
      messages.push({
        ...{ ts, channel: room.id, text: args.text as string, blocks: (args.blocks ?? []) as Json[] },
        threadTs: (args.thread_ts as string | undefined) ?? null,
        isBroadcast: args.reply_broadcast === true,
        metadata: (args.metadata as Json | undefined) ?? null,
      });
      return said({ ok: true, ts, channel: room.id });
    },
    'chat.update': (args) => {
      const message = messages.find(({ ts, channel }) => ts === args.ts && channel === args.channel);
      if (message === undefined) return failed('message_not_found');
      const problem = problemOf(args);
      if (problem !== null) return failed(problem);
      message.text = args.text as string;
      message.blocks = args.blocks as Json[];
      return said({ ok: true, ts: message.ts, channel: message.channel });
    },
    'conversations.history': (args) => {
      if (!/^C/.test(String(args.channel))) return failed('channel_not_found');
      const found = messages.filter(({ channel, threadTs }) => channel === args.channel && threadTs === null);
      return said({ ok: true, messages: withMetadata([...found].reverse(), args) });
    },
    'conversations.replies': (args) =>
      said({
        ok: true,
        messages: withMetadata(
          messages.filter(({ ts, threadTs }) => ts === args.ts || threadTs === args.ts),
          args,
        ),
      }),
    'conversations.create': (args) => {
      const name = String(args.name);
      if (!/^[a-z0-9_-]{1,80}$/.test(name)) return failed('invalid_name_specials');
      if (rooms.some((room) => room.name === name)) return failed('name_taken');
      const room = { id: `C0ROOM${rooms.length}`, name, isArchived: false, topic: '', members: ['UBOT'] };
      rooms.push(room);
      return said({ ok: true, channel: { id: room.id, name } });
    },
    'conversations.list': ({ cursor }) => {
      const from = Number(cursor ?? 0);
      const page = rooms.slice(from, from + 2);
      const next = from + 2 < rooms.length ? String(from + 2) : '';
      return said({
        ok: true,
        channels: page.map(({ id, name, isArchived }) => ({ id, name, is_archived: isArchived })),
        response_metadata: { next_cursor: next },
      });
    },
    'conversations.invite': ({ channel, users }) => {
      const room = rooms.find(({ id }) => id === channel);
      if (room === undefined) return failed('channel_not_found');
      if (room.members.includes(String(users))) return failed('already_in_channel');
      if (!String(users).startsWith('U')) return failed('user_not_found');
      room.members.push(String(users));
      return said({ ok: true });
    },
    'conversations.setTopic': ({ channel, topic }) => {
      const room = rooms.find(({ id }) => id === channel);
      if (room === undefined) return failed('channel_not_found');
      if (!isText(topic) || topic.length > 250) return failed('too_long');
      room.topic = topic;
      return said({ ok: true });
    },
  };

  return {
    messages,
    rooms,
    calls,
    failNext: (method, error) => void failing.set(method, error),
    vendor(request) {
      const method = request.path.replace('/api/', '');
      calls.push(method);
      if (request.headers.authorization !== 'Bearer xoxb-S3cr3tToken') return failed('invalid_auth');
      const act = METHODS[method];
      if (act === undefined) return failed('unknown_method');
      const args = argsOf(request, READS.includes(method));
      if (args === null) return failed('invalid_arguments');
      const error = failing.get(method);
      failing.delete(method);
      return error === undefined ? act(args) : failed(error);
    },
  };
}

function argsOf(request: CaughtRequest, isRead: boolean): Json | null {
  const type = request.headers['content-type'] ?? '';
  if (isRead)
    return type === 'application/x-www-form-urlencoded'
      ? Object.fromEntries(new URLSearchParams(request.body))
      : null;
  return type === 'application/json; charset=utf-8' ? bodyOf(request) : null;
}

const withMetadata = (found: readonly SlackMessage[], { include_all_metadata: all, limit }: Json): Json[] =>
  found.slice(0, Number(limit ?? 100)).map(({ ts, text, metadata }) => ({
    ts,
    text,
    ...(all === 'true' && metadata !== null && { metadata }),
  }));

/** Slack's limits on blocks. */
function problemOf({ text, blocks = [] }: Json): string | null {
  if (!isText(text)) return 'no_text';
  if (text.length > 40_000) return 'msg_too_long';
  const all = blocks as Json[];
  if (all.length > 50) return 'invalid_blocks';
  return all.every(isBlock) ? null : 'invalid_blocks';
}

function isBlock(block: Json): boolean {
  const within = (value: unknown, most: number): boolean => {
    const { text } = (value ?? {}) as { text?: unknown };
    return isText(text) && text.length <= most;
  };
  if (block.type === 'header') return within(block.text, 150) && (block.text as Json).type === 'plain_text';
  if (block.type === 'section') return within(block.text, 3_000);
  if (block.type !== 'actions') return false;
  const elements = (block.elements ?? []) as Json[];
  const ids = elements.map(({ action_id: id }) => id);
  return (
    elements.length > 0 &&
    elements.length <= 25 &&
    new Set(ids).size === ids.length &&
    elements.every(({ text, value }) => within(text, 75) && isText(value) && value.length <= 2_000)
  );
}
