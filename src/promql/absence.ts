/** `absent` and `absent_over_time`: something where there is nothing. */
import { unwrapped, type Expr } from './ast';
import { LabelSet, METADATA } from './label-set';
import type { Instant, Moment } from './moment';
import { EMPTY } from './values';

/** One element with the labels that the selector demands, when there is nothing. */
export function absence(isThere: (moment: Moment) => boolean, arg: Expr): Instant {
  const labels = absentLabels(unwrapped(arg));
  return (moment) => (isThere(moment) ? EMPTY : { labels: [labels], values: [1] });
}

function absentLabels(expr: Expr): LabelSet {
  const selector = expr.kind === 'matrix' ? expr.selector : expr;
  if (selector.kind !== 'vector') return LabelSet.EMPTY;
  const seen = new Set<string>();
  const labels = new Map<string, string>();
  for (const { name, op, value } of selector.matchers) {
    if (METADATA.has(name)) continue;
    if (op === '=' && !seen.has(name)) labels.set(name, value);
    else labels.delete(name);
    if (op === '=') seen.add(name);
  }
  return LabelSet.fromEntries(labels);
}
