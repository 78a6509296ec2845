/** `webhook`: the group as JSON, in version 4 of Alertmanager's form or in one that the configuration gives. */
import type { GroupMessage } from '../port';
import { deliveryOf } from './delivery';
import type { Attempt, Kind } from './integration';
import { Refused } from './outcome';
import { rendered } from './structures';

const VERSION = '4';

export const webhook: Kind<'webhook'> = (options) => ({
  address: { url: options.url, file: options.url_file },
  timeoutMs: options.timeout,
  async send(attempt) {
    const { secrets, now } = attempt;
    const body = options.payload === null ? payload(attempt, options.max_alerts) : custom(attempt, options);
    const url = secrets.note(attempt.text(secrets.reveal(options.url, options.url_file)).trim());
    if (url === '') throw new Refused('its url is empty once its template is rendered');
    return deliveryOf(await attempt.post(url, body), now);
  },
});

type Options = Parameters<typeof webhook>[0];

function custom(attempt: Attempt, { payload: form, max_alerts: most }: Options): unknown {
  return rendered(form, attempt.within(most).text);
}

function payload(attempt: Attempt, most: number): object {
  const { data, left } = { data: attempt.within(most).data, left: leftOut(attempt.message, most) };
  return { ...data, version: VERSION, groupKey: attempt.message.groupKey, truncatedAlerts: left };
}

export const leftOut = ({ alerts }: GroupMessage, most: number): number =>
  most > 0 ? Math.max(0, alerts.length - most) : 0;
