/** The webhook says what Alertmanager's says, in version 4 of its form. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHttpCatcher, type HttpCatcher } from '../../../harness/http-catcher';
import { EXTERNAL_URL, firing, message, resolved } from './groups';
import { integrationOf, notify } from './sending';

let server: HttpCatcher;

beforeEach(async () => {
  server = await startHttpCatcher();
});
afterEach(() => server.close());

const BOTH = message({
  alerts: [
    firing({ alertname: 'HighCPU', a: '1' }, { summary: 'x' }, { startsAt: '2026-03-01T10:00:00.120Z' }),
    resolved({ alertname: 'HighCPU', a: '2' }, { summary: 'x' }),
  ],
});

it('posts the group', async () => {
  const delivery = await notify(
    integrationOf(`webhook_configs: [{ url: '${server.url}/in?token=abcdef' }]`),
    BOTH,
  );

  expect(delivery).toEqual({ kind: 'delivered', detail: `HTTP 200 from 127.0.0.1:${server.port}` });
  const [request] = server.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/in?token=abcdef' });
  expect(request!.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'tocsin' });
  const url = 'https://prometheus.example.com/graph?g0.expr=up&g0.tab=1';
  expect(request!.json).toEqual({
    version: '4',
    groupKey: '{}/{team="db"}:{alertname="HighCPU"}',
    truncatedAlerts: 0,
    receiver: 'team-db',
    status: 'firing',
    notification_reason: 'first notification',
    groupLabels: { alertname: 'HighCPU' },
    commonLabels: { alertname: 'HighCPU' },
    commonAnnotations: { summary: 'x' },
    routeLabels: { team: 'db' },
    externalURL: EXTERNAL_URL,
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'HighCPU', a: '1' },
        annotations: { summary: 'x' },
        startsAt: '2026-03-01T10:00:00.12Z',
        endsAt: '0001-01-01T00:00:00Z',
        generatorURL: url,
        fingerprint: 'a1b2c3d4e5f60718',
      },
      {
        status: 'resolved',
        labels: { alertname: 'HighCPU', a: '2' },
        annotations: { summary: 'x' },
        startsAt: '2026-03-01T10:00:00Z',
        endsAt: '2026-03-01T10:30:00.5Z',
        generatorURL: url,
        fingerprint: 'a1b2c3d4e5f60718',
      },
    ],
  });
});

it('sends at most as many alerts as it may, and says how many it left out', async () => {
  await notify(integrationOf(`webhook_configs: [{ url: '${server.url}', max_alerts: 1 }]`), BOTH);

  expect(server.requests[0]!.json).toMatchObject({ truncatedAlerts: 1, alerts: [{ labels: { a: '1' } }] });
});

it('takes the address as a template', async () => {
  await notify(integrationOf(`webhook_configs: [{ url: '${server.url}/{{ .GroupLabels.alertname }}' }]`));

  expect(server.requests[0]!.path).toBe('/HighCPU');
});

it('reads url_file at each message', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'webhook-')), 'url');
  const integration = integrationOf(`webhook_configs: [{ url_file: '${file}' }]`);

  expect(await notify(integration)).toMatchObject({
    kind: 'retry',
    error: expect.stringContaining('cannot read') as string,
  });
  for (const path of ['/one', '/two']) {
    writeFileSync(file, `${server.url}${path}\n`);
    await notify(integration);
  }

  expect(server.requests.map(({ path }) => path)).toEqual(['/one', '/two']);
});

it('sends a payload of its own, with the structures that its templates make', async () => {
  const payload = `
  text: 'Group {{ .GroupLabels.alertname }}'
  count: '{{ len .Alerts }}'
  on: '{{ if .Alerts.Firing }}yes{{ end }}'
  at: '12:30'
  day: '2026-01-02'
  labels: '{{ .CommonLabels | toJson }}'
  '{{ .Status }}': [1, true, null, 'a: {b: [1, x]}', '{{ "" }}', '"quoted"', '0123', 'value1: ', '[unclosed']`;
  await notify(
    integrationOf(`webhook_configs:\n- url: '${server.url}'\n  payload:${payload.replaceAll('\n', '\n  ')}`),
  );

  expect(server.requests[0]!.json).toEqual({
    text: 'Group HighCPU',
    count: 1,
    on: true,
    at: '12:30',
    day: '2026-01-02',
    labels: { alertname: 'HighCPU', cluster: 'eu-1', instance: 'db-1:9100', severity: 'critical' },
    firing: [1, true, null, { a: { b: [1, 'x'] } }, null, '"quoted"', 83, { value1: null }, '[unclosed'],
  });
});

it('refuses a template that cannot be rendered, and says why', async () => {
  const integration = integrationOf(
    `webhook_configs: [{ url: '${server.url}', payload: { a: '{{ .Nope }}' } }]`,
  );

  expect(await notify(integration)).toEqual({
    kind: 'refused',
    error: expect.stringMatching(/template cannot be rendered.*can't evaluate field Nope/) as string,
  });
  expect(server.requests).toEqual([]);
});
