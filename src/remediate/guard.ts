/**
 * May this runbook act on this target now? Asked in a fixed order, answered with a named reason.
 *
 * Closed to machines: an environment that nobody listed, a target that the configuration does not know, a store that
 * does not answer, each is a refusal. Facts come from the configuration of the target, never from the alert alone,
 * because anybody can post an alert. Where the rows lie is the permit store's affair; what a runbook itself thinks of
 * the target is asked later, by the workflow.
 */
import { messageOf } from '../domain/errors';
import { maintenanceText } from '../domain/maintenance';
import { compileMatchers, parseMatcher } from '../domain/matchers';
import type { Labels } from '../domain/labels';
import type { Maintenances, Mutes } from '../mute/port';
import type {
  Admission,
  AdmissionRequest,
  Confirmation,
  GuardReason,
  GuardRefusal,
  Lease,
  PermitStore,
  RemediationGuard,
  RemediationPolicy,
  TargetDescription,
} from './port';
import { allowedEnvironments, onlyDryRuns } from './choose';

export interface GuardDeps {
  readonly store: PermitStore;
  readonly policy: RemediationPolicy;
  /** What the configuration says of a target; null when it has none of that name. */
  readonly describe: (target: string) => TargetDescription | null;
  /** A silenced alert is in a person's hands; null leaves this check out. */
  readonly mutes: Pick<Mutes, 'verdict'> | null;
  /** What is worked on is left alone; null leaves this check out. */
  readonly maintenances: Pick<Maintenances, 'holding'> | null;
  readonly now: () => Date;
  readonly onRefusal?: (refusal: GuardRefusal) => void;
}

const HOUR_MS = 3_600_000;
const RUNNING = 'running';
const rateScope = (target: string): string => `rate/${target}`;

class Refusal extends Error {
  constructor(
    readonly reason: GuardReason,
    readonly detail: string,
  ) {
    super(detail);
  }
}

export function createGuard(deps: GuardDeps): RemediationGuard {
  function refuse(error: unknown, runbook: string, correlationId: string | undefined): Refused {
    const refused = refusalOf(error);
    deps.onRefusal?.({ runbook, reason: refused.reason, detail: refused.detail, correlationId });
    return refused;
  }

  return {
    async admit(request) {
      try {
        return await decide(deps, request);
      } catch (error) {
        return refuse(error, request.runbook.name, request.correlationId);
      }
    },

    async confirm(runbook, lease, correlationId, about) {
      try {
        await refuseWhenSwitchedOff(deps.store, runbook);
        if (about !== undefined) await refuseInMaintenance(deps, about.target, about.labels);
        await refuseWhenLost(deps, lease);
        return { allowed: true, reason: 'allowed', detail: 'no kill switch is on and the lease is held' };
      } catch (error) {
        return refuse(error, runbook, correlationId);
      }
    },

    renew: (lease) => renew(deps, lease),

    release: (remediationId, target, acted) =>
      deps.store.release(remediationId, acted ? [RUNNING] : [RUNNING, rateScope(target)]),
  };
}

type Refused = Confirmation & { allowed: false };

function refusalOf(error: unknown): Refused {
  if (error instanceof Refusal) return { allowed: false, reason: error.reason, detail: error.detail };
  return {
    allowed: false,
    reason: 'guard_unreadable',
    detail: `a guard could not be read: ${messageOf(error)}`,
  };
}

async function decide(deps: GuardDeps, request: AdmissionRequest): Promise<Admission> {
  await refuseWhenSwitchedOff(deps.store, request.runbook.name);
  refuseWhenDisabled(deps.policy, request);
  const environment = environmentOf(deps, request);
  await refuseInMaintenance(deps, request.target, request.labels);
  await refuseWhenSilenced(deps, request);
  const lease = await takePermits(deps, request);
  return { allowed: true, reason: 'allowed', detail: `allowed in ${environment}`, environment, lease };
}

async function refuseWhenSwitchedOff(store: PermitStore, runbook: string): Promise<void> {
  const by = await store.engagedSwitch(runbook);
  if (by === null) return;
  const what = by.scope === '*' ? 'all remediation' : `the runbook ${by.scope}`;
  throw new Refusal(
    'kill_switch',
    `${by.changedBy} has switched off ${what} since ${by.changedAt}: ${by.reason}`,
  );
}

function refuseWhenDisabled(
  policy: RemediationPolicy,
  { runbook: { name: runbook }, dryRun }: AdmissionRequest,
): void {
  if (!policy.enabled)
    throw new Refusal('remediation_disabled', 'remediation is not enabled in the configuration');
  if (policy.runbooks[runbook]?.enabled === false) {
    throw new Refusal('runbook_disabled', `the configuration disables the runbook ${runbook}`);
  }
  // an alert that fired under an earlier configuration brings the plan of that time with it
  if (!dryRun && onlyDryRuns(runbook, policy))
    throw new Refusal('dry_run_only', 'the configuration allows dry runs only');
}

