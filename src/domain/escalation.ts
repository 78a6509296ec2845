/**
 * Escalation policies: levels of people, each told when the level before it has not answered in its time. Level 1 is
 * told `delayMs` after the alert fired. Acknowledgement and silence stop the clock; when they end, it goes on where it
 * stood.
 */

export interface EscalationLevel {
  readonly name: string;
  readonly receivers: readonly string[];
  /** How long this level has to acknowledge before the next is told. */
  readonly timeoutMs: number;
}

export interface EscalationPolicy {
  readonly name: string;
  readonly delayMs: number;
  readonly levels: readonly EscalationLevel[];
  /** How many times the whole chain is gone through again when nobody answers. */
  readonly repeat: number;
}

/** Where the chain stands: `told` counts the levels told so far over all rounds. */
export interface EscalationProgress {
  readonly told: number;
  /** What is left of the wait for the next level; null when the chain has ended. */
  readonly remainingMs: number | null;
}

export function beginEscalation(policy: EscalationPolicy): EscalationProgress {
  return policy.levels.length === 0
    ? { told: 0, remainingMs: null }
    : { told: 0, remainingMs: policy.delayMs };
}

/** The level that is told next (1-based within its round), or null at the end of the chain. */
export function nextLevel(
  policy: EscalationPolicy,
  told: number,
): { level: number; round: number; spec: EscalationLevel } | null {
  const count = policy.levels.length;
  if (count === 0 || told >= count * (policy.repeat + 1)) return null;
  const index = told % count;
  return { level: index + 1, round: Math.floor(told / count) + 1, spec: policy.levels[index]! };
}

/** The whole wait for the next level when `told` have been told; null at the end of the chain. */
export function waitAfter(policy: EscalationPolicy, told: number): number | null {
  return (told === 0 ? beginEscalation(policy) : advance(policy, told - 1)).remainingMs;
}

/** Progress after the next level has been told. */
export function advance(policy: EscalationPolicy, told: number): EscalationProgress {
  const current = nextLevel(policy, told);
  if (current === null) return { told, remainingMs: null };
  const more = nextLevel(policy, told + 1) !== null;
  return { told: told + 1, remainingMs: more ? current.spec.timeoutMs : null };
}
