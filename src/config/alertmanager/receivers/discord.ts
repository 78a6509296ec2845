/** Discord, by an incoming webhook. */
import { all, atMostOne, needsOne } from '../checks';
import { text } from '../kinds';
import { secretUrl } from '../text-kinds';
import { notifier } from './notifier';

const WAYS = ['webhook_url', 'webhook_url_file'];

export const discord = notifier({
  name: 'discord',
  sendResolved: true,
  fields: {
    webhook_url: secretUrl(),
    webhook_url_file: text(),
    content: text(),
    title: text('{{ template "discord.default.title" . }}'),
    message: text('{{ template "discord.default.message" . }}'),
    username: text(),
    avatar_url: text(),
  },
  check: all(needsOne(WAYS), atMostOne(WAYS)),
});
