/** Jira: an issue a group, opened and closed. */
import { isScalar } from 'yaml';
import { all, type Check, needsOne } from '../checks';
import { flag, initially, list, optional, text } from '../kinds';
import { anything, mapping, record } from '../mappings';
import { type Kind, REFUSED } from '../reading';
import { duration, url } from '../text-kinds';
import { notifier } from './notifier';

interface Field {
  readonly template: string;
  readonly enable_update: boolean | null;
}

/** A template alone, or with whether it is written anew into an issue that is there. */
function templated(template = ''): Kind<Field> {
  const whole = mapping({ template: text(template), enable_update: optional(flag()) });
  return initially(
    { template, enable_update: null },
    {
      ...whole,
      read(node, path, reading) {
        if (!isScalar(node)) return whole.read(node, path, reading);
        const value = text().read(node, path, reading);
        return value === REFUSED ? REFUSED : { template: value, enable_update: null };
      },
    },
  );
}

const TYPES = ['auto', 'cloud', 'datacenter'];

const typeIsKnown: Check = ({ api_type: type }, path) => {
  if (TYPES.includes(type as string)) return [];
  const accepted = TYPES.join(', ');
  return [{ path: [...path, 'api_type'], value: JSON.stringify(type), message: 'is not accepted', accepted }];
};

export const jira = notifier({
  name: 'jira',
  sendResolved: true,
  fields: {
    api_url: url(),
    api_type: text('auto'),
    project: text(),
    summary: templated('{{ template "jira.default.summary" . }}'),
    description: templated('{{ template "jira.default.description" . }}'),
    labels: list(text()),
    priority: text('{{ template "jira.default.priority" . }}'),
    issue_type: text(),
    reopen_transition: text(),
    resolve_transition: text(),
    wont_fix_resolution: text(),
    reopen_duration: duration(),
    fields: record(anything()),
  },
  check: all(needsOne(['project']), needsOne(['issue_type']), typeIsKnown),
  inherit: (options, from) => {
    const api_url = options.api_url ?? from.global.jira_api_url;
    if (api_url === null) from.missing('api_url', 'jira_api_url');
    return { ...options, api_url };
  },
});
