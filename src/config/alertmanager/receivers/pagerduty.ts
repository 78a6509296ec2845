/** PagerDuty: `routing_key` by its Events API v2, `service_key` by v1. */
import { all, atMostOne, needsOne } from '../checks';
import { list, secret, text } from '../kinds';
import { anything, mapping, record } from '../mappings';
import { timeout, url } from '../text-kinds';
import { notifier } from './notifier';

const DETAILS = {
  firing: '{{ .Alerts.Firing | toJson }}',
  resolved: '{{ .Alerts.Resolved | toJson }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

export const pagerduty = notifier({
  name: 'pagerduty',
  sendResolved: true,
  fields: {
    service_key: secret(),
    service_key_file: text(),
    routing_key: secret(),
    routing_key_file: text(),
    url: url(),
    client: text('{{ template "pagerduty.default.client" . }}'),
    client_url: text('{{ template "pagerduty.default.clientURL" . }}'),
    description: text('{{ template "pagerduty.default.description" .}}'),
    details: record(anything()),
    images: list(mapping({ src: text(), alt: text(), href: text() })),
    links: list(mapping({ href: text(), text: text() })),
    source: text(),
    severity: text(),
    class: text(),
    component: text(),
    group: text(),
    timeout: timeout(),
  },
  mends: { integration_key: 'routing_key: … for Events API v2 or service_key: … for v1' },
  check: all(
    needsOne(['routing_key', 'service_key', 'routing_key_file', 'service_key_file']),
    atMostOne(['routing_key', 'routing_key_file']),
    atMostOne(['service_key', 'service_key_file']),
  ),
  then: (options) => ({
    ...options,
    source: options.source || options.client,
    details: { ...DETAILS, ...options.details },
  }),
  inherit: (options, from) => {
    const own = options.url ?? from.global.pagerduty_url;
    if (own === null) from.missing('url', 'pagerduty_url');
    return { ...options, url: own };
  },
});
