/** From the configuration and the alert's labels: how this alert's life is to be lived. */
import type { EscalationPolicy } from '../domain/escalation';
import type { Labels } from '../domain/labels';
import type { LifePolicy, PageReceiver } from '../domain/life';
import { compileMatchers, type Matcher } from '../domain/matchers';
import type { RemediationChoice } from '../domain/remediation';
import { severityClass, type SeverityClass } from '../domain/severity';
import type { Transition } from '../domain/transition';

/** Who is told that an alert fires. */
export type PageFor = (transition: Pick<Transition, 'labels' | 'receivers'>) => readonly PageReceiver[];

/**
 * Those that the alert's rule names, else those of its severity where the route asks for that, else those of the route.
 * Where none of the named ones is there any more, or the severity is a word that nobody knows, those of the route too:
 * somebody has to be told.
 */
export function pageOf(
  route: readonly PageReceiver[],
  all: readonly PageReceiver[],
  bySeverity: Readonly<Record<SeverityClass, readonly PageReceiver[]>> | null = null,
): PageFor {
  return ({ receivers = [], labels }) => {
    const named = all.filter(({ receiver }) => receivers.includes(receiver));
    if (named.length > 0) return named;
    const known = bySeverity === null ? null : severityClass(labels['severity']);
    return known === null ? (route.length > 0 ? route : (bySeverity?.high ?? [])) : bySeverity![known];
  };
}

/** Whoever is told of an alert like it, without the one that was not reached; where nobody is left, all others. */
export function othersOf(
  pageFor: PageFor,
  all: readonly PageReceiver[],
): (failed: string, labels: Labels) => readonly string[] {
  return (failed, labels) => {
    const without = (pages: readonly PageReceiver[]): readonly string[] =>
      pages.map(({ receiver }) => receiver).filter((receiver) => receiver !== failed);
    const told = pageFor({ labels });
    if (!told.some(({ receiver }) => receiver === failed)) return [];
    const others = without(told);
    return others.length > 0 ? others : without(all);
  };
}

export interface PolicyOptions {
  readonly instance: string;
  readonly pageFor: PageFor;
  readonly resolveTo: readonly string[];
  /** The first whose matchers hold is the alert's. */
  readonly escalations: readonly {
    readonly matchers: readonly Matcher[];
    readonly policy: EscalationPolicy;
  }[];
  readonly acknowledgeLeaseMs: number | null;
  /** The configuration's default, for alerts whose rule has no cool-down of its own. Decided here and nowhere else. */
  readonly cooldownMs: number;
  /** The enrichment providers that apply to an alert and reach beyond our own records. */
  readonly enrichFor: (labels: Labels) => LifePolicy['enrich'];
  readonly remediationFor: (transition: Transition) => RemediationChoice;
}

export function createPolicies(options: PolicyOptions): (transition: Transition) => LifePolicy {
  const escalations = options.escalations.map(({ matchers, policy }) => ({
    holds: compileMatchers(matchers),
    policy,
  }));
  return (transition) => ({
    ...remediationOf(options.remediationFor(transition), transition.condition?.window_ms ?? 0),
    instance: options.instance,
    page: options.pageFor(transition),
    resolveTo: options.resolveTo,
    escalation: escalations.find(({ holds }) => holds(transition.labels))?.policy ?? null,
    acknowledgeLeaseMs: options.acknowledgeLeaseMs,
    cooldownMs: transition.cooldown_ms ?? options.cooldownMs,
    enrich: options.enrichFor(transition.labels),
  });
}

/** A window's mean still holds what was before the act: to prove the recovery takes so much longer. */
function remediationOf(
  choice: RemediationChoice,
  windowMs: number,
): Pick<LifePolicy, 'remediation' | 'notRemediated'> {
  if ('none' in choice) return { remediation: null, notRemediated: choice.none };
  return { remediation: { ...choice, verifyTimeoutMs: choice.verifyTimeoutMs + windowMs } };
}
