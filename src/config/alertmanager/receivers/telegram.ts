/** Telegram, by a bot. */
import { all, atMostOne, type Check } from '../checks';
import { flag, integer, secret, text } from '../kinds';
import { url } from '../text-kinds';
import { notifier } from './notifier';

const MODES = ['', 'Markdown', 'MarkdownV2', 'HTML'];

const oneChat: Check = ({ chat_id: id, chat_id_file: file }, path) => {
  if ((id === 0) !== (file === '')) return [];
  if (id === 0)
    return [{ path: [...path, 'chat_id'], message: 'is missing', accepted: 'chat_id or chat_id_file' }];
  return [{ path: [...path, 'chat_id_file'], message: 'cannot stand beside chat_id: keep one of them' }];
};

const modeIsKnown: Check = ({ parse_mode: mode }, path) => {
  if (MODES.includes(mode as string)) return [];
  const accepted = 'Markdown, MarkdownV2, HTML, or an empty text';
  return [
    { path: [...path, 'parse_mode'], value: JSON.stringify(mode), message: 'is not accepted', accepted },
  ];
};

export const telegram = notifier({
  name: 'telegram',
  sendResolved: true,
  fields: {
    api_url: url(),
    bot_token: secret(),
    bot_token_file: text(),
    chat_id: integer(),
    chat_id_file: text(),
    message_thread_id: integer(),
    message: text('{{ template "telegram.default.message" . }}'),
    disable_notifications: flag(),
    parse_mode: text('HTML'),
  },
  check: all(atMostOne(['bot_token', 'bot_token_file']), oneChat, modeIsKnown),
  inherit: (options, from) => {
    const { global } = from;
    const all = { ...options, api_url: options.api_url ?? global.telegram_api_url };
    if (options.bot_token !== null || options.bot_token_file !== '') return all;
    const { telegram_bot_token: bot_token, telegram_bot_token_file: bot_token_file } = global;
    if (bot_token === null && bot_token_file === '') from.missing('bot_token', 'telegram_bot_token');
    return { ...all, bot_token, bot_token_file };
  },
});
