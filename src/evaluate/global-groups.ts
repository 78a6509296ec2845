/**
 * Which groups are evaluated in one place, and where. A group is global when one of its rules needs the series of several
 * instances at once, or reads what a global group makes: nobody else has that. Global groups that read of each other stand
 * in the same slot, where they see each other's samples at once, as they would in one Prometheus.
 *
 * A slot is a partition number: whoever has the partition evaluates the groups. Pure; how samples come there is left to
 * others.
 */
import { canonical } from '../domain/canonical';
import { fnv1a64 } from '../domain/labels';
import type { Matcher } from '../domain/matchers';
import type { GroupRule, RuleGroup } from '../domain/rule-group';
import type { Expr } from '../promql/ast';
import { crossesPartitions } from '../promql/locality';
import { needsOf } from '../promql/needs';
import { LOOKBACK_MS } from '../promql/prepare';
import { exprsOf } from './rule-exprs';
import { madeBy, mayMatch, rulesOn, type Made } from './rule-series';

/** The label by which series are spread over partitions. */
const SPREAD_BY = 'instance_id';

export interface SlotPlan {
  readonly slot: number;
  readonly groups: readonly RuleGroup[];
  /** Each asks for series: a sample that one of them matches is needed. */
  readonly selectors: readonly (readonly Matcher[])[];
  /**
   * Identity of what the slot is given to read. Processes whose configurations differ in it do not count on each other's
   * samples.
   */
  readonly id: string;
}

export interface GlobalPlan {
  readonly partitions: number;
  readonly local: readonly RuleGroup[];
  readonly global: readonly RuleGroup[];
  readonly slots: readonly SlotPlan[];
  /** Identity of all slots together. */
  readonly id: string;
  /** Null for a group that is not global. */
  slotOf(group: string): number | null;
  groupsOf(slot: number): readonly RuleGroup[];
}

/** Why a group is evaluated in one place. */
export interface GlobalReason {
  /** The group's rule that asks for it. */
  readonly rule: GroupRule;
  /** The part of its expressions that needs the series of several instances at once, or what it reads of a global group. */
  readonly because:
    | { readonly kind: 'crosses'; readonly part: Expr }
    | { readonly kind: 'reads'; readonly group: RuleGroup; readonly made: GroupRule };
}

interface Reading {
  readonly group: RuleGroup;
  readonly rules: readonly RuleReading[];
  readonly selectors: readonly (readonly Matcher[])[];
  readonly made: readonly Made[];
}

interface RuleReading {
  readonly rule: GroupRule;
  /** What needs several instances at once. */
  readonly crossing: Expr | null;
  readonly selectors: readonly (readonly Matcher[])[];
}

/** The groups that are evaluated in one place, each with one reason. */
export function globalReasons(groups: readonly RuleGroup[]): ReadonlyMap<RuleGroup, GlobalReason> {
  const reasons = closure(groups.map(readingOf));
  return new Map([...reasons].map(([{ group }, reason]) => [group, reason]));
}

export function planGroups(groups: readonly RuleGroup[], partitions: number): GlobalPlan {
  const all = groups.map(readingOf);
  const crossing = closure(all);
  const global = all.filter((each) => crossing.has(each));
  const local = all.filter((each) => !crossing.has(each));
  const slots = slotsOf(global, local, partitions);
  const bySlot = new Map(slots.map((plan) => [plan.slot, plan.groups]));
  const byGroup = new Map(slots.flatMap(({ slot, groups: here }) => here.map(({ name }) => [name, slot])));
  return {
    partitions,
    local: local.map(({ group }) => group),
    global: global.map(({ group }) => group),
    slots,
    id: fnv1a64(slots.map(({ slot, id }) => `${slot}:${id}`).join()),
    slotOf: (group) => byGroup.get(group) ?? null,
    groupsOf: (slot) => bySlot.get(slot) ?? [],
  };
}

function readingOf(group: RuleGroup): Reading {
  const on = rulesOn(group);
  const rules = on.map(ruleReading);
  return {
    ...{ group, rules },
    selectors: rules.flatMap(({ selectors }) => selectors),
    made: on.flatMap(madeBy),
  };
}

