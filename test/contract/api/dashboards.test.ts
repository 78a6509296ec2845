/**
 * The requests of clients that cannot be had here as programs, in the form in which they make them: karma, Grafana's data
 * source for an Alertmanager of its own, Grafana and vmalert as senders. What each needs of the answers is looked at, as far
 * as it differs from what the description of the API says (openapi.test.ts).
 */
import { parse } from 'yaml';
import { loadAlertmanager } from '../../../src/config/alertmanager/load';
import { servedApi } from './serving';

const FOUND = loadAlertmanager('examples/alertmanager.yml').original;
let served: Awaited<ReturnType<typeof servedApi>>;
beforeAll(async () => {
  served = await servedApi({
    config: () => ({
      ...{ original: FOUND, resolveTimeoutMs: 300_000, matcherMode: 'fallback' as const },
      receivers: [{ name: 'team', labels: { name: 'team' } }],
    }),
  });
}, 60_000);
afterAll(() => served.close());

async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`${served.address}${path}`, init);
  return { status: response.status, text: await response.text() };
}
async function got<T>(path: string, init: RequestInit = {}): Promise<T> {
  const { status, text } = await ask(path, init);
  expect({ path, status, text }).toMatchObject({ status: 200 });
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

interface Alert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly generatorURL?: string;
  readonly status: { readonly state: string; readonly silencedBy: readonly string[] };
}
interface Group {
  readonly receiver: { readonly name: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly alerts: readonly Alert[];
}
interface Silence {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: readonly { readonly isEqual: boolean }[];
}
interface Status {
  readonly cluster: { readonly name: string; readonly peers: readonly { readonly name: string }[] };
  readonly versionInfo: { readonly version: string };
  readonly config: { readonly original: string };
}

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

test('vmalert posts what fires and what is over', async () => {
  const alert = (host: string, endsAt: string) => ({
    startsAt: '2026-01-01T10:00:00.123456789Z',
    generatorURL: 'http://vmalert:8880/vmalert/alert?group_id=1&alert_id=2',
    endsAt,
    labels: { alertgroup: 'load', alertname: 'VmHigh', host },
    annotations: { summary: 'too high' },
  });
  expect((await ask('/api/v2/alerts', json([alert('a', inAnHour()), alert('b', inAnHour())]))).status).toBe(
    200,
  );
  expect((await ask('/api/v2/alerts', json([alert('b', '2026-01-01T11:00:00.5Z')]))).status).toBe(200);
  const listed = await got<Alert[]>('/api/v2/alerts?filter=alertname%3D%22VmHigh%22');
  expect(listed.map(({ labels }) => labels.host)).toEqual(['a']);
});

test('Grafana posts alerts of its own, with labels and annotations for itself', async () => {
  const alert = {
    labels: { alertname: 'GrafanaHigh', grafana_folder: 'db', __alert_rule_uid__: 'u1' },
    annotations: { __dashboardUid__: 'd', __values__: '{"B":1}', __value_string__: `[ var='B' value=1 ]` },
    ...{ startsAt: '2026-01-01T11:00:00.000+01:00', endsAt: inAnHour(), generatorURL: 'http://grafana/r/u1' },
  };
  expect((await ask('/api/v2/alerts', json([alert]))).status).toBe(200);
  const [listed] = await got<Alert[]>('/api/v2/alerts?filter=alertname%3D%22GrafanaHigh%22');
  expect(listed!.labels).toEqual(alert.labels);
});

describe('karma', () => {
  // With each look: the version, by which it knows how to ask, then all that there is.
  it('takes it for an Alertmanager that it knows how to ask', async () => {
    const { text } = await ask('/metrics');
    const version = /^alertmanager_build_info\{.*\bversion="([^"]*)"/m.exec(text)?.[1];
    // Nothing before 0.22 is asked at all.
    const [major, minor] = version!.split('.').map(Number);
    expect(major! * 1_000 + minor!).toBeGreaterThanOrEqual(22);
    const { versionInfo } = await got<Status>('/api/v2/status');
    expect(versionInfo.version).toBe(version);
  });

  it('finds every alert in groups, each with its receiver, and the silences that hold it', async () => {
    const headers = { accept: 'application/json' };
    const made = {
      ...silenceOf('karma', 'VmHigh'),
      matchers: [{ name: 'alertname', value: 'VmHigh', isRegex: false }],
    };
    // Its page posts through a proxy, without isEqual in old versions.
    const { silenceID } = await got<{ silenceID: string }>('/api/v2/silences', json(made));
    const { cluster } = await got<Status>('/api/v2/status', { headers });
    expect(cluster.peers.map(({ name }) => name)).toContain(cluster.name);
    const silences = await got<Silence[]>('/api/v2/silences', { headers });
    expect(silences.find(({ id }) => id === silenceID)!.matchers).toEqual([
      { name: 'alertname', value: 'VmHigh', isRegex: false, isEqual: true },
    ]);
    const groups = await got<Group[]>('/api/v2/alerts/groups', { headers });
    const held = groups.flatMap(({ alerts }) => alerts).find(({ labels }) => labels.alertname === 'VmHigh');
    expect(held!.status).toMatchObject({ state: 'suppressed', silencedBy: [silenceID] });
    expect(groups.every(({ receiver, labels }) => receiver.name !== '' && typeof labels === 'object')).toBe(
      true,
    );
    await got(`/api/v2/silence/${silenceID}`, { method: 'DELETE' });
  });
});

