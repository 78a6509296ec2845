/** /silences and /silence/{id}: what may be wanted, what is answered, what is listed in which order. */
import { START, testApi, type TestApi } from './test-api';

const HOUR = 3_600_000;
const iso = (ms: number): string => new Date(START + ms).toISOString();
const wanted = (change: object = {}) => ({
  matchers: [{ name: 'instance', value: 'db-.*', isRegex: true }],
  startsAt: iso(0),
  endsAt: iso(HOUR),
  createdBy: 'ann',
  comment: 'moving disks',
  ...change,
});
const post = (api: TestApi, body: unknown) => api.ask('/api/v2/silences', { method: 'POST', body });
async function made(api: TestApi, change: object = {}): Promise<string> {
  const { status, json } = await post(api, wanted(change));
  expect(status).toBe(200);
  return (json as { silenceID: string }).silenceID;
}

test('is made, shown, changed and ended', async () => {
  const api = testApi();
  const id = await made(api, { annotations: { ticket: 'X-1' } });
  const path = `/api/v2/silence/${id}`;
  expect((await api.ask(path)).json).toEqual({
    ...wanted({ annotations: { ticket: 'X-1' } }),
    id,
    matchers: [{ name: 'instance', value: 'db-.*', isRegex: true, isEqual: true }],
    status: { state: 'active' },
    updatedAt: iso(0),
  });
  expect(await made(api, { id, endsAt: iso(2 * HOUR) })).toBe(id);
  expect((await api.ask(path, { method: 'DELETE' })).status).toBe(200);
  expect((await api.ask(path)).json).toMatchObject({ status: { state: 'expired' }, endsAt: iso(0) });
  expect((await api.ask(path, { method: 'DELETE' })).text).toBe('');
});

describe('untilResolved', () => {
  const open = [
    { fingerprint: 'f1', labels: { instance: 'db-1' }, episode: 1 },
    { fingerprint: 'f2', labels: { instance: 'web-1' }, episode: 2 },
  ];
  const { endsAt: _, ...endless } = wanted({ untilResolved: true });

  test('ends with the open alerts that it holds for; an end may be left out', async () => {
    const api = testApi({ openAlerts: async () => open });
    const { status, json } = await post(api, endless);
    expect(status).toBe(200);
    const { silenceID: id } = json as { silenceID: string };
    expect(api.silences.all.get(id)).toMatchObject({
      ...{ endsAt: iso(365 * 24 * HOUR), comment: 'moving disks (until its alerts are over)' },
      untilResolved: [{ fingerprint: 'f1', episode: 1 }],
    });
    const bounded = await made(api, { untilResolved: true });
    expect(api.silences.all.get(bounded)).toMatchObject({
      endsAt: iso(HOUR),
      untilResolved: [{ episode: 1 }],
    });
    // As clients do that send back what they have been shown.
    const again = await made(api, { untilResolved: true, comment: 'x (until its alerts are over)' });
    expect(api.silences.all.get(again)!.comment).toBe('x (until its alerts are over)');
  });

  test('false is as good as nothing', async () => {
    const api = testApi({ openAlerts: async () => open });
    const id = await made(api, { untilResolved: false });
    expect(api.silences.all.get(id)).not.toHaveProperty('untilResolved');
    expect((await post(api, { ...endless, untilResolved: false })).status).toBe(422);
  });

  test.each([
    [{ untilResolved: 'yes' }, 400, 'silence.untilResolved in body is a text, but has to be true or false'],
    [matcherOn('db-9'), 400, 'no open alert has such labels, so with untilResolved it would be over at once'],
    [{ matchers: [] }, 422, 'one matcher at least'],
  ])('%j is refused', async (change, status, why) => {
    const api = testApi({ openAlerts: async () => open });
    const answer = await post(api, { ...endless, ...change });
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(why)]);
    expect(api.silences.all.size).toBe(0);
  });
});

function matcherOn(value: string) {
  return { matchers: [{ name: 'instance', value, isRegex: false }] };
}

test.each([
  [{ isEqual: true, isRegex: false }, '='],
  [{ isRegex: false }, '='],
  [{ isEqual: null, isRegex: false }, '='],
  [{ isEqual: false, isRegex: false }, '!='],
  [{ isRegex: true }, '=~'],
  [{ isEqual: false, isRegex: true }, '!~'],
])('a matcher with %j is %s', async (flags, op) => {
  const api = testApi();
  const more = { name: 'a', value: 'b', isRegex: false };
  const id = await made(api, { matchers: [{ name: 'x', value: 'y', ...flags }, more] });
  expect(api.silences.all.get(id)!.matchers[0]).toEqual({ name: 'x', op, value: 'y' });
});

