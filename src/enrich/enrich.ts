/**
 * Runs enrichment providers side by side, each within its own time, and answers an artifact for each whatever happens:
 * found, late or failed. A provider that is late is told to stop, and delays nobody. Keeping the artifacts is the
 * history's affair, asking for them the alert's.
 */
import type { Artifact } from '../domain/artifact';
import { messageOf } from '../domain/errors';
import { shortened } from '../domain/shortened';
import { boundedData } from './bounded-data';
import type { AskedProvider, EnrichmentProvider, EnrichmentSubject, Finding } from './port';

export interface EnrichDeps {
  readonly providers: readonly EnrichmentProvider[];
  readonly now: () => Date;
}

export type Enrich = (
  subject: EnrichmentSubject,
  asked: readonly AskedProvider[],
  signal?: AbortSignal,
) => Promise<readonly Artifact[]>;

export function createEnrich({ providers, now }: EnrichDeps): Enrich {
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  return (subject, asked, signal = new AbortController().signal) =>
    Promise.all(asked.map((one) => collectOne(byName.get(one.provider), one, subject, signal, now)));
}

/** They stand in messages and in the alert's life, so none may be a page long. */
const LONGEST_TITLE = 200;
const LONGEST_ERROR = 500;
const LONGEST_URL = 2_000;

/** What a person may click on. */
function linkOf(url: string | undefined): string | null {
  return url !== undefined && url.length <= LONGEST_URL && /^https?:\/\//i.test(url) ? url : null;
}

async function collectOne(
  provider: EnrichmentProvider | undefined,
  { provider: name, budgetMs }: AskedProvider,
  subject: EnrichmentSubject,
  signal: AbortSignal,
  now: () => Date,
): Promise<Artifact> {
  const startedAt = performance.now();
  const ended = (rest: Pick<Artifact, 'status' | 'title' | 'data' | 'url' | 'error'>): Artifact => ({
    provider: name,
    type: provider?.type ?? 'snapshot',
    ...rest,
    collected_at: now().toISOString(),
    duration_ms: Math.round(performance.now() - startedAt),
  });
  const without = (status: 'late' | 'failed', error: string): Artifact =>
    ended({ status, title: name, data: null, url: null, error: shortened(error, LONGEST_ERROR) });
  if (provider === undefined) return without('failed', `there is no provider "${name}"`);
  if (!provider.applies(subject.labels, subject.recent))
    return without('failed', 'it has nothing to say about an alert with these labels');
  const late = AbortSignal.timeout(budgetMs);
  try {
    const { title, data, url } = await collectUntil(provider, subject, AbortSignal.any([signal, late]));
    return ended({
      status: 'ok',
      title: shortened(title, LONGEST_TITLE),
      data: boundedData(data),
      url: linkOf(url),
      error: null,
    });
  } catch (error) {
    if (late.aborted) return without('late', `no answer within ${budgetMs} ms`);
    return without('failed', signal.aborted ? 'nobody waits for it any more' : messageOf(error));
  }
}

/** Ends with the signal even when the provider does not heed it. */
function collectUntil(
  provider: EnrichmentProvider,
  subject: EnrichmentSubject,
  signal: AbortSignal,
): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    // a provider that throws at once is caught as well
    void Promise.resolve()
      .then(() => provider.collect(subject, signal))
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
