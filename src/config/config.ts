/**
 * The configuration as the wiring reads it: one frozen value, durations in milliseconds, each section in the form that
 * its room takes. It can be logged: what is secret is a `Secret`.
 */
import type { EscalationPolicy } from '../domain/escalation';
import type { Labels } from '../domain/labels';
import type { NotifyAfter, PageReceiver } from '../domain/life';
import type { Matcher } from '../domain/matchers';
import type { SeverityClass } from '../domain/severity';
import type { Limits, TargetType } from '../collect/port';
import type { Person, Schedule } from '../oncall/port';
import type { RemediationPolicy } from '../remediate/port';
import type { LogLevel } from '../observe/logger';
import type { Problem } from './problems';
import type { ConfiguredGroup } from './short-forms/group';
import type { Secret } from './secret';

export interface TargetConfig {
  /** The series' instance_id. */
  readonly name: string;
  readonly type: TargetType;
  readonly url: Secret | null;
  /** With `environment` filled in. */
  readonly tags: Labels;
  readonly environment: string;
  /** The Schedule that collects it. */
  readonly shard: string;
  /** Metric group → milliseconds, where they differ from the group's own: the target's over the general ones. */
  readonly intervals: Readonly<Record<string, number>>;
  /** False: no runbook may act here. */
  readonly remediation: boolean;
}

export interface SmtpConfig {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user: string | null;
  readonly password: Secret | null;
}

interface ReceiverCommon {
  readonly name: string;
  readonly notifyAfter: NotifyAfter;
  readonly deadlineMs: number;
  readonly sendResolved: boolean;
  /** The receiver that takes over when this one's circuit is open. */
  readonly fallback: string | null;
  readonly timeoutMs: number;
}
export interface NotificationServiceReceiver extends ReceiverCommon {
  readonly type: 'notification_service';
  readonly url: string;
  readonly token: Secret | null;
  readonly routingKey: string | null;
}
export interface WebhookReceiver extends ReceiverCommon {
  readonly type: 'webhook';
  readonly url: Secret;
  readonly headers: Readonly<Record<string, Secret>>;
}
export interface EmailReceiver extends ReceiverCommon {
  readonly type: 'email';
  readonly to: readonly string[];
  readonly from: string;
  readonly smtp: SmtpConfig;
}
export type ReceiverConfig = NotificationServiceReceiver | WebhookReceiver | EmailReceiver;

export interface Config {
  /** The file it was read from. */
  readonly file: string | null;
  readonly instance: string;
  readonly environment: string;
  /** What rules' templates read as `$externalLabels` and `$externalURL`; empty where the file says nothing. */
  readonly externalLabels: Labels;
  readonly externalUrl: string;
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly clientId: string;
    readonly tls: boolean;
    readonly sasl: {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: Secret;
    } | null;
    /** Topics made by Tocsin keep one day. */
    readonly development: boolean;
  };
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly postgres: { readonly url: Secret; readonly maxConnections: number };
  /** How long what has ended is kept. */
  readonly history: { readonly retentionMs: number };
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Where other machines find it: `host` or `host:port`; null: as it listens. */
    readonly advertise: string | null;
  };
  readonly log: { readonly level: LogLevel };
  readonly targets: readonly TargetConfig[];
  readonly collect: { readonly limits: Limits };
  readonly evaluate: {
    readonly pool: string;
    readonly maxSkewMs: number;
    readonly skewPolicy: 'correct' | 'reject';
    readonly maxLateMs: number;
    readonly snapshotEveryMs: number;
    /** Of rule groups that name none. */
    readonly intervalMs: number;
  };
  /** Where its rule files are, from the root of the file system. */
  readonly ruleFiles: readonly string[];
  /** Of the file and of its rule files, in Prometheus' form or in short form. */
  readonly ruleGroups: readonly ConfiguredGroup[];
  readonly receivers: readonly ReceiverConfig[];
  /** Who is told of every alert. */
  readonly page: readonly PageReceiver[];
  /** Who is told instead of `page`, by the alert's severity; null where the route does not ask for it. */
  readonly pageBySeverity: Readonly<Record<SeverityClass, readonly PageReceiver[]>> | null;
  /** All of them, as pages; a rule may name its own. */
  readonly pages: readonly PageReceiver[];
  /** Those that want to hear of the end of what they heard of. */
  readonly resolveTo: readonly string[];
  /** By whose routes all alerts go to its receivers, in groups; null: there are none. */
  readonly alertmanager: {
    /** From the root of the file system. */
    readonly file: string;
    /** Their names, as they were when this was read. */
    readonly receivers: readonly string[];
    /** For how long at most a target that is down mutes the other alerts of its instance; null: it does not. */
    readonly targetDownMs: number | null;
  } | null;
  readonly notify: {
    readonly breaker: {
      readonly failureThreshold: number;
      readonly resetMs: number;
      readonly successThreshold: number;
    };
  };
  readonly onCall: { readonly people: readonly Person[]; readonly schedules: readonly Schedule[] };
  /** How often lost and late things are looked for; null: not at all. */
  readonly audit: {
    readonly everyMs: number | null;
    readonly heartbeat: { readonly url: Secret; readonly everyMs: number } | null;
  };
  /** The first whose matchers hold is the alert's. */
  readonly escalations: readonly {
    readonly matchers: readonly Matcher[];
    readonly policy: EscalationPolicy;
  }[];
  readonly acknowledgeLeaseMs: number | null;
  readonly cooldownMs: number;
  /** The providers that are on, each with its time budget. */
  readonly enrich: readonly { readonly provider: string; readonly budgetMs: number }[];
  readonly remediation: RemediationPolicy;
  readonly notificationService: {
    readonly host: string;
    readonly port: number;
    readonly from: string;
    /** Routing key → mail addresses; `default` is for keys that are not listed. */
    readonly recipients: Readonly<Record<string, readonly string[]>>;
    readonly recipientsSql: string | null;
    /** When there is one, senders must show it as a bearer token. */
    readonly token: Secret | null;
    readonly smtp: SmtpConfig | null;
  };
  readonly warnings: readonly Problem[];
}
