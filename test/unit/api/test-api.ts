/** The API over alerts and silences in memory, asked over HTTP. */
import type { FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { fingerprint, type Labels } from '../../../src/domain/labels';
import { createApp } from '../../../src/api/app';
import type { ApiOptions } from '../../../src/api/options';
import type { ApiAlert, ApiConfig, ApiGroup, PostedAlert } from '../../../src/api/port';
import { createAlertmanagerMetrics, silentLogger } from '../../../src/observe/observe';
import { silencesInMemory } from './silences-in-memory';

export const START = Date.parse('2026-05-01T12:00:00.000Z');

export const apiConfig: ApiConfig = {
  original: 'route:\n  receiver: team\nreceivers:\n  - name: team\n',
  resolveTimeoutMs: 300_000,
  matcherMode: 'fallback',
  receivers: [
    { name: 'team', labels: { owner: 'db' } },
    { name: 'pager', labels: {} },
  ],
};

export function apiAlert(labels: Labels, change: Partial<ApiAlert> = {}): ApiAlert {
  const at = new Date(START).toISOString();
  return {
    fingerprint: fingerprint(labels),
    labels,
    annotations: {},
    startsAt: at,
    endsAt: new Date(START + 300_000).toISOString(),
    updatedAt: at,
    generatorUrl: '',
    receivers: ['team'],
    status: { state: 'active', silencedBy: [], inhibitedBy: [] },
    ...change,
  };
}

export function apiGroup(
  labels: Labels,
  alerts: readonly ApiAlert[],
  change: Partial<ApiGroup> = {},
): ApiGroup {
  return { labels, routeLabels: {}, receiver: 'team', mutedBy: [], alerts, ...change };
}

/** What is posted is listed. */
export function testApi(change: Partial<ApiOptions> = {}, config: Partial<ApiConfig> = {}) {
  const posted: PostedAlert[] = [];
  const registry = new Registry();
  const silences = silencesInMemory();
  const clock = { now: START };
  const listed = (): ApiAlert[] =>
    posted.map((alert) => apiAlert(alert.labels, { ...alert, receivers: ['team'] }));
  const options: ApiOptions = {
    alerts: {
      post: async (alerts) => void posted.push(...alerts),
      list: async () => listed(),
      groups: async () => [apiGroup({}, listed())],
    },
    silences,
    config: () => ({ ...apiConfig, ...config }),
    reload: async () => undefined,
    cluster: () => ({ name: 'blue', status: 'ready', peers: [{ name: 'blue', address: '10.0.0.1:9093' }] }),
    metrics: createAlertmanagerMetrics(registry),
    scrape: async () => ({ type: registry.contentType, text: await registry.metrics() }),
    startedAt: new Date(START),
    version: '0.0.1',
    now: () => new Date(clock.now),
    log: silentLogger(),
    ...change,
  };
  const app = createApp(options, { forceCloseConnections: true });
  return { app, ask: asking(app), posted, silences, clock, registry, options };
}

export type TestApi = ReturnType<typeof testApi>;

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text as it is, anything else as JSON. */
  readonly body?: unknown;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON. */
  readonly json: unknown;
}

const open = new Set<FastifyInstance>();
afterEach(async () => {
  await Promise.all([...open].map((app) => app.close()));
  open.clear();
});

/** It listens from the first question on. */
export function asking(app: FastifyInstance) {
  let address: Promise<string> | null = null;
  return async (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answered> => {
    open.add(app);
    address ??= app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`${await address}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      redirect: 'manual',
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
    const json: unknown = isJson ? JSON.parse(text) : undefined;
    return { status: answer.status, headers: answer.headers, text, json };
  };
}
