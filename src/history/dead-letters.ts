/**
 * Messages that were given up: found, and sent again when somebody asks for it. A message to a receiver of tocsin.yaml keeps
 * its message_id, so whoever had it after all can tell; of a group's message the next look decides anew, since what it
 * said may not be so any more. Sending one again that waits or has left changes nothing.
 */
import { json, type Database, type Run } from './database';
import { settleAndWake, wakeChannel } from './enqueue';
import { INCIDENT_OF, isOfIncident } from './incident-lists';
import type { AlertRow, DeadLetter, DeadLetters, DeadLetterFilter, IncidentRow, Resent } from './port';

export const DEAD_LETTERS_MIGRATION = `
-- When it was given up; how often people have had it sent again, and when last; when it was due before its first failure.
alter table {schema}.notifications
  add column dead_at timestamptz,
  add column resends integer not null default 0,
  add column resent_at timestamptz,
  add column first_due_at timestamptz;
update {schema}.notifications set dead_at = greatest(created_at, due_at) where state = 'dead';
create index notifications_dead on {schema}.notifications (dead_at) where state = 'dead';
create index notifications_failing on {schema}.notifications (first_due_at)
  where state = 'pending' and first_due_at is not null;
create index deliveries_refused on {schema}.deliveries (at) where outcome = 'refused';
`;

/** A name of its own, for both kinds are counted from 1. */
const GROUP_ID = /^g(\d{1,18})$/;
const MESSAGE_ID = /^\d{1,18}$/;

/** A process of an earlier version, which may run beside this one, does not write when: it was no earlier than it was due. */
export const GIVEN_UP_AT = (n: string): string =>
  `coalesce(${n}.dead_at, greatest(${n}.created_at, ${n}.due_at))`;

export function createDeadLetters(database: Database): DeadLetters {
  return {
    list: (filter, limit) => list(database, filter, limit),
    resend: (ids, by) => resend(database, ids, by),
  };
}

async function list(
  database: Database,
  filter: DeadLetterFilter,
  limit: number,
): Promise<readonly DeadLetter[]> {
  const both = await Promise.all([
    deadMessages(database, filter, limit),
    refusedByGroups(database, filter, limit),
  ]);
  return both
    .flat()
    .sort((a, b) => b.at.getTime() - a.at.getTime())
    .slice(0, limit);
}

interface DeadColumns {
  id: number;
  receiver: string;
  fingerprint: string;
  episode: number;
  step: string;
  dead_at: Date;
  attempts: number;
  detail: string | null;
  alertname: string | null;
  is_open: boolean | null;
}

async function deadMessages(
  { run, schema }: Database,
  { receiver, since }: DeadLetterFilter,
  limit: number,
): Promise<DeadLetter[]> {
  const rows = await run<DeadColumns>(
    `select n.id, n.receiver, n.fingerprint, n.episode, n.step, ${GIVEN_UP_AT('n')} as dead_at, n.attempts, n.detail,
       coalesce(i.policy, a.labels->>'alertname') as alertname,
       coalesce(i.state = 'open', a.state <> 'RESOLVED' and a.episode = n.episode) as is_open
     from ${schema}.notifications n left join ${schema}.alerts a using (fingerprint)
       left join ${INCIDENT_OF(schema, 'n')}
     where n.state = 'dead' and ($1::text is null or n.receiver = $1)
       and ($2::timestamptz is null or ${GIVEN_UP_AT('n')} >= $2)
     order by dead_at desc, n.id desc limit $3`,
    [receiver ?? null, since ?? null, limit],
  );
  return rows.map((row) => ({
    ...{ id: String(row.id), kind: 'message', receiver: row.receiver, alertname: row.alertname },
    ...{ fingerprint: row.fingerprint, episode: row.episode, groupKey: null, step: row.step },
    ...{ alerts: 1, open: row.is_open === true ? 1 : 0 },
    ...{ at: row.dead_at, attempts: row.attempts, error: row.detail ?? '' },
  }));
}

interface RefusedColumns {
  id: number;
  integration: string;
  group_key: string;
  reason: string;
  at: Date;
  attempts: number;
  error: string | null;
  alerts: number;
  open: number;
  alertname: string | null;
}

/**
 * Of what an integration has refused several times, the last one; none where it has been told of the group since, and none
 * of no alerts, as a storm's summary is: it cannot be told again.
 */
