/** Writes of different alerts that come while one is under way go into one transaction. */
import { TocsinError } from '../domain/errors';
import { coalesced } from './coalesce';
import type { Database, Run } from './database';
import { isLockTimeout } from './database-errors';

export interface Together<T, R> {
  /** For messages of errors. */
  readonly doing: string;
  /** The alert's fingerprint: two items of one alert never go together. */
  readonly alert: (item: T) => string;
  /** Answers in the order of the items; may run more than once. */
  readonly write: (run: Run, items: readonly T[]) => Promise<readonly R[]>;
  readonly mostAtOnce: number;
}

/** Longer than our own transactions take. Who holds an alert's row for longer holds up that alert's item alone. */
const LOCK_PATIENCE_MS = 250;

/** What fails together is tried alone, each for itself, so that nobody fails or waits for another's sake. */
export function writtenTogether<T, R>(database: Database, how: Together<T, R>): (item: T) => Promise<R> {
  const { doing, write, mostAtOnce } = how;
  const alone = async (item: T): Promise<R> =>
    (await database.transaction(doing, (run) => write(run, [item])))[0]!;
  return coalesced<T, R>(async (items) => {
    const batch = ofDifferentAlerts(items, how.alert);
    const written = await database
      .transaction(doing, (run) => write(run, batch), LOCK_PATIENCE_MS)
      .catch((error: unknown): readonly R[] => {
        if (isAway(error)) throw error;
        return [];
      });
    const answers = new Map<T, R>(written.map((answer, place) => [batch[place]!, answer]));
    return items.map((item) => (answers.has(item) ? answers.get(item)! : alone(item)));
  }, mostAtOnce);
}

/** A lock that somebody keeps is not a Postgres that is away. */
const isAway = (error: unknown): boolean =>
  error instanceof TocsinError && error.code === 'TOC_DEPENDENCY_AWAY' && !isLockTimeout(error.cause);

/** The first of each. */
function ofDifferentAlerts<T>(items: readonly T[], alertOf: (item: T) => string): T[] {
  const first = new Map<string, T>();
  for (const item of items) if (!first.has(alertOf(item))) first.set(alertOf(item), item);
  return [...first.values()];
}
