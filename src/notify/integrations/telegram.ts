/** `telegram`: a message of a bot. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../domain/errors';
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { deliveryOf, isDelivered } from './delivery';
import type { Attempt, Kind } from './integration';
import { asObject, texts } from './json-answer';
import { Passing, Refused } from './outcome';
import { present } from './present';
import { inCharacters } from './truncated';

type Options = OptionsOf<'telegram'>;

const MOST = 4096;
/** Cut HTML may be none any more, and would be refused. */
const TOO_LONG =
  '{{ template "__subject" . }}\n\nThe message is longer than Telegram takes: see {{ .ExternalURL }} for the alerts.';

export const telegram: Kind<'telegram'> = (options) => ({
  address: { url: options.api_url },
  async send(attempt) {
    const { secrets, now } = attempt;
    const token = secrets.reveal(options.bot_token, options.bot_token_file);
    const answer = await attempt.post(`${options.api_url!.replace(/\/+$/, '')}/bot${token}/sendMessage`, {
      chat_id: chatOf(options),
      text: textOf(attempt, options),
      disable_web_page_preview: true,
      ...present({
        parse_mode: options.parse_mode,
        disable_notification: options.disable_notifications,
        message_thread_id: options.message_thread_id || null,
      }),
    });
    if (isDelivered(answer)) return deliveryOf(answer, now);
    let seconds: unknown;
    const delivery = await deliveryOf(answer, now, {
      details(body) {
        const { description, parameters } = asObject(body) ?? {};
        seconds = (parameters as { retry_after?: unknown } | undefined)?.retry_after;
        return texts([description]);
      },
    });
    if (delivery.kind !== 'retry' || typeof seconds !== 'number') return delivery;
    return { ...delivery, retryAfterMs: delivery.retryAfterMs ?? seconds * 1_000 };
  },
});

function textOf({ text, html }: Attempt, { message, parse_mode: mode }: Options): string {
  if (mode !== 'HTML') return inCharacters(text(message), MOST);
  const whole = html(message);
  return [...whole].length <= MOST ? whole : html(TOO_LONG);
}

function chatOf({ chat_id: id, chat_id_file: file }: Options): unknown {
  if (file === '') return id;
  const written = readChat(file);
  if (!/^-?\d+$/.test(written)) throw new Refused(`${file} holds no chat's number`);
  return Number(written);
}

function readChat(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Passing(`cannot read ${file}: ${messageOf(cause)}`);
  }
}
