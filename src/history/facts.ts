/** Everything a message's payload is made of: the alert as it was in that episode, and what was found and done. */
import type { Artifact } from '../domain/artifact';
import type { RelatedAlert } from '../domain/notification';
import type { RemediationResult } from '../domain/remediation';
import { ALERT_COLUMNS, toAlertRow, type AlertColumns } from './alert-row';
import { json, type Database } from './database';
import type { EpisodeKey } from './enqueue';
import { isOfIncident, readIncidentFacts } from './incident-lists';
import type { AlertRow, NotificationFacts } from './port';

const MOST_RELATED = 10;

/** Dates inside JSON come as text. */
interface PastColumns {
  starts_at: string;
  fire_count: number | null;
  value: AlertRow['value'];
  threshold: number | null;
  event_time: number | null;
  correlation_id: string | null;
  ended_at: string | null;
  acknowledgement: AlertRow['acknowledgement'];
  resolved_by: string | null;
}

interface FactsColumns extends AlertColumns {
  asked: number;
  past: PastColumns | null;
  artifacts: Artifact[];
  remediation: RemediationResult | null;
  under_way: NotificationFacts['underWay'];
  related: RelatedColumns[];
}

/** One answer a key, in their order: null when the history does not know the alert or the episode yet. */
export async function readFacts(
  database: Database,
  keys: readonly EpisodeKey[],
): Promise<(NotificationFacts | null)[]> {
  if (!keys.some(isOfIncident)) return readAlertFacts(database, keys);
  const [incidents, alerts] = [keys.filter(isOfIncident), keys.filter((key) => !isOfIncident(key))];
  const found = new Map([
    ...(await readIncidentFacts(database, incidents)).map(
      (facts, index) => [incidents[index]!, facts] as const,
    ),
    ...(await readAlertFacts(database, alerts)).map((facts, index) => [alerts[index]!, facts] as const),
  ]);
  return keys.map((key) => found.get(key)!);
}

async function readAlertFacts(
  database: Database,
  keys: readonly EpisodeKey[],
): Promise<(NotificationFacts | null)[]> {
  if (keys.length === 0) return [];
  const { run, schema } = database;
  const columns = ALERT_COLUMNS.replace(/\w+/g, 'a.$&');
  const rows = await run<FactsColumns>(
    `select ${columns}, k.asked,
       (select to_jsonb(p) from (select starts_at, fire_count, value, threshold, event_time, correlation_id,
          coalesce(ended_at, life_ended_at) as ended_at, acknowledgement, coalesce(life_resolved_by, ended_by) as resolved_by
          from ${schema}.episodes e where e.fingerprint = k.fingerprint and e.episode = k.episode
            and a.episode > k.episode) p) as past,
       coalesce((select jsonb_agg(artifact order by seq, provider, type) from ${schema}.artifacts f
          where f.fingerprint = k.fingerprint and f.episode = k.episode), '[]') as artifacts,
       (select result from ${schema}.remediations r where r.fingerprint = k.fingerprint and r.episode = k.episode
          order by seq desc, started_at desc limit 1) as remediation,
       (select case when t.kind = 'remediation_started' and t.details ? 'runbook' then t.details end from ${schema}.timeline t
          where t.fingerprint = k.fingerprint and t.episode = k.episode and t.kind in ('remediation_started', 'remediated', 'repaired_for_another')
          order by t.id desc limit 1) as under_way,
       coalesce((select jsonb_agg(to_jsonb(o)) from (
          select o.fingerprint, o.labels, o.state, o.starts_at from ${schema}.alerts o
          where coalesce(o.labels->>'instance_id', o.labels->>'instance') = coalesce(a.labels->>'instance_id', a.labels->>'instance')
            and o.state <> 'RESOLVED' and o.fingerprint <> a.fingerprint
          order by o.starts_at desc, o.fingerprint limit ${MOST_RELATED}) o), '[]') as related
     from unnest($1::text[], $2::bigint[]) with ordinality as k (fingerprint, episode, asked)
     join ${schema}.alerts a on a.fingerprint = k.fingerprint
     where a.episode >= k.episode`,
    [keys.map(({ fingerprint }) => fingerprint), keys.map(({ episode }) => episode)],
  );
  const found = new Map(rows.map((row) => [row.asked, toFacts(row, keys[row.asked - 1]!.episode)]));
  return keys.map((_, index) => found.get(index + 1) ?? null);
}

function toFacts(row: FactsColumns, episode: number): NotificationFacts | null {
  if (row.episode !== episode && row.past === null) return null;
  const alert = row.past === null ? toAlertRow(row) : asOfEpisode(toAlertRow(row), episode, row.past);
  return {
    alert,
    artifacts: row.artifacts,
    remediation: row.remediation,
    underWay: row.under_way,
    related: row.related.map(toRelated),
  };
}

/** A later episode has followed, so this one is over; its last points are not kept. */
function asOfEpisode(current: AlertRow, episode: number, past: PastColumns): AlertRow {
  return {
    ...current,
    state: 'RESOLVED',
    episode,
    fireCount: past.fire_count ?? current.fireCount,
    startsAt: new Date(past.starts_at).toISOString(),
    endsAt: past.ended_at === null ? null : new Date(past.ended_at).toISOString(),
    value: past.value,
    threshold: past.threshold,
    eventTime: past.event_time ?? episode,
    recent: [],
    correlationId: past.correlation_id ?? current.correlationId,
    acknowledgement: past.acknowledgement,
    resolvedBy: past.resolved_by,
    quietUntil: null,
    expiresAt: null,
    timedOut: false,
    generatorUrl: '',
  };
}

interface RelatedColumns {
  fingerprint: string;
  labels: AlertRow['labels'];
  state: string;
  starts_at: Date | string;
}

/** Whose related alerts are wanted, and how many at most. */
export interface RelatedTo extends Pick<AlertRow, 'fingerprint' | 'labels'> {
  readonly limit: number;
}

/** For each, the open alerts of the same instance, newest first; an alert without an instance has none. */
export async function readRelated(
  { run, schema }: Database,
  asked: readonly RelatedTo[],
): Promise<RelatedAlert[][]> {
  const rows = await run<RelatedColumns & { asked: number }>(
    `select g.asked, o.* from rows from (
       jsonb_to_recordset($1::jsonb) as (fingerprint text, instance text, "limit" integer))
       with ordinality as g (fingerprint, instance, "limit", asked)
     cross join lateral (
       select a.fingerprint, a.labels, a.state, a.starts_at from ${schema}.alerts a
       where coalesce(a.labels->>'instance_id', a.labels->>'instance') = g.instance and a.state <> 'RESOLVED'
         and a.fingerprint <> g.fingerprint
       order by a.starts_at desc, a.fingerprint limit g."limit") o
     order by g.asked, o.starts_at desc, o.fingerprint`,
    [
      json(
        asked.map(({ fingerprint, labels, limit }) => ({ fingerprint, instance: instanceOf(labels), limit })),
      ),
    ],
  );
  return asked.map((_, index) => rows.filter((row) => row.asked === index + 1).map(toRelated));
}

function toRelated(row: RelatedColumns): RelatedAlert {
  return {
    fingerprint: row.fingerprint,
    alert_name: row.labels['alertname'] ?? row.fingerprint,
    severity: row.labels['severity'] ?? null,
    resource: row.labels['resource'] ?? instanceOf(row.labels),
    state: row.state,
    starts_at: new Date(row.starts_at).toISOString(),
  };
}

const instanceOf = (labels: AlertRow['labels']): string | null =>
  labels['instance_id'] ?? labels['instance'] ?? null;
