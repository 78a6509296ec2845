/**
 * The shape of tocsin.yaml. Unknown keys are errors. What values mean together is checked in `cross-checks.ts`, and
 * `build.ts` turns what this yields into the options that the rooms take.
 */
import { z } from 'zod';
import { MAX_COOLDOWN_MS } from '../domain/transition';
import { DEFAULTS } from './defaults';
import {
  address,
  count,
  duration,
  durationOrOff,
  filePath,
  flag,
  hostAddress,
  httpUrl,
  labelName,
  labels,
  mailAddress,
  matcher,
  name,
  network,
  phone,
  port,
  secret,
  slackUser,
  text,
  textLike,
  word,
} from './fields';
import { escalation, person, schedule, severityRouting } from './on-call/schema';
import { incident } from './incidents/schema';
import { drill } from './drills/schema';
import { maintenance } from './maintenance/schema';
import { ruleSchema } from './short-forms/schema';

export const TARGET_TYPES = ['postgresql', 'mongodb', 'mssql', 'snowflake', 'host'] as const;
export const RECEIVER_TYPES = [
  ...(['notification_service', 'webhook', 'email', 'pagerduty', 'slack', 'incident_room'] as const),
  ...(['sms', 'voice'] as const),
] as const;
export const NOTIFY_AFTER = ['fire', 'enrich', 'remediate'] as const;
export const SKEW_POLICIES = ['correct', 'reject'] as const;
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Less would put aside what is only on its way. */
const MINUTE_MS = 60_000;
const LONGEST_LIMIT_MS = 86_400_000;
const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** A section that may be left out whole. */
const section = <T extends z.ZodRawShape>(shape: T) => z.strictObject(shape).prefault({} as never);
const upToAnHourOrOff = () => durationOrOff(1, HOUR_MS);
const list = <T extends z.ZodType>(item: T) => z.array(item).default([]);

const kafka = section({
  brokers: z
    .array(address('kafka-1:9092'))
    .min(1)
    .default([...DEFAULTS.kafka.brokers]),
  client_id: text().default(DEFAULTS.kafka.client_id),
  development: flag().default(DEFAULTS.kafka.development),
  tls: flag().default(DEFAULTS.kafka.tls),
  sasl: z
    .strictObject({
      mechanism: word(['plain', 'scram-sha-256', 'scram-sha-512']),
      username: text(),
      password: secret(),
    })
    .nullable()
    .default(null),
});

const target = z.strictObject({
  name: name('a name'),
  type: word(TARGET_TYPES),
  url: secret('a connection URL').nullable().default(null),
  tags: labels().default({}),
  shard: name('a name').default(DEFAULTS.target.shard),
  intervals: z.record(z.string(), duration(1_000)).default({}),
  remediation: flag().default(DEFAULTS.target.remediation),
});

const collect = section({
  intervals: z.record(z.string(), duration(1_000)).default({}),
  pool: section({
    min: count(0, 100).default(DEFAULTS.collect.pool.min),
    max: count(1, 100).default(DEFAULTS.collect.pool.max),
    idle: duration(1).default(DEFAULTS.collect.pool.idle),
    acquire: duration(1).default(DEFAULTS.collect.pool.acquire),
    statement: duration(1).default(DEFAULTS.collect.pool.statement),
  }),
  breaker: section({
    failures: count(1).default(DEFAULTS.collect.breaker.failures),
    reset: duration(1).default(DEFAULTS.collect.breaker.reset),
  }),
});

/** A file of rules: `rule_files` in tocsin.yaml. */
export const ruleFileSchema = z.strictObject({
  group: name('a name').optional(),
  rules: z.array(ruleSchema).default([]),
});

const smtp = z.strictObject({
  host: text('a host'),
  port: port().default(DEFAULTS.smtp.port),
  secure: flag().default(DEFAULTS.smtp.secure),
  user: text().nullable().default(null),
  password: secret().nullable().default(null),
});

const rateLimit = () =>
  z
    .strictObject({ messages: count(1, 10_000), per: duration(SECOND_MS, LONGEST_LIMIT_MS) })
    .nullable()
    .default(null);

const receiverCommon = {
  name: name('a name'),
  deadline: duration().optional(),
  send_resolved: flag().default(DEFAULTS.receiver.send_resolved),
  fallback: text("a receiver's name").nullable().default(null),
  fallback_after: durationOrOff(SECOND_MS).optional(),
  rate_limit: rateLimit(),
  timeout: duration(1).default(DEFAULTS.receiver.timeout),
};
type ReceiverType = (typeof RECEIVER_TYPES)[number];
const notifyAfter = (type: ReceiverType) =>
  word(NOTIFY_AFTER).default(DEFAULTS.receiver.notify_after[type] as (typeof NOTIFY_AFTER)[number]);
