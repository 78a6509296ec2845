/**
 * Steps of which nobody could be told: each message of the step was given up, or has been tried in vain for long, and no group
 * has told of the alert either. Found by looking, so nothing is lost when whoever gave the last message up dies before he
 * could say so; written down once a step, and kept until the alert's life has heard of it. A look costs by what is new since
 * the last one, whoever made that.
 */
import { json, type Database } from './database';
import { GIVEN_UP_AT } from './dead-letters';
import { COULD_NOT_TELL, TELLS_OF_INCIDENT } from './incident-pages';
import type { Undelivered, UndeliveredStore } from './port';

export const UNDELIVERED_MIGRATION = `
create table {schema}.undelivered (
  fingerprint text not null,
  episode bigint not null,
  step text not null,
  reason text not null,
  found_at timestamptz not null default now(),
  -- When its life had heard of it, or its alert was over.
  told_at timestamptz,
  lease_until timestamptz,
  primary key (fingerprint, episode, step)
);
create index undelivered_untold on {schema}.undelivered (found_at) where told_at is null;
`;

/**
 * When what was given up, or is tried in vain, is looked at: at once, and again only while it may still come out otherwise. Null:
 * never again, for what was found of a step stays so. The default is for rows of processes that know nothing of it.
 */
export const LOOKS_MIGRATION = `
alter table {schema}.notifications add column look_at timestamptz default '-infinity';
alter table {schema}.deliveries add column look_at timestamptz default '-infinity';
-- Of a message that is tried in vain: since when it was pending when it was looked at.
alter table {schema}.group_messages add column look_at timestamptz, add column looked_since timestamptz;
update {schema}.notifications set look_at = null where state = 'dead' and dead_at < now() - interval '1 day';
update {schema}.deliveries set look_at = null where outcome = 'refused' and at < now() - interval '1 day';
create index notifications_dead_look on {schema}.notifications (look_at, id)
  where state = 'dead' and look_at is not null and (step = 'fire' or step like 'escalate-%');
create index notifications_late_look on {schema}.notifications (look_at, first_due_at)
  where state = 'pending' and first_due_at is not null and look_at is not null;
drop index {schema}.notifications_failing;
create index deliveries_look on {schema}.deliveries (look_at) where outcome = 'refused' and look_at is not null;
`;

/** As a workflow's event can show. */
const LONGEST_REASON = 600;
/** A storm's are looked at, and written down, in parts: the new ones first. */
const MOST_AT_ONCE = 500;
/** Each may be of thousands of alerts. */
const MOST_OF_GROUPS = 20;

const ago = (ms: string): string => `now() - ${span(ms)}`;
const span = (ms: string): string => `${ms}::float8 * interval '1 millisecond'`;
const FAILING = (n: string): string => `${n}.state = 'pending' and ${n}.first_due_at <= ${ago('$1')}`;
const GROUP_FAILING = (m: string): string =>
  `${m}.pending is not null and ${m}.attempts > 0 and ${m}.error is not null and ${m}.pending_since <= ${ago('$1')}`;
const BEGAN = (of: string): string => `to_timestamp(${of}.episode / 1000.0)`;
/** Whose outcome the next level waits for. */
const TELLS = `(n.step = 'fire' or n.step like 'escalate-%')`;
/** What waits for others is looked at again when it has become a tenth older: many that wait cost little. */
const AGAIN = (since: string): string =>
  `now() + least(interval '1 minute', greatest(interval '1 second', (now() - ${since}) / 10))`;

/** Rows that are to be looked at, which nobody else looks at now. */
const TAKEN = (s: string): string => `
  dead as materialized (
    select n.id, n.fingerprint, n.episode, n.step, ${GIVEN_UP_AT('n')} as since from ${s}.notifications n
    where n.state = 'dead' and ${TELLS} and n.look_at <= now()
    order by n.look_at, n.id limit ${MOST_AT_ONCE} for update skip locked),
  late as materialized (
    select n.id, n.fingerprint, n.episode, n.step, n.first_due_at as since from ${s}.notifications n
    where ${FAILING('n')} and ${TELLS} and n.look_at = '-infinity'
    order by n.first_due_at limit ${MOST_AT_ONCE} for update skip locked),
  late_again as materialized (
    select n.id, n.fingerprint, n.episode, n.step, n.first_due_at as since from ${s}.notifications n
    where ${FAILING('n')} and ${TELLS} and n.look_at > '-infinity' and n.look_at <= now()
    order by n.look_at limit ${MOST_AT_ONCE} for update skip locked),
  refused as materialized (
    select d.id, d.at as since, d.firing from ${s}.deliveries d where d.outcome = 'refused' and d.look_at <= now()
    order by d.look_at limit ${MOST_OF_GROUPS} for update skip locked),
  overdue as materialized (
    select m.group_key, m.integration, m.pending_since as since, m.pending->'firing' as firing from ${s}.group_messages m
    where ${GROUP_FAILING('m')} and (m.looked_since is distinct from m.pending_since or m.look_at <= now())
    limit ${MOST_OF_GROUPS} for update skip locked)`;

