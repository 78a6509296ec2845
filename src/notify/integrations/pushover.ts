/** `pushover`: a message to a person's devices. */
import { deliveryOf } from './delivery';
import type { Attempt, Kind } from './integration';
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { asObject, texts } from './json-answer';
import { present } from './present';
import { inCharacters } from './truncated';

type Options = OptionsOf<'pushover'>;

const MESSAGES = 'https://api.pushover.net/1/messages.json';
const MOST = { title: 250, message: 1024, url: 512 };

export const pushover: Kind<'pushover'> = (options, { addresses }) => {
  const url = addresses?.pushover ?? MESSAGES;
  return {
    address: { url },
    async send(attempt) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = new URLSearchParams(form(attempt, options)).toString();
      return deliveryOf(await attempt.call({ url, headers, body }), attempt.now, { details: errors });
    },
  };
};

function form(attempt: Attempt, options: Options): Record<string, string> {
  const { text, html, secrets } = attempt;
  const message = inCharacters(
    options.html ? html(options.message) : text(options.message),
    MOST.message,
  ).trim();
  const ttl = seconds(options.ttl);
  return {
    token: secrets.note(text(secrets.reveal(options.token, options.token_file))),
    user: secrets.note(text(secrets.reveal(options.user_key, options.user_key_file))),
    title: inCharacters(text(options.title), MOST.title),
    // An empty one is refused.
    message: message || '(no details)',
    priority: text(options.priority),
    retry: String(seconds(options.retry)),
    expire: String(seconds(options.expire)),
    ...(present({
      html: options.html && '1',
      monospace: options.monospace && '1',
      url: inCharacters(text(options.url), MOST.url),
      url_title: text(options.url_title),
      device: text(options.device),
      sound: text(options.sound),
      ttl: ttl > 0 && String(ttl),
    }) as Record<string, string>),
  };
}

const seconds = (milliseconds: number): number => Math.trunc(milliseconds / 1_000);

const errors = (body: string): string => texts([asObject(body)?.errors]);
