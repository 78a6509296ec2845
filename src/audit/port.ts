/** What the auditor asks of its neighbours, and what its workflow asks of it. */
import type { LifeAudit } from '../domain/life';
import type { AlertRow } from '../history/port';
import type { ResumedLife } from '../domain/life';

export type FindKind =
  /** An open alert whose workflow does not run. */
  | 'life_missing'
  /** A life of an open episode whose alert has no row. */
  | 'row_missing'
  /** A life that has not heard that its alert is over. */
  | 'life_stale'
  /** A group of open alerts that has no row. */
  | 'group_missing'
  /** A group that nobody looks at although its time has come. */
  | 'group_overdue'
  /** A level of an escalation that was not told at its time. */
  | 'escalation_overdue'
  /** A message that is due and that nobody sends. */
  | 'message_overdue';

export type FindCounts = Readonly<Partial<Record<FindKind, number>>>;

/** What one part of an audit came to. */
export interface AuditPart {
  readonly finds: FindCounts;
  /** False: whoever reads `gds.alerts` is behind, so that nothing can be said of some alerts yet. */
  readonly settled: boolean;
  /** Where the next part begins; null: this was the last. */
  readonly next: string | null;
}

export interface AuditSummary {
  readonly finds: FindCounts;
  readonly settled: boolean;
}

export interface PartRequest {
  /** Where it begins; null: at the beginning. */
  readonly after: string | null;
  /** How long readers of `gds.alerts` that are behind are waited for. */
  readonly patienceMs: number;
  /** They are behind, as an earlier part of the audit has found. */
  readonly behind?: boolean;
}

/** Each can be done again: what was repaired is no find any more. */
export interface Auditor {
  /** Open alerts without a running workflow, and escalations behind their time. */
  alerts(request: PartRequest, signal: AbortSignal): Promise<AuditPart>;
  /** Running workflows without an alert. */
  lives(request: PartRequest, signal: AbortSignal): Promise<AuditPart>;
  /** Groups and messages that are overdue, groups whose rows are gone. */
  queues(): Promise<AuditPart>;
  /** Tells people, and whoever watches from outside. */
  conclude(summary: AuditSummary): Promise<void>;
}

/** A workflow's last run. */
export interface LifeRun {
  readonly runId: string;
  readonly isRunning: boolean;
}

export interface AuditedLives {
  /** By the server's own record, not by its lists, which lag. Null: it knows of no run. */
  runOf(fingerprint: string): Promise<LifeRun | null>;
  /** Fingerprints of lives that run, as far as the lists know. */
  running(
    after: string | null,
  ): Promise<{ readonly fingerprints: readonly string[]; readonly next: string | null }>;
  /** What the life says; null when none runs. Throws when it does not answer. */
  ask(fingerprint: string): Promise<LifeAudit | null>;
  /** Begins the life of a row's open episode; `resumed`: where the last one stood. False when one runs by now. */
  begin(row: AlertRow, resumed: ResumedLife | null): Promise<boolean>;
  /** Tells the life, if it runs, what its row says: that it fires, or that it is over. */
  tell(row: AlertRow): Promise<void>;
}

/** How far the readers of `gds.alerts` are. */
export interface AlertsProgress {
  /** Where the topic ends now, by partition. */
  end(): Promise<ReadonlyMap<number, bigint>>;
  /** Whether all readers have taken in what is before. */
  reached(positions: ReadonlyMap<number, bigint>): Promise<boolean>;
}
