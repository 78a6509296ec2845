/** May this runbook act on this target now? Each refusal has its name, and what cannot be read is refused. */
import { createGuard, type GuardDeps } from '../../../src/remediate/guard';
import type { AdmissionRequest, TakeRequest } from '../../../src/remediate/port';
import { fakeStore, LABELS, LEASE, policy, RUNBOOK } from './policy';

const request = (more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  remediationId: 'r-1',
  runbook: RUNBOOK,
  target: 'db-1',
  resources: ['target/db-1'],
  labels: LABELS,
  dryRun: false,
  ...more,
});
const guardWith = (more: Partial<GuardDeps> = {}) =>
  createGuard({
    store: fakeStore(),
    policy: policy(),
    describe: () => ({ kind: 'postgresql', environment: 'test', remediation: true }),
    mutes: null,
    maintenances: null,
    now: () => new Date(0),
    ...more,
  });
const away = (): Promise<never> => Promise.reject(new Error('postgres is away'));
const killSwitch = {
  scope: '*',
  engaged: true,
  reason: 'drill',
  changedBy: 'ada',
  changedAt: '2026-01-01T00:00:00.000Z',
};

it('allows what everything allows, under a lease', async () => {
  expect(await guardWith().admit(request())).toEqual({
    allowed: true,
    reason: 'allowed',
    detail: 'allowed in test',
    environment: 'test',
    lease: LEASE,
  });
});

it('allows a dry run without a lease, and takes nothing for it', async () => {
  let taken: TakeRequest | null = null;
  const dry = policy({ dryRun: true });
  const store = fakeStore({
    take: (asked) => Promise.resolve({ granted: true, lease: LEASE, _: (taken = asked) }),
  });
  expect(await guardWith({ store, policy: dry }).admit(request({ dryRun: true }))).toMatchObject({
    allowed: true,
    lease: null,
  });
  expect(taken).toMatchObject({ preview: true });
});

const underMaintenance = {
  maintenance: {
    ...{ id: 'm1', name: 'move', targets: ['db-1'], environments: [], matchers: [], intervals: null },
    ...{ startsAt: '2026-01-01T00:00:00Z', endsAt: null, createdBy: 'ana', comment: 'disks' },
  },
  until: '2036-01-01T00:00:00.000Z',
};

it('asks for maintenance of the target with its configured environment, and once more before the act', async () => {
  const asked: unknown[] = [];
  const holding = async (subject: unknown) => {
    asked.push(subject);
    return asked.length === 1 ? null : underMaintenance;
  };
  const guard = guardWith({ maintenances: { holding } });
  expect(await guard.admit(request())).toMatchObject({ allowed: true });
  const last = await guard.confirm(RUNBOOK.name, LEASE, undefined, { target: 'db-1', labels: LABELS });
  expect(last).toMatchObject({ allowed: false, reason: 'maintenance' });
  const subject = { target: 'db-1', environment: 'test', labels: LABELS };
  expect(asked).toEqual([subject, subject]);
});

