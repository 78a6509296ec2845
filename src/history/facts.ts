/** Everything a message's payload is made of: the alert as it was in that episode, and what was found and done. */
import type { Artifact } from '../domain/artifact';
import { shownState } from '../domain/lifecycle';
import { compileMatchers } from '../domain/matchers';
import type { RelatedAlert } from '../domain/notification';
import type { RemediationResult } from '../domain/remediation';
import { ALERT_COLUMNS, toAlertRow, type AlertColumns } from './alert-row';
import type { Database } from './database';
import type { AlertRow, NotificationFacts } from './port';
import { createSilences } from './silences';

const MOST_RELATED = 10;

interface EpisodeColumns {
  starts_at: Date;
  fire_count: number | null;
  value: AlertRow['value'];
  threshold: number | null;
  event_time: number | null;
  correlation_id: string | null;
  ended_at: Date | null;
  acknowledgement: AlertRow['acknowledgement'];
  resolved_by: string | null;
}

interface FactsColumns extends AlertColumns {
  past:
    (Omit<EpisodeColumns, 'starts_at' | 'ended_at'> & { starts_at: string; ended_at: string | null }) | null;
  artifacts: Artifact[];
  remediation: RemediationResult | null;
}

/** Null when the history does not know the alert or the episode yet. */
export async function readFacts(
  database: Database,
  fingerprint: string,
  episode: number,
): Promise<NotificationFacts | null> {
  const { run, schema } = database;
  const [row] = await run<FactsColumns>(
    `select ${ALERT_COLUMNS},
       (select to_jsonb(p) from (select starts_at, fire_count, value, threshold, event_time, correlation_id,
          coalesce(ended_at, life_ended_at) as ended_at, acknowledgement, coalesce(life_resolved_by, ended_by) as resolved_by
          from ${schema}.episodes where fingerprint = $1 and episode = $2 and a.episode > $2) p) as past,
       coalesce((select jsonb_agg(artifact order by seq, provider, type) from ${schema}.artifacts
          where fingerprint = $1 and episode = $2), '[]') as artifacts,
       (select result from ${schema}.remediations where fingerprint = $1 and episode = $2
          order by seq desc, started_at desc limit 1) as remediation
     from ${schema}.alerts a where fingerprint = $1`,
    [fingerprint, episode],
  );
  if (!row || (row.episode !== episode && row.past === null)) return null;
  const alert = row.past === null ? toAlertRow(row) : asOfEpisode(toAlertRow(row), episode, row.past);
  return {
    alert,
    shownState: shownState(alert.state, await isSilenced(database, alert)),
    artifacts: row.artifacts,
    remediation: row.remediation,
    related: await readRelated(database, alert, MOST_RELATED),
  };
}

/** A later episode has followed, so this one is over; its last points are not kept. */
function asOfEpisode(current: AlertRow, episode: number, past: NonNullable<FactsColumns['past']>): AlertRow {
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
  };
}

async function isSilenced(database: Database, alert: AlertRow): Promise<boolean> {
  if (alert.state !== 'FIRING') return false;
  const silences = await createSilences(database).active(new Date());
  return silences.some((silence) => compileMatchers(silence.matchers)(alert.labels));
}

interface RelatedColumns {
  fingerprint: string;
  labels: AlertRow['labels'];
  state: string;
  starts_at: Date;
}

/** Open alerts of the same instance, newest first; an alert without an instance has none. */
export async function readRelated(
  { run, schema }: Database,
  { fingerprint, labels }: Pick<AlertRow, 'fingerprint' | 'labels'>,
  limit: number,
): Promise<RelatedAlert[]> {
  const instance = instanceOf(labels);
  if (instance === null) return [];
  const rows = await run<RelatedColumns>(
    `select fingerprint, labels, state, starts_at from ${schema}.alerts
     where coalesce(labels->>'instance_id', labels->>'instance') = $1 and state <> 'RESOLVED' and fingerprint <> $2
     order by starts_at desc, fingerprint limit $3`,
    [instance, fingerprint, limit],
  );
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    alert_name: row.labels['alertname'] ?? row.fingerprint,
    severity: row.labels['severity'] ?? null,
    resource: row.labels['resource'] ?? instanceOf(row.labels),
    state: row.state,
    starts_at: row.starts_at.toISOString(),
  }));
}

const instanceOf = (labels: AlertRow['labels']): string | null =>
  labels['instance_id'] ?? labels['instance'] ?? null;
