/** `tocsin serve` as a sender and a receiver see it, by the clock; what is killed loses nothing and tells nothing twice. */
import { testServers } from '../harness/servers';
import { serveScene, type Page, type ServeScene } from '../harness/serve';
import { waitFor } from '../harness/wait-for';
import { untilSaid } from '../harness/why';

let scene: ServeScene;
beforeEach(async () => {
  scene = await serveScene(testServers());
});
afterEach(() => scene.close());

const config = (more = '', route = '') => `
global: { resolve_timeout: 2s }
route:
  receiver: team
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1h
${route}
receivers:
  - name: team
    webhook_configs: [{ url: HOOK/team }]
  - name: other
    webhook_configs: [{ url: HOOK/other }]
${more}
`;
const down = (host: string, more: object = {}) => ({ labels: { alertname: 'Down', host }, ...more });
const over = () => ({ endsAt: new Date().toISOString() });
const alertsOf = (pages: readonly Page[]): string[][] => pages.map(({ alerts }) => [...alerts]);

test('a group waits, tells of what is new with each interval, and of the end when its sender falls silent', async () => {
  await scene.configure(config());
  const serve = await scene.start();
  const began = Date.now();
  expect((await serve.post(down('a'), down('b'))).status).toBe(200);
  // The answer waits for the rows for half a second at most: on a busy machine they come later.
  await waitFor(async () => (await serve.get<unknown[]>('/api/v2/alerts')).length === 2, { what: 'both' });
  const [first] = await scene.untilPages(1);
  expect(first!.at - began).toBeGreaterThan(950);
  expect(first).toMatchObject({
    status: 'firing',
    receiver: 'team',
    groupKey: '{}:{alertname="Down"}',
    alerts: ['a firing', 'b firing'],
    json: { version: '4', truncatedAlerts: 0, groupLabels: { alertname: 'Down' } },
  });
  const pages = await scene.untilPages(2);
  expect(pages[1]).toMatchObject({ status: 'resolved', alerts: ['a resolved', 'b resolved'] });
  // Neither is told again, and both are gone from the lists.
  expect(pages[1]!.at - began).toBeGreaterThan(2_000);
  expect(await serve.get('/api/v2/alerts')).toEqual([]);
  expect(await serve.stop()).toBe(0);
  expect(scene.pages()).toHaveLength(2);
});

test('killed within group_wait it loses nothing, killed after the page it repeats nothing', async () => {
  await scene.configure(
    config()
      .replace('resolve_timeout: 2s', 'resolve_timeout: 5m')
      .replace('group_wait: 1s', 'group_wait: 4s'),
  );
  const first = await scene.start();
  await first.post(...Array.from({ length: 50 }, (_, n) => down(`h${n}`)));
  await first.kill();
  expect(scene.pages()).toEqual([]);
  const second = await scene.start();
  const pages = await scene.untilPages(1);
  expect(pages[0]!.alerts).toHaveLength(50);
  await waitFor(async () => (await second.get<unknown[]>('/api/v2/alerts')).length === 50, {
    what: 'the list',
  });
  await untilSaid(second, 'h0', 'told');
  await second.kill();
  const third = await scene.start();
  await third.post(down('new'));
  const after = await scene.untilPages(2);
  expect(after[1]!.alerts).toHaveLength(51);
  expect(after).toHaveLength(2);
});

