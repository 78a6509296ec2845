/** An alert's row as SQL and as the rooms know it, in both directions. */
import type { AlertRow } from './port';
import { json } from './database';

/** `starts_at` and `ends_at` come as dates, bigint as numbers, jsonb parsed. */
export interface AlertColumns {
  fingerprint: string;
  labels: AlertRow['labels'];
  annotations: AlertRow['annotations'];
  state: AlertRow['state'];
  episode: number;
  fire_count: number;
  starts_at: Date;
  ends_at: Date | null;
  value: AlertRow['value'];
  threshold: number | null;
  event_time: number;
  rule: AlertRow['rule'];
  condition: AlertRow['condition'];
  cooldown_ms: number | null;
  runbook: string | null;
  recent: AlertRow['recent'];
  correlation_id: string;
  acknowledgement: AlertRow['acknowledgement'];
  resolved_by: string | null;
  quiet_until: Date | null;
  expires_at: Date | null;
  timed_out: boolean;
  generator_url: string;
}

/** Names and types, in the order of the table; `jsonb_to_recordset` reads a batch of rows with them. */
const COLUMN_TYPES: Readonly<Record<keyof AlertColumns, string>> = {
  fingerprint: 'text',
  labels: 'jsonb',
  annotations: 'jsonb',
  state: 'text',
  episode: 'bigint',
  fire_count: 'integer',
  starts_at: 'timestamptz',
  ends_at: 'timestamptz',
  value: 'jsonb',
  threshold: 'double precision',
  event_time: 'bigint',
  rule: 'jsonb',
  condition: 'jsonb',
  cooldown_ms: 'bigint',
  runbook: 'text',
  recent: 'jsonb',
  correlation_id: 'text',
  acknowledgement: 'jsonb',
  resolved_by: 'text',
  quiet_until: 'timestamptz',
  expires_at: 'timestamptz',
  timed_out: 'boolean',
  generator_url: 'text',
};

const names = Object.keys(COLUMN_TYPES);
export const ALERT_COLUMNS = names.join(', ');
export const ALERT_RECORD = names
  .map((name) => `${name} ${COLUMN_TYPES[name as keyof AlertColumns]}`)
  .join(', ');
export const ALERT_ASSIGNMENTS = names
  .filter((name) => name !== 'fingerprint')
  .map((name) => `${name} = excluded.${name}`)
  .join(', ');

export function toAlertRow(row: AlertColumns): AlertRow {
  return {
    fingerprint: row.fingerprint,
    labels: row.labels,
    annotations: row.annotations,
    state: row.state,
    episode: row.episode,
    fireCount: row.fire_count,
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at?.toISOString() ?? null,
    value: row.value,
    threshold: row.threshold,
    eventTime: row.event_time,
    rule: row.rule,
    condition: row.condition,
    cooldownMs: row.cooldown_ms,
    runbook: row.runbook,
    recent: row.recent,
    correlationId: row.correlation_id,
    acknowledgement: row.acknowledgement,
    resolvedBy: row.resolved_by,
    quietUntil: row.quiet_until?.toISOString() ?? null,
    expiresAt: row.expires_at?.toISOString() ?? null,
    timedOut: row.timed_out,
    generatorUrl: row.generator_url,
  };
}

/** A batch as one JSON parameter, in order of fingerprint so that two batches lock their rows in the same order. */
export function alertRecords(rows: readonly AlertRow[]): string {
  const sorted = [...rows].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  return json(sorted.map(toRecord));
}

function toRecord(row: AlertRow): Record<keyof AlertColumns, unknown> {
  return {
    fingerprint: row.fingerprint,
    labels: row.labels,
    annotations: row.annotations,
    state: row.state,
    episode: row.episode,
    fire_count: row.fireCount,
    starts_at: row.startsAt,
    ends_at: row.endsAt,
    value: row.value,
    threshold: row.threshold,
    event_time: row.eventTime,
    rule: row.rule,
    condition: row.condition,
    cooldown_ms: row.cooldownMs === null ? null : Math.round(row.cooldownMs),
    runbook: row.runbook,
    recent: row.recent,
    correlation_id: row.correlationId,
    acknowledgement: row.acknowledgement,
    resolved_by: row.resolvedBy,
    quiet_until: row.quietUntil,
    expires_at: row.expiresAt,
    timed_out: row.timedOut,
    generator_url: row.generatorUrl,
  };
}
