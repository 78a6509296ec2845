/** All enrichment providers, one line each, and who asks which: quick ones as the alert opens, the others in an activity. */
import type { Artifact } from '../domain/artifact';
import type { Labels } from '../domain/labels';
import type { Transition } from '../domain/transition';
import type { AlertLists } from '../history/port';
import type { TargetSql } from '../remediate/port';
import { createEnrich } from './enrich';
import type { AskedProvider, EnrichmentProvider, ProviderTraits } from './port';
import { postgresBlockers, postgresBlockersTraits } from './providers/postgres-blockers';
import { postgresSessions, postgresSessionsTraits } from './providers/postgres-sessions';
import { targetOf } from './providers/postgres-target';
import { recentWindow } from './providers/recent-window';
import { relatedAlerts } from './providers/related-alerts';

const REMOTE_TRAITS: readonly ProviderTraits[] = [postgresSessionsTraits, postgresBlockersTraits];

/** Those that ask a target. */
export const remoteProviders = (sql: Pick<TargetSql, 'read'>): readonly EnrichmentProvider[] => [
  postgresSessions(sql),
  postgresBlockers(sql),
];

/** Those that read our own records. */
export const quickProviders = (lists: Pick<AlertLists, 'related'>): readonly EnrichmentProvider[] => [
  recentWindow,
  relatedAlerts(lists),
];

/**
 * Of the budgeted providers, those that ask a target and can say something about an alert with these labels. `postgres`: the
 * configured targets that can be asked; alerts of Prometheus' rules are about others, too.
 */
export function remoteProvidersFor(
  labels: Labels,
  budgets: readonly AskedProvider[],
  postgres: ReadonlySet<string>,
): readonly AskedProvider[] {
  return budgets.filter(({ provider }) =>
    REMOTE_TRAITS.some(
      ({ name, applies }) => name === provider && applies(labels, []) && postgres.has(targetOf(labels)),
    ),
  );
}

/** As the alert's first record waits for them, they have at most this long, whatever their budget. */
const QUICK_LIMIT_MS = 400;

export interface QuickDeps {
  readonly lists: Pick<AlertLists, 'related'>;
  readonly budgets: readonly AskedProvider[];
}

/** What our own records know of an alert that has just opened. */
export function quickArtifactsFrom({
  lists,
  budgets,
}: QuickDeps): (transition: Transition, episode: number) => Promise<readonly Artifact[]> {
  const providers = quickProviders(lists);
  const enrich = createEnrich({ providers, now: () => new Date() });
  return ({ fingerprint, labels, recent }, episode) => {
    const asked = budgets
      .filter(({ provider }) =>
        providers.some(({ name, applies }) => name === provider && applies(labels, recent)),
      )
      .map(({ provider, budgetMs }) => ({ provider, budgetMs: Math.min(budgetMs, QUICK_LIMIT_MS) }));
    return enrich({ fingerprint, episode, labels, recent }, asked);
  };
}
