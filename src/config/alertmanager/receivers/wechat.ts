/** WeChat Work messages. */
import { all, atMostOne, type Check } from '../checks';
import { secret, text } from '../kinds';
import { url } from '../text-kinds';
import { firstSet, notifier, withSlash } from './notifier';

const TYPES = ['', 'text', 'markdown'];

const typeIsKnown: Check = ({ message_type: type }, path) => {
  if (TYPES.includes(type as string)) return [];
  const accepted = 'text, markdown';
  return [
    { path: [...path, 'message_type'], value: JSON.stringify(type), message: 'is not accepted', accepted },
  ];
};

export const wechat = notifier({
  name: 'wechat',
  sendResolved: false,
  fields: {
    api_secret: secret(),
    api_secret_file: text(),
    corp_id: text(),
    message: text('{{ template "wechat.default.message" . }}'),
    api_url: url(),
    to_user: text('{{ template "wechat.default.to_user" . }}'),
    to_party: text('{{ template "wechat.default.to_party" . }}'),
    to_tag: text('{{ template "wechat.default.to_tag" . }}'),
    agent_id: text('{{ template "wechat.default.agent_id" . }}'),
    message_type: text(),
  },
  check: all(typeIsKnown, atMostOne(['api_secret', 'api_secret_file'])),
  then: (options) => ({ ...options, message_type: options.message_type || 'text' }),
  inherit: (options, from) => {
    const { global } = from;
    const api_url = options.api_url ?? global.wechat_api_url;
    const corp_id = firstSet(options.corp_id, global.wechat_api_corp_id);
    const isOwn = options.api_secret !== null || options.api_secret_file !== '';
    const api_secret = isOwn ? options.api_secret : global.wechat_api_secret;
    const api_secret_file = isOwn ? options.api_secret_file : global.wechat_api_secret_file;
    if (api_url === null) from.missing('api_url', 'wechat_api_url');
    if (api_secret === null && api_secret_file === '') from.missing('api_secret', 'wechat_api_secret');
    if (corp_id === '') from.missing('corp_id', 'wechat_api_corp_id');
    return { ...options, api_url: api_url && withSlash(api_url), corp_id, api_secret, api_secret_file };
  },
});
