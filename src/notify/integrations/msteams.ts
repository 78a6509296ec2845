/**
 * `msteams` and `msteamsv2`: a card in a Microsoft Teams channel, by a connector or by a workflow. Teams takes 28 kB; a
 * longer text is cut, since the whole message would be refused.
 */
import type { Delivery } from '../port';
import { deliveryOf, readSoon } from './delivery';
import type { HttpAnswer } from './http/client';
import type { Attempt, Kind } from './integration';
import { fittingJson } from './truncated';

const MOST_BYTES = 28_000;
const RED = '8C1A1A';
const GREEN = '2DC72D';

export const msteams: Kind<'msteams'> = (options) => ({
  address: { url: options.webhook_url, file: options.webhook_url_file },
  async send(attempt) {
    const { text, secrets, isFiring } = attempt;
    const [title, summary] = [text(options.title), text(options.summary)];
    const card = (shown: string): object => ({
      '@context': 'http://schema.org/extensions',
      '@type': 'MessageCard',
      type: 'MessageCard',
      ...{ title, summary, text: shown, themeColor: isFiring ? RED : GREEN },
    });
    const url = secrets.reveal(options.webhook_url, options.webhook_url_file);
    return outcome(attempt, await attempt.post(url, fittingJson(text(options.text), MOST_BYTES, card)));
  },
});

export const msteamsv2: Kind<'msteamsv2'> = (options) => ({
  address: { url: options.webhook_url, file: options.webhook_url_file },
  async send(attempt) {
    const { text, secrets, isFiring } = attempt;
    const title = heading(text(options.title), isFiring);
    const url = secrets.reveal(options.webhook_url, options.webhook_url_file);
    return outcome(
      attempt,
      await attempt.post(
        url,
        fittingJson(text(options.text), MOST_BYTES, (shown) => adaptive(title, shown)),
      ),
    );
  },
});

const heading = (text: string, isFiring: boolean): object => ({
  ...{ type: 'TextBlock', text, weight: 'Bolder', size: 'Medium', wrap: true, style: 'heading' },
  color: isFiring ? 'Attention' : 'Good',
});

const adaptive = (title: object, text: string): object => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      contentUrl: null,
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.2',
        body: [title, { type: 'TextBlock', text, wrap: true }],
        msteams: { width: 'full' },
      },
    },
  ],
});

/** A connector answers with success before Teams has said whether it takes the message, and says that in the body. */
async function outcome(attempt: Attempt, answer: HttpAnswer): Promise<Delivery> {
  if (answer.status !== 200) return deliveryOf(answer, attempt.now);
  const body = await readSoon(answer);
  const code = Number(/HTTP error (\d{3})/i.exec(body)?.[1] ?? 0);
  if (code === 0) return { kind: 'delivered', detail: `HTTP 200 from ${answer.where}` };
  const error = `${answer.where} answered 200, and in it that Teams answered ${code}`;
  return code >= 500 || code === 429
    ? { kind: 'retry', error, retryAfterMs: null }
    : { kind: 'refused', error };
}
