/** Alerts and transitions for the tests, and the dispatcher's way to apply them. */
import { fingerprint, type Labels } from '../../../src/domain/labels';
import type { TimelineEvent } from '../../../src/domain/life';
import type { RemediationResult } from '../../../src/domain/remediation';
import type { AlertRow, LifeRecord, NewNotification, PagesChange } from '../../../src/history/port';

export const STARTED = Date.parse('2026-05-04T03:00:00.000Z');

export function alertRow(
  change: Partial<AlertRow> = {},
  labels: Labels = { alertname: 'HighConnections', instance_id: 'pg-main', severity: 'critical' },
): AlertRow {
  return {
    fingerprint: fingerprint(labels),
    labels,
    annotations: { summary: 'connections are high' },
    state: 'FIRING',
    episode: STARTED,
    fireCount: 1,
    startsAt: new Date(change.episode ?? STARTED).toISOString(),
    endsAt: null,
    value: 97,
    threshold: 90,
    eventTime: change.episode ?? STARTED,
    rule: { group: 'postgres', name: 'HighConnections', hash: 'abc' },
    condition: null,
    cooldownMs: null,
    runbook: null,
    recent: [[STARTED, 97]],
    correlationId: 'corr-1',
    acknowledgement: null,
    resolvedBy: null,
    quietUntil: null,
    expiresAt: null,
    timedOut: false,
    generatorUrl: '',
    ...change,
  };
}

export function event(key: string, at = STARTED, text = key): TimelineEvent {
  return { key, at: new Date(at).toISOString(), kind: key, actor: 'test', text, details: {} };
}

export function message(
  row: AlertRow,
  receiver: string,
  step = 'fire',
  dueAt = new Date(0),
): NewNotification {
  return {
    messageId: `${row.fingerprint}:${row.episode}:${step}`,
    receiver,
    fingerprint: row.fingerprint,
    episode: row.episode,
    step,
    dueAt,
  };
}

export function change(parts: Partial<PagesChange>): PagesChange {
  return { rows: [], timeline: [], notifications: [], resolves: [], ...parts };
}

export function lifeRecord(row: AlertRow, seq: number, parts: Partial<LifeRecord> = {}): LifeRecord {
  return { fingerprint: row.fingerprint, episode: row.episode, seq, timeline: [], ...parts };
}

/** What the dispatcher writes when `row` begins to fire. */
export function firing(row: AlertRow, receivers: readonly string[] = ['ops'], dueAt?: Date): PagesChange {
  return change({
    rows: [row],
    timeline: [{ ...event('fired', row.episode), fingerprint: row.fingerprint, episode: row.episode }],
    notifications: receivers.map((receiver) => message(row, receiver, 'fire', dueAt)),
  });
}

/** What the dispatcher writes when the condition of `row` has ended. */
export function ending(row: AlertRow, receivers: readonly string[] = ['ops']): PagesChange {
  const at = row.episode + 60_000;
  const ended: AlertRow = {
    ...row,
    state: 'RESOLVED',
    endsAt: new Date(at).toISOString(),
    eventTime: at,
    resolvedBy: 'evaluator',
    acknowledgement: null,
  };
  return change({
    rows: [ended],
    timeline: [{ ...event('resolved', at), fingerprint: row.fingerprint, episode: row.episode }],
    resolves: [{ fingerprint: row.fingerprint, episode: row.episode, receivers, dueAt: new Date(at) }],
  });
}

/** A repair that went well. */
export const remediation: RemediationResult = {
  remediation_id: 'run-1',
  runbook: 'r',
  target: 'pg-main',
  outcome: 'verified',
  reason: 'done',
  attempted: true,
  dry_run: false,
  steps: [],
  checks: [],
  residual_risk: 'low',
  started_at: new Date(STARTED).toISOString(),
  ended_at: new Date(STARTED).toISOString(),
};
