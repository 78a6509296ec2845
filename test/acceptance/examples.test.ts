/**
 * examples/alertmanager.yml with the rules that belong to it, end to end: metrics over their thresholds, a Prometheus that
 * evaluates the rules, `tocsin serve`, and who hears. Waits are shortened; how long a rule holds before it fires is what
 * examples/chatdb-rules-test.yml says.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveScene, type ServeProcess, type ServeScene } from '../harness/serve';
import { testServers } from '../harness/servers';
import { startSmtpCatcher, type SmtpCatcher } from '../harness/smtp-catcher';
import { waitFor } from '../harness/wait-for';
import { startTestPrometheus, type TestPrometheus } from '../servers/prometheus';

const STORY_MS = 240_000;
const UNTIL_HEARD_MS = 90_000;
const CRITICAL = ['HighErrorRate', 'KafkaConsumerLag', 'QueryProcessingBottleneck', 'TrainingJobFailures'];
const WARNING = [
  'DatabaseConnectionExhausted',
  'HighCacheMissRate',
  'HighResponseTime',
  'ModelAccuracyDegraded',
];

let scene: ServeScene;
let serve: ServeProcess;
let mail: SmtpCatcher;
let prometheus: TestPrometheus;
let target: Server;
let replica: Server;
let scrapes = 0;
let queue = 120;

const addressOf = (server: Server): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
const serving = (text: () => string): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(text());
    });
    server.listen(0, '127.0.0.1', () => resolve(server));
  });

/** Counters grow with each scrape; everything else is over its threshold from the first one on. */
const metrics = (n: number): string => `
http_requests_total{service="gateway",status_code="200"} ${900 * n}
http_requests_total{service="gateway",status_code="502"} ${100 * n}
http_requests_total{service="registry",status_code="200"} ${1000 * n}
http_request_duration_seconds_bucket{service="gateway",le="1"} ${50 * n}
http_request_duration_seconds_bucket{service="gateway",le="2.5"} ${100 * n}
http_request_duration_seconds_bucket{service="gateway",le="+Inf"} ${100 * n}
training_jobs_failed_total ${100 * n}
db_connection_pool_active{database_type="postgres"} 95
db_connection_pool_max{database_type="postgres"} 100
kafka_consumer_lag_sum{topic="queries"} 1500
model_validation_accuracy{model_id="m1"} 0.8
prediction_cache_hit_rate{model_id="m1"} 0.5
query_processing_queue_size ${queue}
`;

beforeAll(async () => {
  scene = await serveScene(testServers());
  mail = await startSmtpCatcher();
  await scene.configure(
    readFileSync('examples/alertmanager.yml', 'utf8')
      .replace("'localhost:587'", `'${mail.host}:${mail.port}'\n  smtp_require_tls: false`)
      .replace(/'https:\/\/hooks.slack.com[^']*'/, `'HOOK/slack'\n  pagerduty_url: 'HOOK/pagerduty'`)
      .replace(/(group_wait|group_interval): 10s/g, '$1: 1s'),
  );
  // As the services answer it: Slack with a word, PagerDuty with its own.
  scene.catcher.answerAlways(({ path }) =>
    path === '/slack'
      ? { status: 200, body: 'ok', headers: { 'content-type': 'text/plain' } }
      : { status: 202, body: { status: 'success' } },
  );
  target = await serving(() => metrics((scrapes += 1)));
  replica = await serving(() => '');
  serve = await scene.start();
  prometheus = await startTestPrometheus({
    rules: readFileSync('examples/chatdb-rules.yml', 'utf8').replace(/for: \d+m/g, 'for: 0s'),
    config: {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(serve.url).host] }] }] },
      scrape_configs: [
        {
          job_name: 'chatdb',
          static_configs: [{ targets: [addressOf(target), addressOf(replica)] }],
        },
      ],
    },
  });
}, STORY_MS);
afterAll(async () => {
  await prometheus?.kill();
  target?.close();
  replica?.close();
  await mail?.close();
  await scene?.close();
}, STORY_MS);

interface SlackMessage {
  readonly channel: string;
  readonly attachments: readonly { readonly title: string; readonly text: string }[];
}
interface PagerDutyEvent {
  readonly event_action: string;
  readonly routing_key: string;
  readonly payload: { readonly summary: string };
}
const caught = <T>(path: string): T[] =>
  scene.catcher.requests.filter((request) => request.path === path).map(({ json }) => json as T);
