/**
 * Tocsin's metrics about itself, in a registry of their own so that two roles in one process (or two tests) do not
 * share counters. Label values come from closed sets or from the configuration, never from alerts: a label of an alert
 * would let whoever sends alerts decide how much memory this takes.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** From the 1 ms of a comparison to the 2 min objective of a delivery. */
const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export interface MetricsOptions {
  /** Put on every metric, e.g. `{ instance_name: 'blue' }`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Memory, CPU, event loop and garbage collection of the process; default true. */
  readonly process?: boolean;
}

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(options: MetricsOptions = {}) {
  const registry = new Registry();
  if (options.labels) registry.setDefaultLabels({ ...options.labels });
  if (options.process ?? true) {
    collectDefaultMetrics({ register: registry, prefix: 'tocsin_' });
    tellStart(registry);
  }
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
    new Counter<T>({ name: `tocsin_${name}`, help, labelNames, registers });
  const gauge = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
    new Gauge<T>({ name: `tocsin_${name}`, help, labelNames, registers });
  const seconds = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
    new Histogram<T>({ name: `tocsin_${name}`, help, labelNames, buckets: SECONDS, registers });

  return {
    registry,
    collections: counter('collections_total', 'Collections of a metric group.', 'kind', 'group', 'outcome'),
    collectionSeconds: seconds(
      'collection_seconds',
      'How long one metric group of one target took.',
      'kind',
      'group',
    ),
    samplesPublished: counter('samples_published_total', 'Samples that Kafka acknowledged.'),
    samplesConsumed: counter('samples_consumed_total', 'Samples read by the evaluator.'),
    samplesDropped: counter(
      'samples_dropped_total',
      'Samples that were not published: no_room while Kafka was away, or refused for good.',
      'reason',
    ),
    seriesRefused: counter(
      'series_refused_total',
      'Samples not evaluated because their metric has too many series.',
    ),
    samplesLate: counter('samples_late_total', 'Samples older than the last one of their series.'),
    lateMetrics: counter(
      'late_metrics_total',
      'Metrics not evaluated but written to gds.metrics.late: recorded too long after their event time.',
    ),
    clockSkew: counter(
      'clock_skew_total',
      'Metrics too far ahead of their record time: corrected to it, or rejected.',
      'action',
    ),
    clockAheadSeconds: gauge(
      'clock_ahead_seconds',
      "How far this machine's clock is after that of the Kafka broker that was asked.",
    ),
    deadLetters: counter('dead_letters_total', 'Messages moved to a dead letter topic.', 'reason'),
    evaluationSeconds: seconds(
      'evaluation_seconds',
      "From the event time of a sample to Kafka's acknowledgement of its transition.",
    ),
    transitionsPublished: counter(
      'transitions_published_total',
      'Transitions that Kafka acknowledged.',
      'kind',
      'source',
    ),
    transitionsRefused: counter(
      'transitions_refused_total',
      'Transitions that nobody is told of: refused for good by Kafka, or too large for those who read them.',
      'rule',
      'kind',
    ),
    shadowTransitions: counter(
      'shadow_transitions_total',
      'Transitions that rules on trial would have told, recorded in gds.alerts.shadow.',
      'rule',
      'kind',
    ),
    derivedDropped: counter(
      'derived_dropped_total',
      'Samples of recording rules that were not published: too many waited for their topic, or they were refused for good.',
    ),
    sharedRefused: counter(
      'shared_samples_refused_total',
      'Samples that rules across instances are evaluated without: Kafka refused them for good.',
    ),
    topicsNotMade: counter(
      'topics_not_made_total',
      'Tries to make a topic of metrics that failed: gds.metrics.derived.other takes what is for it.',
    ),
    globalLagSeconds: gauge(
      'global_lag_seconds',
      'How far rules across instances are behind, by the slot that evaluates them.',
      'slot',
    ),
    snapshots: counter(
      'snapshots_total',
      'What evaluators know, as it was written for whoever takes over (written), read by who did (read), or neither (failed).',
      'outcome',
    ),
    rulesLoaded: gauge('rules', 'Rules that are evaluated.'),
    rulesReadWell: gauge(
      'rules_last_read_successful',
      'Whether the rules could be read the last time that they were.',
    ),
    consumerLag: gauge('consumer_lag', 'Messages not yet processed.', 'group', 'topic', 'partition'),
    offsetCommits: counter('offset_commits_total', 'Commits of consumer offsets.', 'group', 'outcome'),
    workflowDeliveries: counter(
      'workflow_deliveries_total',
      'Transitions handed to alert workflows: started, signalled, or no_life.',
      'outcome',
    ),
    incidentsOpen: gauge('incidents_open', 'Incidents that are open, as dispatchers see them.'),
    enrichments: counter('enrichments_total', 'Artifacts asked for.', 'provider', 'status'),
    enrichmentSeconds: seconds('enrichment_seconds', 'How long a provider took.', 'provider'),
    remediations: counter(
      'remediations_total',
      'Remediations that ended, one for each alert that waited for it.',
      'runbook',
      'outcome',
    ),
    guardRefusals: counter(
      'guard_refusals_total',
      'Refusals of the guard, at admission, at the last look, and at a change.',
      'runbook',
      'reason',
    ),
    notifications: counter(
      'notifications_total',
      'What became of messages: sent, dropped, dead, or held while silenced.',
      'receiver',
      'outcome',
    ),
    notificationRetries: counter(
      'notification_retries_total',
      'Deliveries that will be tried again.',
      'receiver',
    ),
    notificationSeconds: seconds('notification_seconds', 'How long one delivery attempt took.', 'receiver'),
    notificationDelaySeconds: seconds('notification_delay_seconds', 'From due to sent.', 'receiver'),
    callbacks: counter(
      'callbacks_total',
      'What came back from PagerDuty, Slack and telephones: done, refused, ignored, repeated, failed, not signed.',
      'service',
      'outcome',
    ),
    breakerOpen: gauge('breaker_open', '1 while the circuit to a destination is open.', 'destination'),
    auditFinds: counter('audit_finds_total', 'What the auditor found lost or late.', 'kind'),
    auditLastRun: gauge(
      'audit_last_run_timestamp_seconds',
      'When this process finished an audit last, of which nothing had to be left out.',
    ),
    drills: counter(
      'drills_total',
      'Tries to reach a receiver in a drill: delivered or failed.',
      'drill',
      'receiver',
      'outcome',
    ),
    heartbeats: counter(
      'heartbeats_total',
      'Signs of life to the outside address: sent or failed.',
      'outcome',
    ),
    dependencyUp: gauge('dependency_up', '1 while the dependency answers its check.', 'dependency'),
    buildInfo: gauge('build_info', 'Always 1; the version is a label.', 'version'),
  };
}

/** Under the name that all exporters have it, by which dashboards and alerts see restarts. */
function tellStart(registry: Registry): void {
  new Gauge({
    ...{ name: 'process_start_time_seconds', registers: [registry] },
    help: 'Start time of the process, in seconds since 1970.',
  }).set(Math.round(Date.now() / 1_000 - process.uptime()));
}