test('silences, inhibition and time intervals hold back, each says so in the list, and the end of a silence tells', async () => {
  await scene.configure(
    config(
      `
inhibit_rules:
  - { source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: [host] }
time_intervals:
  - { name: always, time_intervals: [{ years: ['2000:2999'] }] }
`,
      `  routes: [{ receiver: other, matchers: ['night="yes"'], mute_time_intervals: [always] }]`,
    ).replace('resolve_timeout: 2s', 'resolve_timeout: 5m'),
  );
  const serve = await scene.start();
  const silence = await fetch(`${serve.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'host', value: 'quiet', isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 60_000).toISOString(),
      createdBy: 'me',
      comment: 'work',
    }),
  });
  const { silenceID } = (await silence.json()) as { silenceID: string };
  await serve.post(
    { labels: { alertname: 'Down', host: 'quiet' } },
    { labels: { alertname: 'Down', host: 'a', severity: 'critical' } },
    { labels: { alertname: 'Down', host: 'a', severity: 'warning' } },
    { labels: { alertname: 'Down', host: 'n', night: 'yes' } },
  );
  const pages = await scene.untilPages(1);
  expect(alertsOf(pages)).toEqual([['a firing']]);
  interface Listed {
    readonly labels: Record<string, string>;
    readonly status: {
      readonly state: string;
      readonly silencedBy: string[];
      readonly inhibitedBy: string[];
    };
  }
  const listed = await serve.get<Listed[]>('/api/v2/alerts');
  const of = (host: string, severity?: string) =>
    listed.find(({ labels }) => labels.host === host && labels.severity === severity)!.status;
  expect(of('quiet')).toMatchObject({ state: 'suppressed', silencedBy: [silenceID] });
  expect(of('a', 'warning')).toMatchObject({ state: 'suppressed' });
  expect(of('a', 'warning').inhibitedBy).toHaveLength(1);
  expect(of('a', 'critical')).toMatchObject({ state: 'active' });
  expect(scene.pages().every(({ path }) => path === '/team')).toBe(true);
  expect((await fetch(`${serve.url}/api/v2/silence/${silenceID}`, { method: 'DELETE' })).status).toBe(200);
  const after = await scene.untilPages(2);
  expect(after[1]!.alerts).toEqual(['quiet firing', 'a firing']);
});

test('two processes of an instance tell once, and each knows the other', async () => {
  await scene.configure(config().replace('resolve_timeout: 2s', 'resolve_timeout: 5m'));
  const [one, other] = [await scene.start(), await scene.start()];
  await one.post(down('a'));
  await other.post(down('b'));
  await waitFor(() => scene.pages().some(({ alerts }) => alerts.length === 2), { what: 'both in a page' });
  const told = scene.pages().length;
  interface Status {
    readonly cluster: { readonly peers: readonly { readonly address: string }[] };
  }
  await waitFor(async () => (await one.get<Status>('/api/v2/status')).cluster.peers.length === 2, {
    what: 'both peers in the status',
  });
  await untilSaid(other, 'b', 'told');
  await one.kill();
  await other.post({ ...down('a'), ...over() });
  await waitFor(() => scene.pages().length > told, { what: 'the page of what is left', timeoutMs: 30_000 });
  expect(alertsOf(scene.pages()).at(-1)).toEqual(['a resolved', 'b firing']);
});

test('other routes after a reload move open alerts without telling of them again; a bad file changes nothing', async () => {
  const text = config().replace('resolve_timeout: 2s', 'resolve_timeout: 5m');
  await scene.configure(text);
  const serve = await scene.start();
  await serve.post(down('a'));
  await scene.untilPages(1);
  await untilSaid(serve, 'a', 'told');
  await scene.configure(text.replace('receiver: team', 'receiver: nobody'));
  const refused = await fetch(`${serve.url}/-/reload`, { method: 'POST' });
  expect(refused.status).toBe(500);
  expect(await refused.text()).toContain('nobody');
  await scene.configure(text.replace('group_by: [alertname]', 'group_by: [alertname, host]'));
  expect((await fetch(`${serve.url}/-/reload`, { method: 'POST' })).status).toBe(200);
  await serve.post(down('b'));
  const pages = await scene.untilPages(2);
  expect(pages[1]).toMatchObject({ alerts: ['b firing'], groupKey: '{}:{alertname="Down", host="b"}' });
  await serve.post({ ...down('a'), ...over() });
  expect((await scene.untilPages(3))[2]!.alerts).toEqual(['a resolved']);
});
