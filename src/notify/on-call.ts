/**
 * Who is on call for a message whose step asked for nobody by name or schedule: the person or role that its escalation
 * level is named after.
 */
import { nextLevel, type EscalationPolicy } from '../domain/escalation';

/** Null unless the step is an escalation of this policy. Steps count the levels told, over all rounds. */
export function onCallOf(policy: EscalationPolicy | null, step: string): string | null {
  const told = /^escalate-(\d+)$/.exec(step)?.[1];
  if (policy === null || told === undefined) return null;
  return nextLevel(policy, Number(told) - 1)?.spec.name ?? null;
}
