/** A group has one issue in Jira: created, updated, closed and opened again with the group. */
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { startJira } from '../../../servers/vendors/incidents';
import { GROUPS, message } from './groups';
import { integrationOf, notify } from './sending';

let server: HttpCatcher;
let jira: ReturnType<typeof startJira>;

beforeEach(async () => {
  server = await startHttpCatcher();
  jira = startJira();
  server.answerAlways(jira);
});
afterEach(() => server.close());

const make = (more = 'resolve_transition: Close, reopen_transition: Reopen, reopen_duration: 1h') =>
  integrationOf(
    `jira_configs: [{ api_url: '${server.url}/rest/api/2', project: OPS, issue_type: Bug, http_config: { basic_auth: { username: me, password: S3cr3tToken } }, ${more} }]`,
  );
const issue = () => jira.issues.get('OPS-1');
const calls = (): string[] =>
  server.requests.map(({ method, path }) => `${method} ${path.replace('/rest/api/2/', '')}`);

const GROUP = message();
const RESOLVED = { ...GROUPS.resolved!, groupKey: GROUP.groupKey };

it('creates, updates, closes and opens again', async () => {
  const integration = make();

  await notify(integration, GROUP);
  expect(issue()).toMatchObject({ isDone: false, fields: { priority: { name: 'High' } } });
  await notify(integration, message({ alerts: GROUPS.bare!.alerts }));
  expect(issue()!.fields.summary).toBe('[FIRING:1] HighCPU ');
  expect(await notify(integration, RESOLVED)).toMatchObject({ kind: 'delivered' });
  expect(issue()!.isDone).toBe(true);
  expect(await notify(integration, GROUP)).toMatchObject({ kind: 'delivered' });
  expect(issue()!.isDone).toBe(false);

  expect(calls()).toEqual([
    ...['POST search', 'POST issue'],
    ...['POST search', 'PUT issue/OPS-1'],
    ...['POST search', 'PUT issue/OPS-1', 'GET issue/OPS-1/transitions', 'POST issue/OPS-1/transitions'],
    ...['POST search', 'PUT issue/OPS-1', 'GET issue/OPS-1/transitions', 'POST issue/OPS-1/transitions'],
  ]);
  expect(jira.issues.size).toBe(1);
});

it('has nothing to do for a resolved group without an issue', async () => {
  expect(await notify(make(), RESOLVED)).toEqual({
    kind: 'delivered',
    detail: 'there is no open issue to resolve',
  });
  expect(calls()).toEqual(['POST search']);
});

it('leaves what people wrote where it is told to', async () => {
  const integration = make(
    'summary: { template: one, enable_update: false }, description: { template: d, enable_update: false }',
  );
  await notify(integration, GROUP);

  await notify(integration, GROUP);

  const { fields } = server.requests.at(-1)!.json as { fields: object };
  expect(Object.keys(fields)).toEqual(['project', 'issuetype', 'labels', 'priority']);
});

it('says which transition there is not', async () => {
  const integration = make('resolve_transition: Done');
  await notify(integration, GROUP);

  expect(await notify(integration, RESOLVED)).toEqual({
    kind: 'refused',
    error: 'issue OPS-1 has no transition "Done" now',
  });
});

it('wants a document for version 3 of the API', async () => {
  const v3 = (description: string) =>
    integrationOf(
      `jira_configs: [{ api_url: '${server.url}/rest/api/3', project: OPS, issue_type: Bug, description: '${description}' }]`,
    );
  server.answerAlways({ status: 200, body: { issues: [] } });

  expect(await notify(v3('text'))).toMatchObject({
    kind: 'refused',
    error: expect.stringContaining('no JSON') as string,
  });
  expect(await notify(v3('{"type":"doc"}'))).toMatchObject({ kind: 'delivered' });
  expect(server.requests.at(-1)!.json).toMatchObject({ fields: { description: { type: 'doc' } } });
});
