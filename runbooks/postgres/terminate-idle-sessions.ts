/**
 * Ends PostgreSQL sessions that have been idle for long, so that connections and locks come free again.
 *
 * Only ordinary client sessions in the listed idle states, idle for at least the grace period; never replication,
 * background workers, superusers (unless allowed), Tocsin's own sessions or those of protected users and applications;
 * oldest first, and at most `max_sessions`. The statement that terminates names each session by pid, start and last
 * change of state, and checks all of it again: a session that woke meanwhile, or whose pid belongs to another by now,
 * is left alone. An ended session cannot be brought back, so there is no rollback.
 */
import { shownQuery } from '../../src/domain/query-text';
import { defineRunbook, input, type InputsOf, type Row, type SqlStatement } from '../../src/domain/runbook';

const inputs = {
  max_sessions: input.integer({
    description: 'How many sessions may be ended at most',
    default: 10,
    min: 1,
    max: 100,
  }),
  grace_period: input.duration({
    description: 'How long a session must have been idle',
    default: 60_000,
    min: 1_000,
  }),
  states: input.oneOf({
    description: 'Which states count as idle',
    of: ['idle', 'idle in transaction'],
    default: ['idle', 'idle in transaction'],
  }),
  protected_users: input.texts({ description: 'Users whose sessions are never ended', default: [] }),
  protected_applications: input.texts({
    description: 'Applications (application_name) whose sessions are never ended',
    default: [],
  }),
  allow_superusers: input.flag({ description: "Whether superusers' sessions may be ended", default: false }),
  minimum_percent: input.integer({
    description:
      'Refuse when the sessions that could be ended are less than this share of all client sessions: the trouble then lies elsewhere',
    default: 1,
    min: 0,
    max: 100,
  }),
};
type Inputs = InputsOf<typeof inputs>;

/**
 * Sessions that may be ended; $1 grace in milliseconds, $2 states, $3 users, $4 applications, $5 superusers too.
 * A role that cannot be found counts as a superuser: in doubt nothing is ended.
 */
const ELIGIBLE = `
      a.backend_type = 'client backend'
  and a.pid <> pg_backend_pid()
  and a.application_name !~* '^tocsin'
  and a.state = any($2::text[])
  and a.state_change <= clock_timestamp() - $1::float8 * interval '1 millisecond'
  and not a.usename = any($3::text[])
  and not a.application_name = any($4::text[])
  and ($5::boolean or not coalesce(r.rolsuper, true))`;

/** Microseconds count: a time that passed through JavaScript would have lost them. */
const exact = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const eligibleValues = (given: Inputs): readonly unknown[] => [
  given.grace_period,
  given.states,
  given.protected_users,
  given.protected_applications,
  given.allow_superusers,
];

const countSessions = (given: Inputs): SqlStatement => ({
  name: 'count sessions',
  text: `
    select count(*) filter (where a.backend_type = 'client backend')::int as clients,
      count(*) filter (where ${ELIGIBLE})::int as candidates,
      count(*) filter (where ${ELIGIBLE} and (me.rolsuper
        or (pg_has_role(me.rolname, 'pg_signal_backend', 'usage') and not r.rolsuper)
        or pg_has_role(me.rolname, a.usesysid, 'usage')))::int as endable,
      count(*) filter (where a.backend_type is null or (a.backend_type = 'client backend' and a.state is null))::int as hidden,
      current_setting('max_connections')::int as max_connections
    from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid
    cross join (select rolname, rolsuper from pg_roles where rolname = current_user) me`,
  values: eligibleValues(given),
});

const listSessions = (given: Inputs): SqlStatement => ({
  name: 'list idle sessions',
  text: `
    select a.pid, ${exact('a.backend_start')} as backend_start, ${exact('a.state_change')} as state_change,
      a.usename as "user", a.datname as database, a.application_name as application, a.state,
      round(extract(epoch from clock_timestamp() - a.state_change))::int as idle_seconds,
      coalesce(host(a.client_addr), 'local') as client, left(a.query, 1000) as query
    from pg_stat_activity a left join pg_roles r on r.oid = a.usesysid
    where ${ELIGIBLE}
    order by a.state_change, a.pid limit $6`,
  values: [...eligibleValues(given), given.max_sessions],
});

