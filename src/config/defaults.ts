/** What holds where the file says nothing: the requirements' figures. Durations are milliseconds. */
import { DEFAULT_POOL } from '../domain/transition';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export const DEFAULTS = Object.freeze({
  instance: '',
  environment: 'production',
  external_url: null,
  kafka: {
    brokers: ['127.0.0.1:9092'],
    client_id: 'tocsin',
    tls: false,
    development: false,
  },
  temporal: { address: '127.0.0.1:7233', namespace: 'default' },
  postgres: { url: 'postgres://postgres@127.0.0.1:5432/tocsin', pool: 10 },
  history: { retention_days: 90 },
  http: {
    host: '127.0.0.1',
    port: 9464,
    advertise: null,
    callbacks: { listen: null, external_url: null },
  },
  log: { level: 'info' },
  target: { shard: 'default', remediation: true },
  collect: {
    pool: { min: 2, max: 10, idle: 300 * SECOND, acquire: 10 * SECOND, statement: 30 * SECOND },
    breaker: { failures: 3, reset: 60 * SECOND },
  },
  evaluate: {
    pool: DEFAULT_POOL,
    max_skew: 300 * SECOND,
    skew_policy: 'correct',
    max_late: HOUR,
    interval: 15 * SECOND,
    snapshot_every: MINUTE,
  },
  rule: { operator: '>', severity: 'warning', for: 0, window: 0, consecutive_failures: 1 },
  short_forms: {
    forecast: { window: HOUR },
    rate_of_change: { window: 5 * MINUTE, counter: false, percent: false },
    anomaly: {
      method: 'zscore',
      direction: 'both',
      season: 24 * HOUR,
      seasons: 3,
      zscore: { window: HOUR, deviations: 3 },
      mad: { window: HOUR, deviations: 3.5 },
      seasonal: { window: 10 * MINUTE, deviations: 3 },
    },
    absence: { look_back: HOUR },
    composite: { on: ['instance_id'] },
    burn_rate: {
      by: ['instance_id', 'database_type', 'environment'],
      windows: [
        { long: HOUR, short: 5 * MINUTE, factor: 14.4, severity: 'critical' },
        { long: 6 * HOUR, short: 30 * MINUTE, factor: 6, severity: 'critical' },
        { long: 72 * HOUR, short: 6 * HOUR, factor: 1, severity: 'warning' },
      ],
    },
    /** What belongs to an instance beside its id. */
    instance_labels: ['database_type', 'environment'],
  },
  receiver: {
    timeout: 10 * SECOND,
    /** Where there is a fallback. */
    fallback_after: MINUTE,
    send_resolved: true,
    /** People want to read what was tried; whoever is woken wants to know at once. */
    notify_after: {
      ...{ notification_service: 'remediate', webhook: 'fire', email: 'fire', pagerduty: 'fire' },
      ...{ slack: 'fire', incident_room: 'fire', sms: 'fire', voice: 'fire' },
    },
    /** Where what people do is shown; elsewhere it would be one more message. */
    send_acknowledged: {
      ...{ notification_service: false, webhook: false, email: false, pagerduty: true },
      ...{ slack: true, incident_room: true, sms: false, voice: false },
    },
    pagerduty: { url: 'https://events.pagerduty.com/v2/enqueue' },
    slack: { api_url: 'https://slack.com/api' },
    incident_room: { prefix: 'inc', group_by: ['alertname'], private: false },
    twilio: { api_url: 'https://api.twilio.com' },
    voice: { language: 'en-US' },
    deadline: 30 * SECOND,
  },
  fatigue_limit: { similar: 5, window: HOUR, group_by: ['alertname'], digest_after: 15 * MINUTE },
  notify: { breaker: { failures: 5, reset: 60 * SECOND, successes: 2 }, undelivered_after: 2 * MINUTE },
  schedule: { time_zone: 'UTC', handoff: 1_440 },
  drill: { time_zone: 'UTC' },
  escalation: { delay: 0, repeat: 0, group_by: ['alertname'] },
  incident: { group_by: ['service'], window: 5 * MINUTE, min_alerts: 2, resolve_after: MINUTE },
  acknowledge: { lease: null },
  cooldown: 5 * MINUTE,
  silences: { remind_before: null },
  alertmanager: { target_down: 60 * MINUTE },
  audit: { every: MINUTE, heartbeat: { every: MINUTE } },
  enrich: {
    recent_window: 200,
    related_alerts: 500,
    postgres_sessions: 5 * SECOND,
    postgres_blockers: 5 * SECOND,
  },
  remediation: {
    enabled: true,
    dry_run: false,
    soak: 60 * SECOND,
    verify_timeout: 10 * MINUTE,
    limits: { per_target_per_hour: 3, concurrent: 5, lease: 60 * SECOND },
  },
  smtp: { port: 25, secure: false },
  notification_service: { listen: '127.0.0.1:9480', from: 'tocsin@localhost' },
} as const);
