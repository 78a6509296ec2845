/** `rocketchat`: a message with one attachment, by `chat.postMessage`. */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { deliveryOf, isDelivered } from './delivery';
import type { Attempt, Kind } from './integration';
import { asObject, texts } from './json-answer';
import { present } from './present';
import { inCharacters } from './truncated';

type Options = OptionsOf<'rocketchat'>;

const MOST_TITLE = 1024;

export const rocketchat: Kind<'rocketchat'> = (options) => ({
  address: { url: options.api_url },
  async send(attempt) {
    const { text, secrets, now } = attempt;
    const headers = {
      'x-auth-token': secrets.reveal(options.token, options.token_file),
      'x-user-id': secrets.reveal(options.token_id, options.token_id_file),
    };
    const channel = text(options.channel);
    const message = present({
      channel,
      emoji: text(options.emoji),
      avatar: text(options.icon_url),
      attachments: [attachment(attempt, options)],
    });
    const url = `${options.api_url!.replace(/\/+$/, '')}/api/v1/chat.postMessage`;
    const answer = await attempt.post(url, message, headers);
    if (!isDelivered(answer)) return deliveryOf(answer, now);
    const said = asObject(await answer.text());
    const where = channel === '' ? '' : `channel ${JSON.stringify(channel)}: `;
    if (said === null)
      return { kind: 'retry', error: `${where}Rocket.Chat's answer is no JSON`, retryAfterMs: null };
    if (said.success === true)
      return { kind: 'delivered', detail: `HTTP ${answer.status} from ${answer.where}` };
    return { kind: 'refused', error: `${where}Rocket.Chat answered ${texts([said.error]) || 'no success'}` };
  },
});

function attachment({ text }: Attempt, options: Options): Record<string, unknown> {
  return present({
    title: inCharacters(text(options.title), MOST_TITLE),
    title_link: text(options.title_link),
    text: text(options.text),
    image_url: text(options.image_url),
    thumb_url: text(options.thumb_url),
    color: text(options.color),
    fields: options.fields.flatMap((field) =>
      field === null
        ? []
        : [
            {
              title: text(field.title),
              value: text(field.value),
              short: field.short ?? options.short_fields,
            },
          ],
    ),
    actions: options.actions.flatMap((action) => (action === null ? [] : [button(action, text)])),
  });
}

type Action = NonNullable<Options['actions'][number]>;

/** Rocket.Chat knows no other type than a button. */
const button = (action: Action, text: Attempt['text']): Record<string, unknown> => ({
  type: 'button',
  ...present({
    text: text(action.text),
    url: text(action.url),
    image_url: text(action.imageurl),
    is_webview: action.iswebview,
    webview_height_ratio: text(action.webviewheightratio),
    msg: text(action.msg),
    msg_in_chat_window: action.msginchatwindow,
    msg_processing_type: text(action.msgprocessingtype),
  }),
});
