/**
 * Maintenances that people have begun by command, as rows, and what is to be told to alerts' lives of mutes that have
 * changed. One that has been started or ended is so for every later `current`.
 */
import type { Maintenance, MaintenanceScope } from '../domain/maintenance';
import type { MaintenanceStore } from '../mute/port';
import { json, type Database, type Run } from './database';
import { wakeChannel } from './enqueue';
import type { MuteNewsStore } from './port';

export const MAINTENANCES_MIGRATION = `
create table {schema}.maintenances (
  id text primary key,
  name text not null,
  targets text[] not null,
  environments text[] not null,
  matchers jsonb not null,
  -- The times in which it is in effect; null: from its start to its end.
  intervals jsonb,
  starts_at timestamptz not null,
  -- Null: until somebody ends it.
  ends_at timestamptz,
  created_by text not null,
  comment text not null
);
create index maintenances_end on {schema}.maintenances (ends_at);
create index maintenances_name on {schema}.maintenances (name);

-- Of what a silence or a maintenance is that was begun, changed or ended: the lives of its alerts are to hear of it.
create table {schema}.mute_news (
  id bigint generated always as identity primary key,
  scope jsonb not null,
  lease_until timestamptz
);
`;

/** Those of configurations, by their own words: which are there by the reading of the last process, and since when it is so. */
export const CONFIGURED_MIGRATION = `
create table {schema}.configured_maintenances (
  digest text primary key,
  scope jsonb not null,
  is_there boolean not null default true,
  changed_at timestamptz not null default now()
);
`;

/** Far longer than processes take to read a file, or to be started with it, one after the other. */
const GOES_ROUND = `interval '1 day'`;

interface MaintenanceColumns {
  id: string;
  name: string;
  targets: string[];
  environments: string[];
  matchers: Maintenance['matchers'];
  intervals: Maintenance['intervals'];
  starts_at: Date;
  ends_at: Date | null;
  created_by: string;
  comment: string;
}

const COLUMNS =
  'id, name, targets, environments, matchers, intervals, starts_at, ends_at, created_by, comment';

export function createMaintenanceStore({ run, schema, transaction }: Database): MaintenanceStore {
  const notOverSince = (since: Date): Promise<Maintenance[]> =>
    run<MaintenanceColumns>(
      `select ${COLUMNS} from ${schema}.maintenances where ends_at is null or ends_at > $1 order by starts_at, id`,
      [since],
    ).then((rows) => rows.map(toMaintenance));

  return {
    start: (maintenance, at) =>
      transaction('start a maintenance', async (on) => {
        // Two that are started at once by the same name are started one after the other.
        await on('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
          `${schema}.maintenances.${maintenance.name}`,
        ]);
        const [taken] = await on(
          `select 1 from ${schema}.maintenances where name = $1 and (ends_at is null or ends_at > $2)`,
          [maintenance.name, at],
        );
        if (taken !== undefined) return false;
        await insert(on, schema, maintenance);
        await tellLives(on, schema, [maintenance]);
        return true;
      }),
    end: (name, at) =>
      transaction('end a maintenance', async (on) => {
        const ended = await on<MaintenanceColumns>(
          `update ${schema}.maintenances set ends_at = greatest($2, starts_at)
           where (name = $1 or id = $1) and (ends_at is null or ends_at > $2) returning ${COLUMNS}`,
          [name, at],
        );
        if (ended.length === 0) return 0;
        await lookAtHeld(on, schema);
        await tellLives(on, schema, ended.map(toMaintenance));
        return ended.length;
      }),
    goBy: (all, changed) =>
      transaction('tell of changed maintenances', async (on) => {
        const scopes = [...changed, ...(await changedLately(on, schema, all))].map(scopeOf);
        const each = [...new Map(scopes.map((scope) => [json(scope), scope])).values()];
        if (each.length === 0) return;
        await lookAtHeld(on, schema);
        await tellLives(on, schema, each);
      }),
    current: notOverSince,
    list: notOverSince,
  };
}

