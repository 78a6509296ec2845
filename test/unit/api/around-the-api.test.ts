/** What there is beside alerts and silences: status, receivers, probes, reload, metrics, other origins, the prefix, limits. */
import { tallyOf } from '../../../src/api/tally';
import { apiAlert, START, testApi } from './test-api';

const PENDING = {
  matchers: [{ name: 'a', op: '=' as const, value: 'b' }],
  startsAt: new Date(START + 60_000).toISOString(),
  endsAt: new Date(START + 120_000).toISOString(),
  ...{ createdBy: 'ann', comment: '', annotations: {} },
};

test('the status', async () => {
  expect((await testApi().ask('/api/v2/status')).json).toEqual({
    cluster: { name: 'blue', status: 'ready', peers: [{ name: 'blue', address: '10.0.0.1:9093' }] },
    config: { original: expect.stringContaining('receiver: team') },
    uptime: '2026-05-01T12:00:00.000Z',
    versionInfo: {
      branch: '',
      buildDate: '',
      buildUser: '',
      goVersion: '',
      revision: 'tocsin 0.0.1',
      version: '0.34.2',
    },
  });
});

test('the receivers, by their labels', async () => {
  const api = testApi();
  const names = async (query: string) =>
    ((await api.ask(`/api/v2/receivers${query}`)).json as { name: string }[]).map(({ name }) => name);
  expect((await api.ask('/api/v2/receivers')).json).toContainEqual({ name: 'team', labels: { owner: 'db' } });
  expect(await names('?receiver_matchers=owner%3Ddb')).toEqual(['team']);
  expect(await names('?receiver_matchers=owner!%3Ddb')).toEqual(['pager']);
  expect((await api.ask('/api/v2/receivers?receiver_matchers=(')).status).toBe(400);
  const empty = testApi({}, { receivers: [{ name: 'team', labels: { owner: '' } }] });
  const there = await empty.ask('/api/v2/receivers?receiver_matchers=owner!%3D%22%22');
  expect(there.json).toEqual([{ name: 'team', labels: { owner: '' } }]);
});

test('probes', async () => {
  const api = testApi();
  for (const path of ['/-/healthy', '/-/ready']) {
    expect(await api.ask(path)).toMatchObject({ status: 200, text: 'OK' });
    expect(await api.ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  }
});

test('reload, and why it was not done', async () => {
  let fault: Error | null = null;
  const api = testApi({
    reload: async () => {
      if (fault !== null) throw fault;
    },
  });
  expect(await api.ask('/-/reload', { method: 'POST' })).toMatchObject({ status: 200, text: '' });
  expect((await api.ask('/-/reload', { method: 'POST', body: 'x' })).status).toBe(200);
  fault = new Error('alertmanager.yml:3: no such receiver');
  expect(await api.ask('/-/reload', { method: 'POST' })).toMatchObject({
    status: 500,
    text: 'failed to reload config: alertmanager.yml:3: no such receiver\n',
  });
  const get = await api.ask('/-/reload');
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
});

test('version 1 is gone, other paths are not there', async () => {
  const api = testApi();
  const gone = await api.ask('/api/v1/alerts', { method: 'POST', body: [] });
  expect([gone.status, gone.json]).toEqual([
    410,
    { status: 'deprecated', error: expect.stringContaining('/api/v2') },
  ]);
  expect(await api.ask('/nowhere')).toMatchObject({ status: 404, text: '404 page not found\n' });
  expect((await api.ask('/api/v2/nowhere')).json).toMatchObject({ code: 404 });
  const put = await api.ask('/api/v2/alerts', { method: 'PUT', body: [] });
  expect([put.status, put.headers.get('allow'), put.json]).toEqual([
    ...[405, 'GET,POST', { code: 405, message: expect.stringContaining('GET, POST') }],
  ]);
  for (const path of ['/api/v2/alerts/', '/api/v2//alerts', '/metrics/'])
    expect((await api.ask(path)).status).toBe(200);
});

test('all of it stands below the prefix', async () => {
  for (const routePrefix of ['/alert/manager', 'alert/manager/']) {
    const api = testApi({ routePrefix });
    for (const path of ['/api/v2/alerts', '/-/ready', '/metrics']) {
      expect((await api.ask(`/alert/manager${path}`)).status).toBe(200);
      expect((await api.ask(path)).status).toBe(404);
    }
    const root = await api.ask('/');
    expect([root.status, root.headers.get('location')]).toEqual([302, '/alert/manager']);
    expect((await api.ask('/alert/manager/api/v2/x')).json).toMatchObject({
      message: expect.stringContaining(' /api/v2/x'),
    });
  }
});

describe('pages of other origins', () => {
  const ask = (method: string, headers: Record<string, string>, corsOrigin = 'https://(a|b)\\.example') =>
    testApi({ corsOrigin }).ask('/api/v2/alerts', { method, headers });
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };

  test('are answered where they may ask', async () => {
    const { headers } = await ask('GET', { origin: 'https://a.example' });
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([
      'https://a.example',
      'Origin',
    ]);
    const before = await ask('OPTIONS', { origin: 'https://b.example', ...preflight });
    expect(before.status).toBe(204);
    expect(Object.fromEntries(before.headers)).toMatchObject({
      'access-control-allow-origin': 'https://b.example',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '600',
    });
  });

  test.each([
    ['another origin', { origin: 'https://a.example.org', ...preflight }, undefined],
    ['another method', { origin: 'https://a.example', 'access-control-request-method': 'PUT' }, undefined],
    ['nobody was named', { origin: 'https://a.example', ...preflight }, ''],
  ])('are not where they may not: %s', async (_name, headers, corsOrigin) => {
    const answer = await ask('OPTIONS', headers, corsOrigin);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('access-control-allow-methods')).toBeNull();
  });
});

