/**
 * First pages that are withheld because an incident's message tells of their alert: written down as not sent, whole, so that
 * they can be sent after all when that message is given up.
 */
import { incidentRef } from '../domain/incident';
import { json, type Database, type Run } from './database';
import { settleAndWake, type EpisodeKey } from './enqueue';
import type { IncidentCandidate, NewNotification } from './port';

/** Which incident an alert's episode belongs to. */
export interface Belonging {
  readonly id: number;
  readonly policy: string;
  /** Who hears of it as a whole. */
  readonly told: readonly string[];
}

export const nameOf = ({
  fingerprint,
  episode,
}: Pick<IncidentCandidate, 'fingerprint' | 'episode'>): string => `${fingerprint}:${episode}`;

/** First pages to those who hear of the incident are written down as not sent, and why. */
export async function withhold(
  run: Run,
  schema: string,
  notifications: readonly NewNotification[],
  belongs: ReadonlyMap<string, Belonging>,
): Promise<readonly NewNotification[]> {
  const isWithheld = (one: NewNotification): boolean =>
    one.step === 'fire' && belongs.get(nameOf(one))?.told.includes(one.receiver) === true;
  const withheld = notifications.filter(isWithheld).map((one) => {
    const { id, policy } = belongs.get(nameOf(one))!;
    return {
      ...one,
      detail: `it belongs to incident ${incidentRef(id)} ${policy}, of which ${one.receiver} is told`,
      id,
      policy,
    };
  });
  if (withheld.length === 0) return notifications;
  await run(
    `with given as materialized (
       select * from jsonb_to_recordset($1::jsonb) as g ("messageId" text, receiver text, fingerprint text, episode bigint,
         step text, "dueAt" timestamptz, "onCallPerson" text, "unlessAcknowledged" boolean, bundle text, detail text,
         id bigint, policy text)),
     dropped as (
       insert into ${schema}.notifications (message_id, receiver, fingerprint, episode, step, due_at, on_call_person,
         unless_acknowledged, bundle, state, reason, detail)
       select "messageId", receiver, fingerprint, episode, step, "dueAt", "onCallPerson",
         coalesce("unlessAcknowledged", false), bundle, 'dropped', 'incident', detail from given
       on conflict do nothing)
     insert into ${schema}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
     select fingerprint, episode, 'notification:' || step || ':' || receiver, now(), 'not_notified', 'dispatcher',
       'did not tell ' || receiver || ' of ' || step || ': incident (' || detail || ')',
       jsonb_build_object('message_id', "messageId", 'receiver', receiver, 'reason', 'incident', 'detail', detail,
         'by', jsonb_build_array(jsonb_build_object('kind', 'incident', 'id', 'INC-' || id, 'name', policy)))
     from given on conflict do nothing`,
    [json(withheld)],
  );
  return notifications.filter((one) => !isWithheld(one));
}

/** A message that has told a receiver of an incident's alerts, or will. A later way may yet be dropped. */
export const TELLS_OF_INCIDENT = (w: string): string =>
  `${w}.state in ('pending', 'sent') and ${w}.step <> 'resolved' and not ${w}.unless_acknowledged`;

/**
 * A message by which a receiver could not be told of an incident's alerts: given up, or left out because somebody has resolved
 * the incident meanwhile, as one that would only ring up. It is given up within a day.
 */
export const COULD_NOT_TELL = (i: string, w: string): string =>
  `${w}.step <> 'resolved' and (
    (${w}.state = 'dead' and ${i}.state = 'open')
    or (${w}.state in ('dead', 'dropped') and ${i}.state = 'resolved' and ${i}.resolved_at > now() - interval '2 days'))`;

/**
 * First pages of open alerts to receivers that could not be told of their incident are due now, with their tries and their age
 * anew; answers how many. Found by looking, since an alert may join in the moment in which the message is given up; one
 * whose row is being written, perhaps because it is over, is left to the next look.
 */
export async function sendWithheld(database: Database): Promise<number> {
  const { schema: s, transaction } = database;
  return transaction('send first pages that were withheld', async (run) => {
    const again = await run<EpisodeKey>(SEND_WITHHELD(s));
    if (again.length > 0) await settleAndWake(run, s, again);
    return again.length;
  });
}

const SEND_WITHHELD = (s: string): string => `
  with given_up as materialized (
    select distinct on (i.id, n.receiver) i.id, n.receiver, n.detail from ${s}.incidents i
    join ${s}.notifications n on n.fingerprint = 'INC-' || i.id and n.episode = i.episode
    where ${COULD_NOT_TELL('i', 'n')} and not exists (
      select from ${s}.notifications w where (w.fingerprint, w.episode, w.receiver) = (n.fingerprint, n.episode, n.receiver)
        and ${TELLS_OF_INCIDENT('w')})
    order by i.id, n.receiver, n.state, n.id),
  due as (
    select f.id, g.id as incident, g.detail as why from given_up g
    join ${s}.incident_alerts m on m.incident = g.id
    join ${s}.alerts a on a.fingerprint = m.fingerprint and a.episode = m.episode and a.state <> 'RESOLVED'
    join ${s}.notifications f on f.fingerprint = m.fingerprint and f.episode = m.episode and f.receiver = g.receiver
    where f.step = 'fire' and f.state = 'dropped' and f.reason = 'incident'
    order by f.id for update of f skip locked for share of a skip locked),
  again as (
    update ${s}.notifications f
    set state = 'pending', due_at = case when f.unless_acknowledged then greatest(f.due_at, now()) else now() end,
      reason = null, detail = null, resent_at = now(), resends = f.resends + 1
    from (select distinct on (id) * from due order by id) d where f.id = d.id
    returning f.*, d.incident, d.why),
  noted as (
    insert into ${s}.timeline (fingerprint, episode, key, at, kind, actor, text, details)
    select fingerprint, episode, 'resent:' || step || ':' || receiver || ':' || resends, now(), 'resent', 'dispatcher',
      receiver || ' is told of ' || step || ' after all: it could not be told of incident INC-' || incident || ': '
        || coalesce(why, 'no answer'),
      jsonb_build_object('message_id', message_id, 'receiver', receiver, 'step', step)
    from again order by id on conflict do nothing)
  select fingerprint, episode from again`;
