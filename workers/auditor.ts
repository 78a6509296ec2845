/** The auditor: its worker, its Schedule, and the sign of life that follows from it. */
import { createAuditActivities } from '../activities/audit';
import { createAuditor } from '../src/audit/auditor';
import type { Config } from '../src/config/config';
import { createHeartbeat, type Heartbeat } from '../src/notify/channels/heartbeat';
import { createAlertsProgress } from '../src/stream/alerts-progress';
import { createTransitionPublisher } from '../src/stream/publishers';
import { deleteAuditSchedule, ensureAuditSchedule } from '../src/temporal/audit-schedule';
import { createAuditedLives } from '../src/temporal/audited-lives';
import { firingOf } from '../src/temporal/remembered';
import type { Shared } from './compose';
import { streamObserver } from './observers';
import { policiesOf } from './policies';
import { startWorker, workflowBundle } from './temporal';

/** What is later than this is not only slow. */
const LATE_MS = 30_000;
const MESSAGE_OVERDUE_MS = 120_000;
/** An audit waits for readers that are behind for a part of its period at most. */
const LONGEST_PATIENCE_MS = 20_000;
/** Without a success for so many periods the sign of life stays away. */
const VALID_PERIODS = 3;

export interface AuditedGroups {
  readonly mend: () => Promise<number>;
  /** They wait for so long after a start. */
  readonly startDelayMs: number;
}

/** `groups`: null where alerts go to receivers without them. */
export async function startAuditor(shared: Shared, groups: AuditedGroups | null): Promise<void> {
  const { config, log, metrics, parts } = shared;
  const { instance, audit } = config;
  const { everyMs } = audit;
  const { client } = await shared.temporal();
  if (everyMs === null) return deleteAuditSchedule(client, instance);
  const [kafka, history, bundle] = await Promise.all([shared.kafka(), shared.history(), workflowBundle()]);
  const heartbeat = startHeartbeat(shared, audit.heartbeat, everyMs);
  const publisher = createTransitionPublisher({ kafka, instance, onEvent: streamObserver(shared) });
  parts.push({ name: "auditor's publisher", stop: () => publisher.close() });
  const policyFor = policiesOf(config);
  const auditor = createAuditor({
    instance,
    rows: history.audit,
    lives: createAuditedLives({ client, instance, policyFor }),
    progress: createAlertsProgress({ kafka, instance, groupIds: ['pages', 'lives'] }),
    publish: publisher.publish,
    escalationOf: (row) => policyFor(firingOf(row, 'auditor')).escalation,
    mendGroups: groups?.mend ?? null,
    lateMs: LATE_MS,
    overdueMs: { group: LATE_MS + (groups?.startDelayMs ?? 0), message: MESSAGE_OVERDUE_MS },
    now: () => Date.now(),
    log,
    onFind: (kind, many) => metrics.auditFinds.inc({ kind }, many),
    onAudited() {
      metrics.auditLastRun.set(Date.now() / 1_000);
      heartbeat?.audited();
    },
  });
  await startWorker(shared, 'audit', {
    workflowBundle: bundle,
    activities: createAuditActivities(auditor),
  });
  const patienceMs = Math.min(LONGEST_PATIENCE_MS, Math.floor(everyMs / 3));
  await ensureAuditSchedule(client, { instance, everyMs, patienceMs });
}

function startHeartbeat(
  { config, log, metrics, parts }: Shared,
  options: Config['audit']['heartbeat'],
  auditEveryMs: number,
): Heartbeat | null {
  if (options === null) return null;
  const heartbeat = createHeartbeat({
    ...options,
    validMs: VALID_PERIODS * auditEveryMs,
    instance: config.instance,
    onBeat(error) {
      metrics.heartbeats.inc({ outcome: error === null ? 'sent' : 'failed' });
      if (error !== null) log.warn({ error }, `the sign of life did not arrive: ${error}`);
    },
  });
  parts.push({ name: 'heartbeat', stop: () => heartbeat.stop() });
  return heartbeat;
}
