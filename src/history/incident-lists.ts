/** Incidents as lists and messages show them, with their alerts as they were. */
import { incidentRef, isIncidentRef, parseIncidentRef } from '../domain/incident';
import { commonLabels } from '../domain/labels';
import type { Database } from './database';
import type { EpisodeKey } from './enqueue';
import type { AlertRow, IncidentAlert, IncidentFacts, IncidentRow, NotificationFacts } from './port';

type Reading = Pick<Database, 'run' | 'schema'>;

interface IncidentColumns {
  id: number;
  policy: string;
  about: string;
  state: IncidentRow['state'];
  severity: string | null;
  commander: string | null;
  opened_at: Date;
  resolved_at: Date | null;
  resolved_by: string | null;
  alerts: number;
  open_alerts: number;
}

/** Joins the incident `i` that the message `n` tells of. */
export const INCIDENT_OF = (s: string, n: string): string => `${s}.incidents i
  on i.id = substring(${n}.fingerprint from '^INC-([0-9]{1,18})$')::bigint and i.episode = ${n}.episode`;

const COLUMNS = (
  s: string,
): string => `i.id, i.policy, i.about, i.state, i.severity, i.commander, i.opened_at,
  i.resolved_at, i.resolved_by,
  (select count(*) from ${s}.incident_alerts m where m.incident = i.id) as alerts,
  (select count(*) from ${s}.incident_alerts m join ${s}.alerts a on a.fingerprint = m.fingerprint
     and a.episode = m.episode where m.incident = i.id and a.state <> 'RESOLVED') as open_alerts`;

export async function readIncidents(
  { run, schema }: Reading,
  { all, limit }: { readonly all: boolean; readonly limit: number },
): Promise<IncidentRow[]> {
  const rows = await run<IncidentColumns>(
    `select ${COLUMNS(schema)} from ${schema}.incidents i where $1 or i.state = 'open' order by i.id desc limit $2`,
    [all, limit],
  );
  return rows.map(toRow);
}

export async function readIncident({ run, schema }: Reading, id: number): Promise<IncidentRow | null> {
  const [row] = await run<IncidentColumns>(
    `select ${COLUMNS(schema)} from ${schema}.incidents i where i.id = $1`,
    [id],
  );
  return row === undefined ? null : toRow(row);
}

const toRow = (row: IncidentColumns): IncidentRow => ({
  ...{ id: row.id, policy: row.policy, about: row.about, state: row.state },
  ...{ severity: row.severity, commander: row.commander },
  openedAt: row.opened_at.toISOString(),
  resolvedAt: row.resolved_at?.toISOString() ?? null,
  resolvedBy: row.resolved_by,
  alerts: row.alerts,
  openAlerts: row.open_alerts,
});

interface MemberColumns {
  fingerprint: string;
  episode: number;
  at: number;
  labels: AlertRow['labels'];
  annotations: AlertRow['annotations'];
  state: AlertRow['state'];
  ended_at: Date | null;
  taken_by: string | null;
}

/** Of an earlier episode than the alert's last it is known that it is over. */
export async function readIncidentAlerts(
  { run, schema }: Reading,
  id: number,
  limit: number,
): Promise<IncidentAlert[]> {
  const rows = await run<MemberColumns>(
    `select m.fingerprint, m.episode, m.at, a.labels, a.annotations,
       case when a.episode = m.episode then a.state else 'RESOLVED' end as state,
       coalesce(e.ended_at, e.life_ended_at) as ended_at,
       case when a.episode = m.episode and a.state = 'ACKNOWLEDGED' then a.acknowledgement->>'owner' end as taken_by
     from ${schema}.incident_alerts m join ${schema}.alerts a on a.fingerprint = m.fingerprint
     left join ${schema}.episodes e on e.fingerprint = m.fingerprint and e.episode = m.episode
     where m.incident = $1 order by m.at, m.fingerprint limit $2`,
    [id, limit],
  );
  return rows.map(({ at, ended_at: endedAt, taken_by: takenBy, ...row }) => ({
    ...row,
    at: new Date(at).toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    takenBy,
  }));
}

/** What a message can tell of, and what mutes are asked about. */
const MOST_TOLD = 500;
const MOST_RELATED = 50;

/** One answer a key, in their order: null where there is no such incident. */
export function readIncidentFacts(
  database: Reading,
  keys: readonly EpisodeKey[],
): Promise<(NotificationFacts | null)[]> {
  return Promise.all(keys.map((key) => factsOf(database, key)));
}

export const isOfIncident = ({ fingerprint }: EpisodeKey): boolean => isIncidentRef(fingerprint);

async function factsOf(
  database: Reading,
  { fingerprint, episode }: EpisodeKey,
): Promise<NotificationFacts | null> {
  const id = parseIncidentRef(fingerprint);
  const row = id === null ? null : await readIncident(database, id);
  if (row === null) return null;
  const alerts = await readIncidentAlerts(database, row.id, MOST_TOLD);
  const { alerts: count, openAlerts: openCount, ...rest } = row;
  const incident: IncidentFacts = { ...rest, alerts, count, openCount };
  const related = alerts.slice(0, MOST_RELATED).map((one) => ({
    fingerprint: one.fingerprint,
    alert_name: one.labels['alertname'] ?? one.fingerprint,
    severity: one.labels['severity'] ?? null,
    resource: one.labels['resource'] ?? one.labels['instance_id'] ?? one.labels['instance'] ?? null,
    state: one.state,
    starts_at: one.at,
  }));
  return {
    alert: asAlert(incident, episode),
    ...{ artifacts: [], remediation: null, underWay: null, related, incident },
  };
}

/** What stands for all of its alerts where a message is about one: what they have in common, and the worst severity. */
function asAlert(incident: IncidentFacts, episode: number): AlertRow {
  const { alertname: _, severity: __, ...common } = commonLabels(incident.alerts.map(({ labels }) => labels));
  const name = `${incidentRef(incident.id)} ${incident.policy}`;
  return {
    fingerprint: incidentRef(incident.id),
    labels: { ...common, ...(incident.severity !== null && { severity: incident.severity }) },
    annotations: commonLabels(incident.alerts.map(({ annotations }) => annotations)),
    state: stateOf(incident),
    ...{ episode, fireCount: 1, startsAt: incident.openedAt, endsAt: incident.resolvedAt },
    ...{ value: null, threshold: null, eventTime: episode, condition: null, cooldownMs: null, runbook: null },
    rule: { group: 'incidents', name, hash: '' },
    ...{ recent: [], correlationId: incidentRef(incident.id), acknowledgement: null },
    ...{
      resolvedBy: incident.resolvedBy,
      quietUntil: null,
      expiresAt: null,
      timedOut: false,
      generatorUrl: '',
    },
  };
}

/** It is taken when somebody has taken all that is open. */
function stateOf({ state, alerts, count }: IncidentFacts): AlertRow['state'] {
  if (state === 'resolved') return 'RESOLVED';
  const open = alerts.filter((one) => one.state !== 'RESOLVED');
  const isTaken =
    open.length > 0 && count === alerts.length && open.every((one) => one.state === 'ACKNOWLEDGED');
  return isTaken ? 'ACKNOWLEDGED' : 'FIRING';
}
