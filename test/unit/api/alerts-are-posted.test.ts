/** POST /alerts: what is taken, with its defaults, and what is refused by name. */
import { TocsinError } from '../../../src/domain/errors';
import { testApi, type TestApi } from './test-api';

const URL = '/api/v2/alerts';
const post = (api: TestApi, body: unknown, type = 'application/json') =>
  api.ask(URL, { method: 'POST', headers: { 'content-type': type }, body });

const NOW = '2026-05-01T12:00:00.000Z';
const EARLIER = '2026-05-01T11:00:00.000Z';
const LATER = '2026-05-01T12:05:00.000Z';

test('an alert without times starts now and ends after the resolve timeout', async () => {
  const api = testApi();
  const answer = await post(api, [{ labels: { alertname: 'High' } }]);
  expect([answer.status, answer.text]).toEqual([200, '']);
  expect(api.posted).toEqual([
    {
      labels: { alertname: 'High' },
      annotations: {},
      startsAt: NOW,
      endsAt: LATER,
      timedOut: true,
      updatedAt: NOW,
      generatorUrl: '',
    },
  ]);
});

test.each([
  ['only an end, as JavaScript writes it', { endsAt: EARLIER }, EARLIER, EARLIER, false],
  ['no time for its end', { endsAt: '0001-01-01T00:00:00.000Z' }, NOW, LATER, true],
  ['no time for its start', { startsAt: '0001-01-01T00:00:00.000Z' }, NOW, LATER, true],
  [
    'only an end',
    { endsAt: '2026-05-01T11:00:00Z' },
    '2026-05-01T11:00:00.000Z',
    '2026-05-01T11:00:00.000Z',
    false,
  ],
  ['only a start', { startsAt: '2026-05-01T11:00:00Z' }, '2026-05-01T11:00:00.000Z', LATER, true],
  [
    "Go's zero times",
    { startsAt: '0001-01-01T00:00:00Z', endsAt: '0001-01-01T00:00:00.000Z' },
    NOW,
    LATER,
    true,
  ],
  [
    'a zone and nanoseconds',
    { startsAt: '2026-05-01T13:00:00.123456789+02:00' },
    '2026-05-01T11:00:00.123Z',
    LATER,
    true,
  ],
])('%s', async (_name, times, startsAt, endsAt, timedOut) => {
  const api = testApi();
  expect((await post(api, [{ labels: { a: 'b' }, ...times }])).status).toBe(200);
  expect(api.posted[0]).toMatchObject({ startsAt, endsAt, timedOut });
});

test('empty label values are dropped, empty annotations are kept', async () => {
  const api = testApi();
  await post(api, [{ labels: { a: 'b', c: '', d: null }, annotations: { text: '' } }]);
  expect(api.posted[0]).toMatchObject({ labels: { a: 'b' }, annotations: { text: '' } });
  expect(Object.keys(api.posted[0]!.labels)).toEqual(['a']);
});

test('keys of any case and unknown ones, labels of any name', async () => {
  const api = testApi();
  const text = `[{"Labels":{"a":"b","__proto__":"x","é":"\\ud800"},"GENERATORURL":"http://x/","more":1}]`;
  expect((await post(api, text)).status).toBe(200);
  const { labels, generatorUrl } = api.posted[0]!;
  expect(Object.entries(labels)).toEqual([
    ['a', 'b'],
    ['__proto__', 'x'],
    ['é', '\ufffd'],
  ]);
  expect(generatorUrl).toBe('http://x/');
});

test('what Postgres does not have is the replacement character from the start', async () => {
  const api = testApi();
  await post(api, String.raw`[{"labels":{"a":"b\u0000c","n\u0000":"x"},"annotations":{"t":"\u0000"}}]`);
  const { labels, annotations } = api.posted[0]!;
  expect([labels, annotations]).toEqual([{ a: 'b\ufffdc', 'n\ufffd': 'x' }, { t: '\ufffd' }]);
});

