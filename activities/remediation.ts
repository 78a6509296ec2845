/**
 * What a remediation workflow asks of the world: permission, reads and changes of a target, and the wait for samples
 * that prove the repair. Each is safe to run again: permits belong to the remediation's id, a change is recorded by its
 * key, and the watch reads everything since the act anew.
 */
import { activityInfo, ApplicationFailure, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { TocsinError, messageOf } from '../src/domain/errors';
import type { Labels } from '../src/domain/labels';
import { metricValue } from '../src/domain/metric';
import type { VerificationCheck } from '../src/domain/remediation';
import type { Row, SqlStatement } from '../src/domain/runbook';
import type { TransitionCondition } from '../src/domain/transition';
import type {
  ActRequest,
  ActResult,
  Admission,
  AdmissionRequest,
  Confirmation,
  Lease,
  RecentSamples,
  RecoveryWatch,
  RemediationActs,
  RemediationGuard,
  WatchVerdict,
} from '../src/remediate/port';

export interface RemediationDeps {
  readonly guard: RemediationGuard;
  readonly acts: RemediationActs;
  readonly watch: RecoveryWatch;
  /** Told of every change of a target. */
  readonly onActed?: (request: ActRequest, result: ActResult) => void;
}

export interface RecoveryRequest {
  readonly condition: TransitionCondition;
  /** Milliseconds since 1970, by the clock of the process that acted. */
  readonly actedAt: number;
  readonly soakMs: number;
  readonly verifyTimeoutMs: number;
  /** Kept alive meanwhile, so that nobody else acts on the target and a rollback is still ours to make. */
  readonly lease: Lease;
  readonly correlationId?: string;
}

const BEAT_MS = 1_000;
const RENEW_EVERY_MS = 3_000;

export function createRemediationActivities({ guard, acts, watch, onActed }: RemediationDeps) {
  return {
    async admit(request: AdmissionRequest): Promise<Admission> {
      return guard.admit(request);
    },

    /** The last look before the act. */
    async confirm(
      runbook: string,
      lease: Lease,
      correlationId?: string,
      about?: { readonly target: string; readonly labels: Labels },
    ): Promise<Confirmation> {
      return guard.confirm(runbook, lease, correlationId, about);
    },

    async readTarget(target: string, statement: SqlStatement): Promise<readonly Row[]> {
      return named(() => acts.read(target, statement, cancellationSignal()));
    },

    async changeTarget(request: ActRequest): Promise<ActResult> {
      const beat = setInterval(() => heartbeat(), BEAT_MS);
      try {
        const result = await named(() => acts.perform(request, cancellationSignal()));
        onActed?.(request, result);
        return result;
      } finally {
        clearInterval(beat);
      }
    },

    /** The rule's samples before the act. */
    async recentSamples(condition: TransitionCondition, lookBackMs: number): Promise<RecentSamples> {
      return named(() => watch.recent(condition, lookBackMs));
    },

    /**
     * Waits until the rule has recovered for the soak time, at most `verifyTimeoutMs` from the act. It beats after every
     * look, so a reader that hangs is noticed, and an attempt that takes over has the same deadline.
     */
    async awaitRecovery({
      condition,
      actedAt,
      soakMs,
      verifyTimeoutMs,
      lease,
      correlationId,
    }: RecoveryRequest): Promise<VerificationCheck> {
      const keepLease = leaseKeeper(guard, lease, correlationId);
      heartbeat({ attempt: activityInfo().attempt });
      const request = { condition, actedAt, soakMs, deadline: actedAt + verifyTimeoutMs };
      const verdict = await watch.awaitRecovery(
        request,
        (sofar) => {
          heartbeat(sofar);
          keepLease();
        },
        cancellationSignal(),
      );
      return checkOf(verdict, soakMs);
    },

    async release(remediationId: string, target: string, acted: boolean): Promise<void> {
      return guard.release(remediationId, target, acted);
    },
  };
}

export type RemediationActivities = ReturnType<typeof createRemediationActivities>;

/**
 * Renews the lease every few seconds. A lease that is lost does not end the watch, which changes nothing: a rollback
 * would be refused, and says so.
 */
function leaseKeeper(guard: RemediationGuard, lease: Lease, correlationId: string | undefined): () => void {
  const about = { holder: lease.holder, correlation_id: correlationId };
  let renewedAt = 0;
  return () => {
    if (Date.now() - renewedAt < RENEW_EVERY_MS) return;
    renewedAt = Date.now();
    void guard.renew(lease).then(
      (held) => held || log.warn('the lease of a remediation is lost', about),
      (error: unknown) =>
        log.warn('the lease of a remediation could not be renewed', { ...about, reason: messageOf(error) }),
    );
  };
}

function checkOf(verdict: WatchVerdict, soakMs: number): VerificationCheck {
  const type = 'rule_recovery';
  const soak = `${soakMs / 1_000} s`;
  switch (verdict.kind) {
    case 'verified':
      return {
        type,
        status: 'PASS',
        detail: `${verdict.samples} samples since ${iso(verdict.since)} meet the recovery condition, over the soak time of ${soak}`,
      };
    case 'soaking':
      return {
        type,
        status: 'FAIL',
        detail: `the samples meet the recovery condition only since ${iso(verdict.since)}, shorter than the soak time of ${soak}`,
      };
    case 'breaching':
      return {
        type,
        status: 'FAIL',
        detail: `the sample of ${iso(verdict.at)} does not meet the recovery condition: ${metricValue(verdict.value)}`,
      };
    case 'no_sample':
      return { type, status: 'UNKNOWN', detail: 'no sample has an event time after the act' };
    case 'unreadable':
      return { type, status: 'UNKNOWN', detail: `the samples could not be read: ${verdict.error}` };
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** SQLSTATE classes that no repetition cures: bad data, wrong or forbidden statement, not supported, no access. */
const HOPELESS = /^(0A|22|23|25|28|2F|42)[0-9A-Z]{3}$/;

/**
 * Faults get their code as type, and those that trying again cannot help are not tried again. Causes stay here: a
 * driver's own words may hold a connection's secrets, and history keeps everything.
 */
async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (cancellationSignal().aborted) throw error;
    if (error instanceof TocsinError) throw failure(error, error.code, !error.retryable);
    if (isSqlError(error)) throw failure(error, `SQL_${error.code}`, HOPELESS.test(error.code));
    throw failure(error, error instanceof Error ? error.name : 'Error', error instanceof RangeError);
  }
}

const failure = (error: unknown, type: string, nonRetryable: boolean): ApplicationFailure =>
  ApplicationFailure.create({ message: messageOf(error), type, nonRetryable });

/** An error of the database driver, whose `code` is an SQLSTATE. */
function isSqlError(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^[0-9A-Z]{5}$/.test(error.code)
  );
}
