/**
 * Steps of which nobody could be told: each message of the step was given up, or has been tried in vain for long, and no group
 * has told of the alert either. Found by looking, so nothing is lost when whoever gave the last message up dies before he
 * could say so; written down once a step, and kept until the alert's life has heard of it.
 */
import { json, type Database } from './database';
import { TELLS_OF_INCIDENT } from './incident-pages';
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

/** As a workflow's event can show. */
const LONGEST_REASON = 600;
/** A storm's are found in parts, the oldest alerts first. */
const MOST_AT_ONCE = 500;

const ago = (ms: string): string =>
  `now() - (${ms.replace(/\$\d/g, '$&::float8')}) * interval '1 millisecond'`;
const FAILING = (n: string): string => `${n}.state = 'pending' and ${n}.first_due_at <= ${ago('$2')}`;
const GROUP_FAILING = (m: string): string =>
  `${m}.pending is not null and ${m}.attempts > 0 and ${m}.error is not null and ${m}.pending_since <= ${ago('$2')}`;
const BEGAN = (of: string): string => `to_timestamp(${of}.episode / 1000.0)`;
/** Whose outcome the next level waits for. */
const TELLS = `(n.step = 'fire' or n.step like 'escalate-%')`;

/** Of what was given up, or has become late, within the time that is looked back on. */
const CANDIDATES = (s: string): string => `
  select n.fingerprint, n.episode, n.step from ${s}.notifications n
  where n.state = 'dead' and ${TELLS} and n.dead_at >= ${ago('$1 + $3')}
    and (n.step <> 'fire' or n.dead_at <= ${ago('$3')})
  union
  select n.fingerprint, n.episode, n.step from ${s}.notifications n
  where ${FAILING('n')} and ${TELLS} and n.first_due_at >= ${ago('$1 + $2')}
  union
  select a.fingerprint, a.episode, 'fire' from ${s}.deliveries d cross join unnest(d.firing) as told (fingerprint)
  join ${s}.alerts a on a.fingerprint = told.fingerprint and d.at >= ${BEGAN('a')}
  where d.outcome = 'refused' and d.at >= ${ago('$1')}
  union
  select a.fingerprint, a.episode, 'fire' from ${s}.group_messages m
  cross join jsonb_array_elements_text(m.pending->'firing') as told (fingerprint)
  join ${s}.alerts a on a.fingerprint = told.fingerprint
  where ${GROUP_FAILING('m')}
    and greatest(m.pending_since, ${BEGAN('a')}) between ${ago('$1 + $2')} and ${ago('$2')}`;

/** What came of its messages, in words. */
const REASON = (s: string): string => `
  select left(string_agg(who || ': ' || coalesce(why, 'no answer'), '; ' order by who), ${LONGEST_REASON}) from (
    select n.receiver as who, n.detail as why from ${s}.notifications n
    where (n.fingerprint, n.episode, n.step) = (c.fingerprint, c.episode, c.step) and n.state in ('dead', 'pending')
    union
    select m.integration, m.error from ${s}.group_messages m
    where c.step = 'fire' and m.error is not null and (m.pending->'firing' ? c.fingerprint or exists (
      select from ${s}.deliveries d where d.group_key = m.group_key and d.integration = m.integration
        and d.outcome = 'refused' and d.at >= ${BEGAN('c')} and c.fingerprint = any(d.firing)))) ways`;

/**
 * An incident tells of it where its first page was withheld: its message has left, or may yet, or was given up just now, so
 * that the page is about to be sent after all.
 */
const TOLD_BY_INCIDENT = (s: string): string => `
  select from ${s}.notifications f
  join ${s}.incident_alerts m on m.fingerprint = f.fingerprint and m.episode = f.episode
  join ${s}.incidents i on i.id = m.incident
  join ${s}.notifications w on w.fingerprint = 'INC-' || i.id and w.episode = i.episode and w.receiver = f.receiver
  where (f.fingerprint, f.episode, f.step) = (c.fingerprint, c.episode, 'fire')
    and f.state = 'dropped' and f.reason = 'incident'
    and ((${TELLS_OF_INCIDENT('w')} and (${FAILING('w')}) is not true) or (w.state = 'dead' and i.state = 'open'))`;

const FIND = (s: string): string => `
  insert into ${s}.undelivered (fingerprint, episode, step, reason)
  select c.fingerprint, c.episode, c.step, coalesce((${REASON(s)}), 'no answer')
  from (${CANDIDATES(s)}) c
  join ${s}.alerts a on a.fingerprint = c.fingerprint and a.episode = c.episode and a.state <> 'RESOLVED'
  where not exists (select from ${s}.undelivered u
      where (u.fingerprint, u.episode, u.step) = (c.fingerprint, c.episode, c.step))
    and not exists (select from ${s}.notifications n
      where (n.fingerprint, n.episode, n.step) = (c.fingerprint, c.episode, c.step)
        and (n.state = 'sent' or (n.state = 'pending' and (${FAILING('n')}) is not true)))
    and not (c.step = 'fire' and exists (${TOLD_BY_INCIDENT(s)}))
    and not (c.step = 'fire' and exists (select from ${s}.group_messages m
      where c.fingerprint = any(m.firing)
        or (m.pending->'firing' ? c.fingerprint and (${GROUP_FAILING('m')}) is not true)))
  order by c.episode, c.fingerprint limit ${MOST_AT_ONCE}
  on conflict do nothing returning 1`;

interface UndeliveredColumns {
  fingerprint: string;
  episode: number;
  step: string;
  reason: string;
}

export function createUndelivered({ run, schema }: Database): UndeliveredStore {
  return {
    async find({ lookBackMs, lateMs, groupsMs }) {
      return (await run(FIND(schema), [lookBackMs, lateMs, groupsMs])).length;
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
