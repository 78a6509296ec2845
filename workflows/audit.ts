/**
 * One audit, begun by its Schedule, apart from all lives: it goes through the open alerts and the running lives in parts,
 * so that no activity is long however many there are, and ends with telling what was found. What is looked for is the
 * auditor's, in src/audit.
 */
import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { AuditActivities } from '../activities/audit';
import type { AuditPart, AuditSummary, FindKind, PartRequest } from '../src/audit/port';

export interface AuditInput {
  /** How long readers of `gds.alerts` that are behind are waited for, in all. */
  readonly patienceMs: number;
  /** Handed over by continue-as-new. */
  readonly carried?: { readonly summary: AuditSummary; readonly alertsDone: boolean; readonly after: string };
}

const { auditAlerts, auditLives, auditQueues, concludeAudit } = proxyActivities<AuditActivities>({
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  // The next audit is soon: one that fails says so, to whoever waits for its sign of life.
  retry: { maximumAttempts: 3 },
});

export async function auditWorkflow(input: AuditInput): Promise<AuditSummary> {
  let { summary } = input.carried ?? { summary: NOTHING };
  const go = async (
    part: (request: PartRequest) => Promise<AuditPart>,
    from: string | null,
    alertsDone: boolean,
  ): Promise<void> => {
    for (let after = from; ;) {
      // Whoever was not waited for in vain is not behind.
      const behind = !summary.settled;
      const answer = await part({ after, patienceMs: behind ? 0 : input.patienceMs, behind });
      summary = added(summary, answer);
      if (answer.next === null) return;
      after = answer.next;
      if (workflowInfo().continueAsNewSuggested)
        await continueAsNew<typeof auditWorkflow>({ ...input, carried: { summary, alertsDone, after } });
    }
  };
  const { alertsDone = false, after = null } = input.carried ?? {};
  if (!alertsDone) await go(auditAlerts, after, false);
  await go(auditLives, alertsDone ? after : null, true);
  summary = added(summary, await auditQueues());
  await concludeAudit(summary);
  return summary;
}

const NOTHING: AuditSummary = { finds: {}, settled: true };

function added(sum: AuditSummary, { finds, settled }: AuditPart): AuditSummary {
  const all = { ...sum.finds };
  for (const [kind, many] of Object.entries(finds)) {
    const known = all[kind as FindKind] ?? 0;
    if (many > 0) all[kind as FindKind] = known + many;
  }
  return { finds: all, settled: sum.settled && settled };
}
