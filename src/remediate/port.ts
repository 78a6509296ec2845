/** What a remediation asks of the rest: its target, and permission; and what it offers to the activities. */
import type { Labels } from '../domain/labels';
import type { MetricValue } from '../domain/metric';
import type { RecoveryVerdict } from '../domain/recovery';
import type { Row, SqlStatement } from '../domain/runbook';
import type { TransitionCondition } from '../domain/transition';

/** What the configuration says of a target. */
export interface TargetDescription {
  readonly kind: string;
  readonly environment: string | null;
  /** Only where it is true may a runbook act. */
  readonly remediation: boolean;
}

/** SQL on a configured target. Implemented where the driver lives (`src/collect/postgres`). */
export interface TargetSql {
  /** In a read-only transaction with the target's statement timeout. */
  read(target: string, statement: SqlStatement, signal?: AbortSignal): Promise<readonly Row[]>;
  /** In a transaction of its own. */
  change(target: string, statement: SqlStatement, signal?: AbortSignal): Promise<readonly Row[]>;
}

/** What the configuration may say about one runbook. */
export interface RunbookPolicy {
  readonly enabled?: boolean;
  /** Replaces the runbook's own list of environments. */
  readonly environments?: readonly string[];
  /** Replaces the runbook's own matchers. */
  readonly matchers?: readonly string[];
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly dryRun?: boolean;
  readonly soakMs?: number;
  readonly verifyTimeoutMs?: number;
}

/** The configuration's word on remediation. A runbook acts in an environment that is in both lists, here and its own. */
export interface RemediationPolicy {
  readonly enabled: boolean;
  readonly environments: readonly string[];
  readonly dryRun: boolean;
  readonly soakMs: number;
  readonly verifyTimeoutMs: number;
  readonly limits: {
    readonly perTargetPerHour: number;
    readonly concurrent: number;
    /** How long a lease lasts without being renewed. */
    readonly leaseMs: number;
  };
  readonly runbooks: Readonly<Record<string, RunbookPolicy>>;
}

/** The part of a runbook that is decided on; its code stays in the workflow. */
export interface RunbookTraits {
  readonly name: string;
  readonly matchers: readonly string[];
  readonly environments: readonly string[];
}

export type GuardReason =
  | 'allowed'
  | 'kill_switch'
  | 'remediation_disabled'
  | 'runbook_disabled'
  | 'dry_run_only'
  | 'target_unknown'
  | 'target_excluded'
  | 'target_kind'
  | 'target_mismatch'
  | 'environment_unknown'
  | 'environment_not_allowed'
  | 'environment_mismatch'
  | 'maintenance'
  | 'silenced'
  | 'rate_limit'
  | 'concurrency_limit'
  | 'leased'
  | 'lease_lost'
  | 'guard_unreadable';

/** A refusal, for logs and meters. */
export interface GuardRefusal {
  readonly runbook: string;
  readonly reason: GuardReason | 'statement_reused';
  readonly detail: string;
  readonly correlationId: string | undefined;
}

export interface AdmissionRequest {
  /** Temporal run id of the remediation. */
  readonly remediationId: string;
  readonly runbook: RunbookTraits;
  readonly target: string;
  /** Everything that the plan touches; all of it is leased, or nothing. */
  readonly resources: readonly string[];
  readonly labels: Labels;
  /** Decides alike, but takes no permit and no lease. */
  readonly dryRun: boolean;
  readonly correlationId?: string;
}

/** `token` grows with every new holder of the resource: a holder that was away too long has an old one. */
export interface Lease {
  readonly holder: string;
  readonly fences: readonly { readonly resource: string; readonly token: number }[];
}

export type Admission =
  | {
      readonly allowed: true;
      readonly reason: 'allowed';
      readonly detail: string;
      readonly environment: string;
      readonly lease: Lease | null;
    }
  | { readonly allowed: false; readonly reason: GuardReason; readonly detail: string };

export type Confirmation = {
  readonly allowed: boolean;
  readonly reason: GuardReason;
  readonly detail: string;
};

/** May this runbook act on this target now? Never throws: what cannot be read is refused as `guard_unreadable`. */
export interface RemediationGuard {
  admit(request: AdmissionRequest): Promise<Admission>;
  /** The last look before the act: no kill switch, no maintenance, and the lease still ours. Renews the lease. `about`: absent in what older runs ask. */
  confirm(
    runbook: string,
    lease: Lease,
    correlationId?: string,
    about?: { readonly target: string; readonly labels: Labels },
  ): Promise<Confirmation>;
  /** Extends the lease; false when it is not ours any more. Throws when the store cannot be reached. */
  renew(lease: Lease): Promise<boolean>;
  /** Gives everything back. Without an act its place in the hourly rate is given back too. Safe to repeat. */
  release(remediationId: string, target: string, acted: boolean): Promise<void>;
}

