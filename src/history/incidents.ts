/**
 * Incidents as rows. Who belongs to which is decided in the transaction that writes the alerts' rows, one decider a key at a
 * time: two processes that see related alerts at once make one incident, and what is delivered again finds its row there.
 * Messages of an incident are rows of the same queue as those of alerts: its reference stands where a fingerprint does.
 */
import { INCIDENT_OPENED, commanderStep, incidentRef, raisedStep, takenStep } from '../domain/incident';
import { messageOf } from '../domain/errors';
import { messageId } from '../domain/identity';
import { json, type Database, type Run } from './database';
import { databaseFault } from './database-errors';
import { endHolds, enqueue, IS_AMONG, lookAgain } from './enqueue';
import { readIncident, readIncidentAlerts, readIncidents } from './incident-lists';
import { nameOf, sendWithheld, TELLS_OF_INCIDENT, withhold, type Belonging } from './incident-pages';
import { readNotifications } from './lists';
import type {
  IncidentCandidate,
  IncidentDraft,
  IncidentRow,
  IncidentStore,
  NewNotification,
  OpenIncident,
  PagesChange,
} from './port';
import { readTimeline, writeTimeline } from './timeline';

export const INCIDENTS_MIGRATION = `
create table {schema}.incidents (
  id bigint generated always as identity primary key,
  policy text not null,
  -- The same for alerts that are related; in words, for people.
  key text not null,
  about text not null,
  state text not null default 'open' check (state in ('open', 'resolved')),
  severity text,
  commander text,
  -- Those that are told whoever commands.
  receivers text[] not null,
  -- When it was opened, ms: with its reference it names it in notifications and timeline, as an episode does.
  episode bigint not null,
  opened_at timestamptz not null default now(),
  -- Of its alerts, event time in ms.
  first_at bigint not null,
  newest_at bigint not null,
  raised integer not null default 0,
  handed_over integer not null default 0,
  resolve_after_ms bigint not null,
  resolved_at timestamptz,
  resolved_by text
);
create index incidents_open on {schema}.incidents (policy, key) where state = 'open';
create index incidents_resolved on {schema}.incidents (resolved_at) where state = 'resolved';

-- Episodes of alerts that fall under a policy: of an incident, or of none so far.
create table {schema}.incident_alerts (
  fingerprint text not null,
  episode bigint not null,
  policy text not null,
  key text not null,
  about text not null,
  at bigint not null,
  severity text,
  incident bigint references {schema}.incidents (id) on delete cascade,
  primary key (fingerprint, episode)
);
create index incident_alerts_loose on {schema}.incident_alerts (policy, key, at) where incident is null;
create index incident_alerts_incident on {schema}.incident_alerts (incident, at) where incident is not null;
`;

export function createIncidents(database: Database): IncidentStore {
  const { schema, transaction } = database;
  return {
    list: (options) => readIncidents(database, options),
    find: (id) => readIncident(database, id),
    alerts: (id, limit) => readIncidentAlerts(database, id, limit),
    timeline: (id) => readTimeline(database, incidentRef(id)),
    notifications: (id) => readNotifications(database, incidentRef(id)),
    handOver: (id, to, act) =>
      transaction('hand over an incident', (run) => handOver(run, schema, id, to, act)),
    async resolve(id, act, resolveTo) {
      const done = await transaction('resolve an incident', (run) =>
        close(run, schema, id, { ...act, only: 'any' }, resolveTo),
      );
      return done ? readIncident(database, id) : null;
    },
    async resolveOver(resolveTo) {
      const open = await database.run<{ id: number; over: boolean }>(
        `select i.id, ${IS_OVER(schema)} as over from ${schema}.incidents i where i.state = 'open'`,
      );
      let resolved = 0;
      for (const { id } of open.filter(({ over }) => over)) {
        const act = { by: 'tocsin', comment: 'all of its alerts are over', only: 'over' as const };
        if (await transaction('resolve an incident', (run) => close(run, schema, id, act, resolveTo)))
          resolved++;
      }
      return { resolved, open: open.length - resolved };
    },
    async tellTaken(acknowledgedTo) {
      const found = await database.run<{ id: number }>(
        `select i.id from ${schema}.incidents i where i.state = 'open' and (${IS_TAKEN(schema)}) <> (${WAS_TAKEN(schema)})`,
      );
      let told = 0;
      for (const { id } of found)
        if (
          await transaction('tell who has taken an incident', (run) =>
            tellTaken(run, schema, id, acknowledgedTo),
          )
        )
          told++;
      return told;
    },
    sendWithheld: () => sendWithheld(database),
  };
}

