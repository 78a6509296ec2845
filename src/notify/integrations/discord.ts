/** `discord`: a message with one embed, by an incoming webhook. */
import { deliveryOf } from './delivery';
import type { Kind } from './integration';
import { present } from './present';
import { inCharacters } from './truncated';

const MOST = { title: 256, description: 4096, content: 2000 };
const RED = 0x992d22;
const GREEN = 0x2ecc71;

export const discord: Kind<'discord'> = (options) => ({
  address: { url: options.webhook_url, file: options.webhook_url_file },
  async send(attempt) {
    const { text, secrets, isFiring, now } = attempt;
    const message = {
      content: inCharacters(text(options.content), MOST.content),
      embeds: [
        {
          title: inCharacters(text(options.title), MOST.title),
          description: inCharacters(text(options.message), MOST.description),
          color: isFiring ? RED : GREEN,
        },
      ],
      ...present({ username: options.username, avatar_url: options.avatar_url }),
    };
    return deliveryOf(
      await attempt.post(secrets.reveal(options.webhook_url, options.webhook_url_file), message),
      now,
    );
  },
});
