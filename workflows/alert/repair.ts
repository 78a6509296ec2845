/** What an alert makes of its remediation: why there is none, and whose a result is. */
import type { LifePolicy } from '../../src/domain/life';
import type { RemediationResult } from '../../src/domain/remediation';
import type { Running } from './carried';
import type { Said } from './chain';
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

/** The same for one that runs a repair, or has one in its policy. */
export function isAnswer(
  result: RemediationResult,
  transition: Transition,
  policy: LifePolicy,
  remediation: RemediationResult | Running | null,
): boolean {
  const runs = remediation?.outcome === 'running';
  return isFor(transition, runs ? remediation.runbook : policy.remediation?.runbook, result);
}

/** For the timeline, where a runbook was to be expected and none is begun. */
export function whyNotRemediated({ remediation, notRemediated }: LifePolicy): string | null {
  return remediation === null && notRemediated ? `no runbook was started: ${notRemediated}` : null;
}

/** What the timeline says of a run that was another alert's. */
export function saidOfAnothers(
  { runbook, target, outcome, fingerprint }: RemediationResult,
  isOver: boolean,
): Said {
  const then = isOver ? '' : '; its own repair follows';
  const text = `${runbook} was run on ${target} for another alert, ${fingerprint}: ${outcome.replace('_', ' ')}${then}`;
  return { text, details: { outcome, fingerprint } };
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

/** Who says that a maintenance is over and who asks for permission may have clocks that differ. */
export const REPAIR_AGAIN_MS = 5_000;

/** Whether the guard has refused it with this reason. */
export function isRefusedFor(
  remediation: { readonly outcome: string; readonly reason?: string } | null,
  reason: 'silenced' | 'maintenance',
): boolean {
  return remediation?.outcome === 'refused' && remediation.reason?.startsWith(`${reason}:`) === true;
}
