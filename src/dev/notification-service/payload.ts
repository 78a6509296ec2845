/**
 * What `POST /ingest` accepts. The sender's own type is the domain's NotificationPayload; here only what a page cannot do
 * without is required, so that a script can page with four fields, and whatever is there must have its type.
 */
import { z } from 'zod';
import type { NotificationPayload } from '../../domain/notification';

const text = z.string().trim().min(1);
const nullableText = z.string().nullish();
const count = z.number().int().min(0).nullish();

/** Fields that are not named here pass unread: a newer sender may know more than this service. */
const payloadSchema = z.object({
  alert_name: text,
  subject: text.max(900),
  body_text: text,
  message_id: text.max(500),
  db_instance_id: nullableText,
  severity: nullableText,
  runbook_url: nullableText,
  dashboard_url: nullableText,
  labels: z.record(z.string(), z.string()).optional(),
  routing_key: nullableText,
  correlation_id: z.string().max(500).nullish(),
  state: nullableText,
  environment: nullableText,
  service_owner: nullableText,
  acknowledged_by: nullableText,
  acknowledged_at: nullableText,
  acknowledged_until: nullableText,
  on_call_person: nullableText,
  affected_users_count: count,
  related_alerts: z.array(z.looseObject({ alert_name: z.string() })).optional(),
  escalated_alerts: z.array(z.looseObject({ alert_name: z.string() })).optional(),
  incident: z.looseObject({ id: z.string() }).optional(),
  digest_alerts: z.array(z.looseObject({ alert_name: z.string() })).optional(),
  context: z
    .looseObject({
      metric_value: z.union([z.number(), z.string()]).nullish(),
      threshold: z.number().nullish(),
    })
    .optional(),
  enrichment_artifacts: z.array(z.unknown()).optional(),
  remediation_attempted: z.boolean().optional(),
  remediation_steps: z.array(z.unknown()).optional(),
  verification: z.looseObject({ checks: z.array(z.unknown()) }).optional(),
  auto_resolved: z.boolean().optional(),
  residual_risk: z.unknown().optional(),
});

export type IngestPayload = z.output<typeof payloadSchema>;

export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** The payload, or everything that is wrong with it. */
export function readPayload(body: string): { payload: IngestPayload } | { problems: Problem[] } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return { problems: [{ path: '', message: `not JSON: ${(error as Error).message}` }] };
  }
  const parsed = payloadSchema.safeParse(value);
  if (parsed.success) return { payload: parsed.data };
  return { problems: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) };
}

/** Fails to compile when the sender's type and this schema part ways. */
export const acceptsTheSendersType: (sent: NotificationPayload) => z.input<typeof payloadSchema> = (
  sent,
) => ({
  ...sent,
  labels: { ...sent.labels },
  related_alerts: sent.related_alerts.map((alert) => ({ ...alert })),
  escalated_alerts: sent.escalated_alerts?.map((alert) => ({ ...alert })),
  incident: sent.incident && { ...sent.incident },
  digest_alerts: sent.digest_alerts?.map((alert) => ({ ...alert })),
  context: { ...sent.context },
  enrichment_artifacts: [...sent.enrichment_artifacts],
  remediation_steps: [...sent.remediation_steps],
  verification: { checks: [...sent.verification.checks] },
});
