import type { RemediationPlan } from '../../src/domain/remediation';
import { remediationWorkflowId } from '../../src/domain/identity';
import type { RecoveryWatch } from '../../src/remediate/port';
import { waitFor } from '../harness/wait-for';
import { openPlace, type Place } from './fixtures/place';
import { VERIFIED } from './fixtures/remediation-world';
import type { TestAlert } from './world';

type Verdict = Awaited<ReturnType<RecoveryWatch['awaitRecovery']>>;

let place: Place;
beforeAll(async () => void (place = await openPlace()));
afterAll(() => place.world.close());

let targets = 0;
const nextPlan = (): RemediationPlan => ({
  runbook: 'terminate-idle-sessions',
  target: `db-${(targets += 1)}`,
  inputs: {},
  dryRun: false,
  soakMs: 1_000,
  verifyTimeoutMs: 20_000,
});

const kinds = (alert: TestAlert): string[] => alert.timeline().map(({ kind }) => kind);
const count = (alert: TestAlert, kind: string): number => kinds(alert).filter((one) => one === kind).length;
const results = (alert: TestAlert) =>
  alert.records().flatMap(({ remediation, episode }) => (remediation ? [{ ...remediation, episode }] : []));

/** The repair's verification waits until the answer says how it went. */
function holdVerification(): { readonly reached: () => boolean; readonly end: (verdict?: Verdict) => void } {
  let end: (verdict: Verdict) => void = () => undefined;
  let reached = false;
  const verdict = new Promise<Verdict>((resolve) => (end = resolve));
  place.target.recovery = (_request, onPoll) => {
    reached = true;
    onPoll({ kind: 'no_sample', polls: 1 });
    return verdict;
  };
  return { reached: () => reached, end: (how = VERIFIED) => end(how) };
}

it('an alert that flaps into its next episode while a repair runs hears the result there, once', async () => {
  const verification = holdVerification();
  const alert = place.world.alert({ remediation: nextPlan(), cooldownMs: 300 });
  await alert.deliver();
  await waitFor(verification.reached, { what: 'the verification' });
  await alert.deliver({ kind: 'resolved', at: 5, startsAt: 0 });
  await alert.deliver({ at: 10 });
  await waitFor(() => count(alert, 'escalated') === 2, { what: 'the second episode' });
  verification.end();
  await waitFor(() => count(alert, 'remediated') === 1, { what: 'the result' });
  const second = Date.parse(alert.transition({ at: 10 }).starts_at);
  expect(results(alert)).toMatchObject([{ outcome: 'verified', episode: second }]);
  await alert.deliver({ kind: 'resolved', at: 15, startsAt: 10 });
  await alert.handle.result();
  expect(count(alert, 'remediation_started')).toBe(1);
  expect(count(alert, 'remediated')).toBe(1);
});

it('an alert that is resolved waits for the repair that runs, and the next episode is repaired anew', async () => {
  const verification = holdVerification();
  const alert = place.world.alert({ remediation: nextPlan(), cooldownMs: 60_000 });
  await alert.deliver();
  await waitFor(verification.reached, { what: 'the verification' });
  await alert.deliver({ kind: 'resolved', at: 5, startsAt: 0 });
  await waitFor(async () => (await alert.status()).state === 'RESOLVED', { what: 'the resolve' });
  verification.end();
  await alert.handle.result();
  expect(await alert.deliver({ at: 10 })).toBe('started');
  await waitFor(() => count(alert, 'remediated') === 2, { what: 'the second repair' });
  expect(new Set(results(alert).map(({ remediation_id }) => remediation_id)).size).toBe(2);
  await alert.deliver({ kind: 'resolved', at: 15, startsAt: 10 });
});

