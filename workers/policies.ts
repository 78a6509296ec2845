/** How the configuration and the runbooks together decide the policy of an alert's life. */
import type { Config } from '../src/config/config';
import { createPolicies, pageOf } from '../src/dispatch/policy';
import type { LifePolicy } from '../src/domain/life';
import type { Transition } from '../src/domain/transition';
import { remoteProvidersFor } from '../src/enrich/providers';
import { chooseRunbook } from '../src/remediate/choose';
import type { TargetDescription } from '../src/remediate/port';
import { runbooks } from '../runbooks';

export function policiesOf(config: Config): (transition: Transition) => LifePolicy {
  const postgres = new Set(
    config.targets.filter(({ type, url }) => type === 'postgresql' && url !== null).map(({ name }) => name),
  );
  return createPolicies({
    instance: config.instance,
    pageFor: pageOf(config.page, config.pages, config.pageBySeverity),
    resolveTo: config.resolveTo,
    escalations: config.escalations,
    acknowledgeLeaseMs: config.acknowledgeLeaseMs,
    cooldownMs: config.cooldownMs,
    enrichFor: (labels) => remoteProvidersFor(labels, config.enrich, postgres),
    remediationFor: ({ labels, runbook }) =>
      chooseRunbook(labels, runbook ?? null, runbooks, config.remediation),
  });
}

/** What the guard is told of a target: the configuration's word, never the alert's. */
export function targetDescriptions(config: Config): (name: string) => TargetDescription | null {
  return (name) => {
    const target = config.targets.find((one) => one.name === name);
    if (target === undefined) return null;
    const { type: kind, environment, remediation } = target;
    return { kind, environment, remediation };
  };
}