/** Only the very sessions that were listed, and only while everything about them still holds. */
export function terminateSessions(given: Inputs, sessions: readonly Row[]): SqlStatement {
  const column = (name: string): unknown[] => sessions.map((session) => session[name]);
  return {
    name: 'terminate idle sessions',
    text: `
      with seen as materialized (
        select w.pid, w.backend_start, a.pid is not null as there,
          coalesce(a.state_change = w.state_change::timestamptz and ${ELIGIBLE}, false) as idle
        from unnest($6::int[], $7::text[], $8::text[]) as w(pid, backend_start, state_change)
        left join pg_stat_activity a on a.pid = w.pid and a.backend_start = w.backend_start::timestamptz
        left join pg_roles r on r.oid = a.usesysid
        limit $9
      )
      select pid, backend_start, case
        when not there then 'gone'
        when not idle then 'left alone'
        when pg_terminate_backend(pid) then 'terminated'
        else 'gone' end as outcome
      from seen`,
    values: [
      ...eligibleValues(given),
      column('pid'),
      column('backend_start'),
      column('state_change'),
      given.max_sessions,
    ],
  };
}

const stillThere = (sessions: readonly Row[]): SqlStatement => ({
  name: 'look for ended sessions',
  text: `
    select a.pid from unnest($1::int[], $2::text[]) as w(pid, backend_start)
    join pg_stat_activity a on a.pid = w.pid and a.backend_start = w.backend_start::timestamptz`,
  values: [sessions.map(({ pid }) => pid), sessions.map(({ backend_start }) => backend_start)],
});

const ended = (rows: readonly Row[]): readonly Row[] =>
  rows.filter(({ outcome }) => outcome === 'terminated');

export const terminateIdleSessions = defineRunbook({
  name: 'terminate-idle-sessions',
  description: 'Ends PostgreSQL sessions that have been idle for long, oldest first',
  matchers: ['database_type="postgresql"', 'alertname=~"(?i).*(connection|idle|session).*"'],
  environments: ['demo', 'development', 'test', 'staging'],
  inputs,
  // whoever left the sessions idle may do so again
  residualRisk: 'low',

  async guard({ read, inputs: given }) {
    const [facts] = await read(countSessions(given));
    const { clients, candidates, endable, hidden } = facts as Record<string, number>;
    const refuse = (reason: string, nothingToDo = false) => ({
      allow: false,
      nothingToDo,
      reason,
      facts: facts!,
    });
    if (candidates === 0) {
      const blind =
        hidden! > 0
          ? `; the state of ${hidden} sessions is hidden from our role, which needs pg_monitor`
          : '';
      return refuse(
        `no session has been ${given.states.join(' or ')} for ${given.grace_period / 1_000} s${blind}`,
        hidden === 0,
      );
    }
    if (endable === 0)
      return refuse(`our role may end none of the ${candidates} idle sessions: it needs pg_signal_backend`);
    if (endable! * 100 < given.minimum_percent * clients!) {
      return refuse(`only ${endable} of ${clients} client sessions are idle: ending them could not help`);
    }
    return {
      allow: true,
      reason: `${endable} of ${clients} client sessions have been idle for long enough`,
      facts: facts!,
    };
  },

  async act({ read, change, inputs: given }) {
    const sessions = await read(listSessions(given));
    if (sessions.length === 0)
      return {
        changed: 0,
        output: 'every idle session has ended or woken by itself',
        details: { sessions: [] },
      };
    const outcomes = await change(terminateSessions(given, sessions));
    const outcomeOf = new Map(outcomes.map(({ pid, outcome }) => [pid, outcome]));
    const told = sessions.map(({ query, ...session }) => ({
      ...session,
      query: shownQuery(query as string | null, 200),
      outcome: outcomeOf.get(session.pid) ?? 'unknown',
    }));
    const count = ended(told).length;
    const spared = told.length - count;
    const output = `ended ${count} idle session${count === 1 ? '' : 's'}${spared > 0 ? `, ${spared} had ended or woken before` : ''}`;
    return { changed: count, output, details: { sessions: told } };
  },

  async verify({ read }, { details }) {
    const sessions = ended(details.sessions as readonly Row[]);
    const left = await read(stillThere(sessions));
    const detail =
      left.length === 0
        ? `none of the ended sessions is left (${sessions.length})`
        : `still there: ${left.map(({ pid }) => pid).join(', ')}`;
    return [{ type: 'sessions_ended', ok: left.length === 0, detail }];
  },

  report({ target, inputs: given }, { output }) {
    return `${output} on ${target} (${given.states.join(', ')} for at least ${given.grace_period / 1_000} s)`;
  },
});
