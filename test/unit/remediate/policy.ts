/** What the stories of `src/remediate` begin with: a policy that allows, and a store that remembers. */
import type { Lease, PermitStore, RemediationPolicy, RunbookTraits } from '../../../src/remediate/port';

export const RUNBOOK: RunbookTraits = {
  name: 'mend',
  matchers: ['database_type="postgresql"'],
  environments: ['test', 'staging'],
};
export const LABELS = {
  alertname: 'ConnectionsHigh',
  instance_id: 'db-1',
  database_type: 'postgresql',
  environment: 'test',
};
export const LEASE: Lease = { holder: 'r-1', fences: [{ resource: 'target/db-1', token: 3 }] };

export const policy = (more: Partial<RemediationPolicy> = {}): RemediationPolicy => ({
  enabled: true,
  environments: ['test', 'production'],
  dryRun: false,
  soakMs: 60_000,
  verifyTimeoutMs: 600_000,
  limits: { perTargetPerHour: 3, concurrent: 5, leaseMs: 60_000 },
  runbooks: {},
  ...more,
});

export interface FakeStore extends PermitStore {
  readonly asked: string[];
}

/** Grants everything, but for what `more` says. */
export function fakeStore(more: Partial<PermitStore> = {}): FakeStore {
  const asked: string[] = [];
  const noted =
    <A extends unknown[], R>(name: string, answer: (...given: A) => Promise<R>) =>
    (...given: A) => {
      asked.push(name);
      return answer(...given);
    };
  const granting: PermitStore = {
    engagedSwitch: () => Promise.resolve(null),
    switches: () => Promise.resolve([]),
    setSwitch: () => Promise.resolve(),
    take: () => Promise.resolve({ granted: true, lease: LEASE }),
    renew: () => Promise.resolve(true),
    release: () => Promise.resolve(),
    beginAct: () => Promise.resolve({ kind: 'go', attempts: 1 }),
    finishAct: () => Promise.resolve(),
    failAct: () => Promise.resolve(),
    ...more,
  };
  const entries = Object.entries(granting).map(([name, answer]) => [
    name,
    noted(name, answer as () => Promise<unknown>),
  ]);
  return { ...(Object.fromEntries(entries) as unknown as PermitStore), asked };
}