/** Looked up by its key each time: the limit keeps the planner from walking all alerts for a join. */
const ALERT = (s: string, of: string): string =>
  `select a.fingerprint, a.episode, a.state from ${s}.alerts a where a.fingerprint = ${of}.fingerprint limit 1`;

/** As `exists`, which the planner would answer for hundreds of steps by walking a whole table once. */
const IS_THERE = (from: string): string => `(select true ${from} limit 1)`;

/** Their steps. `is_ripe` is false while groups may tell of the alert yet; `again`: when a message that waits is looked at. */
const STEPS = (s: string): string => `
  messages as materialized (
    select *, step <> 'fire' or since <= ${ago('$2')} as is_ripe,
      greatest(${AGAIN('since')}, case when step = 'fire' then since + ${span('$2')} end) as again from dead
    union all select *, true, ${AGAIN('since')} from (select * from late union all select * from late_again) tried),
  steps as materialized (
    select fingerprint, episode, step, bool_or(is_ripe) as is_ripe from (
      select fingerprint, episode, step, is_ripe from messages
      union all select a.fingerprint, a.episode, 'fire', true
        from refused r cross join unnest(r.firing) as told (fingerprint)
        join lateral (${ALERT(s, 'told')}) a on r.since >= ${BEGAN('a')}
      union all select a.fingerprint, a.episode, 'fire', true
        from overdue o cross join jsonb_array_elements_text(o.firing) as told (fingerprint)
        join lateral (${ALERT(s, 'told')}) a on ${BEGAN('a')} <= ${ago('$1')}) taken
    group by fingerprint, episode, step)`;

/**
 * An incident tells of it where its first page was withheld: its message has left, or may yet, or could not just now, so that
 * the page is about to be sent after all.
 */
const TOLD_BY_INCIDENT = (s: string): string => `
  from ${s}.notifications f
  join ${s}.incident_alerts m on m.fingerprint = f.fingerprint and m.episode = f.episode
  join ${s}.incidents i on i.id = m.incident
  join ${s}.notifications w on w.fingerprint = 'INC-' || i.id and w.episode = i.episode and w.receiver = f.receiver
  where (f.fingerprint, f.episode, f.step) = (c.fingerprint, c.episode, 'fire')
    and f.state = 'dropped' and f.reason = 'incident'
    and ((${TELLS_OF_INCIDENT('w')} and (${FAILING('w')}) is not true) or (${COULD_NOT_TELL('i', 'w')}))`;

/** What their own rows say: `done` for good, `waits` for what may still arrive, or `open`: nobody was told by these. */
const ASKED = (s: string): string => `
  asked as materialized (
    select c.fingerprint, c.episode, c.step, case
      when a.fingerprint is null or a.episode < c.episode then 'waits'
      when a.episode > c.episode or a.state = 'RESOLVED' then 'done'
      when ${IS_THERE(`from ${s}.undelivered u
        where (u.fingerprint, u.episode, u.step) = (c.fingerprint, c.episode, c.step)`)} then 'done'
      when ${IS_THERE(`from ${s}.notifications n
        where (n.fingerprint, n.episode, n.step) = (c.fingerprint, c.episode, c.step) and n.state = 'sent'`)} then 'done'
      when not c.is_ripe then 'waits'
      when ${IS_THERE(`from ${s}.notifications n
        where (n.fingerprint, n.episode, n.step) = (c.fingerprint, c.episode, c.step)
          and n.state = 'pending' and (${FAILING('n')}) is not true`)} then 'waits'
      when c.step = 'fire' and ${IS_THERE(TOLD_BY_INCIDENT(s))} then 'waits'
      else 'open' end as verdict
    from steps c left join lateral (${ALERT(s, 'c')}) a on true)`;

/**
 * What groups have told of them, or may: their members are walked once, and only where a fire is left. `is true` keeps the
 * planner from a join, which it would do by nested loops, for it takes few to be left.
 */
const GROUPED = (s: string): string => `
  fires as materialized (select fingerprint from asked where verdict = 'open' and step = 'fire'),
  grouped as materialized (
    select fingerprint, bool_or(is_told) as is_told from (
      select told.fingerprint, true as is_told from ${s}.group_messages m cross join unnest(m.firing) as told (fingerprint)
      where exists (select from fires) and (told.fingerprint in (select fingerprint from fires)) is true
      union all
      select told.fingerprint, false
      from ${s}.group_messages m cross join jsonb_array_elements_text(m.pending->'firing') as told (fingerprint)
      where exists (select from fires) and m.pending is not null and (${GROUP_FAILING('m')}) is not true
        and (told.fingerprint in (select fingerprint from fires)) is true) g
    group by fingerprint),
  judged as materialized (
    select fingerprint, episode, step, case
      when verdict <> 'open' then verdict
      when step = 'fire' and (fingerprint in (select fingerprint from grouped where is_told)) is true then 'done'
      when step = 'fire' and (fingerprint in (select fingerprint from grouped)) is true then 'waits'
      when row_number() over (partition by verdict order by episode, fingerprint, step) > ${MOST_AT_ONCE} then 'left'
      else 'found' end as verdict
    from asked),
  found as materialized (select fingerprint, episode, step from judged where verdict = 'found')`;

