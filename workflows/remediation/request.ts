/** What a remediation was asked to do, checked before anything is read: a bad request is refused with its reason. */
import type { InputSpecs, Runbook } from '../../src/domain/runbook';
import type { TransitionCondition } from '../../src/domain/transition';
import type { RemediationInput } from '../messages';

export type AnyInputs = Readonly<Record<string, unknown>>;
export type AnyRunbook = Runbook<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- runbooks of different inputs
export type RunbookLookup = (name: string) => AnyRunbook | null;

export interface CheckedRequest {
  readonly runbook: AnyRunbook;
  readonly inputs: AnyInputs;
  readonly condition: TransitionCondition;
}

export type RequestProblem = { readonly problem: string };

export function checkRequest(
  { plan, condition }: RemediationInput,
  runbookNamed: RunbookLookup,
): CheckedRequest | RequestProblem {
  const runbook = runbookNamed(plan.runbook);
  if (runbook === null) return { problem: `runbook_unknown: there is no runbook "${plan.runbook}"` };
  if (condition === null) {
    return {
      problem: 'unverifiable: what the rule compares is not known, so nothing that is done could be verified',
    };
  }
  if (!(plan.soakMs >= 0 && plan.verifyTimeoutMs >= plan.soakMs)) {
    return {
      problem: `bad_input: a soak of ${plan.soakMs} ms does not fit into a verification of ${plan.verifyTimeoutMs} ms`,
    };
  }
  const parsed = parseInputs(runbook.inputs, plan.inputs);
  return 'problem' in parsed ? parsed : { runbook, inputs: parsed.inputs, condition };
}

/** Defaults, overridden by what was given; all problems at once. */
function parseInputs(specs: InputSpecs, given: AnyInputs): { inputs: AnyInputs } | RequestProblem {
  const problems = Object.keys(given)
    .filter((name) => specs[name] === undefined)
    .map((name) => `${name}: there is no such input; accepted: ${Object.keys(specs).join(', ')}`);
  const inputs: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    try {
      inputs[name] = given[name] === undefined ? spec.default : spec.parse(given[name]);
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    }
  }
  return problems.length > 0 ? { problem: `bad_input: ${problems.join('; ')}` } : { inputs };
}

/** What makes a value a remediation's input at all; null when it is one. A start by hand can bring anything. */
export function malformed(input: unknown): string | null {
  const { plan, alert, alertWorkflowId } = (input ?? {}) as Partial<RemediationInput>;
  if (typeof plan?.runbook !== 'string' || typeof plan.target !== 'string')
    return 'plan.runbook and plan.target have to be texts';
  if (typeof plan.inputs !== 'object' || plan.inputs === null) return 'plan.inputs has to be an object';
  if (
    typeof alert?.fingerprint !== 'string' ||
    typeof alert.episode !== 'number' ||
    typeof alert.labels !== 'object'
  ) {
    return 'alert has to have fingerprint, episode and labels';
  }
  return typeof alertWorkflowId === 'string' ? null : 'alertWorkflowId has to be a text';
}
