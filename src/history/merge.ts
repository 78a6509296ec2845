/**
 * How an alert's row comes out of its two writers. The transitions say when the condition began and ended; the life
 * says who acknowledged or resolved it, and may open an episode of its own. Whichever comes second calls these, with
 * the alert's row locked before the episode's, so neither can miss the other.
 *
 * An ended condition is RESOLVED whatever the life says; otherwise the life's word counts.
 */
import type { QueryResultRow } from 'pg';
import type { Labels } from '../domain/labels';
import type { Run } from './database';
import { joinGroups } from './groups';
import type { GroupsOf } from './port';

const STATE = `case when e.ended_at is not null then 'RESOLVED' else coalesce(e.life_state, a.state) end`;
const ENDS_AT = `case when e.ended_at is null and e.life_state = 'RESOLVED' then e.life_ended_at else a.ends_at end`;
const RESOLVED_BY = `coalesce(e.life_resolved_by, e.ended_by)`;

/** Brings what lives have said of their current episodes into the alerts' rows. */
export async function mergeLives(run: Run, schema: string, fingerprints: readonly string[]): Promise<void> {
  await run(
    `update ${schema}.alerts a
     set state = ${STATE}, ends_at = ${ENDS_AT}, acknowledgement = e.acknowledgement, resolved_by = ${RESOLVED_BY},
       quiet_until = e.quiet_until
     from ${schema}.episodes e
     where a.fingerprint = any($1) and e.fingerprint = a.fingerprint and e.episode = a.episode and e.life_seq > 0
       and (a.state, a.ends_at, a.acknowledgement, a.resolved_by, a.quiet_until)
         is distinct from (${STATE}, ${ENDS_AT}, e.acknowledgement, ${RESOLVED_BY}, e.quiet_until)`,
    [fingerprints],
  );
}

/**
 * Moves rows on to an episode that a life has opened, unless the condition had ended by then. It is told of like any other:
 * the rows join their groups.
 */
export async function moveToOpened(
  run: Run,
  schema: string,
  fingerprints: readonly string[],
  groupsOf: GroupsOf,
): Promise<void> {
  const moved = await run<Moved>(
    `with opened as (
       select distinct on (fingerprint) * from ${schema}.episodes
       where fingerprint = any($1) and opened_reason is not null order by fingerprint, episode desc),
     moved as (
       update ${schema}.alerts a
       set episode = o.episode, starts_at = o.starts_at, ends_at = null, fire_count = a.fire_count + 1,
         state = coalesce(o.life_state, 'FIRING'), acknowledgement = o.acknowledgement, resolved_by = o.life_resolved_by,
         quiet_until = o.quiet_until, expires_at = coalesce(o.expires_at, a.expires_at),
         timed_out = coalesce(o.timed_out, a.timed_out)
       from opened o
       where a.fingerprint = o.fingerprint and a.episode < o.episode
         and not exists (select 1 from ${schema}.episodes e where e.fingerprint = a.fingerprint
           and e.episode = a.episode and e.ended_at >= o.starts_at)
       returning a.fingerprint, a.episode, a.fire_count, a.value, a.threshold, a.event_time, a.correlation_id, a.labels,
         a.starts_at)
     update ${schema}.episodes e
     set fire_count = m.fire_count, value = m.value, threshold = m.threshold, event_time = m.event_time,
       correlation_id = m.correlation_id
     from moved m where e.fingerprint = m.fingerprint and e.episode = m.episode
     returning m.labels, m.starts_at`,
    [fingerprints],
  );
  const at = new Date();
  const groups = moved.flatMap(({ labels, starts_at }) =>
    groupsOf({ labels, startsAt: starts_at.toISOString() }, at),
  );
  await joinGroups(run, schema, [...new Map(groups.map((group) => [group.id, group])).values()]);
}

interface Moved extends QueryResultRow {
  readonly labels: Labels;
  readonly starts_at: Date;
}
