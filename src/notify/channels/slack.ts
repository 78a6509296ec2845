/**
 * Slack by a bot. An episode is one message, which is updated in place to what is true now; what happens is told below it in its
 * thread, and an escalation in the channel as well.
 *
 * Slack has no idempotency key. Each message carries its id as metadata: where an attempt before this one may have arrived,
 * it is looked for before it is posted again.
 */
import { tellsOfRaise } from '../../domain/incident';
import type { Channel, Delivery, Memory, OutgoingMessage } from '../port';
import { createSlackApi, type SlackApi, type SlackApiOptions, type SlackSaid } from './slack-api';
import { alertBlocks, newsText, type Shown } from './slack-blocks';

export interface SlackOptions extends SlackApiOptions {
  /** Name or id. */
  readonly channel: string;
  /** Whether buttons are shown: somebody has to listen for their clicks. */
  readonly interactive: boolean;
}

/** The message to be updated is gone, or too old: there is a new one then. */
const GONE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);
/** How far back it is looked for what may have arrived. */
const LOOKED_THROUGH = 100;

const METADATA_TYPE = 'tocsin_message';

export function createSlackChannel(options: SlackOptions): Channel {
  const api = createSlackApi(options);
  return {
    kind: 'slack',
    destination: api.destination,
    async send(message, signal) {
      const shown = alertBlocks(message, options.interactive);
      const told = await tellAgain(api, message, shown, signal);
      return told ?? begin(api, options.channel, message, shown, signal);
    },
    close: () => api.close(),
  };
}

/** Null where there is no message of the episode yet, or it is gone. */
export async function tellAgain(
  api: SlackApi,
  message: OutgoingMessage,
  shown: Shown,
  signal: AbortSignal,
): Promise<Delivery | null> {
  const { ts, channel, of } = message.memory;
  if (ts === undefined || channel === undefined) return null;
  // The message shows another alert, so what is new of this one is told below it.
  if (of !== undefined) return follow(api, message, { ts, channel, of }, signal);
  const updated = await api.call('chat.update', { channel, ts, ...shown }, signal);
  if (!updated.ok) return GONE.has(updated.reason) ? null : updated.delivery;
  return follow(api, message, { channel, ts }, signal);
}

export async function begin(
  api: SlackApi,
  channel: string,
  message: OutgoingMessage,
  shown: Shown,
  signal: AbortSignal,
): Promise<Delivery> {
  const found = await arrived(api, 'conversations.history', { channel }, message, signal);
  if (found !== null) return deliveredAs({ channel, ts: found }, 'it had arrived before');
  const post = { channel, ...shown, unfurl_links: false };
  return posted(await api.call('chat.postMessage', withMetadata(post, message), signal), channel);
}

async function follow(
  api: SlackApi,
  message: OutgoingMessage,
  memory: Memory & { readonly channel: string; readonly ts: string },
  signal: AbortSignal,
): Promise<Delivery> {
  const { channel, ts } = memory;
  const found = await arrived(api, 'conversations.replies', { channel, ts }, message, signal);
  if (found !== null) return deliveredAs(memory, 'it had arrived before');
  const reply = {
    channel,
    thread_ts: ts,
    text: newsText(message),
    ...(isForAll(message.step) && { reply_broadcast: true }),
  };
  const said = await api.call('chat.postMessage', withMetadata(reply, message), signal);
  return said.ok ? deliveredAs(memory, `told in the thread of ${ts}`) : said.delivery;
}

/** Shown in the channel as well: more people are asked, or it is worse than they know. */
const isForAll = (step: string): boolean => step.startsWith('escalate-') || tellsOfRaise(step);

function posted(said: SlackSaid, channel: string): Delivery {
  if (!said.ok) return said.delivery;
  const { ts, channel: id } = said.body;
  if (typeof ts !== 'string') return { kind: 'delivered', detail: 'Slack has it, and did not say where' };
  return deliveredAs({ channel: typeof id === 'string' ? id : channel, ts }, `posted as ${ts}`);
}

const deliveredAs = (memory: Memory, what: string): Delivery => ({
  kind: 'delivered',
  detail: `Slack, ${memory['channel'] ?? ''}: ${what}`,
  memory,
});

const withMetadata = (post: object, { payload: { message_id: id } }: OutgoingMessage): object => ({
  ...post,
  metadata: { event_type: METADATA_TYPE, event_payload: { message_id: id } },
});

/** The ts of the message, where an earlier attempt brought it there. What cannot be looked through is posted: better twice than never. */
async function arrived(
  api: SlackApi,
  method: string,
  where: Readonly<Record<string, string>>,
  message: OutgoingMessage,
  signal: AbortSignal,
): Promise<string | null> {
  if (message.attempts === 0) return null;
  const args = { ...where, limit: String(LOOKED_THROUGH), include_all_metadata: 'true' };
  const said = await api.read(method, args, signal);
  if (!said.ok || !Array.isArray(said.body['messages'])) return null;
  const found = (said.body['messages'] as SlackMessage[]).find(
    ({ metadata }) =>
      metadata?.event_type === METADATA_TYPE &&
      metadata.event_payload?.message_id === message.payload.message_id,
  );
  return found?.ts ?? null;
}

interface SlackMessage {
  readonly ts?: string;
  readonly metadata?: {
    readonly event_type?: string;
    readonly event_payload?: { readonly message_id?: string };
  };
}