it('a run that continues as new while a repair runs hears its result, once', async () => {
  const verification = holdVerification();
  const alert = place.world.alert({ remediation: nextPlan() });
  await alert.deliver();
  await waitFor(verification.reached, { what: 'the verification' });
  const first = (await alert.handle.describe()).runId;
  await Promise.all(
    Array.from({ length: 101 }, (_, n) => alert.handle.signal('acknowledge', { owner: `ada-${n}` })),
  );
  await waitFor(async () => (await alert.handle.describe()).runId !== first, {
    what: 'the next run',
    timeoutMs: 20_000,
  });
  expect((await alert.handle.describe()).searchAttributes).toMatchObject({
    AlertState: ['ACKNOWLEDGED'],
  });
  verification.end();
  await waitFor(() => count(alert, 'remediated') === 1, { what: 'the result' });
  await alert.deliver({ kind: 'resolved', at: 5, startsAt: 0 });
  await alert.handle.result();
  expect(count(alert, 'remediation_started')).toBe(1);
  expect(count(alert, 'remediated')).toBe(1);
  expect(count(alert, 'acknowledged')).toBe(101);
});

it('two alerts of one target share one repair, and both hear its result', async () => {
  const verification = holdVerification();
  const plan = nextPlan();
  const alerts = [place.world.alert({ remediation: plan }), place.world.alert({ remediation: plan })];
  for (const alert of alerts) await alert.deliver();
  await waitFor(verification.reached, { what: 'the verification' });
  await waitFor(() => alerts.every((alert) => count(alert, 'remediation_started') === 1), {
    what: 'both to ask for it',
  });
  const child = place.world.client.workflow.getHandle(
    remediationWorkflowId(place.world.instance, plan.target),
  );
  await waitFor(
    async () =>
      (await child.fetchHistory()).events!.some((event) => event.workflowExecutionSignaledEventAttributes),
    { what: 'the second to join' },
  );
  verification.end({ kind: 'breaching', at: 1, value: 99, polls: 2 });
  await waitFor(() => alerts.every((alert) => count(alert, 'remediated') === 1), { what: 'both results' });
  const [one, other] = alerts.map((alert) => results(alert)[0]!);
  expect(one!.remediation_id).toBe(other!.remediation_id);
  expect(one!.outcome).toBe('not_verified');
});

it('an alert of another rule on the same target is repaired by its own run, after the one that it joined', async () => {
  const verification = holdVerification();
  const plan = nextPlan();
  const [first, other] = [1, 2].map(() => place.world.alert({ remediation: plan })) as [TestAlert, TestAlert];
  await first.deliver();
  await waitFor(verification.reached, { what: 'the verification' });
  const condition = { ...other.transition().condition!, threshold: 50 };
  await other.deliver({ more: { condition } });
  await waitFor(() => count(other, 'remediation_started') === 1, { what: 'the other to ask' });
  const { handle } = other;
  await waitFor(
    async () =>
      (await handle.fetchHistory()).events!.some(
        (event) => event.externalWorkflowExecutionSignaledEventAttributes,
      ),
    { what: 'the other to join' },
  );
  verification.end();
  await waitFor(() => count(other, 'remediated') === 1, { what: 'both results', timeoutMs: 20_000 });
  expect(count(other, 'repaired_for_another')).toBe(1);
  const ids = [first, other].map((alert) => results(alert).map(({ remediation_id }) => remediation_id));
  expect(ids.map((own) => own.length)).toEqual([1, 1]);
  expect(ids[0]).not.toEqual(ids[1]);
});

it('a repair whose workflow is terminated is told as failed, and the alert goes on', async () => {
  const verification = holdVerification();
  const plan = nextPlan();
  const alert = place.world.alert({ remediation: plan });
  await alert.deliver();
  await waitFor(verification.reached, { what: 'the verification' });
  await place.world.client.workflow
    .getHandle(remediationWorkflowId(place.world.instance, plan.target))
    .terminate('by hand');
  await waitFor(() => count(alert, 'remediated') === 1, { what: 'the result' });
  expect(results(alert)[0]).toMatchObject({ outcome: 'failed', attempted: false });
  verification.end();
  await alert.deliver({ kind: 'resolved', at: 5, startsAt: 0 });
  await alert.handle.result();
});
