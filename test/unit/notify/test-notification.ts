/** Facts and messages for the notifier's tests. */
import type { Artifact } from '../../../src/domain/artifact';
import type { RemediationResult } from '../../../src/domain/remediation';
import type {
  AlertRow,
  IncidentAlert,
  IncidentFacts,
  NotificationFacts,
  QueuedNotification,
} from '../../../src/history/port';
import { buildPayload } from '../../../src/notify/payload';
import type { Channel, Delivery, OutgoingMessage, Receiver } from '../../../src/notify/port';

export const FIRED = Date.parse('2026-05-04T03:00:00.000Z');
export const NOW = new Date(FIRED + 252_000);

export function alert(change: Partial<AlertRow> = {}): AlertRow {
  return {
    fingerprint: '0123456789abcdef',
    labels: {
      alertname: 'HighConnections',
      severity: 'critical',
      instance_id: 'pg-main',
      environment: 'production',
      region: 'eu-west-1',
    },
    annotations: { summary: 'pg-main runs out of connections' },
    state: 'FIRING',
    episode: FIRED,
    fireCount: 1,
    startsAt: new Date(FIRED).toISOString(),
    endsAt: null,
    value: 97.123456789,
    threshold: 90,
    eventTime: FIRED,
    rule: { group: 'postgres', name: 'HighConnections', hash: 'h' },
    condition: {
      metric: 'connections_used_percent',
      series: {},
      operator: '>',
      threshold: 90,
      recovery_threshold: null,
    },
    cooldownMs: null,
    runbook: null,
    recent: [],
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

export function facts(change: Partial<NotificationFacts> = {}): NotificationFacts {
  return { alert: alert(), artifacts: [], remediation: null, underWay: null, related: [], ...change };
}

export function incident(change: Partial<IncidentFacts> = {}): IncidentFacts {
  const member = ({ fingerprint, labels, annotations, state, startsAt: at }: AlertRow): IncidentAlert => ({
    ...{ fingerprint, episode: FIRED, labels, annotations, state, at, endedAt: null, takenBy: null },
  });
  const other = alert({
    fingerprint: 'fedcba9876543210',
    labels: { alertname: 'Slow', service: 'payments', severity: 'warning' },
    annotations: { runbook_url: 'http://wiki/slow' },
  });
  return {
    ...{ id: 7, policy: 'shop', about: 'service=orders|payments', state: 'open', severity: 'critical' },
    ...{ commander: 'dora', openedAt: new Date(FIRED).toISOString(), resolvedAt: null, resolvedBy: null },
    ...{ alerts: [member(alert()), member(other)], count: 2, openCount: 2 },
    ...change,
  };
}

/** Of a message about it: the alert stands for all of its alerts. */
export function incidentFacts(
  change: Partial<IncidentFacts> = {},
  state: AlertRow['state'] = 'FIRING',
): NotificationFacts {
  const stands = alert({
    ...{ fingerprint: 'INC-7', labels: { severity: 'critical' }, annotations: {}, state, value: null },
    rule: { group: 'incidents', name: 'INC-7 shop', hash: '' },
  });
  return facts({ alert: stands, incident: incident(change) });
}

export const verified: RemediationResult = {
  remediation_id: 'run-1',
  runbook: 'terminate-idle-sessions',
  target: 'pg-main',
  outcome: 'verified',
  reason: '12 sessions were ended and connections stayed below 90 for 1m',
  attempted: true,
  dry_run: false,
  steps: [
    {
      name: 'terminate',
      phase: 'act',
      status: 'SUCCESS',
      started_at: new Date(FIRED).toISOString(),
      ended_at: new Date(FIRED + 1_000).toISOString(),
      output: '12 sessions ended',
      details: { count: 12 },
    },
  ],
  checks: [{ type: 'recovery', status: 'PASS', detail: '3 samples below 90' }],
  residual_risk: 'low',
  started_at: new Date(FIRED).toISOString(),
  ended_at: new Date(FIRED + 60_000).toISOString(),
};

export const artifact = (change: Partial<Artifact> = {}): Artifact => ({
  provider: 'postgres_sessions',
  type: 'snapshot',
  status: 'ok',
  title: 'Top sessions of pg-main',
  data: [],
  url: null,
  error: null,
  collected_at: new Date(FIRED).toISOString(),
  duration_ms: 12,
  ...change,
});

export function queued(change: Partial<QueuedNotification> = {}): QueuedNotification {
  const step = change.step ?? 'fire';
  return {
    id: '1',
    messageId: `0123456789abcdef:${FIRED}:${step}`,
    receiver: 'ops',
    fingerprint: '0123456789abcdef',
    episode: FIRED,
    step,
    dueAt: new Date(FIRED),
    attempts: 0,
    ageMs: 252_000,
    ...{ waitedMs: 0, lastError: null },
    told: false,
    heldUntil: null,
    memories: {},
    ...change,
  };
}

export function outgoing(
  step = 'fire',
  change: Partial<NotificationFacts> = {},
  sent: Partial<Pick<OutgoingMessage, 'attempts' | 'memory'>> = {},
): OutgoingMessage {
  const messageId = `0123456789abcdef:${FIRED}:${step}`;
  const payload = buildPayload(facts(change), {
    messageId,
    step,
    routingKey: 'dba',
    onCallPerson: null,
    now: NOW,
  });
  return {
    ...{ payload, fingerprint: '0123456789abcdef', episode: FIRED, step, attempts: 0, memory: {} },
    alerts: [facts(change).alert],
    ...sent,
  };
}

/** A channel that answers as the test says and keeps what it was given. */
export function fakeChannel(
  destination: string,
  answer: (message: OutgoingMessage, signal: AbortSignal) => Promise<Delivery> | Delivery,
) {
  const sent: OutgoingMessage[] = [];
  const channel: Channel = {
    kind: 'fake',
    destination,
    send: async (message, signal) => {
      sent.push(message);
      return answer(message, signal);
    },
    close: async () => undefined,
  };
  return { channel, sent };
}

export const delivered: Delivery = { kind: 'delivered', detail: 'taken' };
export const failed: Delivery = { kind: 'retry', error: 'HTTP 503', retryAfterMs: null };
export const refused: Delivery = { kind: 'refused', error: 'HTTP 400' };

export function receiver(name: string, channel: Channel, change: Partial<Receiver> = {}): Receiver {
  return { name, channel, routingKey: null, timeoutMs: 5_000, fallback: null, ...change };
}
