/** VictorOps, now Splunk On-Call. */
import { all, atMostOne, type Check, needsOne } from '../checks';
import { secret, text } from '../kinds';
import { record } from '../mappings';
import { url } from '../text-kinds';
import { firstSet, notifier, withSlash } from './notifier';

const RESERVED = [
  ...['routing_key', 'message_type', 'state_message', 'entity_display_name', 'monitoring_tool'],
  ...['entity_id', 'entity_state'],
];

const ownNames: Check = ({ custom_fields: fields }, path) =>
  Object.keys(fields as object)
    .filter((name) => RESERVED.includes(name))
    .map((name) => ({
      path: [...path, 'custom_fields', name],
      message: 'is a field that the message has already',
    }));

export const victorops = notifier({
  name: 'victorops',
  sendResolved: true,
  fields: {
    api_key: secret(),
    api_key_file: text(),
    api_url: url(),
    routing_key: text(),
    message_type: text('CRITICAL'),
    state_message: text('{{ template "victorops.default.state_message" . }}'),
    entity_display_name: text('{{ template "victorops.default.entity_display_name" . }}'),
    monitoring_tool: text('{{ template "victorops.default.monitoring_tool" . }}'),
    custom_fields: record(text()),
  },
  check: all(needsOne(['routing_key']), atMostOne(['api_key', 'api_key_file']), ownNames),
  inherit: (options, from) => {
    const { global } = from;
    const api_url = options.api_url ?? global.victorops_api_url;
    const api_key = options.api_key ?? global.victorops_api_key;
    const api_key_file = firstSet(options.api_key_file, global.victorops_api_key_file);
    if (api_url === null) from.missing('api_url', 'victorops_api_url');
    if (api_key === null && api_key_file === '') from.missing('api_key', 'victorops_api_key');
    return { ...options, api_url: api_url && withSlash(api_url), api_key, api_key_file };
  },
});
