/** Finds out about an alert: one activity, however many providers are asked. */
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Artifact } from '../src/domain/artifact';
import type { AskedProvider, EnrichmentSubject } from '../src/enrich/port';

export interface EnrichmentDeps {
  /** Answers an artifact for each asked provider, never throws for one that fails. */
  readonly enrich: (
    subject: EnrichmentSubject,
    asked: readonly AskedProvider[],
    signal: AbortSignal,
  ) => Promise<readonly Artifact[]>;
}

export interface EnrichmentRequest extends EnrichmentSubject {
  readonly providers: readonly AskedProvider[];
}

const BEAT_MS = 1_000;

export function createEnrichmentActivities({ enrich }: EnrichmentDeps) {
  return {
    /** Takes as long as the longest budget at most. Reads only, so asking again is harmless. */
    async enrich({ providers, ...subject }: EnrichmentRequest): Promise<readonly Artifact[]> {
      const beat = setInterval(() => heartbeat(), BEAT_MS);
      try {
        return await enrich(subject, providers, cancellationSignal());
      } finally {
        clearInterval(beat);
      }
    },
  };
}

export type EnrichmentActivities = ReturnType<typeof createEnrichmentActivities>;
