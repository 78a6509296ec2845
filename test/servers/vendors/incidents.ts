/** Services that open an alert, an incident or an issue for a group, and call people. */
import type { CaughtRequest } from '../../harness/http-catcher';
import { bodyOf, hasOnly, isJson, isPost, isText, judged, refusal, type Json, type Vendor } from './rules';

export const pagerduty: Vendor = (request) => {
  const event = bodyOf(request);
  const { payload = {} } = event as { payload?: Json };
  const bad = (error: string) =>
    refusal(400, { status: 'invalid event', message: 'Event object is invalid', errors: [error] });
  const isTrigger = event.event_action === 'trigger';
  const about = ['summary', 'source', 'severity', 'class', 'component', 'group', 'custom_details'];
  return judged(
    [
      [isPost(request) && request.path === '/v2/enqueue' && isJson(request), refusal(404)],
      [Buffer.byteLength(request.body) <= 512_000, refusal(413)],
      [event.routing_key === 'S3cr3tRoutingKey', bad("'routing_key' is invalid")],
      [isTrigger || event.event_action === 'resolve', bad("'event_action' is missing")],
      [isText(event.dedup_key) && event.dedup_key.length <= 255, bad("'dedup_key' is wrong")],
      [isText(payload.summary) && [...payload.summary].length <= 1024, bad("'payload.summary' is wrong")],
      [isText(payload.source) && hasOnly(payload, about), bad("'payload.source' is missing")],
      [
        ['critical', 'error', 'warning', 'info'].includes(payload.severity as string),
        bad("'severity' is invalid"),
      ],
    ],
    { status: 202, body: { status: 'success', dedup_key: event.dedup_key } },
  );
};

/** The same for events of an alert of our own: it is acknowledged too, and its links are checked. */
export const pagerdutyEvents: Vendor = (request) => {
  const event = bodyOf(request);
  const bad = (error: string) =>
    refusal(400, { status: 'invalid event', message: 'Event object is invalid', errors: [error] });
  const { payload = {}, links = [] } = event as { payload?: Json; links?: Json[] };
  const isTrigger = event.event_action === 'trigger';
  const envelope = ['routing_key', 'event_action', 'dedup_key', 'client', 'client_url', 'links', 'payload'];
  const about = [
    'summary',
    'source',
    'severity',
    'timestamp',
    'class',
    'component',
    'group',
    'custom_details',
  ];
  const levels = ['critical', 'error', 'warning', 'info'];
  return judged(
    [
      [isPost(request) && request.path === '/v2/enqueue' && isJson(request), refusal(404)],
      [Buffer.byteLength(request.body) <= 512_000, refusal(413)],
      [event.routing_key === 'S3cr3tRoutingKey' && hasOnly(event, envelope), bad("'routing_key' is invalid")],
      [isTrigger || ['acknowledge', 'resolve'].includes(event.event_action as string), bad("'event_action'")],
      [isText(event.dedup_key) && event.dedup_key.length <= 255, bad("'dedup_key' is wrong")],
      [
        !isTrigger || (isText(payload.summary) && [...payload.summary].length <= 1024),
        bad("'payload.summary' is wrong"),
      ],
      [!isTrigger || (isText(payload.source) && hasOnly(payload, about)), bad("'payload.source' is missing")],
      [!isTrigger || levels.includes(payload.severity as string), bad("'severity' is invalid")],
      [
        !isTrigger || !Number.isNaN(Date.parse(String(payload.timestamp))),
        bad("'timestamp' is no ISO 8601 time"),
      ],
      [links.every(({ href }) => isText(href) && URL.canParse(href)), bad("'links' are wrong")],
    ],
    { status: 202, body: { status: 'success', dedup_key: event.dedup_key } },
  );
};

