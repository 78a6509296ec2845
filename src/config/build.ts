/** From what stands in the file to the options that the rooms take. Everything has been checked before. */
import { resolve } from 'node:path';
import { nameInAlertmanager } from '../domain/drill';
import type { PageReceiver } from '../domain/life';
import { matcherText } from '../domain/matchers';
import type { RuleSet } from './rule-files';
import type { Config, ReceiverConfig, SmtpConfig, TargetConfig } from './config';
import { DEFAULTS } from './defaults';
import { toIncident } from './incidents/build';
import { toMaintenance } from './maintenance/build';
import { routesBySeverity, toPerson, toPolicy, toSchedule } from './on-call/build';
import type { SecretSpec } from './fields';
import type { RawConfig, RawPolicy, RawReceiver, RawSmtp } from './schema';
import { Secret } from './secret';

const DAY_MS = 86_400_000;

export interface Built {
  readonly file: string | null;
  /** Relative paths of secrets start here. */
  readonly folder: string;
  readonly ruleSet: Omit<RuleSet, 'problems'>;
  readonly alertmanager: Config['alertmanager'];
}

export function buildConfig(
  raw: RawConfig,
  { file, folder, ruleSet, alertmanager }: Built,
): Omit<Config, 'warnings'> {
  const secret: ToSecret = (spec) =>
    'text' in spec ? Secret.of(spec.text) : Secret.inFile(resolve(folder, spec.file));
  const receivers = raw.receivers.map((receiver) => toReceiver(receiver, secret));
  return {
    file,
    instance: raw.instance,
    environment: raw.environment,
    externalLabels: raw.external_labels,
    externalUrl: raw.external_url ?? '',
    kafka: toKafka(raw.kafka, secret),
    temporal: raw.temporal,
    postgres: { url: secret(raw.postgres.url), maxConnections: raw.postgres.pool },
    history: { retentionMs: raw.history.retention_days * DAY_MS },
    http: { host: raw.http.host, port: raw.http.port, advertise: raw.http.advertise },
    callbacks: toCallbacks(raw.http.callbacks),
    log: raw.log,
    targets: raw.targets.map((target) => toTarget(target, raw, secret)),
    collect: { limits: toLimits(raw.collect) },
    evaluate: {
      pool: raw.evaluate.pool,
      maxSkewMs: raw.evaluate.max_skew,
      skewPolicy: raw.evaluate.skew_policy,
      maxLateMs: raw.evaluate.max_late,
      intervalMs: raw.evaluate.interval,
      snapshotEveryMs: raw.evaluate.snapshot_every,
    },
    ruleFiles: ruleSet.files,
    ruleGroups: ruleSet.groups,
    receivers,
    pages: receivers.map(toPage),
    page: pagesNamed(raw.route.receivers, receivers),
    pageBySeverity: toPageBySeverity(raw.route.severity_routing, receivers),
    fatigueLimit: toFatigueLimit(raw.route.fatigue_limit),
    resolveTo: [
      ...receivers.filter(({ sendResolved }) => sendResolved).map(({ name }) => name),
      ...namedThere(raw),
    ],
    acknowledgedTo: receivers.filter(({ sendAcknowledged }) => sendAcknowledged).map(({ name }) => name),
    notify: {
      breaker: toBreaker(raw.notify.breaker),
      undeliveredAfterMs: raw.notify.undelivered_after,
      networks: raw.notify.networks,
    },
    alertmanager,
    silences: { remindBeforeMs: raw.silences.remind_before },
    maintenance: raw.maintenance.map(toMaintenance),
    drills: raw.drills.map(({ time_zone: timeZone, ...drill }) => ({ ...drill, timeZone })),
    onCall: { people: raw.people.map(toPerson), schedules: raw.schedules.map(toSchedule) },
    escalations: raw.escalation.map(toEscalation),
    incidents: raw.incidents.map(toIncident),
    acknowledgeLeaseMs: raw.acknowledge.lease,
    cooldownMs: raw.cooldown,
    audit: {
      everyMs: raw.audit.every,
      heartbeat:
        raw.audit.heartbeat.url === null
          ? null
          : { url: secret(raw.audit.heartbeat.url), everyMs: raw.audit.heartbeat.every },
    },
    enrich: Object.entries(raw.enrich.providers).flatMap(([provider, budgetMs]) =>
      budgetMs === null ? [] : [{ provider, budgetMs }],
    ),
    remediation: toRemediation(raw.remediation),
    notificationService: toService(raw.notification_service, secret),
  };
}

