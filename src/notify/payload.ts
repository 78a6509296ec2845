/**
 * The notification service's payload from what is known. Pure. Every field has one source, listed in
 * docs/notification-payload.md; what has no source is null.
 */
import { incidentRef } from '../domain/incident';
import type { NotificationPayload, NotifiedIncident, RelatedAlert } from '../domain/notification';
import type { AlertRow, IncidentFacts, NotificationFacts } from '../history/port';
import { bodyOf } from './body';
import { digestSubject, type Digest } from './digest';
import { fitting } from './fitting';
import { incidentBody, incidentSubject } from './incident-text';
import { instanceOf, nameOf, subjectOf } from './subject';

export interface PayloadOptions {
  readonly messageId: string;
  readonly step: string;
  /** The receiver's; without one, the label's. */
  readonly routingKey: string | null;
  readonly onCallPerson: string | null;
  /** Alerts that it tells of beside its own: of its group, escalated with it, or of its digest. */
  readonly fellows?: readonly AlertRow[];
  /** It is a digest. */
  readonly digest?: Digest;
  readonly now: Date;
}

export function buildPayload(facts: NotificationFacts, options: PayloadOptions): NotificationPayload {
  const { alert, remediation } = facts;
  const { labels } = alert;
  const { fellows = [], digest } = options;
  const all = [alert, ...fellows];
  const runbookUrl = said(alert, 'runbook_url');
  const dashboardUrl = said(alert, 'dashboard_url');
  return fitting({
    alert_name: nameOf(alert),
    db_instance_id: instanceOf(alert),
    ...textsOf(facts, options, all, { runbookUrl, dashboardUrl }),
    message_id: options.messageId,
    severity: labels['severity'] ?? null,
    runbook_url: runbookUrl,
    dashboard_url: dashboardUrl,
    labels,
    routing_key: options.routingKey ?? labels['routing_key'] ?? null,
    correlation_id: alert.correlationId,
    state: facts.alert.state,
    environment: labels['environment'] ?? labels['env'] ?? null,
    service_owner: labels['service_owner'] ?? labels['owner'] ?? null,
    ...heldBy(alert),
    on_call_person: options.onCallPerson,
    affected_users_count: count(said(alert, 'affected_users_count')),
    related_alerts: facts.related,
    ...(facts.incident !== undefined && { incident: toldIncident(facts.incident) }),
    ...toldTogether(all, digest !== undefined),
    context: {
      metric_value: alert.value,
      threshold: alert.threshold,
      instance_name: labels['instance_name'] ?? null,
      region: labels['region'] ?? null,
      alert_fired_at: alert.startsAt,
      fire_count: alert.fireCount,
    },
    enrichment_artifacts: facts.artifacts,
    remediation_attempted: remediation?.attempted ?? false,
    remediation_steps: remediation?.steps ?? [],
    verification: { checks: remediation?.checks ?? [] },
    auto_resolved:
      remediation !== null &&
      remediation.attempted &&
      !remediation.dry_run &&
      remediation.outcome === 'verified',
    residual_risk: remediation?.residual_risk ?? null,
  });
}

type Held = Pick<NotificationPayload, 'acknowledged_by' | 'acknowledged_at' | 'acknowledged_until'>;

function heldBy({ acknowledgement }: AlertRow): Held {
  const { owner = null, at = null, until = null } = acknowledgement ?? {};
  return { acknowledged_by: owner, acknowledged_at: at, acknowledged_until: until };
}

function textsOf(
  facts: NotificationFacts,
  options: PayloadOptions,
  all: readonly AlertRow[],
  links: { readonly runbookUrl: string | null; readonly dashboardUrl: string | null },
): Pick<NotificationPayload, 'subject' | 'body_text'> {
  const { incident, ...rest } = facts;
  const { step, now, digest } = options;
  if (incident === undefined)
    return {
      subject:
        digest === undefined ? subjectOf(facts, step, all.length - 1) : digestSubject(digest, step, all),
      body_text: bodyOf(facts, { ...options, ...links }),
    };
  const told = { ...rest, incident };
  return { subject: incidentSubject(told, step), body_text: incidentBody(told, step, now) };
}

const toldIncident = (incident: IncidentFacts): NotifiedIncident => ({
  id: incidentRef(incident.id),
  name: incident.policy,
  about: incident.about,
  state: incident.state,
  severity: incident.severity,
  commander: incident.commander,
  opened_at: incident.openedAt,
  resolved_at: incident.resolvedAt,
  resolved_by: incident.resolvedBy,
  alerts: incident.count,
  open_alerts: incident.openCount,
});

function toldTogether(
  all: readonly AlertRow[],
  isDigest: boolean,
): Pick<NotificationPayload, 'digest_alerts' | 'escalated_alerts'> {
  if (isDigest) return { digest_alerts: all.map(listed) };
  return all.length > 1 ? { escalated_alerts: all.map(listed) } : {};
}

const listed = (alert: AlertRow): RelatedAlert => ({
  fingerprint: alert.fingerprint,
  alert_name: nameOf(alert),
  severity: alert.labels['severity'] ?? null,
  resource: alert.labels['resource'] ?? instanceOf(alert),
  state: alert.state,
  starts_at: alert.startsAt,
});

/** An annotation is about this alert, a label about its series: the annotation counts first. */
function said({ annotations, labels }: AlertRow, name: string): string | null {
  return annotations[name] || labels[name] || null;
}

function count(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text.trim()) ? Number(text) : null;
}