const LAST_REFUSED = (schema: string): string => `
  select distinct on (d.group_key, d.integration) d.* from ${schema}.deliveries d
  where d.outcome = 'refused' and cardinality(d.firing || d.resolved) > 0 and not exists (
    select from ${schema}.deliveries later where later.group_key = d.group_key and later.integration = d.integration
      and later.outcome = 'sent' and later.at >= d.at)`;

async function refusedByGroups(
  { run, schema }: Database,
  { receiver, since }: DeadLetterFilter,
  limit: number,
): Promise<DeadLetter[]> {
  const rows = await run<RefusedColumns>(
    `select d.id, d.integration, d.group_key, d.reason, d.at, d.attempts, d.error,
       cardinality(d.firing || d.resolved) as alerts, known.open, known.alertname
     from (${LAST_REFUSED(schema)} and ($2::timestamptz is null or d.at >= $2)
         and ($1::text is null or regexp_replace(d.integration, '/[^/]*/[^/]*$', '') = $1 or d.integration = $1)
       order by d.group_key, d.integration, d.at desc, d.id desc) d,
     lateral (
       select count(*) filter (where a.state <> 'RESOLVED') as open, min(a.labels->>'alertname') as alertname
       from ${schema}.alerts a where a.fingerprint = any(d.firing || d.resolved)) known
     order by d.at desc, d.id desc limit $3`,
    [receiver ?? null, since ?? null, limit],
  );
  return rows.map((row) => ({
    ...{ id: `g${row.id}`, kind: 'group', receiver: row.integration, alertname: row.alertname },
    ...{ fingerprint: null, episode: null, groupKey: row.group_key, step: row.reason },
    ...{ alerts: row.alerts, open: row.open, at: row.at, attempts: row.attempts, error: row.error ?? '' },
  }));
}

/** In the order of `ids`. */
async function resend(
  database: Database,
  ids: readonly string[],
  by: Parameters<DeadLetters['resend']>[1],
): Promise<readonly Resent[]> {
  return database.transaction('send dead letters again', async (run) => {
    const answers = new Map([
      ...(await resendMessages(run, database.schema, ids.filter(isMessage), by)),
      ...(await lookAgain(run, database.schema, ids.filter(isGroup))),
    ]);
    return ids.map((id) => answers.get(id) ?? { id, isResent: false, text: 'there is no such message' });
  });
}

const isMessage = (id: string): boolean => MESSAGE_ID.test(id);
const isGroup = (id: string): boolean => GROUP_ID.test(id);

interface FoundColumns {
  id: number;
  receiver: string;
  fingerprint: string;
  episode: number;
  step: string;
  state: 'pending' | 'sent' | 'dropped' | 'dead';
  via: string | null;
  sent_at: Date | null;
  reason: string | null;
  detail: string | null;
  alert_state: AlertRow['state'] | null;
  alert_episode: number | null;
  incident_state: IncidentRow['state'] | null;
  resolved_by: string | null;
}

async function resendMessages(
  run: Run,
  schema: string,
  ids: readonly string[],
  by: Parameters<DeadLetters['resend']>[1],
): Promise<[string, Resent][]> {
  if (ids.length === 0) return [];
  const found = await run<FoundColumns>(
    `select n.id, n.receiver, n.fingerprint, n.episode, n.step, n.state, n.via, n.sent_at, n.reason, n.detail,
       a.state as alert_state, a.episode as alert_episode, i.state as incident_state,
       coalesce(i.resolved_by, a.resolved_by) as resolved_by
     from ${schema}.notifications n left join ${schema}.alerts a using (fingerprint)
       left join ${INCIDENT_OF(schema, 'n')}
     where n.id = any($1::bigint[]) order by n.id for update of n`,
    [ids],
  );
  const decided = found.map((row) => ({ row, whyNot: whyNotResent(row, by.receivers) }));
  const wanted = decided.flatMap(({ row, whyNot }) => (whyNot === null ? [row] : []));
  await makeDue(run, schema, wanted, by.owner);
  return decided.map(({ row, whyNot }) => {
    const text = whyNot ?? `${row.receiver} is told of ${row.step} again`;
    return [String(row.id), { id: String(row.id), isResent: whyNot === null, text }];
  });
}

