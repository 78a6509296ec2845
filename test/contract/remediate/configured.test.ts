/** What stands in `tocsin.yaml` is what the guard says, with real permits: who may be touched, how often, and whether at all. */
import { loadConfig } from '../../../src/config/load';
import { createGuard } from '../../../src/remediate/guard';
import type { Admission, AdmissionRequest, RemediationGuard } from '../../../src/remediate/port';
import { runbookNamed } from '../../../runbooks';
import { policiesOf, targetDescriptions } from '../../../workers/policies';
import { transition } from '../../builders/alerts';
import { uniqueInstance } from '../../harness/servers';
import { ownPermits, type OwnPermits } from './own-permits';

let permits: OwnPermits;
beforeAll(async () => {
  permits = await ownPermits();
}, 60_000);
afterAll(() => permits?.close());

const TARGETS = `
targets:
  - { name: open, type: postgresql, url: postgres://h/d, tags: { environment: staging } }
  - { name: other, type: postgresql, url: postgres://h/d, tags: { environment: staging } }
  - { name: closed, type: postgresql, url: postgres://h/d, tags: { environment: staging }, remediation: false }
  - { name: live, type: postgresql, url: postgres://h/d, tags: { environment: production } }
  - { name: documents, type: mongodb, url: mongodb://h/d, tags: { environment: staging } }
`;
const REMEDIATION = 'remediation: { environments: [staging, production] }';
const configured = (remediation = REMEDIATION) =>
  loadConfig({ text: `${TARGETS}${remediation}\n`, path: 'tocsin.yaml' }, {});

function guardOf(remediation?: string): RemediationGuard {
  const config = configured(remediation);
  return createGuard({
    store: permits.store,
    policy: config.remediation,
    describe: targetDescriptions(config),
    mutes: null,
    maintenances: null,
    now: () => new Date(),
  });
}

const { name, matchers, environments } = runbookNamed('terminate-idle-sessions')!;
const labels = (target: string) => ({
  alertname: 'ConnectionsHigh',
  instance_id: target,
  database_type: 'postgresql',
});
const asks = (target: string, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  remediationId: uniqueInstance(),
  runbook: { name, matchers, environments },
  target,
  resources: [`target/${target}/${uniqueInstance()}`],
  labels: labels(target),
  dryRun: false,
  ...more,
});
const said = ({ allowed, reason }: Admission) => (allowed ? 'allowed' : reason);

it.each([
  ['open', 'allowed'],
  ['closed', 'target_excluded'],
  ['live', 'environment_not_allowed'],
  ['documents', 'target_kind'],
  ['nobody', 'target_unknown'],
])('target %s: %s', async (target, reason) => {
  expect(said(await guardOf().admit(asks(target)))).toBe(reason);
});

it.each([
  ['remediation: { environments: [] }', 'environment_not_allowed'],
  ['remediation: { enabled: false, environments: [staging] }', 'remediation_disabled'],
  ['remediation: { dry_run: true, environments: [staging] }', 'dry_run_only'],
  [
    'remediation: { environments: [staging], runbooks: { terminate-idle-sessions: { enabled: false } } }',
    'runbook_disabled',
  ],
  [
    'remediation: { environments: [staging], runbooks: { terminate-idle-sessions: { environments: [test] } } }',
    'environment_not_allowed',
  ],
])('%s: %s', async (remediation, reason) => {
  expect(said(await guardOf(remediation).admit(asks('open')))).toBe(reason);
});

it('production is open to a runbook where the configuration says so of both', async () => {
  const guard = guardOf(
    'remediation: { environments: [production], runbooks: { terminate-idle-sessions: { environments: [production] } } }',
  );
  expect(said(await guard.admit(asks('live')))).toBe('allowed');
  expect(said(await guard.admit(asks('open')))).toBe('environment_not_allowed');
});

it('a dry run is admitted where only dry runs are allowed, and costs nothing', async () => {
  const guard = guardOf(
    'remediation: { dry_run: true, environments: [staging], limits: { per_target_per_hour: 1 } }',
  );
  for (let i = 0; i < 3; i++)
    expect(await guard.admit(asks('other', { dryRun: true }))).toMatchObject({ allowed: true, lease: null });
});

it('an alert on an excluded target gets a plan all the same, so that the refusal stands in its timeline', () => {
  const policyFor = policiesOf(configured());
  const plan = (target: string) =>
    policyFor(transition({ labels: { ...labels(target), environment: 'staging' } })).remediation;
  expect(plan('closed')).toMatchObject({ runbook: name, target: 'closed', dryRun: false });
  expect(
    policiesOf(configured('remediation: { dry_run: true, environments: [staging] }'))(
      transition({ labels: { ...labels('open'), environment: 'staging' } }),
    ).remediation,
  ).toMatchObject({ dryRun: true });
});

it('so many an hour on a target, whoever asks; what did nothing does not count', async () => {
  const limited =
    'remediation: { environments: [staging], limits: { per_target_per_hour: 2, concurrent: 9 } }';
  const [one, two] = [guardOf(limited), guardOf(limited)];
  const idle = asks('other');
  expect(said(await one.admit(idle))).toBe('allowed');
  await one.release(idle.remediationId, 'other', false);
  const answers = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const guard = index % 2 === 0 ? one : two;
      const request = asks('other');
      const admission = await guard.admit(request);
      if (admission.allowed) await guard.release(request.remediationId, 'other', true);
      return said(admission);
    }),
  );
  expect(answers.sort()).toEqual(['allowed', 'allowed', ...Array<string>(4).fill('rate_limit')]);
});

it('so many at a time in all', async () => {
  const guard = guardOf(
    'remediation: { environments: [staging], limits: { concurrent: 1, per_target_per_hour: 100 } }',
  );
  await permits.database.run(`delete from ${permits.database.schema}.remediation_permits`);
  const first = asks('open');
  expect(said(await guard.admit(first))).toBe('allowed');
  expect(said(await guard.admit(asks('other')))).toBe('concurrency_limit');
  await guard.release(first.remediationId, 'open', true);
  expect(said(await guard.admit(asks('other')))).toBe('allowed');
});

it('a kill switch stops it at once, for all or for one runbook, and again at the last look', async () => {
  const guard = guardOf();
  await permits.database.run(`delete from ${permits.database.schema}.remediation_permits`);
  const admission = await guard.admit(asks('open'));
  if (!admission.allowed) throw new Error(admission.detail);
  for (const scope of ['*', name]) {
    const change = { scope, reason: 'drill', changedBy: 'ada' };
    await permits.store.setSwitch({ ...change, engaged: true });
    expect(said(await guard.admit(asks('open')))).toBe('kill_switch');
    expect(await guard.confirm(name, admission.lease!)).toMatchObject({
      allowed: false,
      reason: 'kill_switch',
    });
    await permits.store.setSwitch({ ...change, engaged: false });
  }
  expect(await guard.confirm(name, admission.lease!)).toMatchObject({ allowed: true });
});
