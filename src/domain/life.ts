/**
 * What an alert's life is started with and told, and what it answers: the types shared by the dispatcher, the alert
 * workflow and the people's tools. Names of the messages are in `workflows/messages.ts`.
 */
import type { Artifact } from './artifact';
import type { EscalationPolicy } from './escalation';
import type { AlertState, ShownState } from './lifecycle';
import type { RemediationPlan, RemediationResult } from './remediation';
import type { Transition } from './transition';

export type NotifyAfter = 'fire' | 'enrich' | 'remediate';

export interface PageReceiver {
  readonly receiver: string;
  readonly notifyAfter: NotifyAfter;
  /** How long after the fire the message leaves at the latest; 0 for `fire`. */
  readonly deadlineMs: number;
}

/** Everything the life needs of the configuration, decided when it is started. */
export interface LifePolicy {
  readonly instance: string;
  /** Who is told of every episode, how long after the fire at the latest, and after which stage already. */
  readonly page: readonly PageReceiver[];
  /** Who wants to hear that an episode has ended, if they heard of it: paged or escalated to. */
  readonly resolveTo: readonly string[];
  readonly escalation: EscalationPolicy | null;
  /** The lease of an acknowledgement that names none; null means until it is taken back. */
  readonly acknowledgeLeaseMs: number | null;
  /** How long a resolved alert waits for its next episode, and how long a manual resolve is quiet. */
  readonly cooldownMs: number;
  /** Enrichment providers that reach beyond our own records, each with its budget; none for a plain life. */
  readonly enrich: readonly { readonly provider: string; readonly budgetMs: number }[];
  readonly remediation: RemediationPlan | null;
  /** Why the runbook that people would expect is not in `remediation`; people find it in the timeline. */
  readonly notRemediated?: string | null;
}

export interface Acknowledgement {
  readonly owner: string;
  readonly at: string;
  /** ISO time at which the lease lapses; null: it does not. */
  readonly until: string | null;
  readonly comment: string | null;
}

export interface AcknowledgeRequest {
  readonly owner: string;
  readonly lease_seconds?: number;
  readonly comment?: string;
}
export interface UnacknowledgeRequest {
  readonly owner: string;
  readonly comment?: string;
}
export interface ResolveRequest {
  readonly owner: string;
  readonly comment?: string;
}
/** For so long, or until the alert is over: one of the two. */
export interface SilenceRequest {
  readonly owner: string;
  readonly duration_seconds?: number;
  readonly until_resolved?: boolean;
  readonly comment?: string;
}
export interface UnsilenceRequest {
  readonly owner: string;
  readonly comment?: string;
}
export interface EscalateRequest {
  readonly owner: string;
  readonly comment?: string;
}

/** The answer to a person's action. */
export interface ActionAnswer {
  readonly state: ShownState;
  readonly message: string;
}

export interface TimelineEvent {
  /** Identity within (fingerprint, episode): writing it twice writes it once. */
  readonly key: string;
  readonly at: string;
  /** `fired`, `acknowledged`, `escalated`, `refused_signal`, `remediated`, … */
  readonly kind: string;
  readonly actor: string;
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * What the history knows of a life whose workflow has ended without a word, so that another goes on where it stood. Its
 * episode is open.
 */
export interface ResumedLife {
  readonly state: Exclude<AlertState, 'RESOLVED'>;
  /** How many episodes the alert has had. */
  readonly episodes: number;
  /** Of the last record; 0 when none was written. */
  readonly seq: number;
  /** How many events of each kind the episode has. */
  readonly counts: Readonly<Record<string, number>>;
  readonly acknowledgement: Acknowledgement | null;
  /** When the escalation's clock was set going last, ISO time. */
  readonly steppedAt: string;
  /** The last one of the episode. */
  readonly remediation: RemediationResult | null;
}

/** The answer to the audit query: what can be compared with the alert's row, and made into one. */
export interface LifeAudit {
  readonly state: AlertState;
  readonly episode: number;
  readonly transition: Transition;
  /** When the next level is to be told, milliseconds; null while nobody is. */
  readonly nextLevelAt: number | null;
}

/** The answer to the status query. */
export interface LifeStatus {
  readonly fingerprint: string;
  readonly state: ShownState;
  readonly episode: number;
  /** How many episodes this run has seen. */
  readonly episodes: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly value: Transition['value'];
  readonly acknowledgement: Acknowledgement | null;
  readonly silencedUntil: string | null;
  readonly escalation: {
    readonly policy: string;
    readonly told: number;
    readonly nextAt: string | null;
  } | null;
  readonly remediation: RemediationResult | { readonly outcome: 'running'; readonly runbook: string } | null;
  readonly artifacts: readonly Artifact[];
}

export type { AlertState };