const OPEN_ALERTS = (s: string): string => `from ${s}.incident_alerts m
    join ${s}.alerts a on a.fingerprint = m.fingerprint and a.episode = m.episode
    where m.incident = i.id and a.state <> 'RESOLVED'`;

/** Somebody holds each of its alerts that is open; null where none is: the end of the last is no news of who held it. */
const IS_TAKEN = (s: string): string => `(select bool_and(a.state = 'ACKNOWLEDGED') ${OPEN_ALERTS(s)})`;

/** What was said of that last: its timeline has it. */
const WAS_TAKEN = (s: string): string => `coalesce((
    select t.kind = 'acknowledged' from ${s}.timeline t
    where t.fingerprint = 'INC-' || i.id and t.episode = i.episode and t.kind in ('acknowledged', 'unacknowledged')
    order by t.id desc limit 1), false)`;

interface TakenColumns {
  episode: number;
  commander: string | null;
  taken: boolean | null;
  was: boolean;
  owners: string | null;
  count: number;
}

/** Once for each change, whoever looks: who does holds the incident. */
async function tellTaken(
  run: Run,
  schema: string,
  id: number,
  acknowledgedTo: readonly string[],
): Promise<boolean> {
  if ((await locked(run, schema, id)) === undefined) return false;
  const [row] = await run<TakenColumns>(
    `select i.episode, i.commander, ${IS_TAKEN(schema)} as taken, ${WAS_TAKEN(schema)} as was,
       (select string_agg(distinct a.acknowledgement->>'owner', ', ') ${OPEN_ALERTS(schema)}) as owners,
       (select count(*) from ${schema}.timeline t where t.fingerprint = 'INC-' || i.id and t.episode = i.episode
          and t.kind in ('acknowledged', 'unacknowledged'))::integer as count
     from ${schema}.incidents i where i.id = $1`,
    [id],
  );
  const { episode, commander, taken, was, owners, count } = row!;
  if (taken === null || taken === was) return false;
  const step = takenStep(taken, count + 1);
  const what = taken ? `all open alerts are taken: ${owners ?? 'by somebody'}` : 'an open alert is not taken';
  await note(run, schema, { id, episode }, step, taken ? (owners ?? 'somebody') : 'tocsin', what);
  const receivers = (await toldOf(run, schema, { id, episode })).filter((one) =>
    acknowledgedTo.includes(one),
  );
  await enqueue(
    run,
    schema,
    receivers.map((receiver) => message({ id, episode }, step, receiver, commander)),
  );
  return true;
}

/** None of its alerts is open, and the last has been over for long enough. */
const IS_OVER = (s: string): string => `(not exists (
    select from ${s}.incident_alerts m join ${s}.alerts a on a.fingerprint = m.fingerprint and a.episode = m.episode
    where m.incident = i.id and a.state <> 'RESOLVED')
  and coalesce((select max(least(coalesce(e.ended_at, e.life_ended_at, i.opened_at), now()))
      from ${s}.incident_alerts m join ${s}.episodes e on e.fingerprint = m.fingerprint and e.episode = m.episode
      where m.incident = i.id), i.opened_at) <= now() - i.resolve_after_ms * interval '1 millisecond')`;

/** Whoever decides about a key does so alone until he commits. Rows of alerts are locked before, in all transactions. */
async function lockKeys(run: Run, schema: string, keys: readonly Keyed[]): Promise<void> {
  const names = [...new Set(keys.map(({ policy, key }) => json([schema, policy, key])))].sort();
  await run(
    `select pg_advisory_xact_lock(name) from (
       select hashtextextended(k.name, 0) as name from unnest($1::text[]) with ordinality k (name, n) order by k.n) locks`,
    [names],
  );
}

type Keyed = Pick<IncidentCandidate, 'policy' | 'key'>;

type Correlated = Pick<PagesChange, 'incidents' | 'notifications'>;
type Incidents = NonNullable<PagesChange['incidents']>;

/**
 * Writes what becomes of the candidates, and answers the messages that are still to be sent of the alerts by themselves:
 * all of them where it cannot be decided, for then somebody has to be told of each.
 */