export const pagerdutyV1: Vendor = (request) => {
  const event = bodyOf(request);
  const bad = (error: string) =>
    refusal(400, { status: 'invalid event', message: 'Event object is invalid', errors: [error] });
  return judged(
    [
      [isPost(request) && request.path === '/create_event.json' && isJson(request), refusal(404)],
      [event.service_key === 'S3cr3tServiceKey', bad('Service key is the wrong length')],
      [['trigger', 'resolve'].includes(event.event_type as string), bad('Event type is invalid')],
      [isText(event.incident_key) && isText(event.description), bad('Description is missing')],
    ],
    { status: 200, body: { status: 'success' } },
  );
};

export const opsgenie: Vendor = (request) => {
  const url = new URL(request.path, 'http://opsgenie');
  const {
    message,
    alias,
    responders = [],
  } = bodyOf(request) as { message?: string; alias?: string; responders?: Json[] };
  const isOfAlias = /^\/v2\/alerts\/[0-9a-f]{64}\/(?:close|message|description)$/.test(url.pathname);
  const isCreation = url.pathname === '/v2/alerts';
  const method = /(?:message|description)$/.test(url.pathname) ? 'PUT' : 'POST';
  const isResponder = ({ type, ...who }: Json) => isText(type) && Object.keys(who).length > 0;
  return judged(
    [
      [
        request.headers.authorization === 'GenieKey S3cr3tKey',
        refusal(401, { message: 'Could not authenticate' }),
      ],
      [isCreation || isOfAlias, refusal(404)],
      [request.method === method && isJson(request), refusal(405)],
      [
        isCreation || url.searchParams.get('identifierType') === 'alias',
        refusal(422, { message: 'identifierType' }),
      ],
      [
        !isCreation || (isText(message) && [...message].length <= 130),
        refusal(422, { message: 'message is too long' }),
      ],
      [!isCreation || (isText(alias) && alias.length <= 512), refusal(422, { message: 'alias' })],
      [responders.every(isResponder), refusal(422, { message: 'responders' })],
    ],
    { status: 202, body: { result: 'Request will be processed', requestId: 'r' } },
  );
};

export const victorops: Vendor = (request) => {
  const { message_type: type, entity_id: id } = bodyOf(request);
  return judged(
    [
      [
        isPost(request) && request.path === '/alert/S3cr3tKey/team%20db',
        refusal(404, 'Could not find the integration'),
      ],
      [isJson(request) && ['CRITICAL', 'WARNING', 'INFO', 'RECOVERY'].includes(type as string), refusal(400)],
      [isText(id) && id.length <= 512, refusal(400)],
    ],
    { status: 200, body: { result: 'success', entity_id: id } },
  );
};

export const incidentio: Vendor = (request) => {
  const { version, alerts } = bodyOf(request);
  return judged(
    [
      [request.headers.authorization === 'Bearer S3cr3tToken', refusal(401, { message: 'unauthorized' })],
      [isPost(request) && request.path === '/v2/alert_events/alertmanager/1', refusal(404)],
      [Buffer.byteLength(request.body) <= 512 * 1024, refusal(413, { error: 'too large' })],
      [isJson(request) && version === '1' && Array.isArray(alerts), refusal(422, { errors: ['alerts'] })],
    ],
    { status: 202, body: { status: 'success' } },
  );
};

export const pushover: Vendor = (request) => {
  const form = new URLSearchParams(request.body);
  const bad = (error: string) => refusal(400, { status: 0, errors: [error] });
  const text = (name: string) => form.get(name) ?? '';
  const length = (name: string) => [...text(name)].length;
  return judged(
    [
      [isPost(request) && request.path === '/1/messages.json', refusal(404)],
      [request.headers['content-type'] === 'application/x-www-form-urlencoded', bad('no form')],
      [text('token') === 'S3cr3tToken', bad('application token is invalid')],
      [text('user') === 'S3cr3tUser', bad('user identifier is not a valid user')],
      [text('message') !== '' && length('message') <= 1024, bad('message cannot be blank')],
      [length('title') <= 250 && length('url') <= 512, bad('title is too long')],
      [isPriority(form), bad('retry and expire must be supplied with priority=2')],
      [!(form.has('html') && form.has('monospace')), bad('html and monospace')],
    ],
    { status: 200, body: { status: 1, request: 'r' } },
  );
};

