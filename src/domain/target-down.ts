/** Which target an alert says does not answer: its rule compares `up`, so that 0 breaches it and 1 does not. */
import type { Labels } from './labels';
import { breaches, type Operator } from './rule';

const UP = 'up';

interface Compared {
  readonly metric: string;
  readonly operator: Operator;
  readonly threshold: number;
}

/** Of collected targets, then as Prometheus names it. */
export const instanceIn = (labels: Labels): string | null =>
  labels['instance_id'] ?? labels['instance'] ?? null;

/** Null for any other alert. */
export function downTargetOf(labels: Labels, condition: Compared | null | undefined): string | null {
  if (condition == null || condition.metric !== UP) return null;
  const { operator, threshold } = condition;
  return breaches(operator, 0, threshold) && !breaches(operator, 1, threshold) ? instanceIn(labels) : null;
}