function ruleReading(rule: GroupRule): RuleReading {
  const { expr, recovery, queries, all } = exprsOf(rule);
  const selectors = all.flatMap(selectorsOf);
  // What stands in a template word for word cannot name the alert's instance: it is about all of them.
  const crossing =
    [expr, recovery]
      .map((each) => each && crossesPartitions(each, SPREAD_BY))
      .find((part) => part !== null) ?? queries.find((query) => selectorsOf(query).length > 0);
  return { rule, crossing: crossing ?? null, selectors };
}

const selectorsOf = (expr: Expr): (readonly Matcher[])[] =>
  needsOf(expr, { lookbackMs: LOOKBACK_MS, defaultStepMs: LOOKBACK_MS }).map(({ matchers }) => matchers);

/** Those that cross, and those that read of them, of those in turn, and so on. */
function closure(all: readonly Reading[]): Map<Reading, GlobalReason> {
  const global = new Map<Reading, GlobalReason>();
  for (const reading of all) {
    const { rule, crossing } = reading.rules.find((each) => each.crossing !== null) ?? {};
    if (rule !== undefined && crossing != null)
      global.set(reading, { rule, because: { kind: 'crosses', part: crossing } });
  }
  // A map that grows while it is walked through is walked through to its end.
  for (const source of global.keys())
    for (const each of all) {
      const reason = global.has(each) ? null : readingReason(each, source);
      if (reason !== null) global.set(each, reason);
    }
  return global;
}

function readingReason({ rules }: Reading, { group, made }: Reading): GlobalReason | null {
  for (const { rule, selectors } of rules) {
    const read = made.find((each) => selectors.some((matchers) => mayMatch(matchers, each.known)));
    if (read !== undefined) return { rule, because: { kind: 'reads', group, made: read.rule } };
  }
  return null;
}

const readsOf = (reading: Reading, source: Reading): boolean => readingReason(reading, source) !== null;

function slotsOf(global: readonly Reading[], local: readonly Reading[], partitions: number): SlotPlan[] {
  const bySlot = new Map<number, Reading[]>();
  for (const related of relatedOf(global)) {
    const [first] = related.map(({ group }) => group.name).sort();
    const slot = Number(BigInt(`0x${fnv1a64(first!)}`) % BigInt(partitions));
    bySlot.set(slot, [...(bySlot.get(slot) ?? []), ...related]);
  }
  return [...bySlot]
    .sort(([a], [b]) => a - b)
    .map(([slot, here]) => ({ slot, ...fed(here, local, partitions), groups: inOrder(here, global) }));
}

/** As they stand in the configuration: groups that read of each other are evaluated in that order. */
const inOrder = (here: readonly Reading[], global: readonly Reading[]): RuleGroup[] =>
  global.filter((each) => here.includes(each)).map(({ group }) => group);

function fed(here: readonly Reading[], local: readonly Reading[], partitions: number) {
  const selectors = new Map(
    here.flatMap((each) => each.selectors).map((matchers) => [canonical(matchers), matchers]),
  );
  const feeding = local
    .flatMap(({ made }) => made)
    .filter((each) => [...selectors.values()].some((matchers) => mayMatch(matchers, each.known)))
    .map(({ rule: { name, expr, labels } }) => canonical({ name, expr, labels }));
  const id = fnv1a64(canonical([partitions, [...selectors.keys()].sort(), [...new Set(feeding)].sort()]));
  return { selectors: [...selectors.values()], id };
}

/** Groups of which each reads of another one, in whichever direction. */
function relatedOf(all: readonly Reading[]): Reading[][] {
  const left = new Set(all);
  const found: Reading[][] = [];
  for (const start of all) {
    if (!left.delete(start)) continue;
    const related = new Set([start]);
    for (const each of related)
      for (const other of left)
        if (readsOf(each, other) || readsOf(other, each)) {
          left.delete(other);
          related.add(other);
        }
    found.push([...related]);
  }
  return found;
}