const matcher = (name: string, value: string, isRegex = false, isEqual = true) => ({
  matchers: [{ name, value, isRegex, isEqual }],
});
test.each([
  [{ endsAt: iso(0) }, 'its end has to be after its start'],
  [{ startsAt: iso(-2), endsAt: iso(-1) }, 'its end is in the past'],
  [matcher('a', ''), 'must not hold for the empty value'],
  [matcher('a', '.*', true), 'must not hold for the empty value'],
  // Searched for anywhere: as Alertmanager judges it.
  [matcher('a', 'x|', true), 'must not hold for the empty value'],
  [matcher('a', '(', true), 'matcher 0: "(" is no regular expression'],
  [matcher('', 'b'), 'invalid label matcher 0: "" cannot be a label\'s name'],
])('%j makes no sense', async (change, message) => {
  const { status, json } = await post(testApi(), wanted(change));
  expect([status, json]).toEqual([400, expect.stringContaining(message)]);
});

test.each([
  [matcher('a', '', false, false)],
  [{ matchers: [...matcher('a', '').matchers, ...matcher('b', 'x').matchers] }],
  [matcher('not classic', 'x')],
  [{ createdBy: '', comment: '' }],
  [{ id: '' }],
  [{ startsAt: '0001-01-01T00:00:00Z' }],
])('%j is taken', async (change) => {
  await made(testApi(), change);
});

test('names are those of the matcher mode', async () => {
  const { json } = await post(
    testApi({}, { matcherMode: 'classic-mode' }),
    wanted(matcher('not classic', 'x')),
  );
  expect(json).toContain('"not classic"');
});

const without = (name: string) =>
  Object.fromEntries(Object.entries(wanted()).filter(([key]) => key !== name));
test.each<[body: unknown, status: number, code: number, message: string]>([
  ['', 422, 602, 'silence in body is required'],
  ['null', 422, 602, 'silence.matchers in body is required'],
  ['[]', 400, 400, 'silence in body is an array'],
  ...['matchers', 'startsAt', 'endsAt', 'createdBy', 'comment'].map(
    (name): [unknown, number, number, string] => [
      ...([without(name), 422, 602] as const),
      `silence.${name} in body is required`,
    ],
  ),
  [wanted({ matchers: [] }), 422, 612, 'one matcher at least'],
  [wanted({ matchers: {} }), 400, 400, 'silence.matchers in body is an object'],
  [wanted({ matchers: [{ name: 'a', value: 'b' }] }), 422, 602, 'silence.matchers.0.isRegex in body'],
  [wanted({ matchers: [{ name: 'a', isRegex: true }] }), 422, 602, 'silence.matchers.0.value in body'],
  [wanted({ matchers: [{ name: 'a', value: 'b', isRegex: 'no' }] }), 400, 400, 'silence.matchers.0.isRegex'],
  [wanted({ startsAt: 'soon' }), 400, 400, 'silence.startsAt in body is "soon"'],
  [wanted({ annotations: { a: 1 } }), 400, 400, 'silence.annotations.a in body is the number 1'],
])('%j is not of the form', async (body, status, code, message) => {
  const answer = await post(testApi(), body);
  expect([answer.status, answer.json]).toEqual([status, { code, message: expect.stringContaining(message) }]);
});

test('an id that there is none of is 404, for every method', async () => {
  const api = testApi();
  expect((await post(api, wanted({ id: 'none' }))).status).toBe(404);
  expect((await api.ask('/api/v2/silence/none')).status).toBe(404);
  expect((await api.ask('/api/v2/silence/none', { method: 'DELETE' })).status).toBe(404);
});

test('active ones that end first, pending ones that start first, expired ones that ended last', async () => {
  const api = testApi();
  const spans: Record<string, [number, number]> = {
    'active, later': [0, 3],
    'active, sooner': [0, 2],
    'pending, later': [6, 8],
    'pending, sooner': [5, 9],
    'expired, earlier': [0, 0.5],
    'expired, last': [0, 0.75],
  };
  for (const [comment, [start, end]] of Object.entries(spans))
    await made(api, { comment, startsAt: iso(start * HOUR), endsAt: iso(end * HOUR) });
  await made(api, { ...matcher('b', 'x'), comment: 'other', endsAt: iso(9 * HOUR) });
  api.clock.now += HOUR;
  const listed = async (query: string): Promise<string[]> => {
    const { json } = await api.ask(`/api/v2/silences${query}`);
    return (json as { comment: string }[]).map(({ comment }) => comment);
  };
  const active = ['active, sooner', 'active, later', 'other'];
  const pending = ['pending, sooner', 'pending, later'];
  const expired = ['expired, last', 'expired, earlier'];
  expect(await listed('')).toEqual([...active, ...pending, ...expired]);
  expect(await listed('?expired=false')).toEqual([...active, ...pending]);
  expect(await listed('?active=false&pending=false')).toEqual(expired);
  expect(await listed('?filter=b%3Dx')).toEqual(['other']);
  // No test of labels: the matcher has to be there as it is.
  expect(await listed('?filter=instance%3D~%22db-.*%22&pending=false')).toEqual([
    ...active.slice(0, 2),
    ...expired,
  ]);
  expect(await listed('?filter=instance%3Ddb-1')).toEqual([]);
  expect((await api.ask('/api/v2/silences?filter=(')).status).toBe(400);
});
