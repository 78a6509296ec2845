/** The selectors of an expression: what is asked of evaluators for each, and whether they keep all of that. */
import { canonical } from '../domain/canonical';
import { formatDuration } from '../domain/duration';
import type { Coverage } from '../evaluate/port';
import type { Expr } from '../promql/ast';
import { selectorText } from '../promql/format';
import { needsOf, type Need } from '../promql/needs';
import { LOOKBACK_MS } from '../promql/prepare';
import { nameOf } from '../promql/source';
import type { AskedEvaluator, At, Question } from './port';

export interface Selector {
  /** As it is written, without its range. */
  readonly text: string;
  readonly question: Question;
  /** What the expression does with it, once or several times. */
  readonly needs: readonly Need[];
}

/** A selector of which not all that the expression looks at is kept, or made. */
export interface Shortfall {
  readonly selector: string;
  readonly reason: string;
}

export interface SelectorOptions {
  readonly timeMs: number;
  readonly stepMs: number;
}

/** One for each that differs in its matchers. */
export function selectorsOf(expr: Expr, { timeMs, stepMs }: SelectorOptions): Selector[] {
  const options = { lookbackMs: LOOKBACK_MS, defaultStepMs: stepMs, time: timeMs };
  const byMatchers = new Map<string, Need[]>();
  for (const need of needsOf(expr, options)) {
    const key = canonical(need.matchers);
    byMatchers.set(key, [...(byMatchers.get(key) ?? []), need]);
  }
  return [...byMatchers.values()].map((needs) => {
    const { matchers } = needs[0]!;
    const name = nameOf(matchers) ?? '';
    const sinceMs = timeMs - Math.max(...needs.map(({ backMs }) => backMs));
    return { text: selectorText({ name, matchers }), needs, question: { matchers, sinceMs } };
  });
}

export interface ShortfallOptions extends At {
  readonly slotGap: string | null;
}

export function shortfallsOf(
  selectors: readonly Selector[],
  asked: readonly AskedEvaluator[],
  options: ShortfallOptions,
): Shortfall[] {
  return selectors.flatMap((selector, i) => {
    const heads = asked.flatMap(({ answers }) => (answers === null ? [] : [answers[i]!.head]));
    const coverage = leastOf(heads.map((head) => head.coverage));
    const reason = selector.needs
      .map((need) => reasonOf(selector, need, coverage, options))
      .find((each) => each !== null);
    const lacks = new Set(heads.flatMap((head) => head.lacks));
    return [...(reason === undefined ? [] : [reason]), ...lacks].map((each) => ({
      selector: selector.text,
      reason: each,
    }));
  });
}

/** Evaluators may have different rules while they are being replaced. */
function leastOf(coverages: readonly Coverage[]): Coverage {
  const least = (of: (coverage: Coverage) => number | null): number | null =>
    coverages.reduce<number | null>((so, each) => {
      const kept = of(each);
      return so === null || kept === null ? null : Math.min(so, kept);
    }, Infinity);
  return {
    partitionsMs: least(({ partitionsMs }) => partitionsMs),
    slotsMs: least(({ slotsMs }) => slotsMs),
    madeInPartitions: coverages.some(({ madeInPartitions }) => madeInPartitions),
    madeInSlots: coverages.some(({ madeInSlots }) => madeInSlots),
    asked: [...new Set(coverages.flatMap(({ asked }) => asked))],
  };
}

/** Why not all that is needed of the selector is kept; null where it is. */
function reasonOf(
  { text }: Selector,
  { backMs, newestOnly }: Need,
  { partitionsMs, slotsMs, madeInPartitions, madeInSlots, asked }: Coverage,
  { timeMs, nowMs, slotGap }: ShortfallOptions,
): string | null {
  const neededMs = Math.max(0, nowMs - timeMs) + backMs;
  if ((partitionsMs ?? -1) >= neededMs) return null;
  const isInSlots = (slotsMs ?? -1) >= neededMs;
  if (isInSlots && slotGap === null) return null;
  const isMade = madeInPartitions || madeInSlots;
  const asksForLast = newestOnly && backMs === LOOKBACK_MS && timeMs >= nowMs;
  if (isMade && asksForLast && (!madeInSlots || slotGap === null)) return null;
  if (isInSlots || (isMade && asksForLast))
    return `${text} is kept for rules across instances, and ${slotGap}`;
  const keptMs = Math.max(partitionsMs ?? -1, slotsMs ?? -1);
  if (keptMs >= 0)
    return `${text} is kept for ${formatDuration(keptMs)}, and the expression looks back ${formatDuration(Math.ceil(neededMs))}`;
  if (isMade) return `no rule reads all of ${text}: evaluators know its last value, and nothing from before`;
  if (asked.length > 0)
    return `rules do not ask for all of ${text}, so evaluators keep only ${asked.join(' and ')}`;
  return `no rule asks for ${text}: evaluators keep only what some rule needs`;
}
