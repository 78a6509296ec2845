/** `slack`: a message with one attachment, by an incoming webhook or by `chat.postMessage`, updated where that is asked for. */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import type { Delivery, Memory } from '../port';
import { deliveryOf, isDelivered } from './delivery';
import type { HttpAnswer } from './http/client';
import type { Attempt, Kind } from './integration';
import { asObject } from './json-answer';
import { present } from './present';
import { inCharacters } from './truncated';

type Options = OptionsOf<'slack'>;

const MOST_TITLE = 1024;
const MARKDOWN_IN = ['fallback', 'pretext', 'text'];
/** Slack's words for what passes. */
const PASSING: ReadonlySet<string> = new Set([
  ...[
    'ratelimited',
    'rate_limited',
    'internal_error',
    'service_unavailable',
    'fatal_error',
    'request_timeout',
  ],
]);
/** The message to be updated is gone, or is too old: there is a new one then. */
const GONE: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

export const slack: Kind<'slack'> = (options) => ({
  address: { url: options.api_url, file: options.api_url_file },
  timeoutMs: options.timeout,
  async send(attempt) {
    const url = attempt.secrets.reveal(options.api_url, options.api_url_file);
    const message = messageOf(attempt, options);
    const { ts, channel } = attempt.message.memory;
    if (options.update_message && ts !== undefined && channel !== undefined) {
      const update = url.replace(/chat\.postMessage$/, 'chat.update');
      const updated = await outcome(
        attempt,
        await attempt.post(update, { ...message, ts, channel }),
        channel,
      );
      if (updated.kind !== 'gone') return updated;
    }
    const sent = await outcome(attempt, await attempt.post(url, message), String(message.channel ?? ''));
    return sent.kind === 'gone' ? { kind: 'refused', error: sent.error } : sent;
  },
});

function messageOf(attempt: Attempt, options: Options): Record<string, unknown> {
  const { text } = attempt;
  return present({
    channel: text(options.channel),
    username: text(options.username),
    icon_emoji: text(options.icon_emoji),
    icon_url: text(options.icon_url),
    link_names: options.link_names,
    text: text(options.message_text),
    attachments: [attachment(attempt, options)],
  });
}

function attachment({ text }: Attempt, options: Options): Record<string, unknown> {
  return {
    ...present({
      title: inCharacters(text(options.title), MOST_TITLE),
      title_link: text(options.title_link),
      pretext: text(options.pretext),
      fields: there(options.fields).map((field) => ({
        title: text(field.title),
        value: text(field.value),
        short: field.short ?? options.short_fields,
      })),
      actions: there(options.actions).map((action) => actionOf(action, text)),
      image_url: text(options.image_url),
      thumb_url: text(options.thumb_url),
      color: text(options.color),
    }),
    text: text(options.text),
    fallback: text(options.fallback),
    callback_id: text(options.callback_id),
    footer: text(options.footer),
    mrkdwn_in: options.mrkdwn_in.length > 0 ? options.mrkdwn_in : MARKDOWN_IN,
  };
}

type Action = NonNullable<Options['actions'][number]>;

function actionOf(action: Action, text: Attempt['text']): Record<string, unknown> {
  const { confirm } = action;
  return present({
    ...{ type: text(action.type), text: text(action.text), url: text(action.url), style: text(action.style) },
    ...{ name: text(action.name), value: text(action.value) },
    confirm:
      confirm &&
      present({
        ...{ title: text(confirm.title), text: text(confirm.text) },
        ...{ ok_text: text(confirm.ok_text), dismiss_text: text(confirm.dismiss_text) },
      }),
  });
}

const there = <T>(items: readonly (T | null)[]): T[] => items.filter((item) => item !== null);

type Outcome = Delivery | { readonly kind: 'gone'; readonly error: string };

/** Slack says what is wrong with a message in an answer that is a success by its code. */
async function outcome(attempt: Attempt, answer: HttpAnswer, channel: string): Promise<Outcome> {
  const where = channel === '' ? '' : `channel ${JSON.stringify(channel)}: `;
  if (!isDelivered(answer)) {
    const delivery = await deliveryOf(answer, attempt.now);
    return delivery.kind === 'delivered' ? delivery : { ...delivery, error: where + delivery.error };
  }
  const body = await answer.text();
  const isJson = (answer.header('content-type') ?? '').startsWith('application/json');
  const detail = `HTTP ${answer.status} from ${answer.where}`;
  if (!isJson) {
    if (body === 'ok') return { kind: 'delivered', detail };
    return { kind: 'refused', error: `${where}Slack answered ${JSON.stringify(body.slice(0, 200))}` };
  }
  const said = asObject(body);
  if (said === null) return { kind: 'retry', error: `${where}Slack's answer is no JSON`, retryAfterMs: null };
  if (said.ok === true) return { kind: 'delivered', detail, memory: memoryOf(said) };
  const reason = typeof said.error === 'string' ? said.error : 'no reason given';
  const error = `${where}Slack answered ${reason}`;
  if (GONE.has(reason)) return { kind: 'gone', error };
  return PASSING.has(reason) ? { kind: 'retry', error, retryAfterMs: null } : { kind: 'refused', error };
}

const memoryOf = ({ ts, channel }: Readonly<Record<string, unknown>>): Memory =>
  typeof ts === 'string' && typeof channel === 'string' ? { ts, channel } : {};
