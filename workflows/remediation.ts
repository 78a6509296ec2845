/**
 * The repair of one target by one runbook: guard → snapshot → act → verify → roll back on failure → report. It never
 * acts on a doubt, and never calls a repair done that no sample proves. The phases are in `remediation/run.ts`; whether
 * a runbook may act is decided in activities, on rows that all workers share.
 *
 * Its id is that of its target, so one runs at a time on a target, and other alerts of the target join it.
 */
import type { RemediationResult } from '../src/domain/remediation';
import { runbookNamed } from '../runbooks';
import type { RemediationInput } from './messages';
import { remediate } from './remediation/run';

export async function remediationWorkflow(input: RemediationInput): Promise<RemediationResult> {
  return remediate(input, runbookNamed);
}
