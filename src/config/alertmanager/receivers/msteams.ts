/** Microsoft Teams: `msteams` by the connectors that Microsoft is taking away, `msteamsv2` by workflows. */
import { all, atMostOne, needsOne } from '../checks';
import { text } from '../kinds';
import { secretUrl } from '../text-kinds';
import { notifier } from './notifier';

const WAYS = ['webhook_url', 'webhook_url_file'];
const oneWay = all(needsOne(WAYS), atMostOne(WAYS));
const ways = { webhook_url: secretUrl(), webhook_url_file: text() };

export const msteams = notifier({
  name: 'msteams',
  sendResolved: true,
  fields: {
    ...ways,
    title: text('{{ template "msteams.default.title" . }}'),
    summary: text('{{ template "msteams.default.summary" . }}'),
    text: text('{{ template "msteams.default.text" . }}'),
  },
  check: oneWay,
});

export const msteamsv2 = notifier({
  name: 'msteamsv2',
  sendResolved: true,
  fields: {
    ...ways,
    title: text('{{ template "msteamsv2.default.title" . }}'),
    text: text('{{ template "msteamsv2.default.text" . }}'),
  },
  check: oneWay,
  // Alone among all kinds it takes the proxy of `global` also where it has an http_config of its own.
  inherit: (options, { global }) => {
    const { http_config: own } = options;
    if (own === null) return options;
    const proxy_url = own.proxy_url ?? global.http_config?.proxy_url ?? null;
    return { ...options, http_config: { ...own, proxy_url } };
  },
});
