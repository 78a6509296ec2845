/**
 * What one execution may use. Templates come with rules that other people write, and run inside the evaluation loop:
 * one that never ends or fills the memory would stop all others. Go has no such bounds but its depth of 100,000.
 */

/** In UTF-16 units: of the output, and of any text that a function takes or makes. */
export const MAX_OUTPUT = 1_048_576;

/** Nodes that are evaluated, plus one for each `TEXT_PER_STEP` characters that a function reads or writes. */
export const MAX_STEPS = 500_000;
export const TEXT_PER_STEP = 16;

/** Templates that call each other, one inside the other. */
export const MAX_TEMPLATE_DEPTH = 100;

/** Control structures and parentheses inside each other, over all templates that are under way. */
export const MAX_NESTING = 500;

/** What of the bounds above an owner may set for its own texts. */
export interface Limits {
  readonly output: number;
  readonly steps: number;
}

export const DEFAULT_LIMITS: Limits = { output: MAX_OUTPUT, steps: MAX_STEPS };
