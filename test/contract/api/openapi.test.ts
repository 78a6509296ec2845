/** Every answer is what Alertmanager's own description of its API says it is, and every endpoint of the description is there. */
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { apiDescription, type ApiDescription, type Response, type Schema } from './alertmanager-module';
import { servedApi } from './serving';

let description: ApiDescription;
let served: Awaited<ReturnType<typeof servedApi>>;
beforeAll(async () => {
  [description, served] = await Promise.all([apiDescription(), servedApi()]);
}, 400_000);
afterAll(() => served.close());

const seen = new Set<string>();

interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: string;
  readonly id?: string;
  readonly body?: unknown;
}

/** Asks, and holds the answer against the description; answers what was answered. */
async function ask(path: string, status: number, { method = 'GET', query = '', id = '', body }: Asked = {}) {
  seen.add(`${method} ${path}`);
  const response = await fetch(`${served.address}/api/v2${path.replace('{silenceID}', id)}${query}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  const text = await response.text();
  expect([response.status, text]).toEqual([status, expect.anything()]);
  const described = resolved(description.paths[path]![method.toLowerCase()]!.responses[`${status}`]);
  expect(described).toBeDefined();
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (described!.schema !== undefined) hold(answer, described!.schema);
  return answer;
}

const resolved = (response: Response | undefined): Response | undefined =>
  response?.$ref === undefined ? response : description.responses[response.$ref.split('/').at(-1)!];

function hold(answer: unknown, schema: Schema): void {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  // Swagger 2 says of objects what JSON Schema says of them.
  const validate = ajv.compile({ ...schema, definitions: description.definitions });
  const isValid = validate(answer);
  expect({ answer, errors: validate.errors ?? [] }).toEqual({ answer, errors: [] });
  expect(isValid).toBe(true);
}

const labels = { alertname: 'High', instance: 'db-1' };
const silence = (change: object = {}) => ({
  matchers: [{ name: 'instance', value: 'db-.*', isRegex: true, isEqual: true }],
  startsAt: new Date().toISOString(),
  endsAt: new Date(Date.now() + 3_600_000).toISOString(),
  createdBy: 'ann',
  comment: 'moving disks',
  ...change,
});

test('alerts', async () => {
  await ask('/alerts', 200);
  const body = [
    { labels, annotations: { text: 'x' }, generatorURL: 'http://prometheus/g' },
    { labels: { a: 'b' } },
  ];
  await ask('/alerts', 200, { method: 'POST', body });
  await ask('/alerts', 400, { method: 'POST', body: [{ labels: {} }] });
  expect(await ask('/alerts', 200)).toHaveLength(2);
  expect(await ask('/alerts', 200, { query: '?filter=a%3Db' })).toHaveLength(1);
  await ask('/alerts', 400, { query: '?filter=a' });
  expect(await ask('/alerts/groups', 200)).toHaveLength(1);
  await ask('/alerts/groups', 400, { query: '?receiver=(' });
});

test('silences', async () => {
  await ask('/silences', 200);
  const answer = await ask('/silences', 200, { method: 'POST', body: silence() });
  const { silenceID: id } = answer as { silenceID: string };
  await ask('/silences', 400, { method: 'POST', body: silence({ endsAt: '2020-01-01T00:00:00Z' }) });
  await ask('/silences', 404, {
    method: 'POST',
    body: silence({ id: '7b0cb3e4-6d49-4b9c-9f5d-000000000000' }),
  });
  expect(await ask('/silences', 200)).toHaveLength(1);
  await ask('/silences', 400, { query: '?filter=x' });
  expect(await ask('/alerts', 200)).toContainEqual(
    expect.objectContaining({ status: expect.objectContaining({ state: 'suppressed', silencedBy: [id] }) }),
  );
  await ask('/silence/{silenceID}', 200, { id });
  await ask('/silence/{silenceID}', 200, { id, method: 'DELETE' });
  expect(await ask('/silence/{silenceID}', 200, { id })).toMatchObject({ status: { state: 'expired' } });
  for (const method of ['GET', 'DELETE'] as const)
    await ask('/silence/{silenceID}', 404, { id: '7b0cb3e4-6d49-4b9c-9f5d-000000000000', method });
});

test('the rest', async () => {
  await ask('/status', 200);
  await ask('/receivers', 200);
  await ask('/receivers', 400, { query: '?receiver_matchers=(' });
});

test('nothing of the description was left out', () => {
  const described = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((method) => method !== 'parameters')
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect([...seen].sort()).toEqual(described.sort());
});

test('an answer that is not of the form is noticed', () => {
  const { gettableAlert } = description.definitions;
  expect(() => hold({ labels: {} }, gettableAlert!)).toThrow('fingerprint');
});
