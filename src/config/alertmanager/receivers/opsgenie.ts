/** Opsgenie alerts. */
import { atMostOne } from '../checks';
import { flag, list, secret, text } from '../kinds';
import { mapping, record } from '../mappings';
import type { ValueOf } from '../reading';
import { messageOf } from '../../../domain/errors';
import type { Finding, Path } from '../../problems';
import { isTemplate, url } from '../text-kinds';
import { firstSet, notifier, withSlash } from './notifier';

const responder = mapping({ id: text(), name: text(), username: text(), type: text() });
const TYPES = ['team', 'teams', 'user', 'escalation', 'schedule'];

function checkResponder({ id, name, username, type }: ValueOf<typeof responder>, path: Path): Finding[] {
  const findings: Finding[] = [];
  if (id === '' && name === '' && username === '')
    findings.push({ path, message: 'has no id, username or name' });
  const wrong = wrongType(type);
  const accepted = `${TYPES.join(', ')}, or a template`;
  if (wrong !== null) {
    findings.push({ path: [...path, 'type'], value: JSON.stringify(type), message: wrong, accepted });
  }
  return findings;
}

function wrongType(type: string): string | null {
  try {
    return isTemplate(type) || TYPES.includes(type.toLowerCase()) ? null : 'is not accepted';
  } catch (error) {
    return messageOf(error);
  }
}

export const opsgenie = notifier({
  name: 'opsgenie',
  sendResolved: true,
  fields: {
    api_key: secret(),
    api_key_file: text(),
    api_url: url(),
    message: text('{{ template "opsgenie.default.message" . }}'),
    description: text('{{ template "opsgenie.default.description" . }}'),
    source: text('{{ template "opsgenie.default.source" . }}'),
    details: record(text()),
    entity: text(),
    responders: list(responder),
    actions: text(),
    tags: text(),
    note: text(),
    priority: text(),
    update_alerts: flag(),
  },
  mends: { teams: 'responders: [{ name: …, type: team }]' },
  check: (values, path) => [
    ...atMostOne(['api_key', 'api_key_file'])(values, path),
    ...values.responders.flatMap((each, index) => checkResponder(each, [...path, 'responders', index])),
  ],
  inherit: (options, from) => {
    const { global } = from;
    const api_url = options.api_url ?? global.opsgenie_api_url;
    const api_key = options.api_key ?? global.opsgenie_api_key;
    const api_key_file = firstSet(options.api_key_file, global.opsgenie_api_key_file);
    if (api_url === null) from.missing('api_url', 'opsgenie_api_url');
    if (api_key === null && api_key_file === '') from.missing('api_key', 'opsgenie_api_key');
    return { ...options, api_url: api_url && withSlash(api_url), api_key, api_key_file };
  },
});
