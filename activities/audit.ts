/** The parts of an audit, each told apart from one that hangs by its heartbeats. */
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Auditor, AuditPart, AuditSummary, PartRequest } from '../src/audit/port';

const BEAT_EVERY_MS = 1_000;

export function createAuditActivities(auditor: Auditor) {
  async function beating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timer = setInterval(() => heartbeat(), BEAT_EVERY_MS);
    try {
      return await work(cancellationSignal());
    } finally {
      clearInterval(timer);
    }
  }

  return {
    auditAlerts: (request: PartRequest): Promise<AuditPart> =>
      beating((signal) => auditor.alerts(request, signal)),
    auditLives: (request: PartRequest): Promise<AuditPart> =>
      beating((signal) => auditor.lives(request, signal)),
    auditQueues: (): Promise<AuditPart> => beating(() => auditor.queues()),
    concludeAudit: (summary: AuditSummary): Promise<void> => beating(() => auditor.conclude(summary)),
  };
}

export type AuditActivities = ReturnType<typeof createAuditActivities>;
