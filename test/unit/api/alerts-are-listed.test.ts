/** GET /alerts and /alerts/groups: who is asked for, in which order and form. */
import type { Labels } from '../../../src/domain/labels';
import type { ApiAlert, ApiGroup } from '../../../src/api/port';
import { apiAlert, apiGroup, testApi } from './test-api';

const silenced = { state: 'suppressed' as const, silencedBy: ['s1'], inhibitedBy: [] };
const inhibited = { state: 'suppressed' as const, silencedBy: [], inhibitedBy: ['0123456789abcdef'] };
const unprocessed = { state: 'unprocessed' as const, silencedBy: [], inhibitedBy: [] };

const ALERTS: ApiAlert[] = [
  apiAlert({ n: 'active', severity: 'critical' }, { generatorUrl: 'http://prometheus/' }),
  apiAlert({ n: 'silenced' }, { status: silenced }),
  apiAlert({ n: 'inhibited' }, { status: inhibited, receivers: ['team', 'pager'] }),
  apiAlert({ n: 'unprocessed' }, { status: unprocessed, receivers: ['pager'] }),
];
const GROUPS: ApiGroup[] = [
  apiGroup({ b: '1' }, ALERTS.slice(0, 2), { routeLabels: { owner: 'db' } }),
  apiGroup({ a: '2' }, [ALERTS[2]!], { receiver: 'pager' }),
  apiGroup({ a: '2' }, [ALERTS[2]!], { mutedBy: ['night'] }),
  apiGroup({}, [ALERTS[0]!]),
];

const api = () =>
  testApi({ alerts: { post: async () => undefined, list: async () => ALERTS, groups: async () => GROUPS } });

async function names(query: string): Promise<string[]> {
  const { status, json } = await api().ask(`/api/v2/alerts${query}`);
  expect(status).toBe(200);
  return (json as { labels: { n: string } }[]).map(({ labels }) => labels.n).sort();
}

const ALL = ['active', 'inhibited', 'silenced', 'unprocessed'];

test.each([
  ['', ALL],
  ['?active=true&silenced=1&inhibited=yes&unprocessed=on', ALL],
  ['?active=false', ['inhibited', 'silenced', 'unprocessed']],
  ['?silenced=false', ['active', 'inhibited', 'unprocessed']],
  ['?inhibited=no', ['active', 'silenced', 'unprocessed']],
  ['?unprocessed=0', ['active', 'inhibited', 'silenced']],
  ['?active=false&active=true', ALL],
  ['?receiver=pager', ['inhibited', 'unprocessed']],
  ['?receiver=p.*', ['inhibited', 'unprocessed']],
  ['?receiver=page', []],
  ['?receiver=', ALL],
  ['?receiver_matchers=owner%3Ddb', ['active', 'inhibited', 'silenced']],
  ['?receiver_matchers=owner%3D', ['inhibited', 'unprocessed']],
  // One receiver has the name, another the labels.
  ['?receiver_matchers=owner%3D&receiver=te.*', ['inhibited']],
  ['?filter=severity%3D%22critical%22', ['active']],
  ['?filter=severity%3D', ['inhibited', 'silenced', 'unprocessed']],
  ['?filter=n%3D~%22.*ed%22&filter=n!%3Dsilenced', ['inhibited', 'unprocessed']],
  ['?filter=n%3D~%22i%22', []],
])('/alerts%s', async (query, expected) => {
  expect(await names(query)).toEqual(expected);
});

test.each([
  ['?filter=%7Bn%3Dx%7D', 'the parameter filter has "{n=x}", which may have no braces'],
  ['?filter=n', 'the parameter filter'],
  ['?filter=n%3D~(', 'the parameter filter'],
  ['?receiver_matchers=a%3D~(', 'the parameter receiver_matchers'],
  ['?receiver=(', 'the parameter receiver is "(", which is no regular expression'],
])('/alerts%s is refused', async (query, message) => {
  for (const path of ['/alerts', '/alerts/groups']) {
    const { status, json } = await api().ask(`/api/v2${path}${query}`);
    expect([status, json]).toEqual([400, expect.stringContaining(message)]);
  }
});