describe('refuses, naming the reason', () => {
  const seatless = (name: string) => () =>
    Promise.resolve({
      granted: false as const,
      lacking: 'seat' as const,
      names: [name],
      holders: ['r-0'],
      freeAt: '2026-01-01T01:00:00.000Z',
    });
  const held = () =>
    Promise.resolve({
      granted: false as const,
      lacking: 'resource' as const,
      names: ['target/db-1'],
      holders: ['r-0'],
      freeAt: null,
    });
  const muted = {
    muted: true as const,
    holder: { kind: 'silence' as const, id: 's1' },
    reason: 'silence' as const,
    by: 'ada',
    until: 'noon',
    detail: 'I am on it',
  };

  const cases: readonly [string, RegExp, Partial<GuardDeps>, Partial<AdmissionRequest>?][] = [
    [
      'kill_switch',
      /ada has switched off all remediation since .*: drill/,
      { store: fakeStore({ engagedSwitch: () => Promise.resolve(killSwitch) }) },
    ],
    [
      'kill_switch',
      /the runbook mend/,
      { store: fakeStore({ engagedSwitch: () => Promise.resolve({ ...killSwitch, scope: 'mend' }) }) },
    ],
    ['remediation_disabled', /not enabled/, { policy: policy({ enabled: false }) }],
    [
      'runbook_disabled',
      /disables the runbook mend/,
      { policy: policy({ runbooks: { mend: { enabled: false } } }) },
    ],
    ['dry_run_only', /dry runs only/, { policy: policy({ dryRun: true }) }],
    ['dry_run_only', /dry runs only/, { policy: policy({ runbooks: { mend: { dryRun: true } } }) }],
    ['target_unknown', /no target "db-1"/, { describe: () => null }],
    ['target_mismatch', /about "db-2"/, {}, { labels: { ...LABELS, instance_id: 'db-2' } }],
    ['target_mismatch', /about ""/, {}, { labels: {} }],
    [
      'target_excluded',
      /excludes the target "db-1"/,
      { describe: () => ({ kind: 'postgresql', environment: 'test', remediation: false }) },
    ],
    [
      'target_kind',
      /"db-1" is a mongodb target/,
      { describe: () => ({ kind: 'mongodb', environment: 'test', remediation: true }) },
    ],
    [
      'environment_unknown',
      /has no environment/,
      { describe: () => ({ kind: 'postgresql', environment: null, remediation: true }) },
    ],
    [
      'environment_mismatch',
      /says environment "test".* says "production"/,
      { describe: () => ({ kind: 'postgresql', environment: 'production', remediation: true }) },
    ],
    [
      'environment_not_allowed',
      /may not act in "production"; allowed: test/,
      { describe: () => ({ kind: 'postgresql', environment: 'production', remediation: true }) },
      { labels: { ...LABELS, environment: '' } },
    ],
    ['environment_not_allowed', /allowed: none/, { policy: policy({ environments: [] }) }],
    [
      'maintenance',
      /^move: "db-1" is under maintenance move of ana until somebody ends it: disks$/,
      { maintenances: { holding: async () => underMaintenance } },
    ],
    ['guard_unreadable', /postgres is away/, { maintenances: { holding: away } }],
    [
      'silenced',
      /ada has silenced the alert until noon: I am on it/,
      { mutes: { verdict: () => Promise.resolve(muted) } },
    ],
    [
      'rate_limit',
      /has had its 3 remediations of this hour; free again at 2026/,
      { store: fakeStore({ take: seatless('rate/db-1') }) },
    ],
    [
      'concurrency_limit',
      /5 remediations are running already/,
      { store: fakeStore({ take: seatless('running') }) },
    ],
    ['leased', /target\/db-1 is held by remediation r-0/, { store: fakeStore({ take: held }) }],
    ['guard_unreadable', /postgres is away/, { store: fakeStore({ engagedSwitch: away }) }],
    ['guard_unreadable', /postgres is away/, { store: fakeStore({ take: away }) }],
    ['guard_unreadable', /postgres is away/, { mutes: { verdict: away } }],
  ];

  it.each(cases)('%s: %s', async (reason, detail, deps, more = {}) => {
    const admission = await guardWith(deps).admit(request(more));
    expect(admission).toMatchObject({ allowed: false, reason, detail: expect.stringMatching(detail) });
  });

  it('before it asks what comes later', async () => {
    const store = fakeStore({ engagedSwitch: () => Promise.resolve(killSwitch) });
    await guardWith({ store }).admit(request());
    expect(store.asked).toEqual(['engagedSwitch']);
  });
});

describe('the last look', () => {
  it('sees a kill switch that was thrown meanwhile', async () => {
    const store = fakeStore({ engagedSwitch: () => Promise.resolve(killSwitch) });
    expect(await guardWith({ store }).confirm('mend', LEASE)).toMatchObject({
      allowed: false,
      reason: 'kill_switch',
    });
  });

  it('sees that the lease was lost', async () => {
    const store = fakeStore({ renew: () => Promise.resolve(false) });
    expect(await guardWith({ store }).confirm('mend', LEASE)).toMatchObject({
      allowed: false,
      reason: 'lease_lost',
    });
  });

  it('is a refusal when nobody can look', async () => {
    expect(await guardWith({ store: fakeStore({ renew: away }) }).confirm('mend', LEASE)).toMatchObject({
      allowed: false,
      reason: 'guard_unreadable',
    });
  });

  it('otherwise allows, and renews the lease', async () => {
    const store = fakeStore();
    expect(await guardWith({ store }).confirm('mend', LEASE)).toMatchObject({ allowed: true });
    expect(store.asked).toEqual(['engagedSwitch', 'renew']);
  });
});

it('tells each refusal with its reason, and nothing of what it allows', async () => {
  const told: unknown[] = [];
  const onRefusal = (refusal: unknown): void => void told.push(refusal);
  await guardWith({ onRefusal }).admit(request());
  await guardWith({ onRefusal, describe: () => null }).admit(request({ correlationId: 'c-1' }));
  const store = fakeStore({ renew: () => Promise.resolve(false) });
  await guardWith({ onRefusal, store }).confirm('mend', LEASE, 'c-2');
  expect(told).toMatchObject([
    {
      runbook: 'mend',
      reason: 'target_unknown',
      detail: 'no target "db-1" is configured',
      correlationId: 'c-1',
    },
    { runbook: 'mend', reason: 'lease_lost', correlationId: 'c-2' },
  ]);
});

it('gives the place in the hour back only when nothing was done', async () => {
  const freed: (readonly string[])[] = [];
  const store = fakeStore({ release: (_holder, scopes) => Promise.resolve(void freed.push(scopes)) });
  await guardWith({ store }).release('r-1', 'db-1', true);
  await guardWith({ store }).release('r-1', 'db-1', false);
  expect(freed).toEqual([['running'], ['running', 'rate/db-1']]);
});
