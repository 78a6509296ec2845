/**
 * Rows that decide over remediations: kill switches, permits (places among a number of seats), leases with fencing
 * tokens, and the record of acts. Every decision is one statement and holds under concurrency, because each competes
 * for one row with `insert … on conflict do update … where`, whose condition Postgres evaluates on the newest version
 * of that row. All times are the server's: the clocks of workers decide nothing here.
 *
 * What the permits are for, and what a refusal is called, is `src/remediate`'s affair.
 */
import type { Row } from '../domain/runbook';
import { fnv1a64 } from '../domain/labels';
import type { Database, Run } from './database';
import type {
  ActBegin,
  ActRequest,
  ActResult,
  KillSwitch,
  Lease,
  PermitStore,
  Taken,
  TakeRequest,
} from '../remediate/port';

/** The tables of this file; `{schema}` stands for the instance's schema. */
export const PERMITS_MIGRATION = `
create table {schema}.remediation_switches (
  scope text primary key,
  engaged boolean not null,
  reason text not null,
  changed_by text not null,
  changed_at timestamptz not null default clock_timestamp()
);
comment on table {schema}.remediation_switches is 'Kill switches: scope * for all remediation, or the name of a runbook';

create table {schema}.remediation_permits (
  scope text primary key,
  seats integer not null,
  held jsonb not null
);
comment on column {schema}.remediation_permits.held is 'remediation id -> milliseconds since 1970 until which it has its seat';

create table {schema}.remediation_leases (
  resource text primary key,
  holder text,
  token bigint not null,
  expires_at timestamptz not null
);
create index remediation_leases_holder on {schema}.remediation_leases (holder);

create table {schema}.remediation_acts (
  remediation_id text not null,
  statement text not null,
  fingerprint text not null,
  episode bigint not null,
  runbook text not null,
  target text not null,
  fences jsonb not null,
  statement_hash text not null,
  intent_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 1,
  finished_at timestamptz,
  acted_at bigint,
  result jsonb,
  error text,
  primary key (remediation_id, statement, fingerprint, episode)
);
create index remediation_acts_target on {schema}.remediation_acts (target, intent_at);
comment on table {schema}.remediation_acts is 'Intent before, result after: an act without finished_at was cut off and may have happened';
`;

const NOW_MS = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
const inMs = (parameter: string): string =>
  `clock_timestamp() + ${parameter}::bigint * interval '1 millisecond'`;

export function createPermitStore(database: Pick<Database, 'run' | 'transaction' | 'schema'>): PermitStore {
  const { run } = database;
  const sql = statements(`"${database.schema}"`);

  return {
    async engagedSwitch(runbook) {
      const rows = await run<SwitchRow>(sql.engagedSwitch, [runbook]);
      return rows[0] ? killSwitch(rows[0]) : null;
    },

    async switches() {
      return (await run<SwitchRow>(sql.switches)).map(killSwitch);
    },

    async setSwitch({ scope, engaged, reason, changedBy }) {
      await run(sql.setSwitch, [scope, engaged, reason, changedBy]);
    },

    take: (request) =>
      database.transaction(`take permits for ${request.holder}`, (inside) => takeAll(inside, sql, request)),

    async renew({ holder, fences }, leaseMs, scopes) {
      const rows = await run<{ held: boolean }>(sql.renew, [
        holder,
        ...fenceColumns(fences),
        leaseMs,
        scopes,
      ]);
      return rows[0]!.held;
    },

    async release(holder, scopes) {
      await run(sql.release, [holder, scopes]);
    },

    async beginAct(request, leaseMs) {
      const { remediationId, statement, fingerprint, episode, runbook, target, lease } = request;
      const rows = await run<BeginRow>(sql.beginAct, [
        ...[remediationId, statement.name, fingerprint, episode, runbook, target],
        ...[JSON.stringify(lease.fences), statementHash(request), lease.holder],
        ...[...fenceColumns(lease.fences), leaseMs],
      ]);
      return begun(rows[0]!, request);
    },

    async finishAct(request, { rows, actedAt }) {
      await run(sql.finishAct, [...actKey(request), JSON.stringify(rows), actedAt]);
    },

    async failAct(request, error) {
      await run(sql.failAct, [...actKey(request), error]);
    },
  };
}

type Statements = ReturnType<typeof statements>;

