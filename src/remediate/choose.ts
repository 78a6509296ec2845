/**
 * Which runbook, if any, is to repair an alert: pure, decided when the alert is dispatched. Whether it may act is the
 * guard's question, asked when it is about to.
 */
import type { Labels } from '../domain/labels';
import { compileMatchers, parseMatcher } from '../domain/matchers';
import type { RemediationChoice } from '../domain/remediation';
import type { RemediationPolicy, RunbookTraits } from './port';

/**
 * The plan of the one runbook that fits, or why there is none. `ruleRunbook` narrows the choice to that runbook; it
 * does not lift the runbook's matchers. Two that fit are a doubt, so neither is chosen.
 */
export function chooseRunbook(
  labels: Labels,
  ruleRunbook: string | null,
  runbooks: readonly RunbookTraits[],
  policy: RemediationPolicy,
): RemediationChoice {
  const asked = ruleRunbook !== null;
  if (!policy.enabled) return { none: asked ? 'remediation is not enabled' : null };
  const named = ruleRunbook === null ? runbooks : runbooks.filter(({ name }) => name === ruleRunbook);
  if (asked && named.length === 0)
    return { none: `the rule names the runbook "${ruleRunbook}", which does not exist` };
  const fitting = named.filter(
    (runbook) => policy.runbooks[runbook.name]?.enabled !== false && matches(runbook, labels, policy),
  );
  if (fitting.length === 0)
    return {
      none: asked ? `the runbook "${ruleRunbook}" does not match this alert, or is switched off` : null,
    };
  if (fitting.length > 1) {
    return {
      none: `several runbooks match (${fitting.map(({ name }) => name).join(', ')}); name one in the rule`,
    };
  }
  return planFor(fitting[0]!, labels, policy);
}

/** Where a runbook may act: the configured environments that are in its own list, or in the list configured for it. */
export function allowedEnvironments(runbook: RunbookTraits, policy: RemediationPolicy): readonly string[] {
  const own = policy.runbooks[runbook.name]?.environments ?? runbook.environments;
  return policy.environments.filter((environment) => own.includes(environment));
}

/** For all runbooks, or for this one. */
export function onlyDryRuns(runbook: string, policy: RemediationPolicy): boolean {
  return policy.dryRun || policy.runbooks[runbook]?.dryRun === true;
}

function matches(runbook: RunbookTraits, labels: Labels, policy: RemediationPolicy): boolean {
  const matchers = policy.runbooks[runbook.name]?.matchers ?? runbook.matchers;
  // no matchers hold for everything, and a runbook for everything is nobody's intention
  return matchers.length > 0 && compiled(matchers)(labels);
}

type Test = (labels: Labels) => boolean;
const tests = new WeakMap<readonly string[], Test>();

/** Every transition asks; the matchers are the configuration's, or the runbook's own, and stay. */
function compiled(matchers: readonly string[]): Test {
  const known = tests.get(matchers);
  if (known !== undefined) return known;
  const test = compileMatchers(matchers.map(parseMatcher));
  tests.set(matchers, test);
  return test;
}

function planFor(runbook: RunbookTraits, labels: Labels, policy: RemediationPolicy): RemediationChoice {
  const target = labels.instance_id;
  if (target === undefined || target === '')
    return { none: 'the alert has no instance_id, so its target is unknown' };
  const { environment } = labels;
  // without the label the target's configuration decides, when the guard reads it
  if (environment && !allowedEnvironments(runbook, policy).includes(environment)) {
    return { none: `${runbook.name} may not act in the environment "${environment}"` };
  }
  const own = policy.runbooks[runbook.name] ?? {};
  return {
    runbook: runbook.name,
    target,
    inputs: own.inputs ?? {},
    dryRun: onlyDryRuns(runbook.name, policy),
    soakMs: own.soakMs ?? policy.soakMs,
    verifyTimeoutMs: own.verifyTimeoutMs ?? policy.verifyTimeoutMs,
  };
}
