/**
 * The values that no rule of a series minds. Most samples lie there, and what lies there need not be held against each
 * rule: what a sample costs then does not grow with the number of rules.
 */
import type { Operator } from '../domain/rule';

/** Without its ends; empty where `above` is not below `below`. */
export interface CalmBand {
  readonly above: number;
  readonly below: number;
}

export const NO_BAND: CalmBand = { above: Infinity, below: -Infinity };

export interface Limit {
  readonly operator: Operator;
  readonly threshold: number;
}

export function calmBand(limits: readonly Limit[]): CalmBand {
  let above = -Infinity;
  let below = Infinity;
  for (const { operator, threshold } of limits) {
    // Whether a value is equal to another is no matter of a band.
    if (operator === '==' || operator === '!=') return NO_BAND;
    if (operator === '>' || operator === '>=') below = Math.min(below, threshold);
    else above = Math.max(above, threshold);
  }
  return { above, below };
}
