/** Pushover messages. */
import { all, atMostOne, type Check, needsOne } from '../checks';
import { flag, secret, text } from '../kinds';
import { goDurationText } from '../text-kinds';
import { notifier } from './notifier';

const MINUTE_MS = 60_000;
const USER = ['user_key', 'user_key_file'];
const TOKEN = ['token', 'token_file'];

const oneForm: Check = ({ html, monospace }, path) =>
  html === true && monospace === true
    ? [{ path: [...path, 'monospace'], message: 'cannot stand beside html: keep one of them' }]
    : [];

export const pushover = notifier({
  name: 'pushover',
  sendResolved: true,
  fields: {
    user_key: secret(),
    user_key_file: text(),
    token: secret(),
    token_file: text(),
    title: text('{{ template "pushover.default.title" . }}'),
    message: text('{{ template "pushover.default.message" . }}'),
    url: text('{{ template "pushover.default.url" . }}'),
    url_title: text(),
    device: text(),
    sound: text(),
    priority: text('{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'),
    retry: goDurationText(MINUTE_MS),
    expire: goDurationText(60 * MINUTE_MS),
    ttl: goDurationText(),
    html: flag(),
    monospace: flag(),
  },
  check: all(needsOne(USER), atMostOne(USER), needsOne(TOKEN), atMostOne(TOKEN), oneForm),
});
