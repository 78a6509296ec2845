/** Where a life goes on whose workflow was lost, from what the history knows of it. */
import { waitAfter } from '../../src/domain/escalation';
import type { LifePolicy, ResumedLife } from '../../src/domain/life';
import type { Transition } from '../../src/domain/transition';
import { longestRemediation } from '../remediation/bounds';
import type { Carried } from './carried';

/** What silences it is known with the first record that is written; nobody is told before. */
const HEAR_OF_SILENCES_MS = 1_000;

type Resumed = Pick<
  Carried,
  | 'signal'
  | 'state'
  | 'episode'
  | 'episodes'
  | 'seq'
  | 'counts'
  | 'acknowledgement'
  | 'escalation'
  | 'remediation'
  | 'remediations'
  | 'heardRemediation'
  | 'enriched'
>;

/**
 * Levels that were told are not told again; the wait for the next one counts on. A repair that had begun is waited for, not
 * begun anew: its workflow outlives the life's and tells the one of that id.
 */
export function resumedFrom(
  lost: ResumedLife,
  transition: Transition,
  policy: LifePolicy,
  now: number,
): Resumed {
  const { state, episodes, seq, counts, acknowledgement, remediation } = lost;
  const episode = Date.parse(transition.starts_at);
  const told = counts.escalated ?? 0;
  return {
    ...{ state, episode, episodes, seq, counts, acknowledgement },
    signal: { episode, firing: true, eventTime: Date.parse(transition.event_time) },
    escalation: { told, dueAt: null, remainingMs: remainingWait(lost, told, policy, now) },
    remediation: isRemediating(lost) ? runningOf(policy, now) : remediation,
    remediations: counts.remediation_started ?? 0,
    heardRemediation: remediation?.remediation_id ?? null,
    enriched: policy.enrich.length === 0 || (counts.enriched ?? 0) > 0,
  };
}

function remainingWait(
  { state, steppedAt }: ResumedLife,
  told: number,
  { escalation }: LifePolicy,
  now: number,
): number | null {
  const wait = escalation === null ? null : waitAfter(escalation, told);
  if (wait === null) return null;
  const gone = state === 'FIRING' ? now - Date.parse(steppedAt) : 0;
  return Math.max(HEAR_OF_SILENCES_MS, wait - gone);
}

function isRemediating({ counts }: ResumedLife): boolean {
  const over = (counts.remediated ?? 0) + (counts.repaired_for_another ?? 0);
  return (counts.remediation_started ?? 0) > over;
}

function runningOf({ remediation: plan }: LifePolicy, now: number): Carried['remediation'] {
  if (plan === null) return null;
  const deadline = now + longestRemediation(plan.verifyTimeoutMs);
  return { outcome: 'running', runbook: plan.runbook, deadline };
}