async function changedLately(
  on: Run,
  schema: string,
  all: readonly Maintenance[],
): Promise<readonly MaintenanceScope[]> {
  const table = `${schema}.configured_maintenances`;
  await on('select pg_advisory_xact_lock(hashtextextended($1, 0))', [table]);
  await on(
    `with given as materialized (
       select distinct on (digest) md5(one::text) as digest, one->'scope' as scope
       from jsonb_array_elements($1::jsonb) as g (one) order by digest),
     went as (
       update ${table} set is_there = false, changed_at = now()
       where is_there and digest not in (select digest from given)),
     forgotten as (
       delete from ${table}
       where not is_there and changed_at < now() - ${GOES_ROUND} and digest not in (select digest from given))
     insert into ${table} as o (digest, scope) select digest, scope from given
     on conflict (digest) do update set is_there = true, changed_at = now() where not o.is_there`,
    [json(all.map((one) => ({ ...one, scope: scopeOf(one) })))],
  );
  const rows = await on<{ scope: MaintenanceScope }>(
    `select scope from ${table} where changed_at > now() - ${GOES_ROUND} order by changed_at, digest`,
    [],
  );
  return rows.map(({ scope }) => scope);
}

async function insert(on: Run, schema: string, maintenance: Maintenance): Promise<void> {
  const { id, name, targets, environments, matchers, intervals } = maintenance;
  const { startsAt, endsAt, createdBy, comment } = maintenance;
  await on(
    `insert into ${schema}.maintenances (${COLUMNS}) values ($1, $2, $3, $4, $5::jsonb, $6::jsonb, $7, $8, $9, $10)`,
    [
      ...[id, name, targets, environments, json(matchers), intervals === null ? null : json(intervals)],
      ...[startsAt, endsAt, createdBy, comment],
    ],
  );
}

const toMaintenance = (row: MaintenanceColumns): Maintenance => ({
  ...{ id: row.id, name: row.name, targets: row.targets, environments: row.environments },
  ...{ matchers: row.matchers, intervals: row.intervals },
  startsAt: row.starts_at.toISOString(),
  endsAt: row.ends_at?.toISOString() ?? null,
  ...{ createdBy: row.created_by, comment: row.comment },
});

/** What waits for mutes to end is looked at again: one of them has. */
export const LOOK_AT_HELD = (schema: string): string =>
  `update ${schema}.notifications set due_at = least(due_at, now()), held_until = now()
   where state = 'pending' and held_until > now()`;

export async function lookAtHeld(on: Run, schema: string): Promise<void> {
  await on(`with looked as (${LOOK_AT_HELD(schema)}) select pg_notify($1, '')`, [wakeChannel(schema)]);
}

/** In the transaction of the change. */
export async function tellLives(on: Run, schema: string, scopes: readonly MaintenanceScope[]): Promise<void> {
  if (scopes.length === 0) return;
  const rows = scopes.map(scopeOf);
  await on(
    `insert into ${schema}.mute_news (scope) select scope from jsonb_array_elements($1::jsonb) as s (scope)`,
    [json(rows)],
  );
}

const scopeOf = ({ targets, environments, matchers }: MaintenanceScope): MaintenanceScope => ({
  ...{ targets, environments, matchers },
});

export function createMuteNews({ run, schema }: Database): MuteNewsStore {
  return {
    async take(limit, leaseMs) {
      const rows = await run<{ id: number; scope: MaintenanceScope }>(
        `with due as (
           select id from ${schema}.mute_news where lease_until is null or lease_until <= now()
           order by id limit $1 for update skip locked)
         update ${schema}.mute_news n set lease_until = now() + $2 * interval '1 millisecond'
         from due where n.id = due.id returning n.id, n.scope`,
        [limit, leaseMs],
      );
      return rows.map(({ id, scope }) => ({ id: String(id), scope }));
    },
    async done(ids) {
      if (ids.length === 0) return;
      await run(`delete from ${schema}.mute_news where id = any($1::bigint[])`, [ids]);
    },
    openAlerts: () =>
      run(`select fingerprint, labels, episode from ${schema}.alerts where state <> 'RESOLVED'`, []),
  };
}
