/**
 * The lives whose histories are kept. Each is lived on a real Temporal server, with seconds where people have minutes;
 * what it answers names the runs that are recorded.
 */
import {
  auditWorkflowId,
  collectWorkflowId,
  remediationWorkflowId,
  taskQueueName,
} from '../../src/domain/identity';
import type { ResumedLife } from '../../src/domain/life';
import type { RemediationPlan } from '../../src/domain/remediation';
import { startOptions } from '../../src/temporal/lives';
import type { alertWorkflow } from '../../workflows/alert';
import {
  acknowledgeUpdate,
  escalateUpdate,
  resolveUpdate,
  silenceUpdate,
  unacknowledgeUpdate,
  undeliveredSignal,
} from '../../workflows/messages';
import { policy } from '../builders/alerts';
import { waitFor } from '../harness/wait-for';
import type { Place } from '../workflows/fixtures/place';
import { VERIFIED } from '../workflows/fixtures/remediation-world';
import type { TestAlert } from '../workflows/world';

export interface RecordedRun {
  readonly workflowId: string;
  readonly runId?: string;
}

type Life = (place: Place) => Promise<readonly RecordedRun[]>;

const quick = { ...policy().escalation!, levels: policy().escalation!.levels.map(hurried) };
function hurried<Level extends { timeoutMs: number }>(level: Level): Level {
  return { ...level, timeoutMs: 600 };
}

const plan: RemediationPlan = {
  runbook: 'terminate-idle-sessions',
  target: 'prod-db-01',
  inputs: { max_sessions: 5 },
  dryRun: false,
  soakMs: 1_000,
  verifyTimeoutMs: 20_000,
};

const only = ({ handle }: TestAlert): RecordedRun[] => [{ workflowId: handle.workflowId }];
const resolves = { kind: 'resolved', at: 1, startsAt: 0 } as const;

async function happened(alert: TestAlert, kind: string, times = 1): Promise<void> {
  await waitFor(() => alert.timeline().filter((event) => event.kind === kind).length >= times, {
    what: `${kind}, ${times} times`,
    timeoutMs: 20_000,
  });
}

