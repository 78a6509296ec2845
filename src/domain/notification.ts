/** The notification service's payload, in the requirements' names. Unknown is null, never invented. */
import type { Artifact } from './artifact';
import type { Labels } from './labels';
import type { MetricValue } from './metric';
import type { RemediationStep, Risk, VerificationCheck } from './remediation';

export interface RelatedAlert {
  readonly fingerprint: string;
  readonly alert_name: string;
  readonly severity: string | null;
  readonly resource: string | null;
  readonly state: string;
  readonly starts_at: string;
}

export interface NotifiedIncident {
  /** `INC-7`. */
  readonly id: string;
  /** The policy that made it. */
  readonly name: string;
  /** What its alerts have in common. */
  readonly about: string;
  readonly state: 'open' | 'resolved';
  readonly severity: string | null;
  readonly commander: string | null;
  readonly opened_at: string;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
  /** How many there are; `related_alerts` may be fewer. */
  readonly alerts: number;
  readonly open_alerts: number;
}

export interface NotificationPayload {
  readonly alert_name: string;
  readonly db_instance_id: string | null;
  readonly subject: string;
  readonly body_text: string;
  /** fingerprint:episode:step, the idempotency key. */
  readonly message_id: string;
  readonly severity: string | null;
  readonly runbook_url: string | null;
  readonly dashboard_url: string | null;
  readonly labels: Labels;
  readonly routing_key: string | null;
  readonly correlation_id: string;
  readonly state: string;
  readonly environment: string | null;
  readonly service_owner: string | null;
  /** Who holds the alert, since when and until when; times are ISO 8601. */
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: string | null;
  readonly acknowledged_until: string | null;
  readonly on_call_person: string | null;
  readonly affected_users_count: number | null;
  readonly related_alerts: readonly RelatedAlert[];
  /** Of an escalation that is told for several alerts at once: all of them, its own first. */
  readonly escalated_alerts?: readonly RelatedAlert[];
  /** Of a message about an incident; `related_alerts` are its alerts then. */
  readonly incident?: NotifiedIncident;
  /** Of a digest of alerts that are alike: all of them, its own first. */
  readonly digest_alerts?: readonly RelatedAlert[];
  readonly context: {
    readonly metric_value: MetricValue | null;
    readonly threshold: number | null;
    readonly instance_name: string | null;
    readonly region: string | null;
    readonly alert_fired_at: string;
    readonly fire_count: number;
  };
  readonly enrichment_artifacts: readonly Artifact[];
  readonly remediation_attempted: boolean;
  readonly remediation_steps: readonly RemediationStep[];
  readonly verification: { readonly checks: readonly VerificationCheck[] };
  readonly auto_resolved: boolean;
  readonly residual_risk: Risk | null;
}
