/**
 * The configuration as the wiring reads it: one frozen value, durations in milliseconds, each section in the form that
 * its room takes. It can be logged: what is secret is a `Secret`.
 */
import type { EscalationPolicy } from '../domain/escalation';
import type { FatigueLimit } from '../domain/fatigue';
import type { Labels } from '../domain/labels';
import type { NotifyAfter, PageReceiver } from '../domain/life';
import type { Maintenance } from '../domain/maintenance';
import type { Matcher } from '../domain/matchers';
import type { SeverityClass } from '../domain/severity';
import type { Limits, TargetType } from '../collect/port';
import type { IncidentPolicy } from '../dispatch/port';
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
  /** The receiver that takes over when this one's circuit is open, or it refuses a message for good. */
  readonly fallback: string | null;
  /** So long after a message was due that one takes it over in any case; null: it does not. */
  readonly fallbackAfterMs: number | null;
  /** How many messages it is sent at most; null: all. */
  readonly rateLimit: { readonly messages: number; readonly perMs: number } | null;
  readonly timeoutMs: number;
  /** Whether it hears what people do about an alert that it has heard of. */
  readonly sendAcknowledged: boolean;
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
  readonly signingSecrets: readonly Secret[];
  readonly tls: {
    readonly ca: Secret | null;
    readonly cert: Secret | null;
    readonly key: Secret | null;
    readonly serverName: string | null;
    readonly insecure: boolean;
  } | null;
}
export interface EmailReceiver extends ReceiverCommon {
  readonly type: 'email';
  readonly to: readonly string[];
  readonly from: string;
  readonly smtp: SmtpConfig;
}
export interface PagerdutyReceiver extends ReceiverCommon {
  readonly type: 'pagerduty';
  readonly url: string;
  readonly routingKey: Secret;
  /** Of the webhook that comes back: any of them signs. */
  readonly webhookSecrets: readonly Secret[];
}
interface SlackBot {
  readonly token: Secret;
  readonly apiUrl: string;
  /** Of the app whose buttons people click: any of them signs. */
  readonly signingSecrets: readonly Secret[];
}
export interface SlackReceiver extends ReceiverCommon, SlackBot {
  readonly type: 'slack';
  readonly channel: string;
}
export interface IncidentRoomReceiver extends ReceiverCommon, SlackBot {
  readonly type: 'incident_room';
  readonly prefix: string;
  /** Alerts of a day that have these labels in common are one incident. */
  readonly groupBy: readonly string[];
  readonly isPrivate: boolean;
  /** Ids of people in Slack. */
  readonly invite: readonly string[];
}
interface TwilioAccount {
  readonly accountSid: string;
  readonly authToken: Secret;
  /** Any of them signs what comes back; the first is `authToken`. */
  readonly callbackTokens: readonly Secret[];
  readonly apiUrl: string;
  readonly from: string;
  readonly to: string;
}
export interface SmsReceiver extends ReceiverCommon, TwilioAccount {
  readonly type: 'sms';
}
export interface VoiceReceiver extends ReceiverCommon, TwilioAccount {
  readonly type: 'voice';
  readonly language: string;
}
export type ReceiverConfig =
  | NotificationServiceReceiver
  | WebhookReceiver
  | EmailReceiver
  | PagerdutyReceiver
  | SlackReceiver
  | IncidentRoomReceiver
  | SmsReceiver
  | VoiceReceiver;

export interface DrillConfig {
  readonly name: string;
  /** Of this file, or `alertmanager/NAME`. */
  readonly receivers: readonly string[];
  /** Of the zone's clock. */
  readonly cron: string;
  readonly timeZone: string;
}

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
  /** Where services call back; null: nobody listens. */
  readonly callbacks: {
    readonly host: string;
    readonly port: number;
    /** As services see it, without a slash at its end; null: nobody has said. */
    readonly externalUrl: string | null;
  } | null;
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
  /** How many alerts that are alike have a first message of their own; null: all. */
  readonly fatigueLimit: FatigueLimit | null;
  /** All of them, as pages; a rule may name its own. */
  readonly pages: readonly PageReceiver[];
  /** Those that want to hear of the end of what they heard of. */
  readonly resolveTo: readonly string[];
  /** Those that want to hear what people do about what they heard of. */
  readonly acknowledgedTo: readonly string[];
  /** By whose routes all alerts go to its receivers, in groups; null: there are none. */
  readonly alertmanager: {
    /** From the root of the file system. */
    readonly file: string;
    /** Their names, as they were when this was read. */
    readonly receivers: readonly string[];
    /** For how long at most a target that is down mutes the other alerts of its instance; null: it does not. */
    readonly targetDownMs: number | null;
    /** Hears the summary of a storm; null: nobody does. */
    readonly stormReceiver: string | null;
    /** What is said of its receivers here. */
    readonly policies: readonly Pick<ReceiverCommon, 'name' | 'fallback' | 'fallbackAfterMs' | 'rateLimit'>[];
  } | null;
  readonly notify: {
    /** Which addresses receivers over HTTP may be at. */
    readonly networks: { readonly allow: readonly string[]; readonly deny: readonly string[] };
    readonly breaker: {
      readonly failureThreshold: number;
      readonly resetMs: number;
      readonly successThreshold: number;
    };
    /**
     * So long a message may be tried in vain before its receiver counts as one that could not be told, for the next level to
     * be told; null: until it is given up.
     */
    readonly undeliveredAfterMs: number | null;
  };
  readonly silences: {
    /** How long before a silence ends people are reminded of what fires under it; null: they are not. */
    readonly remindBeforeMs: number | null;
  };
  /** Recurring ones; those that people begin by command are rows. */
  readonly maintenance: readonly Maintenance[];
  /** Who is told regularly, to see whether it arrives. */
  readonly drills: readonly DrillConfig[];
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
  /** The first whose matchers hold, and whose labels it has, is the alert's. */
  readonly incidents: readonly IncidentPolicy[];
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