const sendAcknowledged = (type: ReceiverType) => flag().default(DEFAULTS.receiver.send_acknowledged[type]);
const common = (type: ReceiverType) => ({
  ...receiverCommon,
  notify_after: notifyAfter(type),
  send_acknowledged: sendAcknowledged(type),
});

const slackBot = {
  token: secret("a bot's token"),
  api_url: httpUrl().default(DEFAULTS.receiver.slack.api_url),
  signing_secrets: z.array(secret()).default([]),
};
const twilio = {
  account_sid: text("an account's id, which begins with AC"),
  auth_token: secret(),
  callback_tokens: z.array(secret()).default([]),
  api_url: httpUrl().default(DEFAULTS.receiver.twilio.api_url),
  to: phone(),
};

const receiver = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('notification_service'),
    ...common('notification_service'),
    url: httpUrl(),
    token: secret().nullable().default(null),
    routing_key: text().nullable().default(null),
  }),
  z.strictObject({
    type: z.literal('webhook'),
    ...common('webhook'),
    url: secret('an http or https URL'),
    headers: z.record(z.string(), secret()).default({}),
    signing_secrets: z.array(secret()).default([]),
    tls: z
      .strictObject({
        ca: secret('PEM').nullable().default(null),
        cert: secret('PEM').nullable().default(null),
        key: secret('PEM').nullable().default(null),
        server_name: text('a host').nullable().default(null),
        insecure: flag().default(false),
      })
      .nullable()
      .default(null),
  }),
  z.strictObject({
    type: z.literal('email'),
    ...common('email'),
    to: z.array(mailAddress()).min(1),
    from: mailAddress(),
    smtp,
  }),
  z.strictObject({
    type: z.literal('pagerduty'),
    ...common('pagerduty'),
    routing_key: secret("the integration key of a service's Events API v2"),
    url: httpUrl().default(DEFAULTS.receiver.pagerduty.url),
    webhook_secrets: z.array(secret()).default([]),
  }),
  z.strictObject({
    type: z.literal('slack'),
    ...common('slack'),
    ...slackBot,
    channel: text("a channel's id"),
  }),
  z.strictObject({
    type: z.literal('incident_room'),
    ...common('incident_room'),
    ...slackBot,
    prefix: textLike(/^[a-z0-9][a-z0-9-]{0,19}$/, 'small letters, digits and -, at most 20').default(
      DEFAULTS.receiver.incident_room.prefix,
    ),
    group_by: z
      .array(labelName())
      .min(1)
      .default([...DEFAULTS.receiver.incident_room.group_by]),
    private: flag().default(DEFAULTS.receiver.incident_room.private),
    invite: z.array(slackUser()).default([]),
  }),
  z.strictObject({
    type: z.literal('sms'),
    ...common('sms'),
    ...twilio,
    from: text('a number, a name, or the id of a messaging service'),
  }),
  z.strictObject({
    type: z.literal('voice'),
    ...common('voice'),
    ...twilio,
    from: phone(),
    language: text('a language such as en-GB').default(DEFAULTS.receiver.voice.language),
  }),
]);

