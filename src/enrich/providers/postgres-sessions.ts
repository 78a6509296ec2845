/** The sessions of a PostgreSQL target: how many in which state, and those that have been in theirs the longest. */
import { shownQuery } from '../../domain/query-text';
import type { Row } from '../../domain/runbook';
import type { TargetSql } from '../../remediate/port';
import type { EnrichmentProvider, ProviderTraits } from '../port';
import { isPostgresTarget, targetOf } from './postgres-target';

const TOP = 20;
const QUERY_LENGTH = 1_000;

/** Those that hold something come first: in transaction before active before idle, then by age. */
const SESSIONS = `
  with sessions as (
    select pid, usename as "user", datname as database, application_name as application, coalesce(host(client_addr), 'local') as client,
      coalesce(state, 'unknown') as state, wait_event_type, wait_event, query,
      round(extract(epoch from clock_timestamp() - state_change)::numeric, 1)::float8 as in_state_seconds,
      round(extract(epoch from clock_timestamp() - xact_start)::numeric, 1)::float8 as transaction_seconds,
      round(extract(epoch from clock_timestamp() - backend_start)::numeric, 1)::float8 as connected_seconds
    from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
  ), ranked as (
    select *, row_number() over (order by
      case when state like 'idle in transaction%' then 0 when state = 'active' then 1 when state = 'idle' then 2 else 3 end,
      coalesce(transaction_seconds, in_state_seconds) desc nulls last, pid) as rank
    from sessions
  )
  select (select coalesce(json_object_agg(state, count), '{}') from (select state, count(*) from sessions group by state) s) as states,
    (select count(*)::int from sessions) as total, current_setting('max_connections')::int as max_connections,
    (select coalesce(json_agg(r order by rank), '[]') from ranked r where rank <= $1) as sessions`;

export const postgresSessionsTraits: ProviderTraits = {
  name: 'postgres_sessions',
  type: 'snapshot',
  quick: false,
  applies: isPostgresTarget,
};

export function postgresSessions(sql: Pick<TargetSql, 'read'>): EnrichmentProvider {
  return {
    ...postgresSessionsTraits,
    async collect({ labels }, signal) {
      const statement = { name: 'list sessions', text: SESSIONS, values: [TOP] };
      const [row] = await sql.read(targetOf(labels), statement, signal);
      const { states, total, max_connections, sessions } = row as {
        states: unknown;
        total: number;
        max_connections: number;
        sessions: Row[];
      };
      const shown = sessions.map(({ rank: _, query, ...session }) => ({
        ...session,
        query: shownQuery(query as string | null, QUERY_LENGTH),
      }));
      return {
        title: `${total} of ${max_connections} connections are used`,
        data: { total, max_connections, states, sessions: shown },
      };
    },
  };
}
