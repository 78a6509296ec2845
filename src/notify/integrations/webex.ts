/** `webex`: a message of a bot in a room; the bot's token stands in `http_config`. */
import { deliveryOf } from './delivery';
import type { Kind } from './integration';
import { present } from './present';
import { inBytes } from './truncated';

const MOST_BYTES = 7439;

export const webex: Kind<'webex'> = (options) => ({
  address: { url: options.api_url },
  async send(attempt) {
    const { text, now } = attempt;
    const markdown = inBytes(text(options.message), MOST_BYTES);
    const message = { markdown, ...present({ roomId: text(options.room_id) }) };
    return deliveryOf(await attempt.post(options.api_url!, message), now);
  },
});
