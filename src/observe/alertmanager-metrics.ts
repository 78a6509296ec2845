/**
 * Metrics under the names that Alertmanager gives them, so that its dashboards and alerts go on working. Those that tell of
 * what there is not here (gossip, snapshots on disk) are left out.
 */
import { createHash } from 'node:crypto';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export type AlertmanagerMetrics = ReturnType<typeof createAlertmanagerMetrics>;

export interface Tally {
  /** How many by state, or null where that cannot be told now. */
  readonly alerts: () => Promise<ReadonlyMap<string, number> | null>;
  readonly silences: () => Promise<ReadonlyMap<string, number> | null>;
}

const FAST = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LATENCY = [1, 5, 10, 15, 20];
const SIZES = [100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

export function createAlertmanagerMetrics(registry: Registry) {
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
    new Counter<T>({ name: `alertmanager_${name}`, help, labelNames, registers });
  const gauge = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
    new Gauge<T>({ name: `alertmanager_${name}`, help, labelNames, registers });
  const histogram = <T extends string>(name: string, help: string, buckets: number[], ...labelNames: T[]) =>
    new Histogram<T>({ name: `alertmanager_${name}`, help, labelNames, buckets, registers });

  const config = {
    hash: gauge('config_hash', 'Of the text of the configuration in effect; no cryptographic hash.'),
    successful: gauge(
      'config_last_reload_successful',
      'Whether the configuration could be read the last time.',
    ),
    at: gauge('config_last_reload_success_timestamp_seconds', 'When the configuration in effect was read.'),
  };

  const counters = {
    /** `integration` is the kind of the receiver: slack, webhook, … */
    notifications: counter('notifications_total', 'Notifications that were tried.', 'integration'),
    notificationsFailed: counter(
      'notifications_failed_total',
      'Notifications that were given up.',
      'integration',
      'reason',
    ),
    notificationRequests: counter('notification_requests_total', 'Attempts to notify.', 'integration'),
    notificationRequestsFailed: counter(
      'notification_requests_failed_total',
      'Attempts to notify that failed.',
      'integration',
    ),
  };

  return {
    ...counters,
    alertsReceived: counter('alerts_received_total', 'Alerts that were posted.', 'status', 'version'),
    alertsInvalid: counter('alerts_invalid_total', 'Alerts that were posted and refused.', 'version'),
    notificationsSuppressed: counter(
      'notifications_suppressed_total',
      'Alerts that were left out of notifications: silence, inhibition, mute_time_interval or active_time_interval.',
      'reason',
    ),
    notificationLatencySeconds: histogram(
      'notification_latency_seconds',
      'How long a notification took.',
      LATENCY,
      'integration',
    ),
    groups: gauge('dispatcher_aggregation_groups', 'Groups that have alerts.'),
    receivers: gauge('receivers', 'Receivers in the configuration.'),
    integrations: gauge('integrations', 'Integrations of receivers that a route leads to.'),
    inhibitionRules: gauge('inhibition_rules', 'Inhibition rules in the configuration.'),
    clusterEnabled: gauge('cluster_enabled', 'Whether other processes share the work.'),
    httpSeconds: histogram(
      'http_request_duration_seconds',
      'How long requests took.',
      FAST,
      'handler',
      'method',
      'code',
    ),
    httpBytes: histogram('http_response_size_bytes', 'How long answers were.', SIZES, 'handler', 'method'),
    httpInFlight: gauge('http_requests_in_flight', 'Requests under way.', 'method'),
    httpLimited: counter(
      'http_concurrency_limit_exceeded_total',
      'Requests refused because too many were under way.',
      'method',
    ),
    buildInfo: gauge('build_info', 'Always 1; what is running is in the labels.', 'version', 'revision'),

    /** Of the text of a configuration that has come into effect. */
    configRead(text: string, at: Date): void {
      config.hash.set(createHash('md5').update(text).digest().readUIntLE(0, 6));
      config.successful.set(1);
      config.at.set(at.getTime() / 1_000);
    },
    configRefused: () => config.successful.set(0),

    /** The kinds that are configured: their counters are there before the first message, so that it counts as an increase. */
    notifiedBy(kinds: readonly string[]): void {
      for (const integration of new Set(kinds)) {
        counters.notifications.inc({ integration }, 0);
        counters.notificationsFailed.inc({ integration, reason: 'other' }, 0);
        counters.notificationRequests.inc({ integration }, 0);
        counters.notificationRequestsFailed.inc({ integration }, 0);
      }
    },

    /** Gauges that are counted when somebody scrapes. */
    tally({ alerts, silences }: Tally): void {
      counted(
        registry,
        'alerts',
        'Alerts that are not over, by state.',
        ['active', 'suppressed', 'unprocessed'],
        alerts,
      );
      counted(registry, 'silences', 'Silences, by state.', ['active', 'pending', 'expired'], silences);
    },
  };
}

function counted(
  registry: Registry,
  name: string,
  help: string,
  states: readonly string[],
  count: () => Promise<ReadonlyMap<string, number> | null>,
): void {
  new Gauge<'state'>({
    ...{ name: `alertmanager_${name}`, help, labelNames: ['state'], registers: [registry] },
    async collect() {
      const counts = await count().catch(() => null);
      this.reset();
      if (counts === null) return;
      for (const state of states) this.set({ state }, counts.get(state) ?? 0);
    },
  });
}
