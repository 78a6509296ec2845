/** What an alert makes of its remediation: why there is none, and whose a result is. */
import type { LifePolicy } from '../../src/domain/life';
import type { RemediationResult } from '../../src/domain/remediation';
import { sameCondition, type Transition } from '../../src/domain/transition';

/**
 * Whether a result is the alert's: of a run of its own, or of one that it joined and that did for another alert just what
 * its own would do and verify.
 */
export function isFor(
  alert: Pick<Transition, 'fingerprint' | 'condition'>,
  runbook: string | undefined,
  result: RemediationResult,
): boolean {
  if (result.fingerprint === undefined || result.fingerprint === alert.fingerprint) return true;
  return result.runbook === runbook && sameCondition(result.condition, alert.condition ?? null);
}

/** For the timeline, where a runbook was to be expected and none is begun. */
export function whyNotRemediated({ remediation, notRemediated }: LifePolicy): string | null {
  return remediation === null && notRemediated ? `no runbook was started: ${notRemediated}` : null;
}

/** Our own word, where none came. */
export function withoutResult(
  remediation_id: string,
  runbook: string,
  target: string,
  reason: string,
  at: string,
): RemediationResult {
  return {
    remediation_id,
    runbook,
    target,
    outcome: 'failed',
    reason,
    attempted: false,
    dry_run: false,
    steps: [],
    checks: [],
    residual_risk: null,
    started_at: at,
    ended_at: at,
  };
}