const slack = (): string[] =>
  caught<SlackMessage>('/slack').map(({ channel, attachments }) => `${channel} ${attachments[0]!.title}`);
const pagerduty = (): string[] =>
  caught<PagerDutyEvent>('/pagerduty').map(
    ({ event_action: action, payload }) => `${action} ${payload.summary.split(':')[0]}`,
  );
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

test(
  'critical alerts go to Slack and PagerDuty, warnings to Slack, the rest by mail; PagerDuty hears of ends',
  async () => {
    const inSlack = [
      ...CRITICAL.map((name) => `#chatdb-critical CRITICAL: ${name}`),
      ...WARNING.map((name) => `#chatdb-warnings WARNING: ${name}`),
    ];
    await waitFor(() => slack().length >= 8 && pagerduty().length >= 4, {
      what: 'all messages',
      timeoutMs: UNTIL_HEARD_MS,
    });
    await serve.post({
      labels: { alertname: 'CertificateExpires', service: 'gateway' },
      annotations: { summary: 'The certificate ends soon', description: 'In 20 days' },
    });
    await waitFor(() => mail.mails.length > 0, { what: 'a mail', timeoutMs: UNTIL_HEARD_MS });
    queue = 3;
    await waitFor(() => pagerduty().length >= 5, { what: 'the end', timeoutMs: UNTIL_HEARD_MS });

    expect(sorted(slack())).toEqual(sorted(inSlack));
    expect(sorted(pagerduty())).toEqual(
      sorted([...CRITICAL.map((name) => `trigger ${name}`), 'resolve QueryProcessingBottleneck']),
    );
    expect(mail.mails).toHaveLength(1);
    const [{ to, mail: content }] = mail.mails as [(typeof mail.mails)[number]];
    expect(to).toEqual(['devops@company.com']);
    expect(content.subject).toBe('[ChatDB] CertificateExpires');
    expect(content.text).toMatch(/Alert: The certificate ends soon\s+Description: In 20 days/);

    const errors = caught<SlackMessage>('/slack').find(({ attachments }) =>
      attachments[0]!.title.endsWith('HighErrorRate'),
    );
    expect(errors!.attachments[0]!.text).toMatch(
      /\*Service:\* gateway\s+\*Summary:\* High error rate detected for gateway\s+\*Description:\* Error rate is 10% for service gateway\s+\*Runbook:\* https:\/\/wiki/,
    );
    const [event] = caught<PagerDutyEvent>('/pagerduty').filter(({ payload }) =>
      payload.summary.startsWith('KafkaConsumerLag'),
    );
    expect(event).toMatchObject({
      routing_key: 'YOUR_PAGERDUTY_KEY',
      payload: { summary: 'KafkaConsumerLag: Kafka consumer lag is high' },
    });
  },
  STORY_MS,
);

test(
  'a target that is down is told of, and holds back what else fires for its instance',
  async () => {
    interface Listed {
      readonly labels: Readonly<Record<string, string>>;
      readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
    }
    const listed = async (alertname: string): Promise<Listed | undefined> =>
      (await serve.get<Listed[]>(`/api/v2/alerts?filter=alertname%3D${alertname}`))[0];
    const instance = addressOf(replica);
    replica.close();
    replica.closeAllConnections();
    await waitFor(() => listed('TargetWentDown'), { what: 'the target', timeoutMs: UNTIL_HEARD_MS });
    await serve.post({ labels: { alertname: 'DiskFull', severity: 'critical', instance } });
    await serve.post({ labels: { alertname: 'Elsewhere', severity: 'critical', instance: 'other' } });
    await waitFor(() => pagerduty().some((text) => text.includes('Elsewhere')), {
      ...{ what: 'what was posted later', timeoutMs: UNTIL_HEARD_MS },
    });
    await waitFor(() => pagerduty().some((text) => text.includes('TargetDown')), {
      ...{ what: 'the target', timeoutMs: UNTIL_HEARD_MS },
    });
    expect((await listed('DiskFull'))!.status).toMatchObject({
      ...{ state: 'suppressed', inhibitedBy: [expect.any(String)] },
    });
    expect([...slack(), ...pagerduty()].filter((text) => /DiskFull|TargetWentDown/.test(text))).toEqual([]);
  },
  STORY_MS,
);
