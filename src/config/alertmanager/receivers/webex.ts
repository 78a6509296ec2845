/** Webex, by a bot. */
import { all, type Check, needsOne } from '../checks';
import { text } from '../kinds';
import { url } from '../text-kinds';
import { notifier } from './notifier';

const authorized: Check = ({ http_config: http }, path) =>
  (http as { readonly authorization: unknown } | null)?.authorization
    ? []
    : [
        {
          path: [...path, 'http_config', 'authorization'],
          message: 'is missing: the bot’s token belongs there',
        },
      ];

export const webex = notifier({
  name: 'webex',
  sendResolved: true,
  fields: {
    api_url: url(),
    message: text('{{ template "webex.default.message" . }}'),
    room_id: text(),
  },
  check: all(needsOne(['room_id']), authorized),
  inherit: (options, from) => {
    const api_url = options.api_url ?? from.global.webex_api_url;
    if (api_url === null) from.missing('api_url', 'webex_api_url');
    return { ...options, api_url };
  },
});
