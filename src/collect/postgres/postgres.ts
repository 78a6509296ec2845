/** The collector of PostgreSQL: a read-only pool a target, and the groups of `groups.ts`. */
import { TocsinError } from '../../domain/errors';
import type { Collector, Limits, Session } from '../port';
import { createRates } from '../rates';
import { classifyPostgres } from './classify';
import { POSTGRES_GROUPS } from './groups';
import { openDatabase } from './session';

export const postgresCollector: Collector = {
  type: 'postgresql',
  groups: POSTGRES_GROUPS,
  open: openPostgres,
  classify: classifyPostgres,
};

function openPostgres(connection: string | null, limits: Limits): Session {
  if (connection === null)
    throw new TocsinError('TOC_CONFIG_INVALID', 'a PostgreSQL target needs a connection');
  const database = openDatabase(connection, limits, { readOnly: true });
  const rates = createRates();
  return {
    collect(name, signal) {
      const group = POSTGRES_GROUPS.find((each) => each.name === name);
      if (group === undefined) throw new TocsinError('TOC_USAGE', `PostgreSQL has no metric group "${name}"`);
      const query = (text: string, values: readonly unknown[] = []) => database.query(text, values, signal);
      return group.read({ query, rates, at: Date.now() }).then((samples) => samples);
    },
    close: () => database.close(),
  };
}