export async function correlate(
  run: Run,
  schema: string,
  { incidents, notifications }: Correlated,
): Promise<readonly NewNotification[]> {
  if (incidents === undefined || incidents.candidates.length === 0) return notifications;
  await run('savepoint correlation');
  try {
    return await decided(run, schema, incidents, notifications);
  } catch (error) {
    // The whole batch comes again.
    if (databaseFault(error) !== 'statement') throw error;
    await run('rollback to savepoint correlation');
    await noteUndecided(run, schema, incidents, error);
    return notifications;
  }
}

async function noteUndecided(
  run: Run,
  schema: string,
  { candidates }: Incidents,
  error: unknown,
): Promise<void> {
  const text = `is told by itself: whether it belongs to an incident could not be decided: ${messageOf(error)}`;
  const events = candidates.map(({ fingerprint, episode, at }) => ({
    ...{ fingerprint, episode, key: 'incident', at: new Date(at).toISOString(), kind: 'incident' },
    ...{ actor: 'dispatcher', text, details: {} },
  }));
  await writeTimeline(run, schema, events);
}

async function decided(
  run: Run,
  schema: string,
  { candidates, decide }: Incidents,
  notifications: PagesChange['notifications'],
): Promise<readonly NewNotification[]> {
  await lockKeys(run, schema, candidates);
  const known = {
    open: await readOpen(run, schema, candidates),
    loose: await readLoose(run, schema, candidates),
  };
  const belongs = new Map<string, Belonging>();
  for (const draft of decide(known)) {
    const id = draft.id ?? (await open(run, schema, draft));
    if (draft.id !== null) await widen(run, schema, id, draft);
    const told = draft.opens === null ? draft.told : atOnce(draft);
    for (const member of draft.members) belongs.set(nameOf(member), { id, policy: draft.policy, told });
    await keep(run, schema, draft.members, id);
  }
  const loose = candidates.filter((one) => !belongs.has(nameOf(one)));
  await keep(run, schema, loose, null);
  return withhold(run, schema, notifications, belongs);
}

/** A later way may be dropped: who is told by it alone is told of the alert by itself too. */
const atOnce = ({ opens }: IncidentDraft): string[] =>
  opens!.recipients.filter(({ afterMs }) => afterMs === 0).map(({ receiver }) => receiver);

const KEYS = `(select distinct g.policy, g.key from jsonb_to_recordset($1::jsonb) as g (policy text, key text))`;

interface OpenColumns {
  id: number;
  policy: string;
  key: string;
  about: string;
  first_at: number;
  newest_at: number;
  severity: string | null;
  told: string[];
  known: string[];
}

async function readOpen(
  run: Run,
  schema: string,
  candidates: readonly IncidentCandidate[],
): Promise<OpenIncident[]> {
  const rows = await run<OpenColumns>(
    `select i.id, i.policy, i.key, i.about, i.first_at, i.newest_at, i.severity, coalesce((
       select array_agg(distinct n.receiver) from ${schema}.notifications n
       where n.fingerprint = 'INC-' || i.id and n.episode = i.episode and ${TELLS_OF_INCIDENT('n')}), '{}') as told, coalesce((
       select array_agg(distinct m.fingerprint) from ${schema}.incident_alerts m
       where m.incident = i.id and m.fingerprint = any($2)), '{}') as known
     from ${KEYS} g join ${schema}.incidents i on i.policy = g.policy and i.key = g.key
     where i.state = 'open' order by i.id`,
    [json(candidates), candidates.map(({ fingerprint }) => fingerprint)],
  );
  return rows.map(({ first_at: firstAt, newest_at: newestAt, known, ...row }) => ({
    ...{ ...row, firstAt, newestAt, known: new Set(known) },
  }));
}

async function readLoose(
  run: Run,
  schema: string,
  candidates: readonly IncidentCandidate[],
): Promise<IncidentCandidate[]> {
  const rows = await run<Omit<IncidentCandidate, 'windowMs'> & { windowMs: number }>(
    `select m.policy, m.key, m.about, m.fingerprint, m.episode, m.at, m.severity, g.window as "windowMs"
     from (select policy, key, max("windowMs") as window, min(at) as first, max(at) as last
           from jsonb_to_recordset($1::jsonb) as c (policy text, key text, "windowMs" bigint, at bigint)
           group by policy, key) g
     join ${schema}.incident_alerts m on m.policy = g.policy and m.key = g.key and m.incident is null
       and m.at between g.first - g.window and g.last + g.window
     join ${schema}.alerts a on a.fingerprint = m.fingerprint and a.episode = m.episode and a.state <> 'RESOLVED'
     order by m.at, m.fingerprint`,
    [json(candidates)],
  );
  return rows;
}

