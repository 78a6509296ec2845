/** Mattermost, by an incoming webhook. */
import { all, atMostOne, isSet, needsOne } from '../checks';
import { flag, list, optional, text } from '../kinds';
import { mapping } from '../mappings';
import { secretUrl } from '../text-kinds';
import { notifier } from './notifier';

const field = mapping(
  { title: text(), value: text(), short: optional(flag()) },
  { check: all(needsOne(['title']), needsOne(['value'])) },
);

const attachment = {
  fallback: text(),
  color: text(),
  pretext: text(),
  text: text(),
  author_name: text(),
  author_link: text(),
  author_icon: text(),
  title: text(),
  title_link: text(),
  fields: list(optional(field)),
  thumb_url: text(),
  footer: text(),
  footer_icon: text(),
  image_url: text(),
};

export const mattermost = notifier({
  name: 'mattermost',
  sendResolved: true,
  fields: {
    ...attachment,
    webhook_url: secretUrl(),
    webhook_url_file: text(),
    channel: text(),
    username: text('{{ template "mattermost.default.username" . }}'),
    text: text('{{ template "mattermost.default.text" . }}'),
    fallback: text('{{ template "mattermost.default.fallback" . }}'),
    color: text('{{ template "mattermost.default.color" . }}'),
    title: text('{{ template "mattermost.default.title" . }}'),
    title_link: text('{{ template "mattermost.default.titlelink" . }}'),
    icon_url: text(),
    icon_emoji: text(),
    attachments: list(optional(mapping(attachment))),
    type: text(),
    props: optional(mapping({ card: text() })),
    priority: optional(
      mapping({ priority: text(), requested_ack: flag(), persistent_notifications: flag() }),
    ),
  },
  check: atMostOne(['webhook_url', 'webhook_url_file']),
  inherit: (options, from) => {
    if (options.webhook_url !== null || options.webhook_url_file !== '') return options;
    const { mattermost_webhook_url: webhook_url, mattermost_webhook_url_file: webhook_url_file } =
      from.global;
    if (!isSet(webhook_url) && webhook_url_file === '') from.missing('webhook_url', 'mattermost_webhook_url');
    return { ...options, webhook_url, webhook_url_file };
  },
});
