/** Alerts for tests: whole and plausible, with what the test is about passed in. */
import { fingerprint } from '../../src/domain/labels';
import type { LifePolicy } from '../../src/domain/life';
import { transitionId, type Transition, type TransitionKind } from '../../src/domain/transition';

export const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const iso = (ms: number): string => new Date(ms).toISOString();

export interface TransitionSketch {
  readonly kind?: TransitionKind;
  /** Milliseconds after T0. */
  readonly at?: number;
  readonly startsAt?: number;
  readonly value?: number;
  readonly labels?: Record<string, string>;
  readonly more?: Partial<Transition>;
}

export function transition({
  kind = 'firing',
  at = 0,
  startsAt = at,
  value = 95,
  labels = {},
  more = {},
}: TransitionSketch = {}): Transition {
  const all = {
    alertname: 'ConnectionsHigh',
    severity: 'critical',
    instance_id: 'prod-db-01',
    database_type: 'postgresql',
    environment: 'production',
    metric: 'connections_used_percent',
    ...labels,
  };
  const of = { fingerprint: fingerprint(all), kind, starts_at: iso(T0 + startsAt), event_time: iso(T0 + at) };
  return {
    ...of,
    version: 1,
    transition_id: transitionId(of),
    source: 'evaluator',
    labels: all,
    annotations: { summary: 'connections are nearly used up' },
    ends_at: kind === 'resolved' ? iso(T0 + at) : null,
    value,
    threshold: 90,
    rule: { group: 'postgres', name: 'ConnectionsHigh', hash: 'h1' },
    recent: [[T0 + at, value]],
    correlation_id: 'c-1',
    condition: {
      metric: 'connections_used_percent',
      series: { instance_id: 'prod-db-01' },
      operator: '>',
      threshold: 90,
      recovery_threshold: null,
    },
    ...more,
  };
}

export const MINUTE = 60_000;

export function policy(more: Partial<LifePolicy> = {}): LifePolicy {
  return {
    instance: '',
    page: [{ receiver: 'service', notifyAfter: 'remediate', deadlineMs: 30_000 }],
    resolveTo: ['service'],
    escalation: {
      name: 'dba',
      delayMs: 0,
      repeat: 0,
      levels: [
        { name: 'on_call_dba', receivers: ['mail-1'], timeoutMs: 15 * MINUTE },
        { name: 'senior_dba', receivers: ['mail-2'], timeoutMs: 30 * MINUTE },
        { name: 'engineering_manager', receivers: ['mail-3'], timeoutMs: 60 * MINUTE },
      ],
    },
    acknowledgeLeaseMs: null,
    cooldownMs: 5 * MINUTE,
    enrich: [],
    remediation: null,
    ...more,
  };
}
