/** What a remediation did, as it is recorded, notified and signalled to the alerts that wait for it. */
import type { TransitionCondition } from './transition';

export type StepStatus = 'SUCCESS' | 'FAILED' | 'SKIPPED' | 'REFUSED' | 'DRY_RUN';
export type Phase = 'guard' | 'snapshot' | 'act' | 'verify' | 'rollback' | 'report';

export interface RemediationStep {
  readonly name: string;
  readonly phase: Phase;
  readonly status: StepStatus;
  readonly started_at: string;
  readonly ended_at: string;
  /** What was done or why it was not, for people. */
  readonly output: string;
  /** Facts behind it: sessions terminated, counts, the guard's inputs. */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface VerificationCheck {
  readonly type: string;
  readonly status: 'PASS' | 'FAIL' | 'UNKNOWN';
  readonly detail: string;
}

export type RemediationOutcome =
  'verified' | 'not_verified' | 'refused' | 'failed' | 'dry_run' | 'nothing_to_do';
export type Risk = 'none' | 'low' | 'medium' | 'high';

/**
 * The plan for an alert; or none, with why a runbook that was asked for, or that fits, is not to act: null where nothing was
 * to be expected.
 */
export type RemediationChoice = RemediationPlan | { readonly none: string | null };

export interface RemediationResult {
  /** Temporal run id of the remediation: its identity in history. */
  readonly remediation_id: string;
  readonly runbook: string;
  readonly target: string;
  readonly outcome: RemediationOutcome;
  /** One sentence for people. */
  readonly reason: string;
  /** Whether the target was changed at all. */
  readonly attempted: boolean;
  readonly dry_run: boolean;
  readonly steps: readonly RemediationStep[];
  readonly checks: readonly VerificationCheck[];
  readonly residual_risk: Risk | null;
  readonly started_at: string;
  readonly ended_at: string;
  /** The alert that asked for it, and what its rule compares: by that the repair was verified. */
  readonly fingerprint?: string;
  readonly condition?: TransitionCondition | null;
}

/** Decided when the alert is dispatched, from the runbooks' matchers and the configuration. */
export interface RemediationPlan {
  readonly runbook: string;
  /** The configured target's name = the series' instance_id. */
  readonly target: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly dryRun: boolean;
  readonly soakMs: number;
  /** How long verification may take in all. */
  readonly verifyTimeoutMs: number;
}