/** Receivers of alertmanager.yml that messages of single alerts and incidents go to: whether one wants ends is known when it is told. */
function namedThere({ escalation, incidents }: RawConfig): string[] {
  const levels = escalation.flatMap((policy) => policy.levels);
  const all = [...levels, ...incidents].flatMap(({ receivers }) => receivers);
  return [...new Set(all)].filter((name) => nameInAlertmanager(name) !== null);
}

type ToSecret = (spec: SecretSpec) => Secret;

const orNull = (toSecret: ToSecret, spec: SecretSpec | null): Secret | null =>
  spec === null ? null : toSecret(spec);

function toKafka(raw: RawConfig['kafka'], secret: ToSecret): Config['kafka'] {
  const sasl = raw.sasl && { ...raw.sasl, password: secret(raw.sasl.password) };
  return { brokers: raw.brokers, clientId: raw.client_id, tls: raw.tls, sasl, development: raw.development };
}

function toTarget(raw: RawConfig['targets'][number], config: RawConfig, secret: ToSecret): TargetConfig {
  const environment = raw.tags.environment ?? config.environment;
  return {
    name: raw.name,
    type: raw.type,
    url: orNull(secret, raw.url),
    tags: { ...raw.tags, environment },
    environment,
    shard: raw.shard,
    intervals: { ...config.collect.intervals, ...raw.intervals },
    remediation: raw.remediation,
  };
}

function toLimits({ pool, breaker }: RawConfig['collect']): Config['collect']['limits'] {
  return {
    poolMin: pool.min,
    poolMax: pool.max,
    idleMs: pool.idle,
    acquireMs: pool.acquire,
    statementMs: pool.statement,
    failureThreshold: breaker.failures,
    resetMs: breaker.reset,
  };
}

export const toReceiverPolicy = (raw: RawPolicy) => ({
  ...{ name: raw.name, fallback: raw.fallback, fallbackAfterMs: fallbackAfterMs(raw) },
  rateLimit: toRateLimit(raw.rate_limit),
});

function fallbackAfterMs({ fallback, fallback_after: after }: RawReceiver | RawPolicy): number | null {
  return fallback === null || after === null ? null : (after ?? DEFAULTS.receiver.fallback_after);
}

const toRateLimit = (raw: RawPolicy['rate_limit']) =>
  raw === null ? null : { messages: raw.messages, perMs: raw.per };

function toReceiver(raw: RawReceiver, secret: ToSecret): ReceiverConfig {
  const deadlineMs = raw.notify_after === 'fire' ? 0 : (raw.deadline ?? DEFAULTS.receiver.deadline);
  const common = {
    name: raw.name,
    notifyAfter: raw.notify_after,
    deadlineMs,
    sendResolved: raw.send_resolved,
    fallback: raw.fallback,
    fallbackAfterMs: fallbackAfterMs(raw),
    rateLimit: toRateLimit(raw.rate_limit),
    timeoutMs: raw.timeout,
    sendAcknowledged: raw.send_acknowledged,
  };
  switch (raw.type) {
    case 'notification_service':
      return {
        type: raw.type,
        ...common,
        url: raw.url,
        token: orNull(secret, raw.token),
        routingKey: raw.routing_key,
      };
    case 'webhook': {
      const headers = Object.entries(raw.headers).map(([name, spec]) => [name, secret(spec)] as const);
      return {
        type: raw.type,
        ...common,
        url: secret(raw.url),
        headers: Object.fromEntries(headers),
        signingSecrets: raw.signing_secrets.map(secret),
        tls: raw.tls && toTls(raw.tls, secret),
      };
    }
    case 'email':
      return { type: raw.type, ...common, to: raw.to, from: raw.from, smtp: toSmtp(raw.smtp, secret) };
    case 'pagerduty':
      return {
        type: raw.type,
        ...common,
        url: raw.url,
        routingKey: secret(raw.routing_key),
        webhookSecrets: raw.webhook_secrets.map(secret),
      };
    case 'slack':
      return { type: raw.type, ...common, ...toBot(raw, secret), channel: raw.channel };
    case 'incident_room': {
      const { prefix, group_by: groupBy, private: isPrivate, invite } = raw;
      return { type: raw.type, ...common, ...toBot(raw, secret), prefix, groupBy, isPrivate, invite };
    }
    case 'sms':
      return { type: raw.type, ...common, ...toTwilio(raw, secret) };
    case 'voice':
      return { type: raw.type, ...common, ...toTwilio(raw, secret), language: raw.language };
  }
}

