/**
 * The auditor's Schedule: one run at a time, and none is made up for, since the next sees all that the missed ones would
 * have seen.
 */
import { ScheduleNotFoundError, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import { auditWorkflowId, taskQueueName } from '../domain/identity';
import type { auditWorkflow } from '../../workflows/audit';
import { ensureSchedule } from './schedules';

export interface AuditSchedule {
  readonly instance: string;
  readonly everyMs: number;
  /** How long an audit waits for readers of `gds.alerts`. */
  readonly patienceMs: number;
}

export async function ensureAuditSchedule(
  client: Client,
  { instance, everyMs, patienceMs }: AuditSchedule,
): Promise<void> {
  await ensureSchedule<typeof auditWorkflow>(client, {
    scheduleId: auditWorkflowId(instance),
    spec: { intervals: [{ every: everyMs }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: everyMs, pauseOnFailure: false },
    action: {
      type: 'startWorkflow',
      workflowType: 'auditWorkflow',
      workflowId: auditWorkflowId(instance),
      taskQueue: taskQueueName(instance, 'audit'),
      args: [{ patienceMs }],
      staticSummary: 'looks for what was lost or is late',
    },
  });
}

/** For a system that is not audited, or taken down for good. */
export async function deleteAuditSchedule(client: Client, instance: string): Promise<void> {
  await client.schedule
    .getHandle(auditWorkflowId(instance))
    .delete()
    .catch((error: unknown) => {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
    });
}
