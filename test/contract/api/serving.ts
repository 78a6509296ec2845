/** The API over alerts in memory and silences on Postgres, as a server of its own. */
import { Registry } from 'prom-client';
import type { ApiOptions } from '../../../src/api/options';
import type { PostedAlert } from '../../../src/api/port';
import { createApi } from '../../../src/api/server';
import { fingerprint } from '../../../src/domain/labels';
import { createMutes } from '../../../src/mute/mutes';
import { createAlertmanagerMetrics, silentLogger } from '../../../src/observe/observe';
import { testHistory } from '../history/test-history';

export async function servedApi(change: Partial<ApiOptions> = {}) {
  const own = await testHistory();
  const posted = new Map<string, PostedAlert>();
  const mutes = createMutes(own.history.silences);
  const registry = new Registry();
  const list: ApiOptions['alerts']['list'] = async () => {
    const now = new Date();
    const silencedBy = await mutes.silencer(now);
    const firing = [...posted].filter(([, { endsAt }]) => Date.parse(endsAt) > now.getTime());
    return firing.map(([fingerprint, alert]) => {
      const ids = silencedBy(alert.labels);
      const state = ids.length > 0 ? ('suppressed' as const) : ('active' as const);
      return {
        ...alert,
        fingerprint,
        receivers: ['team'],
        status: { state, silencedBy: ids, inhibitedBy: [] },
      };
    });
  };
  const options: ApiOptions = {
    alerts: {
      post: async (alerts) => {
        for (const alert of alerts) posted.set(fingerprint(alert.labels), alert);
      },
      list,
      groups: async () => {
        const alerts = await list();
        return alerts.length === 0
          ? []
          : [{ labels: {}, routeLabels: { owner: 'db' }, receiver: 'team', mutedBy: [], alerts }];
      },
    },
    silences: own.history.silences,
    config: () => ({
      original: 'route:\n  receiver: team\nreceivers:\n  - name: team\n',
      resolveTimeoutMs: 300_000,
      matcherMode: 'fallback',
      receivers: [{ name: 'team', labels: { name: 'team' } }],
    }),
    reload: async () => undefined,
    cluster: () => ({ name: 'blue', status: 'ready', peers: [{ name: 'blue', address: '10.0.0.1:9093' }] }),
    metrics: createAlertmanagerMetrics(registry),
    scrape: async () => ({ type: registry.contentType, text: await registry.metrics() }),
    startedAt: new Date(),
    version: '0.0.1',
    now: () => new Date(),
    log: silentLogger(),
    ...change,
  };
  const api = await createApi(options, { host: '127.0.0.1', port: 0 });
  return {
    address: api.address,
    silences: own.history.silences,
    posted,
    close: async () => {
      await api.close();
      await own.close();
    },
  };
}