function statements(s: string) {
  return {
    engagedSwitch: `select * from ${s}.remediation_switches where engaged and scope in ('*', $1) order by scope limit 1`,
    switches: `select * from ${s}.remediation_switches order by scope`,
    setSwitch: `
      insert into ${s}.remediation_switches (scope, engaged, reason, changed_by) values ($1, $2, $3, $4)
      on conflict (scope) do update set engaged = excluded.engaged, reason = excluded.reason,
        changed_by = excluded.changed_by, changed_at = clock_timestamp()`,

    // scopes and resources are taken in sorted order, so that two takers never wait for each other
    takeSeats: `
      insert into ${s}.remediation_permits as p (scope, seats, held)
      select w.scope, w.seats, jsonb_build_object($1::text, ${NOW_MS} + w.ttl_ms)
      from unnest($2::text[], $3::int[], $4::bigint[]) as w(scope, seats, ttl_ms)
      where w.seats > 0 order by w.scope
      on conflict (scope) do update set seats = excluded.seats, held = excluded.held || coalesce(
        (select jsonb_object_agg(h.key, h.value) from jsonb_each(p.held) h
         where h.value::bigint > ${NOW_MS} and h.key <> $1), '{}')
      where (select count(*) from jsonb_each(p.held) h where h.value::bigint > ${NOW_MS} and h.key <> $1) < excluded.seats
      returning p.scope as name`,
    seatHolders: `
      select h.key as holder, to_timestamp(h.value::bigint / 1000.0) as until
      from ${s}.remediation_permits p, jsonb_each(p.held) h
      where p.scope = any($1) and h.value::bigint > ${NOW_MS} order by h.value::bigint`,
    takeLeases: `
      insert into ${s}.remediation_leases as l (resource, holder, token, expires_at)
      select r, $1, 1, ${inMs('$3')} from unnest($2::text[]) r order by r
      on conflict (resource) do update set holder = excluded.holder, expires_at = excluded.expires_at,
        token = l.token + case when l.holder = excluded.holder and l.expires_at > clock_timestamp() then 0 else 1 end
      where l.holder is null or l.holder = excluded.holder or l.expires_at <= clock_timestamp()
      returning l.resource as name, l.token::float8 as token`,
    leaseHolders: `
      select holder, expires_at as until from ${s}.remediation_leases
      where resource = any($1) and holder is not null and expires_at > clock_timestamp() order by expires_at`,

    renew: `
      with mine as (
        select l.resource from ${s}.remediation_leases l
        join unnest($2::text[], $3::bigint[]) f(resource, token) on l.resource = f.resource and l.token = f.token
        where l.holder = $1 and l.expires_at > clock_timestamp() order by l.resource for update of l
      ), held as (
        select count(*) = cardinality($2::text[]) as all from mine
      ), longer as (
        update ${s}.remediation_leases l set expires_at = greatest(l.expires_at, ${inMs('$4')})
        from held where held.all and l.resource in (select resource from mine)
      ), seated as (
        update ${s}.remediation_permits p set held = p.held || jsonb_build_object($1::text, ${NOW_MS} + $4::bigint)
        from held where held.all and p.scope = any($5) and p.held ? $1
      )
      select held.all as held from held`,
    release: `
      with freed as (
        update ${s}.remediation_leases set holder = null, expires_at = clock_timestamp() where holder = $1
      )
      update ${s}.remediation_permits set held = held - $1 where scope = any($2::text[]) and held ? $1`,

    beginAct: `
      with switched as (
        select scope, reason from ${s}.remediation_switches where engaged and scope in ('*', $5) order by scope limit 1
      ), mine as (
        select l.resource from ${s}.remediation_leases l
        join unnest($10::text[], $11::bigint[]) f(resource, token) on l.resource = f.resource and l.token = f.token
        where l.holder = $9 and l.expires_at > clock_timestamp() order by l.resource for update of l
      ), gate as (
        select not exists (select from switched) and (select count(*) from mine) = cardinality($10::text[]) as open
      ), longer as (
        update ${s}.remediation_leases l set expires_at = greatest(l.expires_at, ${inMs('$12')})
        from gate where gate.open and l.resource in (select resource from mine)
      ), written as (
        insert into ${s}.remediation_acts as a
          (remediation_id, statement, fingerprint, episode, runbook, target, fences, statement_hash)
        select $1, $2, $3, $4, $5, $6, $7::jsonb, $8 from gate where gate.open
        on conflict (remediation_id, statement, fingerprint, episode) do update
          set attempts = a.attempts + 1, intent_at = clock_timestamp(), error = null
          where a.finished_at is null and a.statement_hash = excluded.statement_hash
        returning attempts
      )
      select (select attempts from written) as attempts,
        (select scope from switched) as switch_scope, (select reason from switched) as switch_reason,
        a.statement_hash, a.finished_at, a.result, a.acted_at::float8 as acted_at, a.attempts as earlier
      from (select) as one left join ${s}.remediation_acts a
        on a.remediation_id = $1 and a.statement = $2 and a.fingerprint = $3 and a.episode = $4`,
    finishAct: `
      update ${s}.remediation_acts set finished_at = clock_timestamp(), result = $5::jsonb, acted_at = $6, error = null
      where remediation_id = $1 and statement = $2 and fingerprint = $3 and episode = $4 and finished_at is null`,
    failAct: `
      update ${s}.remediation_acts set error = $5
      where remediation_id = $1 and statement = $2 and fingerprint = $3 and episode = $4 and finished_at is null`,
  };
}

