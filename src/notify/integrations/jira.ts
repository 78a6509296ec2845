/**
 * `jira`: an issue a group, which a label tells apart. It is looked for, created or updated, and taken through the
 * transitions that are configured for a group that is resolved or fires again.
 */
import type { OptionsOf } from '../../config/alertmanager/receivers/kinds';
import type { Delivery } from '../port';
import { deliveryOf, isDelivered } from './delivery';
import { groupHash } from './group-hash';
import type { HttpAnswer, HttpRequest } from './http/client';
import type { Attempt, Kind } from './integration';
import { asObject } from './json-answer';
import { Passing, Refused } from './outcome';
import { rendered } from './structures';
import { inCharacters } from './truncated';

type Options = OptionsOf<'jira'>;

const MOST = { summary: 255, description: 32_767 };
const MINUTE_MS = 60_000;
const HEADERS = { 'content-type': 'application/json', 'accept-language': 'en' };

interface Issue {
  readonly key: string;
  readonly isDone: boolean;
}

export const jira: Kind<'jira'> = (options) => ({
  address: { url: options.api_url },
  async send(attempt) {
    const issue = await found(attempt, options);
    if (issue === null && !attempt.isFiring) {
      return { kind: 'delivered', detail: 'there is no open issue to resolve' };
    }
    const path = issue === null ? 'issue' : `issue/${encodeURIComponent(issue.key)}`;
    const body = { fields: fieldsOf(attempt, options, issue !== null) };
    const answer = await ask(
      attempt,
      { method: issue === null ? 'POST' : 'PUT', url: below(options, path) },
      body,
    );
    const delivery = await deliveryOf(answer, attempt.now);
    if (delivery.kind !== 'delivered' || issue === null) return delivery;
    return transition(attempt, options, issue, delivery);
  },
});

function ask(attempt: Attempt, request: HttpRequest, body?: unknown): Promise<HttpAnswer> {
  return attempt.call({
    ...request,
    headers: HEADERS,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** What Jira answered; throws what any other answer than a success means. */
async function read(attempt: Attempt, answer: HttpAnswer): Promise<Readonly<Record<string, unknown>>> {
  if (isDelivered(answer)) {
    const said = asObject(await answer.text());
    if (said === null) throw new Passing(`${answer.where}: Jira's answer is no JSON`);
    return said;
  }
  const delivery = await deliveryOf(answer, attempt.now);
  if (delivery.kind === 'retry') throw new Passing(delivery.error, delivery.retryAfterMs);
  throw new Refused(delivery.kind === 'refused' ? delivery.error : delivery.detail);
}

async function found(attempt: Attempt, options: Options): Promise<Issue | null> {
  const body = { jql: query(attempt, options), maxResults: 2, fields: ['status'] };
  const said = await read(attempt, await ask(attempt, { url: searchAddress(options) }, body));
  const [first] = (Array.isArray(said.issues) ? said.issues : []) as readonly WrittenIssue[];
  if (first?.key === undefined) return null;
  return { key: first.key, isDone: first.fields?.status?.statusCategory?.key === 'done' };
}

interface WrittenIssue {
  readonly key?: string;
  readonly fields?: { readonly status?: { readonly statusCategory?: { readonly key?: string } } };
}

/** Open issues; of a group that fires also one that was closed lately, where there is a way to open it again. */
function query({ text, message, isFiring }: Attempt, options: Options): string {
  const { wont_fix_resolution: wontFix, reopen_transition: reopen, reopen_duration: within } = options;
  const minutes = Math.trunc(within / MINUTE_MS);
  const canReopen = isFiring && reopen !== '' && minutes > 0;
  const conditions = [
    // An issue that is not resolved has no resolution, and is not unequal to any.
    ...(wontFix === '' ? [] : [`(resolution is EMPTY or resolution != ${quoted(wontFix)})`]),
    canReopen ? `(resolutiondate is EMPTY OR resolutiondate >= -${minutes}m)` : 'statusCategory != Done',
    `project=${quoted(text(options.project))}`,
    `labels=${quoted(labelOf(message))}`,
  ];
  return `${conditions.join(' and ')} order by status ASC,resolutiondate DESC`;
}

const quoted = (text: string): string => JSON.stringify(text);

const labelOf = (message: Attempt['message']): string => `ALERT{${groupHash(message)}}`;

function fieldsOf(attempt: Attempt, options: Options, isUpdate: boolean): Record<string, unknown> {
  const { text, message } = attempt;
  const isWritten = (field: Options['summary']): boolean => !isUpdate || field.enable_update !== false;
  const priority = text(options.priority);
  const description = isWritten(options.description) ? descriptionOf(attempt, options) : null;
  const own = Object.entries(options.fields).map(([name, value]) => [name, rendered(value, text)] as const);
  return {
    project: { key: text(options.project) },
    issuetype: { name: text(options.issue_type) },
    ...(isWritten(options.summary) && {
      summary: inCharacters(text(options.summary.template), MOST.summary),
    }),
    ...(description !== null && { description }),
    labels: [...options.labels.map(text), labelOf(message)].sort(),
    ...(priority !== '' && { priority: { name: priority } }),
    ...Object.fromEntries(own),
  };
}

/** Version 3 of Jira's API takes a document and no text: the template has to make one. */
function descriptionOf({ text }: Attempt, { description, api_url: base }: Options): unknown {
  const written = inCharacters(text(description.template), MOST.description);
  if (!/\/3\/*$/.test(new URL(base!).pathname)) return written === '' ? null : written;
  if (written.trim() === '') return null;
  try {
    return JSON.parse(written) as unknown;
  } catch {
    throw new Refused(
      'its description is no JSON, which version 3 of Jira’s API wants: take version 2, or a template of a document',
    );
  }
}

async function transition(
  attempt: Attempt,
  options: Options,
  issue: Issue,
  done: Delivery,
): Promise<Delivery> {
  // Done is what a resolved group's issue is to be, and a firing one's is not.
  const name = attempt.isFiring ? options.reopen_transition : options.resolve_transition;
  if (name === '' || attempt.isFiring !== issue.isDone) return done;
  const url = below(options, `issue/${encodeURIComponent(issue.key)}/transitions`);
  const { transitions } = await read(attempt, await ask(attempt, { method: 'GET', url }));
  const id = (transitions as readonly { id?: string; name?: string }[] | undefined)?.find(
    (each) => each.name === name,
  )?.id;
  if (id === undefined) throw new Refused(`issue ${issue.key} has no transition ${quoted(name)} now`);
  return deliveryOf(await ask(attempt, { url }, { transition: { id } }), attempt.now);
}

function below({ api_url: base }: Options, path: string): string {
  const url = new URL(base!);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path}`;
  return url.href;
}

/** Atlassian's cloud has a search of its own, in version 3 alone. */
function searchAddress(options: Options): string {
  const { api_type: type, api_url: base } = options;
  const isCloud = type === 'cloud' || (type === 'auto' && new URL(base!).host.endsWith('atlassian.net'));
  if (!isCloud) return below(options, 'search');
  return below(options, 'search/jql').replace('/rest/api/2/', '/rest/api/3/');
}