export const LIVES: Readonly<Record<string, Life>> = {
  'fire-resolve': async ({ world }) => {
    const alert = world.alert();
    await alert.deliver();
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  'nobody-could-be-told': async ({ world }) => {
    const alert = world.alert();
    await alert.deliver();
    await happened(alert, 'escalated');
    const { episode } = await alert.status();
    const nobody = { episode, step: 'escalate-1', reason: 'mail-1: SMTP 550' };
    await alert.handle.signal(undeliveredSignal, nobody);
    await happened(alert, 'escalated', 2);
    await alert.handle.signal(undeliveredSignal, nobody);
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  'escalation-acknowledged-and-lapsed': async ({ world }) => {
    const alert = world.alert({ escalation: quick });
    await alert.deliver();
    await alert.handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'ada', lease_seconds: 1 }] });
    await happened(alert, 'escalated', 2);
    await alert.handle.executeUpdate(acknowledgeUpdate, { args: [{ owner: 'bob' }] });
    await alert.handle.executeUpdate(unacknowledgeUpdate, { args: [{ owner: 'bob' }] });
    await alert.handle.executeUpdate(escalateUpdate, { args: [{ owner: 'bob' }] });
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  'escalation-under-conditions': async ({ world }) => {
    const always = { times: null, weekdays: null, daysOfMonth: null, months: null, years: null };
    const one = { receivers: ['mail-1'], timeoutMs: 400 };
    const levels = [
      { ...one, name: 'on-call', schedules: ['dba'], people: ['ana'] },
      { ...one, name: 'low alone', when: { severities: ['low'] } },
      { ...one, name: 'many', when: { alerts: 3, hours: [{ ...always, location: 'Europe/Berlin' }] } },
      { ...one, name: 'never', when: { notHours: [{ ...always, location: null }] } },
    ];
    const alert = world.alert({ escalation: { name: 'dba', delayMs: 300, repeat: 1, levels } });
    await alert.deliver();
    await happened(alert, 'escalated', 4);
    await happened(alert, 'not_escalated', 4);
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  silence: async ({ world }) => {
    const alert = world.alert({ escalation: quick });
    await alert.deliver();
    await alert.handle.executeUpdate(silenceUpdate, { args: [{ owner: 'ada', duration_seconds: 0.5 }] });
    await happened(alert, 'silence_ended');
    await alert.handle.signal('silence', { owner: 'bob', duration_seconds: 0.3 });
    await happened(alert, 'silence_ended', 2);
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  'manual-resolve-and-next-episodes': async ({ world }) => {
    const alert = world.alert({ cooldownMs: 700 });
    await alert.deliver();
    await alert.handle.executeUpdate(resolveUpdate, { args: [{ owner: 'ada' }] });
    await happened(alert, 'reopened');
    await alert.deliver(resolves);
    await alert.deliver({ at: 10 ** 12 });
    await alert.deliver({ kind: 'resolved', at: 10 ** 12 + 1, startsAt: 10 ** 12 });
    await alert.handle.result();
    return only(alert);
  },

  'remediation-verified': async ({ world, target }) => {
    target.recovery = () => Promise.resolve(VERIFIED);
    return repaired(world.alert({ remediation: plan }));
  },

  'remediation-not-verified': async ({ world, target }) => {
    target.recovery = () => Promise.resolve({ kind: 'no_sample', polls: 3 });
    return repaired(world.alert({ remediation: { ...plan, target: 'prod-db-02' } }));
  },

  'remediation-refused': async ({ world, target }) => {
    target.admission = () => Promise.resolve({ allowed: false, reason: 'kill_switch', detail: 'no' });
    return repaired(world.alert({ remediation: { ...plan, target: 'prod-db-03' } }));
  },

  enriched: async ({ world }) => {
    const alert = world.alert({ enrich: [{ provider: 'postgres_sessions', budgetMs: 1_000 }] });
    await alert.deliver();
    await happened(alert, 'enriched');
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  'history-away': async ({ world }) => {
    const alert = world.alert();
    world.failing = true;
    await alert.deliver();
    await waitFor(
      async () => {
        const { events } = await alert.handle.fetchHistory();
        return events!.some((event) => event.activityTaskScheduledEventAttributes);
      },
      { what: 'an ordinary attempt' },
    );
    world.failing = false;
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  'malformed-signals': async ({ world }) => {
    const alert = world.alert();
    await alert.deliver();
    for (const [name, payload] of [
      ['acknowledge', { who: 'ada' }],
      ['transition', { nonsense: true }],
      ['remediation-result', 5],
      ['no-such-signal', null],
    ] as const)
      await alert.handle.signal(name, payload);
    await world.client.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: alert.handle.workflowId },
      signalName: 'acknowledge',
      input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"o') }] },
    });
    await happened(alert, 'refused_signal', 5);
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },

  'continue-as-new': async ({ world }) => {
    const alert = world.alert({ escalation: quick });
    await alert.deliver();
    const { workflowId } = alert.handle;
    const first = (await alert.handle.describe()).runId;
    for (let batch = 0; batch < 5; batch++) {
      const sent = Array.from({ length: 20 }, (_, n) =>
        alert.handle.signal('acknowledge', { owner: `ada-${batch}-${n}`, lease_seconds: 2 }),
      );
      await Promise.all(sent);
      await happened(alert, 'acknowledged', (batch + 1) * 20);
    }
    await waitFor(async () => (await alert.handle.describe()).runId !== first, { what: 'the next run' });
    await happened(alert, 'escalated', 2);
    await alert.deliver(resolves);
    await alert.handle.result();
    return [{ workflowId, runId: first }, { workflowId }];
  },

  collector: async ({ world }) => {
    const workflowId = collectWorkflowId(world.instance, 'shard-1');
    await world.client.workflow.execute('collectWorkflow', {
      workflowId,
      taskQueue: taskQueueName(world.instance, 'effects'),
      args: [{ shard: 'shard-1', forMs: 1_000 }],
    });
    return [{ workflowId }];
  },

  audit: async ({ world }) => {
    const workflowId = auditWorkflowId(world.instance);
    await world.client.workflow.execute('auditWorkflow', {
      workflowId,
      taskQueue: taskQueueName(world.instance, 'effects'),
      args: [{ patienceMs: 1_000 }],
    });
    return [{ workflowId }];
  },

  resumed: async ({ world }) => {
    const alert = world.alert({ escalation: quick });
    const resumed: ResumedLife = {
      ...{ state: 'FIRING', episodes: 1, seq: 600, counts: { escalated: 1 }, acknowledgement: null },
      ...{ steppedAt: alert.transition().starts_at, remediation: null },
    };
    const input = { transition: alert.transition(), policy: alert.policy, resumed };
    await world.client.workflow.start<typeof alertWorkflow>('alertWorkflow', startOptions(input));
    await happened(alert, 'escalated', 2);
    await alert.deliver(resolves);
    await alert.handle.result();
    return only(alert);
  },
};

/** The alert's history and the remediation's. */
async function repaired(alert: TestAlert): Promise<RecordedRun[]> {
  await alert.deliver();
  await happened(alert, 'remediated');
  await alert.deliver(resolves);
  await alert.handle.result();
  const { instance, remediation } = alert.policy;
  return [...only(alert), { workflowId: remediationWorkflowId(instance, remediation!.target) }];
}
