/** What people do in PagerDuty is done here, once, when PagerDuty says so and nobody else. */
import { TocsinError } from '../../../../src/domain/errors';
import { incidentKey } from '../../../../src/domain/identity';
import { alert, FIRED } from '../../notify/test-notification';
import { scene, sha256 } from './scene';

const KEY = incidentKey('blue', '0123456789abcdef', FIRED);
const USER = { id: 'PXPGF42', type: 'user_reference', summary: 'Ana Berg' };

function event(change: object = {}, data: object = {}): string {
  return JSON.stringify({
    event: {
      ...{ id: 'E1', event_type: 'incident.acknowledged', resource_type: 'incident' },
      ...{ occurred_at: '2026-05-04T03:09:59Z', agent: USER, client: null },
      data: { id: 'PT4KHLK', type: 'incident', number: 1234, incident_key: KEY, ...data },
      ...change,
    },
  });
}

const signed = (body: string, key = 'pd-new') => ({
  'content-type': 'application/json',
  'x-pagerduty-signature': `v1=${sha256(key, body)}`,
});
const PATH = '/callbacks/pagerduty/pd';

test.each([
  ['incident.acknowledged', 'acknowledge'],
  ['incident.resolved', 'resolve'],
])('%s → %s, by the person', async (type, action) => {
  const { post, did } = scene();
  const body = event({ event_type: type });
  expect((await post(PATH, body, signed(body))).statusCode).toBe(202);
  expect(did).toEqual([
    {
      ...{ action, fingerprint: '0123456789abcdef' },
      request: { owner: 'Ana Berg', comment: 'in PagerDuty, incident 1234' },
    },
  ]);
});

test.each(['pd-old', 'pd-new'])('the secret %s signs while one is replaced by the other', async (key) => {
  const { post, did } = scene();
  const body = event();
  await post(PATH, body, signed(body, key));
  expect(did).toHaveLength(1);
});

test('one good signature among several is enough', async () => {
  const { post, did } = scene();
  const body = event();
  const both = `v1=${sha256('somebody', body)}, v1=${sha256('pd-old', body)}`;
  await post(PATH, body, { 'x-pagerduty-signature': both, 'content-type': 'application/json' });
  expect(did).toHaveLength(1);
});

describe('is refused, and does nothing', () => {
  const body = event();
  const good = signed(body)['x-pagerduty-signature'];
  it.each<[string, string, string | undefined]>([
    ['without a signature', body, undefined],
    ['with an empty one', body, ''],
    ['with the key of somebody else', body, `v1=${sha256('guess', body)}`],
    ['with another version', body, good.replace('v1=', 'v2=')],
    ['with half of it', body, good.slice(0, 20)],
    ['with a body that was changed', body.replace('acknowledged', 'resolved'), good],
    ['with a body that was only written otherwise', `${body} `, good],
    ['with a good one after a thousand', body, `${'v1=0,'.repeat(1_000)}${good}`],
  ])('%s', async (_what, payload, signature) => {
    const { post, did } = scene();
    const headers = {
      'content-type': 'application/json',
      ...(signature !== undefined && { 'x-pagerduty-signature': signature }),
    };
    expect((await post(PATH, payload, headers)).statusCode).toBe(401);
    expect(did).toEqual([]);
  });
});

test('the same event again, or played back, changes nothing', async () => {
  const { post, did, events } = scene();
  const body = event();
  for (let n = 0; n < 3; n++) expect((await post(PATH, body, signed(body))).statusCode).toBe(202);
  expect(did).toHaveLength(1);
  expect(events.map(({ outcome }) => outcome)).toEqual(['done', 'repeated', 'repeated']);
});

describe('is taken and ignored', () => {
  it.each<[string, object, object]>([
    ['an incident of somebody else', {}, { incident_key: 'baf7cf21b1da41b4b0221008339ff357' }],
    [
      'an incident of another instance',
      {},
      { incident_key: incidentKey('green', '0123456789abcdef', FIRED) },
    ],
    ['an alert that is not known', {}, { incident_key: incidentKey('blue', 'ffffffffffffffff', FIRED) }],
    ['an earlier episode', {}, { incident_key: incidentKey('blue', '0123456789abcdef', FIRED - 1) }],
    ['an incident without a key', {}, { incident_key: null }],
    ['our own event', { agent: null }, {}],
    ['what an integration did', { agent: { id: 'I', type: 'inbound_integration_reference' } }, {}],
    ['another kind of event', { event_type: 'incident.annotated' }, {}],
    ['what was done a week ago', { occurred_at: '2026-04-27T03:00:00Z' }, {}],
    ['what was done at no time', { occurred_at: 'yesterday' }, {}],
  ])('%s', async (_what, change, data) => {
    const { post, did, events } = scene();
    const body = event(change, data);
    expect((await post(PATH, body, signed(body))).statusCode).toBe(202);
    expect([did, events.map(({ outcome }) => outcome)]).toEqual([[], ['ignored']]);
  });

  it.each(['', 'nonsense', '[]', '{"event":null}', '{"event":{"id":1}}'])('the body %j', async (body) => {
    const { post, did } = scene();
    expect((await post(PATH, body, signed(body))).statusCode).toBe(202);
    expect(did).toEqual([]);
  });

  it('an alert that is over', async () => {
    const { post, did } = scene({ rows: [alert({ state: 'RESOLVED' })] });
    const body = event();
    expect((await post(PATH, body, signed(body))).statusCode).toBe(202);
    expect(did).toEqual([]);
  });
});

test('what cannot be done now is asked for again, and is done then', async () => {
  const { post, did, state } = scene();
  const body = event();
  state.error = new TocsinError('TOC_DEPENDENCY_AWAY', 'no dispatcher answered');
  expect((await post(PATH, body, signed(body))).statusCode).toBe(503);
  state.error = null;
  expect((await post(PATH, body, signed(body))).statusCode).toBe(202);
  expect(did).toHaveLength(1);
});

test('a name of any kind is made one that a life takes', async () => {
  const { post, did } = scene();
  const body = event({ agent: { ...USER, summary: `\u0000A\n${'x'.repeat(500)}` } });
  await post(PATH, body, signed(body));
  const { owner } = did[0]!.request as { owner: string };
  expect(owner).toMatch(/^A x+$/);
  expect(owner).toHaveLength(200);
});

test('a receiver without secrets, an unknown one, another path and other methods lead nowhere', async () => {
  const { call, post, did } = scene();
  const body = event();
  for (const url of [
    '/callbacks/pagerduty/one-way',
    '/callbacks/pagerduty/nobody',
    '/callbacks/slack/pd',
    '/',
  ])
    expect((await post(url, body, signed(body))).statusCode).toBe(404);
  expect((await call(PATH, { method: 'GET' })).statusCode).toBe(404);
  expect(did).toEqual([]);
});

test('a body beyond 1 MB is not read', async () => {
  const { post } = scene();
  const body = event({ note: 'x'.repeat(1_100_000) });
  expect((await post(PATH, body, signed(body))).statusCode).toBe(413);
});

test('a flood of bad signatures is not logged and does not keep a good one out', async () => {
  const { post, did, events } = scene();
  const codes = new Set<number>();
  for (let n = 0; n < 60; n++) codes.add((await post(PATH, event(), signed('other'))).statusCode);
  expect([...codes].sort()).toEqual([401, 429]);
  expect(events.filter(({ outcome }) => outcome === 'not_signed').length).toBeLessThan(30);
  const body = event();
  expect((await post(PATH, body, signed(body))).statusCode).toBe(202);
  expect(did).toHaveLength(1);
});
