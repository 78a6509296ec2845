/** incident.io, by an alert source. */
import { all, atMostOne, type Check, isSet, needsOne } from '../checks';
import { count, secret, text } from '../kinds';
import { timeout, url } from '../text-kinds';
import { notifier } from './notifier';

const WAYS = ['url', 'url_file'];
const TOKENS = ['alert_source_token', 'alert_source_token_file'];

const oneToken: Check = (values, path) => {
  const http = values.http_config as { readonly authorization: unknown } | null;
  const token = TOKENS.find((key) => isSet(values[key]));
  if (http === null || (http.authorization === null) === (token !== undefined)) return [];
  if (token === undefined)
    return [{ path, message: `has no ${TOKENS.join(' or ')} or http_config.authorization` }];
  return [{ path: [...path, token], message: 'cannot stand beside http_config.authorization' }];
};

export const incidentio = notifier({
  name: 'incidentio',
  sendResolved: true,
  fields: {
    url: url(),
    url_file: text(),
    alert_source_token: secret(),
    alert_source_token_file: text(),
    max_alerts: count(),
    timeout: timeout(),
  },
  check: all(needsOne(WAYS), atMostOne(WAYS), atMostOne(TOKENS), oneToken),
});
