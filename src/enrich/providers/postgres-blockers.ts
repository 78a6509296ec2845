/** Who blocks whom in a PostgreSQL target, for how long and with which query: a tree with the first blockers at its roots. */
import { shownQuery } from '../../domain/query-text';
import type { TargetSql } from '../../remediate/port';
import type { EnrichmentProvider, ProviderTraits } from '../port';
import { isPostgresTarget, targetOf } from './postgres-target';

const LIMIT = 200;
const QUERY_LENGTH = 500;

/**
 * Prepared transactions block as pid 0 and are no sessions. `pg_blocking_pids` takes the lock manager's locks for a
 * moment, so it is asked only about sessions that wait for a lock.
 */
const BLOCKED = `
  with waiting as (
    select pid, pg_blocking_pids(pid) as by from pg_stat_activity where wait_event_type = 'Lock' limit $1
  ), involved as (
    select pid from waiting where cardinality(by) > 0 union select unnest(by) from waiting
  )
  select i.pid, w.by as blocked_by, a.usename as "user", a.datname as database, a.application_name as application, a.state, a.query,
    case when w.by is not null then (
      select round(extract(epoch from clock_timestamp() - min(l.waitstart))::numeric, 1)::float8 from pg_locks l where l.pid = i.pid and not l.granted
    ) end as waiting_seconds,
    round(extract(epoch from clock_timestamp() - a.xact_start)::numeric, 1)::float8 as transaction_seconds
  from involved i left join waiting w on w.pid = i.pid left join pg_stat_activity a on a.pid = i.pid
  order by waiting_seconds desc nulls first, i.pid`;

/** Before version 14 there is no `waitstart`; the time since the query began is near it. */
const BLOCKED_BEFORE_14 = BLOCKED.replace(
  /\(\s*select round\(extract\(epoch from clock_timestamp\(\) - min\(l\.waitstart\)\)[^]*?not l\.granted\s*\)/,
  'round(extract(epoch from clock_timestamp() - a.query_start)::numeric, 1)::float8',
);

export interface Involved {
  readonly pid: number;
  readonly blocked_by: readonly number[] | null;
  readonly query: string | null;
  readonly [fact: string]: unknown;
}

export interface BlockNode {
  readonly pid: number;
  /** Sessions that wait for this one, directly. */
  readonly blocks: readonly BlockNode[];
  /** It stands elsewhere in the tree too, with what it blocks. */
  readonly shown_above?: true;
  readonly [fact: string]: unknown;
}

export const postgresBlockersTraits: ProviderTraits = {
  name: 'postgres_blockers',
  type: 'snapshot',
  quick: false,
  applies: isPostgresTarget,
};

export function postgresBlockers(sql: Pick<TargetSql, 'read'>): EnrichmentProvider {
  return {
    ...postgresBlockersTraits,
    async collect({ labels }, signal) {
      const target = targetOf(labels);
      const [version] = await sql.read(
        target,
        {
          name: 'ask the version',
          text: "select current_setting('server_version_num')::int as number",
          values: [],
        },
        signal,
      );
      const text = Number(version!.number) >= 140_000 ? BLOCKED : BLOCKED_BEFORE_14;
      const rows = (await sql.read(
        target,
        { name: 'list blockers', text, values: [LIMIT] },
        signal,
      )) as readonly Involved[];
      const waiting = rows.filter(({ blocked_by }) => blocked_by !== null).length;
      const blockers = blockingTree(rows);
      const title =
        waiting === 0
          ? 'no session waits for another'
          : `${waiting === 1 ? '1 session waits' : `${waiting} sessions wait`} for ${blockers.length} blocker${blockers.length === 1 ? '' : 's'}`;
      return { title, data: { waiting, blockers } };
    },
  };
}

/**
 * The tree under each session that blocks and waits for nobody. A session with several blockers stands under each, with
 * what it blocks only the first time. In a circle (a deadlock, before the server ends it) the first of it is a root.
 */
export function blockingTree(rows: readonly Involved[]): readonly BlockNode[] {
  const shown = new Set<number>();
  const waitersOf = new Map<number, Involved[]>();
  for (const row of rows) {
    for (const blocker of new Set(row.blocked_by ?? []))
      waitersOf.set(blocker, [...(waitersOf.get(blocker) ?? []), row]);
  }
  const node = ({ blocked_by: _, query, ...facts }: Involved): BlockNode => {
    const about = { ...facts, query: shownQuery(query, QUERY_LENGTH) };
    if (shown.has(facts.pid)) return { ...about, blocks: [], shown_above: true };
    shown.add(facts.pid);
    return { ...about, blocks: (waitersOf.get(facts.pid) ?? []).map(node) };
  };
  const free = rows.filter(({ blocked_by }) => blocked_by === null || blocked_by.length === 0);
  const roots = free.map(node);
  for (const row of rows) if (!shown.has(row.pid)) roots.push(node(row));
  return roots;
}