interface SwitchRow {
  scope: string;
  engaged: boolean;
  reason: string;
  changed_by: string;
  changed_at: Date;
}

interface BeginRow {
  attempts: number | null;
  switch_scope: string | null;
  switch_reason: string | null;
  statement_hash: string | null;
  finished_at: Date | null;
  result: readonly Row[] | null;
  acted_at: number | null;
  earlier: number | null;
}

const killSwitch = (row: SwitchRow): KillSwitch => ({
  scope: row.scope,
  engaged: row.engaged,
  reason: row.reason,
  changedBy: row.changed_by,
  changedAt: row.changed_at.toISOString(),
});

const actKey = (of: ActRequest): unknown[] => [
  of.remediationId,
  of.statement.name,
  of.fingerprint,
  of.episode,
];
const statementHash = ({ statement }: ActRequest): string =>
  fnv1a64(JSON.stringify([statement.text, statement.values]));
const fenceColumns = (fences: Lease['fences']): [string[], number[]] => [
  fences.map(({ resource }) => resource),
  fences.map(({ token }) => token),
];

function begun(row: BeginRow, request: ActRequest): ActBegin {
  const { name } = request.statement;
  if (row.statement_hash !== null && row.statement_hash !== statementHash(request)) {
    const detail = `this remediation has used the name "${name}" for another statement; every statement needs its own`;
    return { kind: 'refused', reason: 'statement_reused', detail };
  }
  if (row.finished_at !== null) {
    return { kind: 'recorded', result: recorded(row) };
  }
  if (row.attempts !== null) return { kind: 'go', attempts: row.attempts };
  const cutOff = row.statement_hash === null ? {} : { cutOff: true };
  if (row.switch_scope !== null) {
    const detail = `the kill switch "${row.switch_scope}" is on: ${row.switch_reason}`;
    return { kind: 'refused', reason: 'kill_switch', detail, ...cutOff };
  }
  return {
    kind: 'refused',
    reason: 'lease_lost',
    ...cutOff,
    detail: `the lease of ${request.lease.holder} has expired or passed to another`,
  };
}

const recorded = (row: BeginRow): ActResult => ({
  rows: row.result ?? [],
  actedAt: row.acted_at ?? row.finished_at!.getTime(),
  attempts: row.earlier ?? 1,
});

/** Takes all or nothing; what was taken in part, or for a preview, is undone before the transaction ends. */
async function takeAll(run: Run, sql: Statements, request: TakeRequest): Promise<Taken> {
  await run('savepoint before');
  const taken = await take(run, sql, request);
  if (!taken.granted || request.preview) await run('rollback to savepoint before');
  return taken;
}

async function take(
  run: Run,
  sql: Statements,
  { holder, seats, resources, leaseMs }: TakeRequest,
): Promise<Taken> {
  const scopes = seats.map(({ scope }) => scope);
  const seated = await run<{ name: string }>(sql.takeSeats, [
    holder,
    ...[scopes, seats.map((seat) => seat.seats), seats.map((seat) => seat.ttlMs)],
  ]);
  const full = without(scopes, seated);
  if (full.length > 0) return lacking('seat', full, await run(sql.seatHolders, [full]));
  const wanted = [...new Set(resources)].sort();
  const leased = await run<{ name: string; token: number }>(sql.takeLeases, [holder, wanted, leaseMs]);
  const elsewhere = without(wanted, leased);
  if (elsewhere.length > 0) return lacking('resource', elsewhere, await run(sql.leaseHolders, [elsewhere]));
  return {
    granted: true,
    lease: { holder, fences: leased.map(({ name, token }) => ({ resource: name, token })) },
  };
}

const without = (names: readonly string[], got: readonly { name: string }[]): string[] =>
  names.filter((name) => !got.some((row) => row.name === name));

function lacking(
  kind: 'seat' | 'resource',
  names: readonly string[],
  rows: readonly { holder: string; until: Date }[],
): Taken {
  const holders = rows.map(({ holder }) => holder);
  return { granted: false, lacking: kind, names, holders, freeAt: rows[0]?.until.toISOString() ?? null };
}