test('metrics of requests, with an id left out of the handler', async () => {
  const api = testApi();
  await api.ask('/api/v2/silence/none');
  await api.ask('/api/v2/alerts');
  const { text, headers } = await api.ask('/metrics');
  expect(headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const count = (handler: string, code: number) =>
    `alertmanager_http_request_duration_seconds_count{handler="${handler}",method="get",code="${code}"} 1`;
  expect(text).toContain(count('/api/v2/silence/{silenceID}', 404));
  expect(text).toContain(count('/api/v2/alerts', 200));
  expect(text).toContain('alertmanager_http_requests_in_flight{method="get"} 1');
});

test('gauges of alerts and silences are counted at a scrape, at most every ten seconds, and left out where they cannot be', async () => {
  let fault: Error | null = null;
  let asked = 0;
  const api = testApi({
    alerts: {
      ...{ post: async () => undefined, groups: async () => [] },
      list: async () => {
        asked += 1;
        if (fault !== null) throw fault;
        return [apiAlert({ a: '1' }), apiAlert({ a: '2' })];
      },
    },
  });
  api.options.metrics.tally(tallyOf(api.options));
  await api.silences.set({ ...PENDING, id: null }, new Date(START));
  const scraped = async () => (await api.ask('/metrics')).text;
  for (let i = 0; i < 2; i++) {
    const text = await scraped();
    expect(text).toContain(
      'alertmanager_alerts{state="active"} 2\nalertmanager_alerts{state="suppressed"} 0',
    );
    expect(text).toContain('alertmanager_silences{state="pending"} 1');
  }
  expect(asked).toBe(1);
  fault = new Error('postgres is away');
  api.clock.now += 10_000;
  expect(await scraped()).not.toContain('alertmanager_alerts{');
  fault = null;
  expect(await scraped()).toContain('alertmanager_alerts{state="active"} 2');
});

test('the configuration in effect', async () => {
  const api = testApi();
  api.options.metrics.configRead('route: {}', new Date(5_000));
  const { text } = await api.ask('/metrics');
  expect(text).toContain('alertmanager_config_last_reload_success_timestamp_seconds 5\n');
  expect(text).toContain('alertmanager_config_last_reload_successful 1\n');
  // As Alertmanager counts it: the first 48 bits of the MD5 sum.
  expect(text).toContain('alertmanager_config_hash 99036952484738\n');
  api.options.metrics.configRefused();
  expect((await api.ask('/metrics')).text).toContain('alertmanager_config_last_reload_successful 0');
});

test('more readers than the limit are sent away, and none is counted for good', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  const api = testApi({
    getConcurrency: 2,
    alerts: {
      post: async () => undefined,
      groups: async () => [],
      list: async () => {
        asked += 1;
        await held;
        return [];
      },
    },
  });
  const waiting = [api.ask('/api/v2/alerts'), api.ask('/api/v2/alerts')];
  const refused = await new Promise<{ status: number; text: string }>((resolve) => {
    const tryOnce = async (): Promise<void> =>
      asked < 2 ? void setImmediate(tryOnce) : resolve(await api.ask('/-/ready'));
    void tryOnce();
  });
  expect(refused).toMatchObject({
    status: 503,
    text: expect.stringContaining('2 GET requests are under way'),
  });
  expect((await api.ask('/api/v2/alerts', { method: 'POST', body: [] })).status).toBe(200);
  release();
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await api.ask('/-/ready')).status).toBe(200);
});
