/**
 * Looks, apart from all that handles alerts, for what has been lost on the way: alerts without a running workflow and the
 * other way round, groups, escalations and messages whose time has passed. Repairs what can be repaired, and raises each
 * kind of find as an alert of its own until an audit finds no more. When it looks is its Schedule's to say.
 */
import { fingerprint } from '../domain/labels';
import { raisedTransition } from '../domain/raised';
import type { Transition } from '../domain/transition';
import type { AlertRow } from '../history/port';
import { createLifeAudit, type LifeAuditDeps } from './lives';
import type { Auditor, FindKind } from './port';

export interface AuditorDeps extends LifeAuditDeps {
  readonly instance: string;
  /** Makes groups whose rows are gone, and answers how many; null where there are no groups. */
  readonly mendGroups: (() => Promise<number>) | null;
  /** How long after its time a group or a message is overdue, milliseconds. */
  readonly overdueMs: { readonly group: number; readonly message: number };
  readonly onFind: (kind: FindKind, many: number) => void;
  /** Of an audit to its end. */
  readonly onAudited: () => void;
}

export const AUDIT_SOURCE = 'auditor';

/** What people read of each kind. */
const TEXTS: Readonly<Record<FindKind, string>> = {
  life_missing: 'open alerts had no running workflow: they were begun again where they stood',
  row_missing: 'alerts that fire had no row: their lives told them again',
  life_stale: 'lives had not heard that their alerts are over: they were told',
  group_missing: 'groups of open alerts had no row: they were made again',
  group_overdue:
    'groups are past the time of their look, and nobody looks at them: is `tocsin serve` running?',
  escalation_overdue: 'escalations are past their step: are the lifecycle workers well?',
  message_overdue:
    'messages are due and nobody sends them: is their destination away, or no process there that sends?',
};
const KINDS = Object.keys(TEXTS) as FindKind[];

export function createAuditor(deps: AuditorDeps): Auditor {
  const { rows, publish, now, log, instance, mendGroups, overdueMs, onFind, onAudited } = deps;
  const { alerts, running } = createLifeAudit(deps);

  const labelsOf = (kind: FindKind): Record<string, string> => ({
    alertname: 'TocsinAudit',
    find: kind,
    severity: 'warning',
    ...(instance === '' ? {} : { tocsin_instance: instance }),
  });

  const raised = (kind: FindKind, many: number, row: AlertRow | null, at: number): Transition | null =>
    raisedTransition({
      ...{ source: AUDIT_SOURCE, labels: labelsOf(kind), value: many, fires: many > 0, at, row },
      annotations: { summary: `the auditor found: ${TEXTS[kind]}`, count: String(many) },
    });

  return {
    alerts,
    lives: running,
    async queues() {
      const group_missing = (await mendGroups?.()) ?? 0;
      const overdue = await rows.overdue(overdueMs.group, overdueMs.message);
      const finds = { group_missing, group_overdue: overdue.groups, message_overdue: overdue.messages };
      for (const [kind, many] of Object.entries(finds))
        if (many > 0) log.warn({ find: kind, count: many }, `audit: ${many} ${TEXTS[kind as FindKind]}`);
      return { finds, settled: true, next: null };
    },
    async conclude({ finds, settled }) {
      const own = await rows.named(KINDS.map((kind) => fingerprint(labelsOf(kind))));
      const byFingerprint = new Map(own.map((row) => [row.fingerprint, row]));
      const told = KINDS.flatMap((kind) => {
        const many = finds[kind] ?? 0;
        // What could not be looked at is not over.
        if (many === 0 && !settled) return [];
        return raised(kind, many, byFingerprint.get(fingerprint(labelsOf(kind))) ?? null, now()) ?? [];
      });
      if (told.length > 0) await publish(told);
      for (const kind of KINDS) onFind(kind, finds[kind] ?? 0);
      if (settled) onAudited();
    },
  };
}
