/** What enrichment is made of: providers, each of which finds out one thing about an alert. */
import type { Labels } from '../domain/labels';
import type { Transition } from '../domain/transition';

/** The alert as providers see it. */
export interface EnrichmentSubject {
  readonly fingerprint: string;
  readonly episode: number;
  readonly labels: Labels;
  readonly recent: Transition['recent'];
}

/** What a provider found. `data` becomes JSON, so it holds neither bigints nor cycles. */
export interface Finding {
  readonly title: string;
  readonly data: unknown;
  readonly url?: string;
}

/** What is known of a provider without having one. */
export interface ProviderTraits {
  /** The artifact's `provider`. */
  readonly name: string;
  /** The artifact's `type`: `snapshot`, `metrics`, `alerts`, … */
  readonly type: string;
  /** Reads our own records only, within milliseconds; the others ask a target, and get a budget of their own. */
  readonly quick: boolean;
  /** Whether it can say anything about an alert with these labels and last points. */
  readonly applies: (labels: Labels, recent: Transition['recent']) => boolean;
}

export interface EnrichmentProvider extends ProviderTraits {
  /** Throws when it finds nothing out; stops when `signal` aborts, because then nobody waits any more. */
  collect(subject: EnrichmentSubject, signal: AbortSignal): Promise<Finding>;
}

/** A provider and the time that it may take. */
export interface AskedProvider {
  readonly provider: string;
  readonly budgetMs: number;
}