type RawOf<T extends RawReceiver['type']> = Extract<RawReceiver, { type: T }>;

const toBot = (raw: RawOf<'slack' | 'incident_room'>, secret: ToSecret) => ({
  token: secret(raw.token),
  apiUrl: raw.api_url,
  signingSecrets: raw.signing_secrets.map(secret),
});

function toTwilio(raw: RawOf<'sms' | 'voice'>, secret: ToSecret) {
  const authToken = secret(raw.auth_token);
  return {
    accountSid: raw.account_sid,
    authToken,
    callbackTokens: [authToken, ...raw.callback_tokens.map(secret)],
    apiUrl: raw.api_url,
    from: raw.from,
    to: raw.to,
  };
}

const toTls = (raw: NonNullable<RawOf<'webhook'>['tls']>, secret: ToSecret) => ({
  ca: orNull(secret, raw.ca),
  cert: orNull(secret, raw.cert),
  key: orNull(secret, raw.key),
  serverName: raw.server_name,
  insecure: raw.insecure,
});

function toCallbacks({ listen, external_url: url }: RawConfig['http']['callbacks']): Config['callbacks'] {
  return listen === null ? null : { ...hostAndPort(listen), externalUrl: url?.replace(/\/+$/, '') ?? null };
}

function hostAndPort(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':');
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) };
}

const toSmtp = (raw: RawSmtp, secret: ToSecret): SmtpConfig => ({
  ...raw,
  password: orNull(secret, raw.password),
});

function toPage({ name, notifyAfter, deadlineMs }: ReceiverConfig): PageReceiver {
  return { receiver: name, notifyAfter, deadlineMs };
}

function pagesNamed(names: readonly string[], receivers: readonly ReceiverConfig[]): PageReceiver[] {
  return names.map((name) => toPage(receivers.find((receiver) => receiver.name === name)!));
}

function toPageBySeverity(
  routing: RawConfig['route']['severity_routing'],
  receivers: readonly ReceiverConfig[],
): Config['pageBySeverity'] {
  if (routing === null) return null;
  const { routes } = routesBySeverity(routing, receivers);
  return {
    high: pagesNamed(routes.high, receivers),
    medium: pagesNamed(routes.medium, receivers),
    low: pagesNamed(routes.low, receivers),
  };
}

function toFatigueLimit(raw: RawConfig['route']['fatigue_limit']): Config['fatigueLimit'] {
  if (raw === null) return null;
  const { similar, window: windowMs, digest_after: digestAfterMs } = raw;
  return { similar, windowMs, digestAfterMs, groupBy: [...new Set(raw.group_by)].sort() };
}

function toBreaker(raw: RawConfig['notify']['breaker']): Config['notify']['breaker'] {
  return { failureThreshold: raw.failures, resetMs: raw.reset, successThreshold: raw.successes };
}

function toEscalation(raw: RawConfig['escalation'][number]): Config['escalations'][number] {
  return { matchers: raw.matchers, policy: toPolicy(raw) };
}

function toRemediation(raw: RawConfig['remediation']): Config['remediation'] {
  const runbooks = Object.entries(raw.runbooks).map(([name, own]) => [name, toRunbookPolicy(own)] as const);
  return {
    enabled: raw.enabled,
    environments: raw.environments,
    dryRun: raw.dry_run,
    soakMs: raw.soak,
    verifyTimeoutMs: raw.verify_timeout,
    limits: {
      perTargetPerHour: raw.limits.per_target_per_hour,
      concurrent: raw.limits.concurrent,
      leaseMs: raw.limits.lease,
    },
    runbooks: Object.fromEntries(runbooks),
  };
}

function toRunbookPolicy(
  raw: RawConfig['remediation']['runbooks'][string],
): Config['remediation']['runbooks'][string] {
  return {
    enabled: raw.enabled,
    environments: raw.environments,
    matchers: raw.matchers?.map(matcherText),
    inputs: raw.inputs,
    dryRun: raw.dry_run,
    soakMs: raw.soak,
    verifyTimeoutMs: raw.verify_timeout,
  };
}

function toService(raw: RawConfig['notification_service'], secret: ToSecret): Config['notificationService'] {
  return {
    ...hostAndPort(raw.listen),
    from: raw.from,
    recipients: raw.recipients,
    recipientsSql: raw.recipients_sql,
    token: orNull(secret, raw.token),
    smtp: raw.smtp && toSmtp(raw.smtp, secret),
  };
}