function whyNotResent(row: FoundColumns, receivers: readonly string[] | null): string | null {
  const { receiver, step, state } = row;
  if (state === 'pending') return `it waits to be sent to ${receiver} already`;
  if (state === 'sent')
    return `it has left through ${row.via} at ${row.sent_at?.toISOString() ?? 'some time'}`;
  if (state === 'dropped') return `it was left out, not given up: ${row.reason}: ${row.detail}`;
  if (receivers !== null && !receivers.includes(receiver))
    return `receiver ${receiver} is not in the configuration any more`;
  if (step === 'resolved') return null;
  return isOfIncident(row) ? whyIncidentNotResent(row) : whyAlertNotResent(row);
}

function whyIncidentNotResent({ incident_state: now, resolved_by: by }: FoundColumns): string | null {
  if (now === null) return 'the history does not know its incident any more';
  return now === 'resolved' ? `its incident is over (resolved by ${by})` : null;
}

function whyAlertNotResent(row: FoundColumns): string | null {
  const { alert_state: now } = row;
  if (now === null) return 'the history does not know its alert any more';
  if (row.alert_episode !== row.episode) return 'its episode is over; the alert has had another since';
  return now === 'RESOLVED' ? `its alert is over (resolved by ${row.resolved_by ?? 'its condition'})` : null;
}

/** It has its tries and its age anew. What a resolve is waiting for may have left with it, so that is looked at too. */
async function makeDue(
  run: Run,
  schema: string,
  rows: readonly FoundColumns[],
  owner: string,
): Promise<void> {
  if (rows.length === 0) return;
  await run(
    `with again as (
       update ${schema}.notifications n
       set state = 'pending', attempts = 0, due_at = now(), first_due_at = null, held_until = null, dead_at = null,
         lease_until = null, taken_by = null, resent_at = now(), resends = n.resends + 1
       where n.id = any($1::bigint[]) returning n.*)
     insert into ${schema}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
     select fingerprint, episode, 'resent:' || step || ':' || receiver || ':' || resends, now(), 'resent', $2,
       $2 || ' had ' || receiver || ' told of ' || step || ' again; it had been given up: ' || coalesce(detail, 'no answer'),
       jsonb_build_object('message_id', message_id, 'receiver', receiver, 'step', step)
     from again order by id on conflict do nothing`,
    [rows.map(({ id }) => id), owner],
  );
  await settleAndWake(run, schema, rows);
}

interface GroupColumns {
  id: number;
  integration: string;
  told_at: Date | null;
  is_pending: boolean;
  group_id: string | null;
  open: number;
}

async function lookAgain(run: Run, schema: string, ids: readonly string[]): Promise<[string, Resent][]> {
  if (ids.length === 0) return [];
  const found = await run<GroupColumns>(
    `select d.id, d.integration, m.pending is not null as is_pending, g.id as group_id,
       (select max(s.at) from ${schema}.deliveries s where s.group_key = d.group_key and s.integration = d.integration
          and s.outcome = 'sent' and s.at >= d.at) as told_at,
       (select count(*) from ${schema}.alerts a where a.fingerprint = any(d.firing) and a.state <> 'RESOLVED') as open
     from ${schema}.deliveries d
     left join ${schema}.group_messages m using (group_key, integration)
     left join ${schema}.groups g on g.id = m.group_id
     where d.outcome = 'refused' and d.id = any($1::bigint[])`,
    [ids.map((id) => id.slice(1))],
  );
  const decided = found.map((row) => ({ row, whyNot: whyNotLookedAt(row) }));
  const groups = decided.flatMap(({ row, whyNot }) => (whyNot === null ? [row.group_id] : []));
  if (groups.length > 0)
    await run(
      `with due as (
         update ${schema}.groups set due_at = least(due_at, clock_timestamp())
         where id in (select value from jsonb_array_elements_text($1::jsonb)))
       select pg_notify($2, '')`,
      [json(groups), wakeChannel(schema)],
    );
  return decided.map(({ row, whyNot }) => {
    const text = whyNot ?? 'its group is looked at now, and decides anew what to tell';
    return [`g${row.id}`, { id: `g${row.id}`, isResent: whyNot === null, text }];
  });
}

function whyNotLookedAt({ integration, told_at, is_pending, group_id, open }: GroupColumns): string | null {
  if (told_at !== null) return `${integration} has been told of its group since, at ${told_at.toISOString()}`;
  if (is_pending) return `${integration} is being told of its group already`;
  if (group_id === null || open === 0) return 'its alerts are over, so its group has nothing to tell';
  return null;
}
