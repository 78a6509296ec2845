/**
 * A real Prometheus sends to `tocsin serve`, two processes of it as it would send to an Alertmanager cluster: people hear
 * once that it fires and once that it is over, however often Prometheus says so; what a killed Prometheus has left ends by
 * the time it vouched for.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTestPrometheus, type TestPrometheus } from '../servers/prometheus';
import { serveScene, type ServeProcess, type ServeScene } from '../harness/serve';
import { testServers } from '../harness/servers';
import { waitFor } from '../harness/wait-for';

const STORY_MS = 240_000;
const UNTIL_HEARD_MS = 60_000;
/** Prometheus vouches for four times the resend delay, or the evaluation's interval if that is longer. */
const VOUCHED_MS = 4_000;

const ALERTMANAGER = `
route: { receiver: team, group_by: [alertname, host], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers: [{ name: team, webhook_configs: [{ url: 'HOOK/team' }] }]
`;
const RULES = `
groups:
  - name: load
    rules:
      - alert: LoadHigh
        expr: load > 80
        labels: { severity: critical }
        annotations: { summary: '{{ $labels.host }} is at {{ $value }}' }
`;

let scene: ServeScene;
let serving: readonly ServeProcess[];
let prometheus: TestPrometheus;
let target: Server;
const load = new Map<string, number>();

beforeAll(async () => {
  scene = await serveScene(testServers());
  await scene.configure(ALERTMANAGER);
  target = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end([...load].map(([host, value]) => `load{host="${host}"} ${value}\n`).join(''));
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  serving = await Promise.all([scene.start(), scene.start()]);
  const own = `127.0.0.1:${(target.address() as AddressInfo).port}`;
  const hosts = serving.map(({ url }) => new URL(url).host);
  prometheus = await startTestPrometheus({
    rules: RULES,
    config: {
      global: { scrape_interval: '1s', evaluation_interval: '1s', external_labels: { cluster: 'blue' } },
      alerting: { alertmanagers: [{ static_configs: [{ targets: hosts }] }] },
      scrape_configs: [
        { job_name: 'databases', static_configs: [{ targets: [own] }] },
        { job_name: 'tocsin', static_configs: [{ targets: hosts }] },
      ],
    },
  });
}, STORY_MS);
afterAll(async () => {
  await prometheus?.kill();
  target?.close();
  await scene?.close();
}, STORY_MS);

const untilPages = async (many: number) => {
  await waitFor(() => scene.pages().length >= many, { what: `${many} pages`, timeoutMs: UNTIL_HEARD_MS });
  return scene.pages();
};
const hostsTold = () => scene.pages().map(({ alerts }) => [...alerts]);
/** Prometheus has said again what it knows; to each process. */
const untilSaidAgain = async (times: number): Promise<void> => {
  const sent = (): Promise<number> => prometheus.metric('prometheus_notifications_sent_total');
  const before = await sent();
  await waitFor(async () => (await sent()) >= before + times * serving.length, {
    what: `Prometheus to send ${times} times`,
    timeoutMs: UNTIL_HEARD_MS,
  });
};

test(
  'told once of what fires and once of its end, however often Prometheus says so',
  async () => {
    process.stderr.write(`sender: Prometheus ${prometheus.version}\n`);
    load.set('db-1', 90);
    const [fired] = await untilPages(1);
    expect(fired).toMatchObject({
      status: 'firing',
      alerts: ['db-1 firing'],
      json: {
        commonLabels: {
          ...{ alertname: 'LoadHigh', cluster: 'blue', host: 'db-1', job: 'databases', severity: 'critical' },
        },
        commonAnnotations: { summary: 'db-1 is at 90' },
        alerts: [{ generatorURL: expect.stringContaining('/graph?g0.expr=load+%3E+80') as string }],
      },
    });
    await untilSaidAgain(3);
    load.set('db-1', 10);
    await untilPages(2);
    // For a quarter of an hour Prometheus says again that it is over.
    await untilSaidAgain(3);
    expect(hostsTold()).toEqual([['db-1 firing'], ['db-1 resolved']]);
    expect(await prometheus.metric('prometheus_notifications_errors_total')).toBe(0);
    expect(await prometheus.metric('prometheus_notifications_dropped_total')).toBe(0);
  },
  STORY_MS,
);

test(
  'it scrapes what it sends to: alerts and dashboards on Alertmanager find their metrics',
  async () => {
    interface Answer {
      readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
    }
    const asked = async (expr: string): Promise<string[]> => {
      const answer = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent(expr)}`);
      return ((await answer.json()) as Answer).data.result.map(({ value }) => value[1]);
    };
    await waitFor(async () => (await asked('up{job="tocsin"} == 1')).length === 2, {
      ...{ what: 'both processes', timeoutMs: UNTIL_HEARD_MS },
    });
    expect(await asked('alertmanager_build_info{version=~"0[.].+"}')).toEqual(['1', '1']);
    // What was sent shows with the next scrape.
    await waitFor(async () => (await asked('sum(alertmanager_notifications_total)'))[0] === '2', {
      ...{ what: 'both messages', timeoutMs: UNTIL_HEARD_MS },
    });
  },
  STORY_MS,
);

test(
  'what a killed Prometheus has left ends by the time it vouched for',
  async () => {
    load.set('db-2', 95);
    const [, , fired] = await untilPages(3);
    expect(fired!.alerts).toEqual(['db-2 firing']);
    await untilSaidAgain(2);
    const killedAt = Date.now();
    await prometheus.kill();
    interface Listed {
      readonly endsAt: string;
    }
    const [listed] = await serving[0]!.get<Listed[]>('/api/v2/alerts');
    const endsAt = Date.parse(listed!.endsAt);
    expect(endsAt).toBeGreaterThan(killedAt);
    expect(endsAt).toBeLessThanOrEqual(killedAt + VOUCHED_MS);
    const pages = await untilPages(4);
    expect(pages[3]).toMatchObject({ alerts: ['db-2 resolved'] });
    expect(pages[3]!.at).toBeGreaterThanOrEqual(endsAt);
    expect(await serving[1]!.get('/api/v2/alerts')).toEqual([]);
    expect(hostsTold()).toHaveLength(4);
  },
  STORY_MS,
);