/** The target's configured environment, once target and environment are found to be right. */
function environmentOf(
  { describe, policy }: GuardDeps,
  { target, labels, runbook }: AdmissionRequest,
): string {
  const described = describe(target);
  if (described === null) throw new Refusal('target_unknown', `no target "${target}" is configured`);
  if (labels.instance_id !== target) {
    throw new Refusal(
      'target_mismatch',
      `the alert is about "${labels.instance_id ?? ''}", not about the target "${target}"`,
    );
  }
  if (!described.remediation)
    throw new Refusal(
      'target_excluded',
      `the configuration excludes the target "${target}" from remediation`,
    );
  refuseWrongKind(target, described.kind, runbook.matchers);
  const { environment } = described;
  if (environment === null || environment === '') {
    throw new Refusal(
      'environment_unknown',
      `the target "${target}" has no environment in the configuration`,
    );
  }
  const claimed = labels.environment;
  if (claimed !== undefined && claimed !== '' && claimed !== environment) {
    throw new Refusal(
      'environment_mismatch',
      `the alert says environment "${claimed}", the configuration of "${target}" says "${environment}"`,
    );
  }
  const allowed = allowedEnvironments(runbook, policy);
  if (!allowed.includes(environment)) {
    const list = allowed.length === 0 ? 'none' : allowed.join(', ');
    throw new Refusal(
      'environment_not_allowed',
      `${runbook.name} may not act in "${environment}"; allowed: ${list}`,
    );
  }
  return environment;
}

/** What a runbook's matchers ask of `database_type` is asked of the target's configured kind as well. */
function refuseWrongKind(target: string, kind: string, matchers: readonly string[]): void {
  const about = matchers.map(parseMatcher).filter((matcher) => matcher.name === 'database_type');
  if (compileMatchers(about)({ database_type: kind })) return;
  throw new Refusal(
    'target_kind',
    `"${target}" is a ${kind} target; the runbook asks for ${matchers.join(', ')}`,
  );
}

async function refuseInMaintenance(
  { maintenances, describe, now }: GuardDeps,
  target: string,
  labels: Labels,
): Promise<void> {
  const environment = describe(target)?.environment ?? null;
  const under = await maintenances?.holding({ target, environment, labels }, now());
  if (under == null) return;
  const { maintenance, until } = under;
  throw new Refusal(
    'maintenance',
    `${maintenance.name}: "${target}" is under ${maintenanceText(maintenance, until)}`,
  );
}

async function refuseWhenSilenced({ mutes, now }: GuardDeps, { labels }: AdmissionRequest): Promise<void> {
  const verdict = await mutes?.verdict(labels, now());
  if (verdict?.muted)
    throw new Refusal(
      'silenced',
      `${verdict.by} has silenced the alert until ${verdict.until}: ${verdict.detail}`,
    );
}

async function takePermits({ store, policy }: GuardDeps, request: AdmissionRequest): Promise<Lease | null> {
  const { limits } = policy;
  const taken = await store.take({
    holder: request.remediationId,
    seats: [
      { scope: RUNNING, seats: limits.concurrent, ttlMs: limits.leaseMs },
      { scope: rateScope(request.target), seats: limits.perTargetPerHour, ttlMs: HOUR_MS },
    ],
    resources: request.resources,
    leaseMs: limits.leaseMs,
    preview: request.dryRun,
  });
  if (taken.granted) return request.dryRun ? null : taken.lease;
  const until = taken.freeAt === null ? '' : `; free again at ${taken.freeAt}`;
  if (taken.lacking === 'resource') {
    throw new Refusal(
      'leased',
      `${taken.names.join(', ')} is held by remediation ${taken.holders.join(', ')}${until}`,
    );
  }
  if (taken.names.includes(rateScope(request.target))) {
    throw new Refusal(
      'rate_limit',
      `"${request.target}" has had its ${limits.perTargetPerHour} remediations of this hour${until}`,
    );
  }
  throw new Refusal('concurrency_limit', `${limits.concurrent} remediations are running already${until}`);
}

const renew = ({ store, policy }: GuardDeps, lease: Lease): Promise<boolean> =>
  store.renew(lease, policy.limits.leaseMs, [RUNNING]);

async function refuseWhenLost(deps: GuardDeps, lease: Lease): Promise<void> {
  if (await renew(deps, lease)) return;
  const names = lease.fences.map(({ resource }) => resource).join(', ');
  throw new Refusal('lease_lost', `the lease on ${names} has expired or is held by another remediation`);
}