async function keep(
  run: Run,
  schema: string,
  members: readonly IncidentCandidate[],
  incident: number | null,
): Promise<void> {
  if (members.length === 0) return;
  await run(
    `insert into ${schema}.incident_alerts as m (fingerprint, episode, policy, key, about, at, severity, incident)
     select fingerprint, episode, policy, key, about, at, severity, $2::bigint
     from jsonb_to_recordset($1::jsonb) as g (fingerprint text, episode bigint, policy text, key text, about text,
       at bigint, severity text)
     on conflict (fingerprint, episode) do update set incident = excluded.incident where m.incident is null`,
    [json(members), incident],
  );
  if (incident === null) return;
  await writeTimeline(
    run,
    schema,
    members.map(({ fingerprint, episode, policy, at }) => ({
      ...{ fingerprint, episode, key: 'incident', at: new Date(at).toISOString(), kind: 'incident' },
      ...{ actor: 'dispatcher', text: `belongs to incident ${incidentRef(incident)} ${policy}` },
      details: { incident: incidentRef(incident) },
    })),
  );
}

async function open(run: Run, schema: string, draft: IncidentDraft): Promise<number> {
  const { policy, key, about, severity, firstAt, newestAt, members, opens } = draft;
  const { commander, receivers, recipients, notes, resolveAfterMs } = opens!;
  const now = new Date();
  const [row] = await run<{ id: number }>(
    `insert into ${schema}.incidents
       (policy, key, about, severity, commander, receivers, episode, first_at, newest_at, resolve_after_ms, opened_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id`,
    [
      ...[policy, key, about, severity, commander, receivers, now.getTime()],
      ...[firstAt, newestAt, resolveAfterMs, now],
    ],
  );
  const at = { id: row!.id, episode: now.getTime() };
  const who = commander === null ? 'nobody commands' : `${commander} commands`;
  const text = [`opened with ${members.length} alerts of ${about}; ${who}`, ...notes].join('; ');
  await note(run, schema, at, 'opened', 'dispatcher', text);
  const messages = recipients.map(({ receiver, afterMs }) =>
    message(at, INCIDENT_OPENED, receiver, commander, afterMs),
  );
  await enqueue(run, schema, messages);
  return row!.id;
}

interface Placed {
  readonly id: number;
  readonly episode: number;
}

function message(
  { id, episode }: Placed,
  step: string,
  receiver: string,
  commander: string | null,
  afterMs = 0,
): NewNotification {
  return {
    messageId: messageId(incidentRef(id), episode, step),
    ...{ receiver, fingerprint: incidentRef(id), episode, step, onCallPerson: commander },
    dueAt: new Date(Date.now() + afterMs),
    unlessAcknowledged: afterMs > 0,
  };
}

async function note(
  run: Run,
  schema: string,
  { id, episode }: Placed,
  key: string,
  actor: string,
  text: string,
): Promise<void> {
  const kind = key.replace(/-\d+$/, '');
  const at = new Date().toISOString();
  await writeTimeline(run, schema, [
    { fingerprint: incidentRef(id), episode, key, at, kind, actor, text, details: {} },
  ]);
}

/** More alerts belong to it. A message that is held back is looked at again: what holds the others may not hold these. */
async function widen(run: Run, schema: string, id: number, draft: IncidentDraft): Promise<void> {
  const [row] = await run<{ episode: number; raised: number; commander: string | null }>(
    `update ${schema}.incidents set first_at = $2, newest_at = $3, severity = $4, raised = raised + $5::integer
     where id = $1 returning episode, raised, commander`,
    [id, draft.firstAt, draft.newestAt, draft.severity, draft.isRaised ? 1 : 0],
  );
  const { episode, raised, commander } = row!;
  await lookAgain(run, schema, { fingerprint: incidentRef(id), episode });
  if (!draft.isRaised) return;
  await note(run, schema, { id, episode }, `raised-${raised}`, 'dispatcher', `is ${draft.severity} now`);
  const receivers = await toldOf(run, schema, { id, episode });
  await enqueue(
    run,
    schema,
    receivers.map((receiver) => message({ id, episode }, raisedStep(raised), receiver, commander)),
  );
}

