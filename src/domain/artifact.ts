/** What enrichment found, kept with the alert. */

export type ArtifactStatus = 'ok' | 'late' | 'failed';

export interface Artifact {
  /** The provider: `recent_window`, `related_alerts`, `postgres_sessions`, `postgres_blockers`, … */
  readonly provider: string;
  /** The requirements' artifact type: `snapshot`, `logs`, `trace`, `dashboard`, `metrics`, `alerts`. */
  readonly type: string;
  readonly status: ArtifactStatus;
  readonly title: string;
  /** JSON of at most 64 KiB; null when the provider failed or was late. */
  readonly data: unknown;
  readonly url: string | null;
  /** Why there is no data. */
  readonly error: string | null;
  readonly collected_at: string;
  readonly duration_ms: number;
}
