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
  readonly onEnriched?: (request: EnrichmentRequest, artifacts: readonly Artifact[]) => void;
}

export interface EnrichmentRequest extends EnrichmentSubject {
  readonly providers: readonly AskedProvider[];
  readonly correlationId?: string;
}

const BEAT_MS = 1_000;

export function createEnrichmentActivities({ enrich, onEnriched }: EnrichmentDeps) {
  return {
    /** Takes as long as the longest budget at most. Reads only, so asking again is harmless. */
    async enrich(request: EnrichmentRequest): Promise<readonly Artifact[]> {
      const { fingerprint, episode, labels, recent } = request;
      const beat = setInterval(() => heartbeat(), BEAT_MS);
      try {
        const subject = { fingerprint, episode, labels, recent };
        const artifacts = await enrich(subject, request.providers, cancellationSignal());
        onEnriched?.(request, artifacts);
        return artifacts;
      } finally {
        clearInterval(beat);
      }
    },
  };
}

export type EnrichmentActivities = ReturnType<typeof createEnrichmentActivities>;
