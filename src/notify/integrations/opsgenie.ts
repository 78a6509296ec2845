/** `opsgenie`: an alert a group, known by an alias; closed when the group is resolved. */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import { deliveryOf } from './delivery';
import { groupHash } from './group-hash';
import type { HttpRequest } from './http/client';
import type { Attempt, Kind } from './integration';
import { present } from './present';
import { inCharacters } from './truncated';

type Options = OptionsOf<'opsgenie'>;

const MOST_MESSAGE = 130;

export const opsgenie: Kind<'opsgenie'> = (options) => ({
  address: { url: options.api_url },
  async send(attempt) {
    const { secrets, text, now } = attempt;
    const key = secrets.note(text(secrets.reveal(options.api_key, options.api_key_file)).trim());
    const headers = { 'content-type': 'application/json', authorization: `GenieKey ${key}` };
    const [first, ...others] = attempt.isFiring ? opening(attempt, options) : [closing(attempt, options)];
    let delivery = await deliveryOf(await attempt.call({ ...first!, headers }), now);
    for (const request of others) {
      if (delivery.kind !== 'delivered') break;
      delivery = await deliveryOf(await attempt.call({ ...request, headers }), now);
    }
    return delivery;
  },
});

function opening(attempt: Attempt, options: Options): readonly HttpRequest[] {
  const message = inCharacters(attempt.text(options.message), MOST_MESSAGE);
  const description = attempt.text(options.description);
  const create: HttpRequest = {
    url: address(options, ''),
    body: JSON.stringify(alert(attempt, options, message, description)),
  };
  if (!options.update_alerts) return [create];
  // An alert that is open already keeps what it was created with, unless these are set.
  const put = (field: string, body: object): HttpRequest => ({
    method: 'PUT',
    url: address(options, `/${groupHash(attempt.message)}/${field}`),
    body: JSON.stringify(body),
  });
  return [create, put('message', present({ message })), put('description', present({ description }))];
}

function alert(attempt: Attempt, options: Options, message: string, description: string): object {
  const { text, data } = attempt;
  const details = Object.entries(options.details).map(([name, value]) => [name, text(value)] as const);
  return {
    alias: groupHash(attempt.message),
    message,
    details: { ...data.commonLabels, ...Object.fromEntries(details) },
    source: text(options.source),
    ...present({
      description,
      responders: options.responders.flatMap((responder) => responders(responder, text)),
      tags: listed(text(options.tags)),
      note: text(options.note),
      priority: text(options.priority),
      entity: text(options.entity),
      actions: listed(text(options.actions)),
    }),
  };
}

/** `teams` names several; one whose templates are all empty is none. */
function responders(written: Options['responders'][number], text: Attempt['text']): object[] {
  const { id, name, username, type } = written;
  const responder = { id: text(id), name: text(name), username: text(username), type: text(type) };
  if (Object.values(responder).every((value) => value === '')) return [];
  if (responder.type === 'teams') return listed(responder.name).map((team) => ({ name: team, type: 'team' }));
  return [{ ...present(responder), type: responder.type }];
}

const closing = ({ message, text }: Attempt, options: Options): HttpRequest => ({
  url: address(options, `/${groupHash(message)}/close`),
  body: JSON.stringify({ source: text(options.source) }),
});

function address({ api_url: base }: Options, path: string): string {
  const url = new URL(base!);
  url.pathname += `v2/alerts${path}`;
  if (path !== '') url.searchParams.set('identifierType', 'alias');
  return url.href;
}

const listed = (text: string): string[] =>
  text
    .trim()
    .split(',')
    .filter((each) => each !== '');
