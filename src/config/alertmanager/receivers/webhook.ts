/** A web server of one’s own. */
import { all, atMostOne, needsOne } from '../checks';
import { count, text } from '../kinds';
import { anything } from '../mappings';
import { secretTemplateUrl, timeout } from '../text-kinds';
import { notifier } from './notifier';

const WAYS = ['url', 'url_file'];

export const webhook = notifier({
  name: 'webhook',
  sendResolved: true,
  fields: {
    url: secretTemplateUrl(),
    url_file: text(),
    max_alerts: count(),
    timeout: timeout(),
    payload: anything(),
  },
  mends: { webhook_url: 'url: …', headers: 'http_config: { http_headers: … }' },
  check: all(needsOne(WAYS), atMostOne(WAYS)),
});
