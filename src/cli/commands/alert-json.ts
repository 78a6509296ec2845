/** Alerts as programs read them: snake_case, times in ISO 8601. Keys are only added. */
import type { GroupPage } from '../../dispatch/group-pages';
import type { LifeStatus } from '../../domain/life';
import type { AlertRow, NotificationRecord } from '../../history/port';

export function alertJson(row: AlertRow, silencedUntil: string | null): Record<string, unknown> {
  return {
    fingerprint: row.fingerprint,
    state: row.state,
    alert_name: row.labels.alertname ?? null,
    severity: row.labels.severity ?? null,
    resource: row.labels.instance_id ?? row.labels.instance ?? null,
    labels: row.labels,
    annotations: row.annotations,
    value: row.value,
    threshold: row.threshold,
    condition: row.condition,
    starts_at: row.startsAt,
    ends_at: row.endsAt,
    episode: row.episode,
    fire_count: row.fireCount,
    acknowledgement: row.acknowledgement,
    silenced_until: silencedUntil,
    resolved_by: row.resolvedBy,
    rule: row.rule,
    correlation_id: row.correlationId,
  };
}

export function lifeJson(status: LifeStatus): Record<string, unknown> {
  const { startsAt, silencedUntil, escalation, ...same } = status;
  const next = escalation && { policy: escalation.policy, told: escalation.told, next_at: escalation.nextAt };
  return { ...same, starts_at: startsAt, silenced_until: silencedUntil, escalation: next };
}

export function notificationJson(record: NotificationRecord): Record<string, unknown> {
  return {
    message_id: record.messageId,
    receiver: record.receiver,
    step: record.step,
    state: record.state,
    via: record.via,
    attempts: record.attempts,
    due_at: new Date(record.dueAt).toISOString(),
    sent_at: record.sentAt,
    detail: record.detail,
  };
}

export function groupPageJson(page: GroupPage): Record<string, unknown> {
  const { receiver, via, step, state, attempts, sentAt, dueAt, detail, groupKey, reason } = page;
  return {
    ...{ group_key: groupKey, receiver, step, state, via, attempts },
    ...{ due_at: dueAt.toISOString(), sent_at: sentAt, reason, detail },
  };
}
