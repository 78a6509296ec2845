/**
 * What Alertmanager's options mean, by the clock: one `tocsin serve` with a route for each story, all of which go on at
 * once. Each story looks at order and number of its messages and at the least time between them; the last one sees that
 * nobody has heard more than that.
 */
import { randomUUID } from 'node:crypto';
import type { CaughtRequest, HttpAnswer } from '../harness/http-catcher';
import { serveScene, type Page, type Sent, type ServeProcess, type ServeScene } from '../harness/serve';
import { testServers } from '../harness/servers';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 180_000;
const UNTIL_HEARD_MS = 60_000;
/** Clocks of processes, and what a timer may be early. */
const EARLY_MS = 100;
/** What an attempt may take where the receiver says nothing. */
const HANGS_MS = 60_000;

const route = (story: string, more = ''): string =>
  `    - { receiver: ${story}, matchers: ['story="${story}"']${more} }`;
const hook = (story: string, more = ''): string =>
  `  - { name: ${story}, webhook_configs: [{ url: 'HOOK/${story}'${more} }] }`;
const ROUTES = [
  route('by_label', ', group_by: [service]'),
  route('by_all', `, group_by: ['...']`),
  route('by_nothing', ', group_by: []'),
  route('repeated', ', repeat_interval: 3s'),
  route('inhibited'),
  route('silenced'),
  route('silenced_later'),
  route('muted', ', mute_time_intervals: [ever]'),
  route('inactive', ', active_time_intervals: [long_ago]'),
  route('active', ', active_time_intervals: [ever]'),
  route('hanging'),
  route('failing'),
  route('asking_for_time'),
  route('refusing', ', group_interval: 1h'),
  route('beside'),
  route('truncated'),
  route('ends_unsaid'),
  route('continued', ', continue: true'),
  `    - { receiver: also, matchers: ['story="continued"'] }`,
];
const RECEIVERS = [
  ...['by_label', 'by_all', 'by_nothing', 'repeated', 'inhibited', 'silenced', 'silenced_later'].map(
    (story) => hook(story),
  ),
  ...['muted', 'inactive', 'active', 'failing', 'asking_for_time', 'refusing', 'continued', 'also'].map(
    (story) => hook(story),
  ),
  hook('hanging', ', timeout: 1s'),
  hook('truncated', ', max_alerts: 2'),
  hook('ends_unsaid', ', send_resolved: false'),
  `  - { name: beside, webhook_configs: [{ url: 'HOOK/beside_hangs' }, { url: 'HOOK/beside' }] }`,
];
const CONFIG = `
global: { resolve_timeout: 10m }
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: 500ms
  group_interval: 1s
  repeat_interval: 1h
  routes:
${ROUTES.join('\n')}
receivers:
  - { name: nobody }
${RECEIVERS.join('\n')}
inhibit_rules:
  - { source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [story, host] }
time_intervals:
  - { name: ever, time_intervals: [{ years: ['2000:2999'] }] }
  - { name: long_ago, time_intervals: [{ years: ['2000'] }] }
`;

