/** Rocket.Chat messages. */
import { all, atMostOne } from '../checks';
import { flag, list, optional, settableSecret, text } from '../kinds';
import { mapping } from '../mappings';
import { url } from '../text-kinds';
import { firstSet, notifier } from './notifier';

const field = mapping({ short: optional(flag()), title: text(), value: text() });

/** Alertmanager has no names of its own for these in YAML, so they stand without underscores. */
const action = mapping({
  type: text(),
  text: text(),
  url: text(),
  imageurl: text(),
  iswebview: flag(),
  webviewheightratio: text(),
  msg: text(),
  msginchatwindow: flag(),
  msgprocessingtype: text(),
});

export const rocketchat = notifier({
  name: 'rocketchat',
  sendResolved: false,
  fields: {
    api_url: url(),
    token_id: settableSecret(),
    token_id_file: text(),
    token: settableSecret(),
    token_file: text(),
    channel: text(),
    color: text('{{ if eq .Status "firing" }}red{{ else }}green{{ end }}'),
    title: text('{{ template "rocketchat.default.title" . }}'),
    title_link: text('{{ template "rocketchat.default.titlelink" . }}'),
    text: text('{{ template "rocketchat.default.text" . }}'),
    fields: list(optional(field)),
    short_fields: flag(),
    emoji: text('{{ template "rocketchat.default.emoji" . }}'),
    icon_url: text('{{ template "rocketchat.default.iconurl" . }}'),
    image_url: text(),
    thumb_url: text(),
    link_names: flag(),
    actions: list(optional(action)),
  },
  check: all(atMostOne(['token', 'token_file']), atMostOne(['token_id', 'token_id_file'])),
  inherit: (options, from) => {
    const { global } = from;
    const all = {
      ...options,
      api_url: options.api_url ?? global.rocketchat_api_url,
      token_id: options.token_id ?? global.rocketchat_token_id,
      token_id_file: firstSet(options.token_id_file, global.rocketchat_token_id_file),
      token: options.token ?? global.rocketchat_token,
      token_file: firstSet(options.token_file, global.rocketchat_token_file),
    };
    if (all.token_id === null && all.token_id_file === '') from.missing('token_id', 'rocketchat_token_id');
    if (all.token === null && all.token_file === '') from.missing('token', 'rocketchat_token');
    return all;
  },
});