test('of a batch the valid ones are kept, the others are named', async () => {
  const api = testApi();
  const answer = await post(api, [
    { labels: { alertname: 'A' } },
    { labels: {} },
    { labels: { alertname: 'B' }, startsAt: '2026-05-01T12:00:00Z', endsAt: '2026-05-01T11:00:00Z' },
    { labels: { '': 'x', alertname: 'C' } },
    { labels: { alertname: 'D' } },
  ]);
  expect(answer.status).toBe(400);
  const message = answer.json as string;
  expect(message).toContain('alert 1 {}: it needs a label');
  expect(message).toContain('alert 2 {alertname="B"}: it ends at 2026-05-01T11:00:00.000Z, before');
  expect(message).toContain('alert 3 {alertname="C"}: invalid label set: "" cannot be a label\'s name');
  expect(api.posted.map(({ labels }) => labels['alertname'])).toEqual(['A', 'D']);
  const metrics = await api.registry.metrics();
  expect(metrics).toContain('alertmanager_alerts_received_total{status="firing",version="v2"} 4');
  expect(metrics).toContain('alertmanager_alerts_received_total{status="resolved",version="v2"} 1');
  expect(metrics).toContain('alertmanager_alerts_invalid_total{version="v2"} 3');
});

test('the matcher mode decides which names a label may have', async () => {
  const classic = testApi({}, { matcherMode: 'classic-mode' });
  expect((await post(classic, [{ labels: { 'not classic': 'x' } }])).json).toContain('"not classic"');
  const utf8 = testApi();
  expect((await post(utf8, [{ labels: { 'not classic': 'x' } }])).status).toBe(200);
});

test.each([
  ['', 422, 'alerts in body is required'],
  ['[', 400, 'alerts in body is no valid JSON'],
  [{}, 400, 'alerts in body is an object, but has to be an array'],
  [[1], 400, 'alerts.0 in body is the number 1, but has to be an object'],
  [[{}], 422, 'alerts.0.labels in body is required'],
  [[{ labels: null }], 422, 'alerts.0.labels in body is required'],
  [[{ labels: { a: 1 } }], 400, 'alerts.0.labels.a in body is the number 1'],
  [[{ labels: { a: 'b' }, annotations: [] }], 400, 'alerts.0.annotations in body is an array'],
  [[{ labels: { a: 'b' }, startsAt: 'soon' }], 400, 'alerts.0.startsAt in body is "soon"'],
  [[{ labels: { a: 'b' }, endsAt: '2026-02-31T00:00:00Z' }], 400, 'alerts.0.endsAt in body is "2026-02-31'],
  [[{ labels: { a: 'b' }, generatorURL: 'no uri' }], 422, 'alerts.0.generatorURL in body is "no uri"'],
])('%j is refused whole', async (payload, status, message) => {
  const api = testApi();
  const answer = await post(api, payload);
  expect(answer.status).toBe(status);
  expect(answer.json).toEqual({ code: expect.any(Number), message: expect.stringContaining(message) });
  expect(api.posted).toEqual([]);
});

test('another content type and too long a body are refused', async () => {
  const api = testApi({ maxBodyBytes: 100 });
  expect((await post(api, [], 'text/plain')).status).toBe(415);
  const long = await post(api, [{ labels: { a: 'x'.repeat(200) } }]);
  expect(long.status).toBe(413);
  expect(long.json).toMatchObject({ code: 413 });
});

test('alerts that cannot be kept now are to be sent again', async () => {
  const away = async () => {
    throw new TocsinError('TOC_DEPENDENCY_AWAY', 'kafka does not answer');
  };
  const api = testApi({ alerts: { post: away, list: away, groups: away } });
  const answer = await post(api, [{ labels: { a: 'b' } }]);
  expect([answer.status, answer.json]).toEqual([503, 'kafka does not answer']);
  expect((await api.ask(URL)).status).toBe(503);
});
