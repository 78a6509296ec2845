/** `mattermost`: a message by an incoming webhook, with the attachments that are configured or one of its own. */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { deliveryOf } from './delivery';
import type { Attempt, Kind } from './integration';
import { Refused } from './outcome';
import { present } from './present';
import { inCharacters } from './truncated';

type Options = OptionsOf<'mattermost'>;

const MOST_TEXT = 16_383;
const PRIORITIES = ['urgent', 'important', 'standard'];

export const mattermost: Kind<'mattermost'> = (options) => ({
  address: { url: options.webhook_url, file: options.webhook_url_file },
  async send(attempt) {
    const { secrets, now } = attempt;
    const url = secrets.reveal(options.webhook_url, options.webhook_url_file);
    if (url === '') throw new Refused('its webhook_url is empty');
    return deliveryOf(await attempt.post(url, messageOf(attempt, options)), now);
  },
});

function messageOf({ text }: Attempt, options: Options): Record<string, unknown> {
  const written = options.attachments.filter((each) => each !== null);
  const own = written.length === 0;
  const attachments = own ? [attachment(options, text)] : written.map((each) => attachment(each, text));
  return present({
    channel: text(options.channel),
    username: text(options.username),
    icon_url: text(options.icon_url),
    icon_emoji: text(options.icon_emoji),
    type: text(options.type),
    text: own ? '' : inCharacters(text(options.text), MOST_TEXT),
    attachments,
    props: options.props && options.props.card !== '' && { card: text(options.props.card) },
    priority: priority(options, text),
  });
}

type Attachment = NonNullable<Options['attachments'][number]>;

function attachment(written: Attachment, text: Attempt['text']): Record<string, unknown> {
  const shown = [
    ...([
      'fallback',
      'color',
      'pretext',
      'text',
      'author_name',
      'author_link',
      'author_icon',
      'title',
    ] as const),
    ...(['title_link', 'thumb_url', 'footer', 'footer_icon', 'image_url'] as const),
  ];
  return present({
    ...Object.fromEntries(shown.map((name) => [name, text(written[name])])),
    fields: written.fields.flatMap((field) =>
      field === null
        ? []
        : [present({ title: text(field.title), value: text(field.value), short: field.short })],
    ),
  });
}

/** Mattermost takes a request for acknowledgement with a higher priority alone, and repeated calls with the highest. */
function priority({ priority: options }: Options, text: Attempt['text']): Record<string, unknown> | null {
  if (options === null || options.priority === '') return null;
  const written = text(options.priority).toLowerCase();
  const name = PRIORITIES.includes(written) ? written : 'standard';
  return present({
    priority: name,
    requested_ack: options.requested_ack && name !== 'standard',
    persistent_notifications: options.persistent_notifications && name === 'urgent',
  });
}