const silenceOf = (createdBy: string, alertname: string) => ({
  matchers: [{ name: 'alertname', value: alertname, isRegex: false, isEqual: true }],
  startsAt: new Date().toISOString(),
  endsAt: inAnHour(),
  createdBy,
  comment: 'looking into it',
});

describe('Grafana', () => {
  it('finds that its data source is a Prometheus Alertmanager, and not a Mimir', async () => {
    expect((await ask('/api/v1/status/buildinfo')).status).toBeGreaterThanOrEqual(400);
    expect((await ask('/alertmanager/api/v2/status')).status).toBe(404);
    const { config } = await got<Status>('/api/v2/status');
    // It shows the configuration that it reads from here.
    expect(parse(config.original)).toMatchObject({ route: { receiver: 'chatdb-alerts' } });
  });

  it('lists alerts by state and matchers', async () => {
    const state = 'silenced=true&active=true&inhibited=true';
    const named = await got<Alert[]>(`/api/v2/alerts?${state}&filter=alertname%3D%22GrafanaHigh%22`);
    expect(named).toHaveLength(1);
    // Newer versions: one matcher a parameter, names and values in quotes.
    const quoted = ['"alertname"=~"Grafana.*"', '"grafana_folder"!="web"'].map(
      (matcher) => `filter=${encodeURIComponent(matcher)}`,
    );
    expect(await got<Alert[]>(`/api/v2/alerts?${state}&${quoted.join('&')}`)).toHaveLength(1);
    expect((await got<Group[]>('/api/v2/alerts/groups')).length).toBeGreaterThan(0);
  });

  it('makes a silence, changes it under the id that it has, and expires it', async () => {
    const wanted = silenceOf('ann', 'GrafanaHigh');
    const { silenceID } = await got<{ silenceID: string }>('/api/v2/silences', json({ id: '', ...wanted }));
    const longer = { ...wanted, id: silenceID, endsAt: new Date(Date.now() + 7_200_000).toISOString() };
    expect(await got('/api/v2/silences', json(longer))).toEqual({ silenceID });
    expect(await got<Silence>(`/api/v2/silence/${silenceID}`)).toMatchObject({
      ...{ id: silenceID, endsAt: longer.endsAt, status: { state: 'active' } },
    });
    await got(`/api/v2/silence/${encodeURIComponent(silenceID)}`, { method: 'DELETE' });
    const all = await got<Silence[]>('/api/v2/silences');
    expect(all.find(({ id }) => id === silenceID)!.status.state).toBe('expired');
  });
});
