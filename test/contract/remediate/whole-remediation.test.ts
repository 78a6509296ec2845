/** Whole remediations on real Temporal and PostgreSQL: idle sessions go, the samples prove it, and nothing is done twice. */
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { remediationWorkflowId } from '../../../src/domain/identity';
import type { RemediationPlan, RemediationResult } from '../../../src/domain/remediation';
import { chooseRunbook } from '../../../src/remediate/choose';
import { runbooks } from '../../../runbooks';
import type { RemediationInput } from '../../../workflows/messages';
import { runScript } from '../../harness/script';
import { testServers, uniqueInstance } from '../../harness/servers';
import { waitFor } from '../../harness/wait-for';
import { ownPermits, type OwnPermits } from './own-permits';
import { ownTarget, TARGET, type OpenSession, type OwnTarget } from './own-target';
import { POLICY, startWorker, type RunningWorker, type WorkerPlace } from './remediation-worker';

Runtime.install({ logger: new DefaultLogger('ERROR') });

let target: OwnTarget;
let permits: OwnPermits;
let connection: Connection;
beforeAll(async () => {
  [target, permits, connection] = await Promise.all([
    ownTarget(),
    ownPermits(),
    Connection.connect({ address: testServers().temporal }),
  ]);
}, 120_000);
afterAll(async () => {
  await Promise.all([target?.close(), permits?.close(), connection?.close()]);
});

let place: WorkerPlace;
let worker: RunningWorker | null = null;
beforeEach(() => {
  const { temporal, postgres } = testServers();
  place = {
    temporal,
    postgres,
    taskQueue: uniqueInstance(),
    instance: permits.instance,
    targetUrl: target.url,
    target: TARGET,
  };
});
afterEach(async () => {
  await worker?.close();
  worker = null;
  await target.closeSessions();
  await permits.store.setSwitch({ scope: '*', engaged: false, reason: 'over', changedBy: 'test' });
});

const labels = {
  alertname: 'ConnectionsHigh',
  instance_id: TARGET,
  database_type: 'postgresql',
  environment: 'test',
};
const traits = runbooks.map(({ name, matchers, environments }) => ({ name, matchers, environments }));

function planned(more: Partial<RemediationPlan> = {}): RemediationPlan {
  const plan = chooseRunbook(labels, null, traits, {
    ...POLICY,
    runbooks: { 'terminate-idle-sessions': { inputs: { grace_period: '1s' } } },
  });
  if ('none' in plan) throw new Error(plan.none ?? 'no runbook fits');
  return { ...plan, ...more };
}

/** Fires while more than one session of `shop` is there. */
async function startRemediation(plan: RemediationPlan): Promise<() => Promise<RemediationResult>> {
  const input: RemediationInput = {
    instance: place.instance,
    plan,
    alert: { fingerprint: '00000000000000aa', episode: 1_700_000_000_000, labels, annotations: {} },
    condition: {
      metric: 'connections',
      series: { instance_id: TARGET },
      operator: '>',
      threshold: 1,
      recovery_threshold: null,
    },
    correlationId: 'c-1',
    alertWorkflowId: `${place.instance}/alert/none`,
  };
  const workflowId = `${place.taskQueue}/${remediationWorkflowId('', TARGET)}`;
  const handle = await new Client({ connection }).workflow.start('remediationWorkflow', {
    workflowId,
    taskQueue: place.taskQueue,
    args: [input],
  });
  return () => handle.result() as Promise<RemediationResult>;
}

async function idleSessions(count: number): Promise<OpenSession[]> {
  const sessions = await Promise.all(Array.from({ length: count }, () => target.open({ begin: 'begin' })));
  for (const session of sessions) await target.settled(session, 'idle in transaction', 1_000);
  return sessions;
}

it('ends idle sessions and proves it by samples taken after the act', async () => {
  const sessions = await idleSessions(4);
  worker = await startWorker(place);
  const result = await (await startRemediation(planned()))();
  expect(result).toMatchObject({ outcome: 'verified', attempted: true, residual_risk: 'low' });
  expect(result.reason).toMatch(/^ended 4 idle sessions on db-1/);
  expect(result.checks.map(({ type, status }) => [type, status])).toEqual([
    ['rule_recovery', 'PASS'],
    ['sessions_ended', 'PASS'],
  ]);
  expect(sessions.every((session) => session.ended())).toBe(true);
  expect(await permits.acts(result.remediation_id)).toMatchObject([
    { statement: 'terminate idle sessions', attempts: 1, error: null },
  ]);
});

it('says that it did not help when the sessions come back', async () => {
  await idleSessions(4);
  worker = await startWorker(place);
  const result = startRemediation(
    planned({ inputs: { grace_period: '1s', max_sessions: 1 }, verifyTimeoutMs: 1_500 }),
  );
  expect(await (await result)()).toMatchObject({ outcome: 'not_verified', residual_risk: 'high' });
});

it('changes nothing in a dry run', async () => {
  const sessions = await idleSessions(3);
  worker = await startWorker(place);
  const result = await (await startRemediation(planned({ dryRun: true })))();
  expect(result).toMatchObject({
    outcome: 'dry_run',
    reason: 'dry run: every guard allows it, and it would run "terminate idle sessions"',
  });
  expect(sessions.some((session) => session.ended())).toBe(false);
});

it('touches nothing while the kill switch is on', async () => {
  const sessions = await idleSessions(3);
  await permits.store.setSwitch({ scope: '*', engaged: true, reason: 'drill', changedBy: 'ada' });
  worker = await startWorker(place);
  const result = await (await startRemediation(planned()))();
  expect(result).toMatchObject({
    outcome: 'refused',
    attempted: false,
    reason: expect.stringMatching(/^kill_switch: ada has switched off all remediation/),
  });
  expect(sessions.some((session) => session.ended())).toBe(false);
});

it('touches no target that the configuration excludes, and says so', async () => {
  const sessions = await idleSessions(1);
  worker = await startWorker({ ...place, excluded: true });
  const result = await (await startRemediation(planned()))();
  expect(result).toMatchObject({
    outcome: 'refused',
    attempted: false,
    reason: `target_excluded: the configuration excludes the target "${TARGET}" from remediation`,
  });
  expect(sessions[0]!.ended()).toBe(false);
});

it('survives a worker that is killed between the act and its record, and ends no session twice', async () => {
  const sessions = await idleSessions(4);
  const dying = runScript(require.resolve('./remediation-worker'), [JSON.stringify(place)]);
  const result = await startRemediation(planned());
  await waitFor(() => dying.output().includes('CHANGED'), {
    what: 'the change to be made',
    timeoutMs: 30_000,
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${dying.output()}`);
  });
  dying.child.kill('SIGKILL');
  await dying.ended;
  await waitFor(() => sessions.every((session) => session.ended()), { what: 'the sessions to end' });
  // as after a restart of the application: sessions that nobody listed, and that the repeat must not touch
  const reconnected = await idleSessions(1);
  worker = await startWorker(place);
  const outcome = await result();
  expect(outcome).toMatchObject({ outcome: 'verified', attempted: true });
  expect(outcome.steps.find(({ name }) => name === 'terminate idle sessions')!.output).toMatch(
    /attempt 2: an earlier one was cut off/,
  );
  expect(reconnected[0]!.ended()).toBe(false);
  expect(await permits.acts(outcome.remediation_id)).toMatchObject([
    { attempts: 2, result: expect.arrayContaining([expect.objectContaining({ outcome: 'gone' })]) },
  ]);
}, 90_000);
