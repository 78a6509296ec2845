/** What one run of a life hands to the next one. */
import type { Artifact } from '../../src/domain/artifact';
import type { EpisodeState } from '../../src/domain/episode';
import type { Acknowledgement, TimelineEvent } from '../../src/domain/life';
import type { AlertState } from '../../src/domain/lifecycle';
import type { RemediationResult } from '../../src/domain/remediation';
import type { QueuedRecord } from '../../src/history/port';

/** Until `deadline`, milliseconds, its result is waited for. */
export type Running = { readonly outcome: 'running'; readonly runbook: string; readonly deadline: number };

/** The chain's clock: `dueAt` while it runs, `remainingMs` while it is stopped, neither at its end. */
export interface EscalationClock {
  readonly told: number;
  readonly dueAt: number | null;
  readonly remainingMs: number | null;
}

export interface Carried {
  readonly signal: EpisodeState | null;
  readonly state: AlertState;
  readonly episode: number;
  readonly episodes: number;
  readonly seq: number;
  /** How many events of each kind the episode has. */
  readonly counts: Readonly<Record<string, number>>;
  readonly acknowledgement: Acknowledgement | null;
  readonly silencedUntil: number | null;
  readonly quietUntil: number | null;
  readonly coolUntil: number | null;
  readonly previousEndedAt: number | null;
  readonly escalation: EscalationClock;
  readonly remediation: RemediationResult | Running | null;
  readonly remediations: number;
  readonly heardRemediation: string | null;
  readonly gaveUpRemediation: boolean;
  /** Absent in what older runs have handed on. */
  readonly yielded?: boolean;
  readonly repairAt?: number | null;
  /** Steps of the episode of which it has heard that nobody could be told. */
  readonly untold?: readonly string[];
  readonly enriched: boolean;
  readonly artifacts: readonly Artifact[];
  readonly timeline: readonly TimelineEvent[];
  readonly records: readonly QueuedRecord[];
}