let scene: ServeScene;
let serve: ServeProcess;
const pagesOf = (story: string): Page[] => scene.pages().filter(({ path }) => path === `/${story}`);
const told = (story: string): string[][] => pagesOf(story).map(({ alerts }) => [...alerts]);
const untilTold = async (story: string, many: number): Promise<Page[]> => {
  await waitFor(() => pagesOf(story).length >= many, {
    ...{ what: `${many} messages of ${story}`, timeoutMs: UNTIL_HEARD_MS, intervalMs: 10 },
  });
  return pagesOf(story);
};
const alert = (story: string, host: string, labels: Record<string, string> = {}): Sent => ({
  labels: { alertname: 'Down', story, host, ...labels },
});
const over = (one: Sent): Sent => ({ ...one, endsAt: new Date().toISOString() });
async function silence(story: string, ms: number): Promise<void> {
  const answer = await fetch(`${serve.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'story', value: story, isRegex: false }],
      ...{ startsAt: new Date().toISOString(), endsAt: new Date(Date.now() + ms).toISOString() },
      ...{ createdBy: 'test', comment: randomUUID() },
    }),
  });
  expect(answer.status).toBe(200);
}

/** The first requests of a path, in order; the others are answered with 200. */
const TROUBLE: Readonly<Record<string, readonly HttpAnswer[]>> = {
  '/hanging': ['hang'],
  '/failing': ['drop', { status: 500 }, { status: 429 }],
  '/asking_for_time': [{ status: 503, headers: { 'retry-after': '3' } }],
  '/refusing': [{ status: 400, body: 'no such channel' }],
  '/beside_hangs': ['hang'],
};
const seen = new Map<string, number>();
function answerTo({ path }: CaughtRequest): HttpAnswer {
  const nth = seen.get(path) ?? 0;
  seen.set(path, nth + 1);
  return TROUBLE[path]?.[nth] ?? { status: 200 };
}

const critical = alert('inhibited', 'a', { severity: 'critical' });
const warning = alert('inhibited', 'a', { severity: 'warning' });
const SILENCE_MS = 4_000;
let silencedUntil: number;
let postedAt: number;

beforeAll(async () => {
  scene = await serveScene(testServers());
  scene.catcher.answerAlways(answerTo);
  await scene.configure(CONFIG);
  serve = await scene.start();
  silencedUntil = Date.now() + SILENCE_MS;
  await silence('silenced', SILENCE_MS);
  postedAt = Date.now();
  const posted = await serve.post(
    ...['by_label', 'by_all', 'by_nothing'].flatMap((story) => [
      alert(story, 'a', { service: 'orders' }),
      alert(story, 'b', { service: 'orders' }),
      alert(story, 'c', { service: 'billing', alertname: 'Slow' }),
    ]),
    ...['silenced', 'silenced_later', 'muted', 'inactive', 'active'].map((story) => alert(story, 'a')),
    ...['hanging', 'failing', 'asking_for_time', 'refusing', 'beside'].map((story) => alert(story, 'a')),
    ...['a', 'b', 'c', 'd', 'e'].map((host) => alert('truncated', host)),
    ...['repeated', 'ends_unsaid', 'continued'].map((story) => alert(story, 'a')),
    ...[critical, warning],
  );
  expect(posted.status).toBe(200);
}, STORY_MS);
afterAll(() => scene.close(), STORY_MS);

test(
  'group_by: by some labels, by all of them, by none',
  async () => {
    await untilTold('by_label', 2);
    await untilTold('by_all', 3);
    const [page] = await untilTold('by_nothing', 1);
    const sorted = (story: string) =>
      told(story)
        .map((alerts) => alerts.join())
        .sort();
    expect(sorted('by_label')).toEqual(['a firing,b firing', 'c firing']);
    expect(sorted('by_all')).toEqual(['a firing', 'b firing', 'c firing']);
    expect(sorted('by_nothing')).toEqual(['a firing,b firing,c firing']);
    expect(page!.at - postedAt).toBeGreaterThanOrEqual(500 - EARLY_MS);
    expect(page!.json.groupLabels).toEqual({});
  },
  STORY_MS,
);

test(
  'inhibition ends with its source',
  async () => {
    await untilTold('inhibited', 1);
    await serve.post(over(critical));
    await untilTold('inhibited', 2);
    const heard = pagesOf('inhibited').map(({ json }) =>
      (json.alerts as { labels: Record<string, string>; status: string }[]).map(
        ({ labels, status }) => `${labels.severity} ${status}`,
      ),
    );
    expect(heard).toEqual([['critical firing'], ['critical resolved', 'warning firing']]);
  },
  STORY_MS,
);

test(
  'a silence that ends by itself lets the alert through; one that comes later holds back no end',
  async () => {
    await untilTold('silenced_later', 1);
    await silence('silenced_later', 600_000);
    await serve.post(over(alert('silenced_later', 'a')), alert('silenced_later', 'b'));
    await untilTold('silenced_later', 2);
    expect(told('silenced_later')).toEqual([['a firing'], ['a resolved']]);
    const [page] = await untilTold('silenced', 1);
    expect(page!.at).toBeGreaterThanOrEqual(silencedUntil);
  },
  STORY_MS,
);

test(
  'a webhook that hangs or fails is asked again, as soon as it allows; one that refuses is not',
  async () => {
    const [hung, second] = await untilTold('hanging', 2);
    expect(second!.at - hung!.at).toBeGreaterThanOrEqual(1_000 - EARLY_MS);
    await untilTold('failing', 4);
    const [first, again] = await untilTold('asking_for_time', 2);
    expect(again!.at - first!.at).toBeGreaterThanOrEqual(3_000 - EARLY_MS);
    expect(told('refusing')).toEqual([['a firing']]);
    // One integration of a receiver does not wait for the other.
    const [beside] = await untilTold('beside', 1);
    expect(beside!.at - pagesOf('beside_hangs')[0]!.at).toBeLessThan(HANGS_MS / 2);
  },
  STORY_MS,
);

test(
  'max_alerts says how many it leaves out; continue tells the next route too',
  async () => {
    const [page] = await untilTold('truncated', 1);
    expect(page!.alerts).toHaveLength(2);
    expect(page!.json.truncatedAlerts).toBe(3);
    await untilTold('continued', 1);
    await untilTold('also', 1);
  },
  STORY_MS,
);

test(
  'repeat_interval tells again of what still fires, until it does not',
  async () => {
    const pages = await untilTold('repeated', 3);
    for (const [at, page] of pages.slice(1).entries())
      expect(page.at - pages[at]!.at).toBeGreaterThanOrEqual(3_000 - EARLY_MS);
    await serve.post(over(alert('repeated', 'a')), over(alert('ends_unsaid', 'a')));
    await waitFor(() => told('repeated').at(-1)?.[0] === 'a resolved', {
      what: 'its end',
      timeoutMs: UNTIL_HEARD_MS,
    });
    expect(new Set(told('repeated').slice(0, -1).flat())).toEqual(new Set(['a firing']));
  },
  STORY_MS,
);

test(
  'time intervals hold back until a reload takes them away; nobody has heard anything else',
  async () => {
    await untilTold('active', 1);
    expect([...told('muted'), ...told('inactive')]).toEqual([]);
    expect(told('refusing')).toEqual([['a firing']]);
    await scene.configure(
      CONFIG.replace(', mute_time_intervals: [ever]', '').replace(', active_time_intervals: [long_ago]', ''),
    );
    process.kill(serve.pid, 'SIGHUP');
    await untilTold('muted', 1);
    await untilTold('inactive', 1);
    // As many looks at each group as it takes to notice what would be said again.
    await serve.post(alert('repeated', 'z'));
    const before = pagesOf('repeated').length;
    await untilTold('repeated', before + 2);
    const number = Object.fromEntries(
      [...new Set(scene.pages().map(({ path }) => path))].map((path) => [
        path,
        pagesOf(path.slice(1)).length,
      ]),
    );
    // Asked again once it has hung for long enough; repeated for as long as this takes.
    delete number['/beside_hangs'];
    delete number['/repeated'];
    expect(number).toEqual({
      '/by_label': 2,
      '/by_all': 3,
      '/by_nothing': 1,
      '/inhibited': 2,
      '/silenced': 1,
      '/silenced_later': 2,
      '/muted': 1,
      '/inactive': 1,
      '/active': 1,
      '/hanging': 2,
      '/failing': 4,
      '/asking_for_time': 2,
      // As after a reload of Alertmanager, every group is looked at, and this one has not heard yet.
      '/refusing': 2,
      '/beside': 1,
      '/truncated': 1,
      '/ends_unsaid': 1,
      '/continued': 1,
      '/also': 1,
    });
    expect(told('ends_unsaid')).toEqual([['a firing']]);
    expect(await serve.stop()).toBe(0);
  },
  STORY_MS,
);
