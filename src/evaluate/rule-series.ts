/**
 * The series that rules read of the stream, each for so long as it is kept for them, and the series that they make. Rules that
 * are off do neither.
 */
import type { Labels } from '../domain/labels';
import { boundedMatchers, compileMatchers, type Matcher } from '../domain/matchers';
import { onceEach } from '../domain/once-each';
import type { GroupRule, RuleGroup } from '../domain/rule-group';
import { METRIC_NAME } from '../promql/label-set';
import { needsOf, type Need } from '../promql/needs';
import { LOOKBACK_MS } from '../promql/prepare';
import { nameOf } from '../promql/source';
import { exprsOf } from './rule-exprs';

/** Those that are evaluated. */
export const rulesOn = ({ rules }: RuleGroup): readonly GroupRule[] =>
  rules.filter((rule) => rule.kind === 'record' || rule.mode !== 'off');

export const intervalOf = ({ intervalMs }: RuleGroup, defaultIntervalMs: number): number =>
  intervalMs || defaultIntervalMs;

/** How far a sample may be ahead of the time at which rules are evaluated: what they look back to must still be there. */
const AHEAD_MS = 300_000;

export function needsOfGroup(group: RuleGroup, defaultIntervalMs: number): readonly Need[] {
  const known = needsAt(group);
  const interval = intervalOf(group, defaultIntervalMs);
  let needs = known.get(interval);
  if (needs === undefined) known.set(interval, (needs = needsEvery(group, interval)));
  return needs;
}

/** By the interval at which the group is evaluated. */
const needsAt = onceEach((_: RuleGroup) => new Map<number, readonly Need[]>());

function needsEvery(group: RuleGroup, interval: number): readonly Need[] {
  const slack = (group.queryOffsetMs ?? 0) + interval + AHEAD_MS;
  return rulesOn(group).flatMap((rule) => {
    const back = slack + (rule.kind === 'alert' ? rule.delayMs : 0);
    return exprsOf(rule)
      .all.flatMap((expr) => needsOf(expr, { lookbackMs: LOOKBACK_MS, defaultStepMs: interval }))
      .map((need) => ({ ...need, backMs: need.backMs + back }));
  });
}

/** How far back samples can still matter to an evaluation, in milliseconds: what a process that takes over has to read again. */
export function lookbackOf(groups: readonly RuleGroup[], defaultIntervalMs: number): number {
  const each = groups.flatMap((group) => {
    const remembered = Math.max(0, ...rulesOn(group).map(rememberedMs));
    return needsOfGroup(group, defaultIntervalMs).map(({ backMs }) => backMs + remembered);
  });
  return Math.max(0, ...each);
}

/** How far apart the samples that a rule counts are assumed to be. */
const ASSUMED_INTERVAL_MS = 60_000;

function rememberedMs(rule: GroupRule): number {
  if (rule.kind === 'record') return 0;
  const counted = (rule.occurrences?.of ?? 0) * ASSUMED_INTERVAL_MS;
  return rule.forMs + rule.keepFiringForMs + counted + (rule.flapping?.windowMs ?? 0);
}

/** The names of the metrics that rules read; null where one of them may read any. */
export function metricsOf(groups: readonly RuleGroup[]): ReadonlySet<string> | null {
  const names = groups.flatMap((group) => needsOfGroup(group, 0)).map(({ matchers }) => nameOf(matchers));
  return names.includes(null) ? null : new Set(names as string[]);
}

/** Made of alerts. */
export const ALERTS = 'ALERTS';
export const ALERTS_FOR_STATE = 'ALERTS_FOR_STATE';

/** A series that a rule makes, as far as its labels are known beforehand: its name always is. */
export interface Made {
  readonly rule: GroupRule;
  readonly known: Labels;
}

export const madeBy: (rule: GroupRule) => readonly Made[] = onceEach((rule) => {
  if (rule.kind === 'record') return [{ rule, known: { ...rule.labels, [METRIC_NAME]: rule.name } }];
  const fixed = Object.entries(rule.labels).filter(([, value]) => !value.includes('{{'));
  return [ALERTS, ALERTS_FOR_STATE].map((name) => ({
    rule,
    known: { ...Object.fromEntries(fixed), alertname: rule.name, [METRIC_NAME]: name },
  }));
});

/** The names of the series that rules make. */
export const namesMade = (groups: readonly RuleGroup[]): ReadonlySet<string> =>
  new Set(groups.flatMap((group) => rulesOn(group).flatMap(madeBy)).map(({ known }) => known[METRIC_NAME]!));

/** Whether a series of which these labels are known may match: a label that is not known may be anything. */
export const mayMatch = matchingBy(compileMatchers);

/** The same for matchers from outside. Throws TOC_USAGE where one match would take too long. */
export const mayMatchBounded = matchingBy(boundedMatchers);

function matchingBy(compile: typeof compileMatchers) {
  const oneByOne = onceEach((matchers: readonly Matcher[]) =>
    matchers.map((each) => ({ name: each.name, holds: compile([each]) })),
  );
  return (matchers: readonly Matcher[], known: Labels): boolean => {
    const name = nameOf(matchers);
    if (name !== null && name !== known[METRIC_NAME]) return false;
    return oneByOne(matchers).every(({ name, holds }) => !Object.hasOwn(known, name) || holds(known));
  };
}