const remediation = section({
  enabled: flag().default(DEFAULTS.remediation.enabled),
  dry_run: flag().default(DEFAULTS.remediation.dry_run),
  environments: list(text()),
  soak: duration().default(DEFAULTS.remediation.soak),
  verify_timeout: duration(1).default(DEFAULTS.remediation.verify_timeout),
  limits: section({
    per_target_per_hour: count(0).default(DEFAULTS.remediation.limits.per_target_per_hour),
    concurrent: count(1).default(DEFAULTS.remediation.limits.concurrent),
    lease: duration(1_000).default(DEFAULTS.remediation.limits.lease),
  }),
  runbooks: z
    .record(
      z.string(),
      z.strictObject({
        enabled: flag().optional(),
        dry_run: flag().optional(),
        environments: z.array(text()).optional(),
        matchers: z.array(matcher()).optional(),
        soak: duration().optional(),
        verify_timeout: duration(1).optional(),
        inputs: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .default({}),
});

export const configSchema = section({
  instance: textLike(
    /^([A-Za-z0-9][\w-]{0,39})?$/,
    'letters, digits, _ and -, at most 40; empty for the default instance',
  ).default(DEFAULTS.instance),
  environment: name('a name').default(DEFAULTS.environment),
  external_labels: labels().default({}),
  external_url: httpUrl().nullable().default(DEFAULTS.external_url),
  kafka,
  temporal: section({
    address: address('temporal:7233').default(DEFAULTS.temporal.address),
    namespace: text().default(DEFAULTS.temporal.namespace),
  }),
  postgres: section({
    url: secret('a postgres URL').default({ text: DEFAULTS.postgres.url }),
    pool: count(1, 1_000).default(DEFAULTS.postgres.pool),
  }),
  history: section({ retention_days: count(1, 36_500).default(DEFAULTS.history.retention_days) }),
  http: section({
    host: text('an address to listen on').default(DEFAULTS.http.host),
    port: count(0, 65_535).default(DEFAULTS.http.port),
    advertise: hostAddress().nullable().default(DEFAULTS.http.advertise),
    callbacks: section({
      listen: address('127.0.0.1:9465').nullable().default(DEFAULTS.http.callbacks.listen),
      external_url: httpUrl().nullable().default(DEFAULTS.http.callbacks.external_url),
    }),
  }),
  log: section({ level: word(LOG_LEVELS).default(DEFAULTS.log.level) }),
  targets: list(target),
  collect,
  evaluate: section({
    pool: name('a name').default(DEFAULTS.evaluate.pool),
    max_skew: duration().default(DEFAULTS.evaluate.max_skew),
    skew_policy: word(SKEW_POLICIES).default(DEFAULTS.evaluate.skew_policy),
    max_late: duration(MINUTE_MS).default(DEFAULTS.evaluate.max_late),
    interval: duration(1_000).default(DEFAULTS.evaluate.interval),
    snapshot_every: duration(1_000).default(DEFAULTS.evaluate.snapshot_every),
  }),
  rules: list(ruleSchema),
  rule_files: list(filePath()),
  receivers: list(receiver),
  route: section({
    receivers: list(text("a receiver's name")),
    severity_routing: severityRouting.nullable().default(null),
    fatigue_limit: z
      .strictObject({
        similar: count(1, 1_000).default(DEFAULTS.fatigue_limit.similar),
        window: duration(SECOND_MS).default(DEFAULTS.fatigue_limit.window),
        group_by: z
          .array(labelName())
          .min(1)
          .default([...DEFAULTS.fatigue_limit.group_by]),
        digest_after: duration(SECOND_MS).default(DEFAULTS.fatigue_limit.digest_after),
      })
      .nullable()
      .default(null),
  }),
  alertmanager: z
    .strictObject({
      file: filePath(),
      target_down: upToAnHourOrOff().default(DEFAULTS.alertmanager.target_down),
      storm_summary: text("a receiver's name").nullable().default(null),
      receivers: list(
        z.strictObject({
          name: text("the name of one of the file's receivers"),
          fallback: text("the name of another of the file's receivers").nullable().default(null),
          fallback_after: durationOrOff(SECOND_MS).optional(),
          rate_limit: rateLimit(),
        }),
      ),
    })
    .nullable()
    .default(null),
  notify: section({
    breaker: section({
      failures: count(1).default(DEFAULTS.notify.breaker.failures),
      reset: duration(1).default(DEFAULTS.notify.breaker.reset),
      successes: count(1).default(DEFAULTS.notify.breaker.successes),
    }),
    undelivered_after: durationOrOff(SECOND_MS).default(DEFAULTS.notify.undelivered_after),
    networks: section({ allow: list(network()), deny: list(network()) }),
  }),
  silences: section({
    remind_before: durationOrOff(SECOND_MS).nullable().default(DEFAULTS.silences.remind_before),
  }),
  maintenance: list(maintenance),
  drills: list(drill),
  people: list(person),
  schedules: list(schedule),
  escalation: list(escalation),
  incidents: list(incident),
  acknowledge: section({ lease: duration(1).nullable().default(DEFAULTS.acknowledge.lease) }),
  cooldown: duration(0, MAX_COOLDOWN_MS).default(DEFAULTS.cooldown),
  audit: section({
    every: durationOrOff(SECOND_MS).default(DEFAULTS.audit.every),
    heartbeat: section({
      url: secret('an http or https URL').nullable().default(null),
      every: duration(SECOND_MS).default(DEFAULTS.audit.heartbeat.every),
    }),
  }),
  enrich: section({
    providers: section({
      recent_window: durationOrOff().default(DEFAULTS.enrich.recent_window),
      related_alerts: durationOrOff().default(DEFAULTS.enrich.related_alerts),
      postgres_sessions: durationOrOff().default(DEFAULTS.enrich.postgres_sessions),
      postgres_blockers: durationOrOff().default(DEFAULTS.enrich.postgres_blockers),
    }),
  }),
  remediation,
  notification_service: section({
    listen: address('127.0.0.1:9480').default(DEFAULTS.notification_service.listen),
    from: mailAddress().default(DEFAULTS.notification_service.from),
    recipients: z.record(z.string(), z.array(mailAddress())).default({}),
    recipients_sql: text('a query with one parameter, the routing key').nullable().default(null),
    token: secret().nullable().default(null),
    smtp: smtp.nullable().default(null),
  }),
});

export type RawConfig = z.output<typeof configSchema>;
export type RawReceiver = RawConfig['receivers'][number];
export type RawPolicy = NonNullable<RawConfig['alertmanager']>['receivers'][number];
export type RawSmtp = z.output<typeof smtp>;