/** Who has heard of it, or hears now: a message that still waits tells how things stand when it leaves. */
async function toldOf(run: Run, schema: string, { id, episode }: Placed): Promise<string[]> {
  const rows = await run<{ receiver: string }>(
    `select distinct receiver from ${schema}.notifications
     where fingerprint = $1 and episode = $2 and (state = 'sent' or (state = 'pending' and taken_by is not null))
     order by receiver`,
    [incidentRef(id), episode],
  );
  return rows.map(({ receiver }) => receiver);
}

/** Who decides about its key waits, and so do those who would change it. */
async function locked(run: Run, schema: string, id: number): Promise<LockedColumns | undefined> {
  const [found] = await run<{ policy: string; key: string }>(
    `select policy, key from ${schema}.incidents where id = $1 and state = 'open'`,
    [id],
  );
  if (found === undefined) return undefined;
  await lockKeys(run, schema, [found]);
  const [row] = await run<LockedColumns>(
    `select episode, commander, handed_over, receivers, ${IS_OVER(schema)} as over
     from ${schema}.incidents i where id = $1 and state = 'open' for update`,
    [id],
  );
  return row;
}

interface LockedColumns {
  episode: number;
  commander: string | null;
  handed_over: number;
  receivers: string[];
  over: boolean;
}

async function close(
  run: Run,
  schema: string,
  id: number,
  { by, comment, only }: { readonly by: string; readonly comment: string; readonly only: 'any' | 'over' },
  resolveTo: readonly string[],
): Promise<boolean> {
  const row = await locked(run, schema, id);
  if (row === undefined || (only === 'over' && !row.over)) return false;
  const { episode, commander } = row;
  await run(
    `update ${schema}.incidents set state = 'resolved', resolved_at = now(), resolved_by = $2 where id = $1`,
    [id, by],
  );
  await note(run, schema, { id, episode }, 'resolved', by, said('resolved', comment));
  const heard = await run<{ receiver: string }>(
    `select distinct receiver from ${schema}.notifications
     where fingerprint = $1 and episode = $2 and state in ('pending', 'sent') and ${IS_AMONG('receiver', '$3')} order by receiver`,
    [incidentRef(id), episode, resolveTo],
  );
  await endHolds(run, schema, { fingerprint: incidentRef(id), episode });
  await enqueue(
    run,
    schema,
    heard.map(({ receiver }) => message({ id, episode }, 'resolved', receiver, commander)),
  );
  return true;
}

const said = (what: string, comment: string): string => (comment === '' ? what : `${what}: ${comment}`);

async function handOver(
  run: Run,
  schema: string,
  id: number,
  { person, ways }: Parameters<IncidentStore['handOver']>[1],
  { by, comment }: Parameters<IncidentStore['handOver']>[2],
): Promise<IncidentRow | null> {
  const row = await locked(run, schema, id);
  if (row === undefined) return null;
  if (row.commander !== person) {
    const { episode, receivers } = row;
    const count = row.handed_over + 1;
    await run(`update ${schema}.incidents set commander = $2, handed_over = $3 where id = $1`, [
      id,
      person,
      count,
    ]);
    const from = row.commander === null ? '' : ` after ${row.commander}`;
    await note(
      run,
      schema,
      { id, episode },
      `commander-${count}`,
      by,
      said(`${person} commands${from}`, comment),
    );
    const told = (await toldOf(run, schema, { id, episode })).filter((one) => receivers.includes(one));
    const direct = told.filter((one) => ways.every(({ receiver }) => receiver !== one));
    const all = [...direct.map((receiver) => ({ receiver, afterMs: 0 })), ...ways];
    await enqueue(
      run,
      schema,
      all.map(({ receiver, afterMs }) =>
        message({ id, episode }, commanderStep(count), receiver, person, afterMs),
      ),
    );
  }
  return readIncident({ run, schema }, id);
}

/** With their messages and timelines, which stand under their references. */
export async function forgetIncidents(
  run: Run,
  schema: string,
  before: Date,
  batch: number,
): Promise<number> {
  const gone = await run<{ ref: string }>(
    `delete from ${schema}.incidents where id in (
       select i.id from ${schema}.incidents i where i.state = 'resolved' and i.resolved_at < $1
         and not exists (select from ${schema}.notifications n
           where n.fingerprint = 'INC-' || i.id and n.episode = i.episode and n.state = 'pending')
       order by i.resolved_at limit $2 for update skip locked) returning 'INC-' || id as ref`,
    [before, batch],
  );
  const refs = gone.map(({ ref }) => ref);
  for (const table of ['notifications', 'timeline'])
    await run(`delete from ${schema}.${table} where fingerprint = any($1)`, [refs]);
  return gone.length;
}
