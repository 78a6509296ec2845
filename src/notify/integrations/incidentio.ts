/** `incidentio`: the group as JSON to an alert source of incident.io. */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { deliveryOf } from './delivery';
import type { Attempt, Kind } from './integration';
import { asObject, texts } from './json-answer';
import { leftOut } from './webhook';

type Options = OptionsOf<'incidentio'>;

const VERSION = '1';
const MOST_BYTES = 512 * 1_024;

export const incidentio: Kind<'incidentio'> = (options) => ({
  address: { url: options.url, file: options.url_file },
  timeoutMs: options.timeout,
  async send(attempt) {
    const { secrets, now } = attempt;
    const url = options.url ?? secrets.reveal(null, options.url_file);
    const token = secrets.reveal(options.alert_source_token, options.alert_source_token_file);
    const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
    return deliveryOf(await attempt.post(url, payload(attempt, options), headers), now, { details: errors });
  },
});

/** incident.io makes one alert of the group: of one that is too large it gets the first alert alone. */
function payload(attempt: Attempt, { max_alerts: most }: Options): object {
  const { data } = attempt.within(most);
  const { message } = attempt;
  const whole = {
    ...data,
    version: VERSION,
    groupKey: message.groupKey,
    truncatedAlerts: leftOut(message, most),
  };
  if (Buffer.byteLength(JSON.stringify(whole)) <= MOST_BYTES) return whole;
  return { ...whole, alerts: data.alerts.slice(0, 1), truncatedAlerts: message.alerts.length - 1 };
}

function errors(body: string): string {
  const { message, error, errors: all } = asObject(body) ?? {};
  return texts([message, error, all]);
}