test('an alert as it is shown, by fingerprint', async () => {
  const { json, headers } = await api().ask('/api/v2/alerts');
  const shown = json as { fingerprint: string }[];
  expect(shown.map(({ fingerprint }) => fingerprint)).toEqual(
    ALERTS.map(({ fingerprint }) => fingerprint).sort(),
  );
  expect(headers.get('cache-control')).toBe('no-store');
  expect(shown.find(({ fingerprint }) => fingerprint === ALERTS[0]!.fingerprint)).toEqual({
    annotations: {},
    endsAt: '2026-05-01T12:05:00.000Z',
    fingerprint: ALERTS[0]!.fingerprint,
    generatorURL: 'http://prometheus/',
    labels: { n: 'active', severity: 'critical' },
    receivers: [{ name: 'team' }],
    startsAt: '2026-05-01T12:00:00.000Z',
    status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] },
    updatedAt: '2026-05-01T12:00:00.000Z',
  });
});

interface ShownGroup {
  readonly labels: object;
  readonly routeLabels: object;
  readonly receiver: { readonly name: string };
  readonly alerts: readonly { readonly labels: { readonly n: string }; readonly status: object }[];
}

async function groups(query = ''): Promise<[object, string, string[]][]> {
  const { json } = await api().ask(`/api/v2/alerts/groups${query}`);
  return (json as ShownGroup[]).map(({ labels, receiver, alerts }) => [
    labels,
    receiver.name,
    alerts.map((each) => each.labels.n),
  ]);
}

test('groups by labels and receiver; one that loses all its alerts is left out', async () => {
  expect(await groups()).toEqual([
    [{}, 'team', ['active']],
    [{ b: '1' }, 'team', ['silenced', 'active']],
    [{ a: '2' }, 'pager', ['inhibited']],
    [{ a: '2' }, 'team', ['inhibited']],
  ]);
  expect(await groups('?inhibited=false&filter=severity%3D')).toEqual([[{ b: '1' }, 'team', ['silenced']]]);
  expect(await groups('?receiver=pag.*')).toEqual([[{ a: '2' }, 'pager', ['inhibited']]]);
  expect(await groups('?receiver_matchers=owner%3D')).toEqual([[{ a: '2' }, 'pager', ['inhibited']]]);
  expect(await groups('?muted=false&silenced=false')).toEqual([
    [{}, 'team', ['active']],
    [{ b: '1' }, 'team', ['active']],
    [{ a: '2' }, 'pager', ['inhibited']],
  ]);
});

test('whoever asks for one receiver is told of its groups only', async () => {
  const receivers = async (query: string) => {
    const { json } = await api().ask(`/api/v2/alerts/groups${query}`);
    return (json as { alerts: { receivers: { name: string }[] }[] }[]).at(-1)!.alerts[0]!.receivers;
  };
  expect(await receivers('')).toEqual([{ name: 'pager' }, { name: 'team' }]);
  expect(await receivers('?receiver=pager')).toEqual([{ name: 'pager' }]);
});

test("a group's mute times and its route's labels are shown", async () => {
  const { json } = await api().ask('/api/v2/alerts/groups');
  const shown = json as ShownGroup[];
  expect(shown[1]).toMatchObject({ labels: { b: '1' }, routeLabels: { owner: 'db' } });
  expect(shown[3]!.alerts[0]!.status).toEqual({ ...inhibited, mutedBy: ['night'] });
  const { json: active } = await testApi({
    alerts: {
      post: async () => undefined,
      list: async () => [],
      groups: async () => [apiGroup({}, [ALERTS[0]!], { mutedBy: ['night'] })],
    },
  }).ask('/api/v2/alerts/groups');
  expect((active as ShownGroup[])[0]!.alerts[0]!.status).toMatchObject({
    state: 'suppressed',
    mutedBy: ['night'],
  });
});

test('within a group alerts go by job and instance, then by their labels', async () => {
  const order: readonly Labels[] = [
    { instance: 'a', job: 'a' },
    { instance: 'b', job: 'a' },
    { job: 'b' },
    { instance: 'a' },
    { x: '1' },
    { y: '1' },
    { y: '2' },
    { x: '1', y: '1' },
  ];
  const shuffled = [3, 7, 1, 6, 4, 0, 2, 5].map((index) => apiAlert(order[index]!));
  const { json } = await testApi({
    alerts: {
      post: async () => undefined,
      list: async () => [],
      groups: async () => [apiGroup({}, shuffled)],
    },
  }).ask('/api/v2/alerts/groups');
  expect((json as ShownGroup[])[0]!.alerts.map(({ labels }) => labels)).toEqual([
    ...order.slice(0, 4),
    // Prometheus orders sets by the first name that not both have: who lacks it comes first.
    ...[{ y: '1' }, { y: '2' }, { x: '1' }, { x: '1', y: '1' }],
  ]);
});
