/** Slack: by an incoming webhook (`api_url`), or as an app with a token. */
import { all, atMostOne, type Check, isSet, needsOne } from '../checks';
import { flag, list, optional, secret, text } from '../kinds';
import { mapping } from '../mappings';
import { bearer } from '../http-config';
import { Secret } from '../../secret';
import { secretUrl, timeout, url } from '../text-kinds';
import { notifier } from './notifier';

const POST_MESSAGE = 'https://slack.com/api/chat.postMessage';
const URL_KEYS = ['api_url', 'api_url_file'];
const TOKEN_KEYS = ['app_token', 'app_token_file'];

const confirmation = mapping(
  { text: text(), title: text(), ok_text: text(), dismiss_text: text() },
  { check: needsOne(['text']) },
);

/** With a url it is a link, and what belongs to a message's button is left out. */
const action = mapping(
  {
    type: text(),
    text: text(),
    url: text(),
    style: text(),
    name: text(),
    value: text(),
    confirm: optional(confirmation),
  },
  {
    check: all(needsOne(['type']), needsOne(['text']), needsOne(['name', 'url'])),
    then: (values) => (values.url === '' ? values : { ...values, name: '', value: '', confirm: null }),
  },
);

const field = mapping(
  { title: text(), value: text(), short: optional(flag()) },
  { check: all(needsOne(['title']), needsOne(['value'])) },
);

const oneWay: Check = (values, path) => {
  const [urlKey, token] = [URL_KEYS, TOKEN_KEYS].map((keys) => keys.find((key) => isSet(values[key])));
  if (urlKey === undefined || token === undefined) return [];
  return [{ path: [...path, token], message: `cannot stand beside ${urlKey}: keep one way to Slack` }];
};

const updatable: Check = ({ update_message: update, api_url: way }, path) => {
  if (update !== true || (way instanceof Secret && way.reveal() === POST_MESSAGE)) return [];
  const message = `needs api_url: ${POST_MESSAGE}, and a bot's token in http_config`;
  return [{ path: [...path, 'update_message'], message }];
};

export const slack = notifier({
  name: 'slack',
  sendResolved: false,
  fields: {
    api_url: secretUrl(),
    api_url_file: text(),
    app_token: secret(),
    app_token_file: text(),
    app_url: url(),
    channel: text(),
    username: text('{{ template "slack.default.username" . }}'),
    color: text('{{ template "slack.default.color" . }}'),
    title: text('{{ template "slack.default.title" . }}'),
    title_link: text('{{ template "slack.default.titlelink" . }}'),
    pretext: text('{{ template "slack.default.pretext" . }}'),
    text: text('{{ template "slack.default.text" . }}'),
    message_text: text(),
    fields: list(optional(field)),
    short_fields: flag(),
    footer: text('{{ template "slack.default.footer" . }}'),
    fallback: text('{{ template "slack.default.fallback" . }}'),
    callback_id: text('{{ template "slack.default.callbackid" . }}'),
    icon_emoji: text('{{ template "slack.default.iconemoji" . }}'),
    icon_url: text('{{ template "slack.default.iconurl" . }}'),
    image_url: text(),
    thumb_url: text(),
    link_names: flag(),
    mrkdwn_in: list(text()),
    actions: list(optional(action)),
    update_message: flag(),
    timeout: timeout(),
  },
  mends: { webhook_url: 'api_url: …', slack_api_url: 'api_url: …' },
  check: all(atMostOne(URL_KEYS), atMostOne(TOKEN_KEYS), oneWay, updatable),
  inherit: (options, from) => {
    const { global } = from;
    const app_url = options.app_url ?? global.slack_app_url;
    if (app_url === null) from.missing('app_url', 'slack_app_url');
    const ofToken = { app_token: global.slack_app_token, app_token_file: global.slack_app_token_file };
    const isOwnToken = options.app_token !== null || options.app_token_file !== '';
    const speaksForItself = options.http_config !== null && options.http_config.authorization !== null;
    const token = isOwnToken || speaksForItself || options.api_url !== null ? options : ofToken;
    const ofUrl = { api_url: global.slack_api_url, api_url_file: global.slack_api_url_file };
    const way = options.api_url !== null || options.api_url_file !== '' ? options : ofUrl;
    const all = {
      ...options,
      app_url,
      ...{ app_token: token.app_token, app_token_file: token.app_token_file },
      ...{ api_url: way.api_url, api_url_file: way.api_url_file },
    };
    const http = options.http_config ?? global.http_config;
    if (all.app_token === null && all.app_token_file === '') {
      if (all.api_url === null && all.api_url_file === '')
        from.missing('api_url', 'slack_api_url or global.slack_app_token');
      return all;
    }
    if (http?.authorization != null) {
      from.refuse('app_token', 'cannot be used beside http_config.authorization, which it sets itself');
    }
    const authorization = bearer(all.app_token, all.app_token_file);
    return {
      ...all,
      api_url: app_url === null ? null : Secret.of(app_url),
      http_config: http && { ...http, authorization },
    };
  },
});