function isPriority(form: URLSearchParams): boolean {
  const priority = Number(form.get('priority'));
  if (priority !== 2) return priority >= -2 && priority < 2;
  return Number(form.get('retry')) >= 30 && Number(form.get('expire')) <= 10_800;
}

/** A project with issues that are created, found again by their label, and taken through transitions. */
export function startJira(): Vendor & { readonly issues: Map<string, JiraIssue> } {
  const issues = new Map<string, JiraIssue>();
  const vendor: Vendor = (request) => {
    if (request.headers.authorization !== `Basic ${btoa('me:S3cr3tToken')}`)
      return refusal(401, 'Unauthorized');
    const [, resource, key, part] =
      /^\/rest\/api\/2\/(search|issue)(?:\/([^/]+))?(?:\/(transitions))?$/.exec(request.path) ?? [];
    if (resource === 'search') return search(issues, request);
    if (resource === undefined) return refusal(404);
    if (key === undefined) return create(issues, request);
    const issue = issues.get(key);
    if (issue === undefined) return refusal(404, { errorMessages: ['Issue does not exist'] });
    return part === undefined ? update(issue, request) : transitionOf(issue, request);
  };
  return Object.assign(vendor, { issues });
}

export interface JiraIssue {
  fields: Json;
  isDone: boolean;
}

function search(issues: ReadonlyMap<string, JiraIssue>, request: CaughtRequest) {
  const { jql, maxResults, fields } = bodyOf(request) as {
    jql?: string;
    maxResults?: number;
    fields?: string[];
  };
  if (!isPost(request) || !isText(jql) || maxResults !== 2 || fields?.[0] !== 'status') return refusal(400);
  const label = /labels="(ALERT\{[0-9a-f]{64}\})"/.exec(jql)?.[1];
  const wantsOpen = jql.includes('statusCategory != Done');
  const found = [...issues]
    .filter(
      ([, issue]) => (issue.fields.labels as string[]).includes(label ?? '') && !(wantsOpen && issue.isDone),
    )
    .map(([key, { isDone }]) => ({
      key,
      fields: { status: { name: 'x', statusCategory: { key: isDone ? 'done' : 'new' } } },
    }));
  return { status: 200, body: { issues: found } };
}

function create(issues: Map<string, JiraIssue>, request: CaughtRequest) {
  const { fields = {} } = bodyOf(request) as { fields?: Json };
  const bad = (field: string) => refusal(400, { errors: { [field]: 'is wrong' } });
  const { project, issuetype, summary } = fields as Record<string, Json>;
  return judged(
    [
      [isPost(request), refusal(405)],
      [project?.key === 'OPS', bad('project')],
      [issuetype?.name === 'Bug', bad('issuetype')],
      [isText(summary) && [...(summary as unknown as string)].length <= 255, bad('summary')],
    ],
    (issues.set('OPS-1', { fields, isDone: false }), { status: 201, body: { id: '1', key: 'OPS-1' } }),
  );
}

function update(issue: JiraIssue, request: CaughtRequest) {
  if (request.method !== 'PUT') return refusal(405);
  issue.fields = { ...issue.fields, ...(bodyOf(request).fields as Json) };
  return { status: 204, body: '' };
}

function transitionOf(issue: JiraIssue, request: CaughtRequest) {
  if (request.method === 'GET') {
    const name = issue.isDone ? 'Reopen' : 'Close';
    return { status: 200, body: { transitions: [{ id: issue.isDone ? '11' : '21', name }] } };
  }
  const { transition } = bodyOf(request) as { transition?: { id?: string } };
  if (transition?.id !== (issue.isDone ? '11' : '21')) return refusal(400);
  issue.isDone = !issue.isDone;
  return { status: 204, body: '' };
}