/** One change of a target. (remediationId, statement.name, fingerprint, episode) is its identity. */
export interface ActRequest {
  readonly remediationId: string;
  readonly fingerprint: string;
  readonly episode: number;
  readonly runbook: string;
  readonly target: string;
  readonly statement: SqlStatement;
  readonly lease: Lease;
  readonly correlationId?: string;
}

export interface ActResult {
  readonly rows: readonly Row[];
  /** Milliseconds since 1970 at which the change had been made, by the acting process's clock. */
  readonly actedAt: number;
  /** 2 or more: an earlier attempt was cut off before its record, and may have changed something that `rows` does not show. */
  readonly attempts: number;
}

export interface RemediationActs {
  /** Reads from the target, with secrets masked in texts; refuses more rows than a workflow's history should hold. */
  read(target: string, statement: SqlStatement, signal: AbortSignal): Promise<readonly Row[]>;
  /** Changes a target once: a repeat of a finished change answers what was recorded and changes nothing. Throws TOC_GUARD_REFUSED when the kill switch is on or the lease was lost, and TOC_ACT_UNKNOWN when that stops the repeat of an attempt that was cut off. */
  perform(request: ActRequest, signal: AbortSignal): Promise<ActResult>;
}

export interface WatchRequest {
  readonly condition: TransitionCondition;
  readonly actedAt: number;
  readonly soakMs: number;
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

export type WatchVerdict = (RecoveryVerdict | { readonly kind: 'unreadable'; readonly error: string }) & {
  readonly polls: number;
};

/** The rule's samples of late. */
export interface RecentSamples {
  readonly samples: number;
  readonly last: { readonly at: number; readonly value: MetricValue } | null;
  /** Whether the last of them recovers the rule. */
  readonly recovered: boolean;
  /** Whether the last is older than three times what usually lies between two, and than a minute. */
  readonly stale: boolean;
}

/** Watches the samples after an act until the rule has recovered for the soak time, or the deadline has come. */
export interface RecoveryWatch {
  recent(condition: TransitionCondition, lookBackMs: number): Promise<RecentSamples>;
  /** `onPoll` is called after each look, with the verdict so far. Ends early, by throwing, when `signal` aborts. */
  awaitRecovery(
    request: WatchRequest,
    onPoll: (sofar: WatchVerdict) => void,
    signal: AbortSignal,
  ): Promise<WatchVerdict>;
}

export interface KillSwitch {
  /** `*` for all, or a runbook's name. */
  readonly scope: string;
  readonly engaged: boolean;
  readonly reason: string;
  readonly changedBy: string;
  readonly changedAt: string;
}

/** A place among `seats`; free again when released or after `ttlMs`. */
export interface SeatRequest {
  readonly scope: string;
  readonly seats: number;
  readonly ttlMs: number;
}

export interface TakeRequest {
  readonly holder: string;
  readonly seats: readonly SeatRequest[];
  readonly resources: readonly string[];
  readonly leaseMs: number;
  /** Decide, but take nothing. */
  readonly preview: boolean;
}

export type Taken =
  | { readonly granted: true; readonly lease: Lease }
  | {
      readonly granted: false;
      readonly lacking: 'seat' | 'resource';
      /** The scopes without a free seat, or the resources that others hold. */
      readonly names: readonly string[];
      readonly holders: readonly string[];
      /** ISO time at which the first of them is free again; null when that is unknown. */
      readonly freeAt: string | null;
    };

export type ActBegin =
  | { readonly kind: 'go'; readonly attempts: number }
  | { readonly kind: 'recorded'; readonly result: ActResult }
  | {
      readonly kind: 'refused';
      readonly reason: 'kill_switch' | 'lease_lost' | 'statement_reused';
      readonly detail: string;
      /** An earlier attempt of this act has begun and has no result: the target may be changed. */
      readonly cutOff?: boolean;
    };

/** Switches, permits, leases and the record of acts. Every decision is one statement, by the store's own clock. */
export interface PermitStore {
  /** The switch that stops this runbook, if any does. */
  engagedSwitch(runbook: string): Promise<KillSwitch | null>;
  switches(): Promise<readonly KillSwitch[]>;
  setSwitch(change: { scope: string; engaged: boolean; reason: string; changedBy: string }): Promise<void>;
  /** All seats and all resources, or none. The same holder again gets the same. */
  take(request: TakeRequest): Promise<Taken>;
  /** False when one of the fences is not ours any more; then nothing is renewed. */
  renew(lease: Lease, leaseMs: number, scopes: readonly string[]): Promise<boolean>;
  /** Frees the holder's leases and its seats in `scopes`. */
  release(holder: string, scopes: readonly string[]): Promise<void>;
  /** Records the intent, if no switch is on and every fence is ours; the lease then lasts at least `leaseMs`. */
  beginAct(request: ActRequest, leaseMs: number): Promise<ActBegin>;
  /** Records the result once and answers what is recorded. */
  finishAct(request: ActRequest, result: Omit<ActResult, 'attempts'>): Promise<void>;
  failAct(request: ActRequest, error: string): Promise<void>;
}