/** What came of their messages, in words. */
const REASONS = (s: string): string => `
  ways as materialized (
    select told.fingerprint, 'infinity'::timestamptz as at, m.integration as who, m.error as why
    from ${s}.group_messages m cross join jsonb_array_elements_text(m.pending->'firing') as told (fingerprint)
    where exists (select from found where step = 'fire') and m.pending is not null and m.error is not null
      and (told.fingerprint in (select fingerprint from found where step = 'fire')) is true
    union
    select told.fingerprint, d.at, m.integration, m.error
    from ${s}.deliveries d join ${s}.group_messages m using (group_key, integration)
    cross join unnest(d.firing) as told (fingerprint)
    where d.outcome = 'refused' and m.error is not null
      and d.at >= (select min(${BEGAN('found')}) from found where step = 'fire')
      and (told.fingerprint in (select fingerprint from found where step = 'fire')) is true)`;

const REASON = (s: string): string => `
  select left(string_agg(who || ': ' || coalesce(why, 'no answer'), '; ' order by who), ${LONGEST_REASON}) from (
    select n.receiver as who, n.detail as why from ${s}.notifications n
    where (n.fingerprint, n.episode, n.step) = (c.fingerprint, c.episode, c.step) and n.state in ('dead', 'pending')
    union
    select w.who, w.why from ways w where c.step = 'fire' and w.fingerprint = c.fingerprint and w.at >= ${BEGAN('c')}) all_`;

/** When each is looked at again. What steps are left of is looked at next. */
const MARKS = (s: string): string => `
  marked as (
    update ${s}.notifications n set look_at = case when j.verdict = 'waits' then m.again end
    from messages m join judged j using (fingerprint, episode, step) where n.id = m.id and j.verdict <> 'left'),
  waiting as materialized (select fingerprint from judged where step = 'fire' and verdict = 'waits'),
  marked_refused as (
    update ${s}.deliveries d set look_at = case
      when exists (select from judged where verdict = 'left') then now()
      when exists (select from unnest(r.firing) as told (fingerprint)
        where (told.fingerprint in (select fingerprint from waiting)) is true) then ${AGAIN('r.since')} end
    from refused r where d.id = r.id),
  marked_overdue as (
    update ${s}.group_messages m set looked_since = o.since,
      look_at = case when exists (select from judged where verdict = 'left') then now() else ${AGAIN('o.since')} end
    from overdue o where (m.group_key, m.integration) = (o.group_key, o.integration))`;

/** Left alone, the planner sorts all that is to be looked at while the table's statistics are young, and takes the first. */
const IN_ORDER = 'set local enable_sort = off; set local enable_bitmapscan = off';

const FIND = (s: string): string => `
  with ${[TAKEN, STEPS, ASKED, GROUPED, REASONS, MARKS].map((part) => part(s)).join(',')}
  insert into ${s}.undelivered (fingerprint, episode, step, reason)
  select c.fingerprint, c.episode, c.step, coalesce((${REASON(s)}), 'no answer')
  from found c order by c.episode, c.fingerprint, c.step
  on conflict do nothing returning 1`;

interface UndeliveredColumns {
  fingerprint: string;
  episode: number;
  step: string;
  reason: string;
}

export function createUndelivered({ run, schema, transaction }: Database): UndeliveredStore {
  return {
    async find({ lateMs, groupsMs }) {
      const found = await transaction('look for steps of which nobody could be told', async (on) => {
        await on(IN_ORDER);
        return on(FIND(schema), [lateMs, groupsMs]);
      });
      return found.length;
    },
    async take(limit, leaseMs) {
      const open = `exists (select from ${schema}.alerts a
        where a.fingerprint = u.fingerprint and a.episode = u.episode and a.state <> 'RESOLVED')`;
      return run<UndeliveredColumns>(
        `with over as (
           update ${schema}.undelivered u set told_at = now() where u.told_at is null and not ${open}),
         due as (
           select fingerprint, episode, step from ${schema}.undelivered u
           where u.told_at is null and (u.lease_until is null or u.lease_until <= now()) and ${open}
           order by u.found_at limit $1 for update skip locked)
         update ${schema}.undelivered u set lease_until = now() + $2 * interval '1 millisecond'
         from due where (u.fingerprint, u.episode, u.step) = (due.fingerprint, due.episode, due.step)
         returning u.fingerprint, u.episode, u.step, u.reason`,
        [limit, leaseMs],
      );
    },
    async told(heard: readonly Undelivered[]) {
      if (heard.length === 0) return;
      await run(
        `update ${schema}.undelivered u set told_at = now()
         from jsonb_to_recordset($1::jsonb) as g (fingerprint text, episode bigint, step text)
         where (u.fingerprint, u.episode, u.step) = (g.fingerprint, g.episode, g.step)`,
        [json(heard)],
      );
    },
  };
}
