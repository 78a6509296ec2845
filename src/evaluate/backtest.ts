/**
 * What alerts rules would have made of metrics that are kept somewhere. The metrics come in the order in which they were
 * recorded, and that is the clock: a second run gives the same. Where it is not known when they were recorded, their own times are.
 *
 * Groups are evaluated where evaluators evaluate them: once for each partition, with the series of that partition alone, and
 * those across instances in their slots, after the partitions that they read of.
 */
import { canonical } from '../domain/canonical';
import type { Labels } from '../domain/labels';
import { fingerprint } from '../domain/labels';
import type { Metric } from '../domain/metric';
import type { AlertRule, GroupRule, RuleGroup } from '../domain/rule-group';
import type { AlertChange } from './alerting';
import { planGroups } from './global-groups';
import { createInterest } from './interest';
import type { External } from './label-texts';
import { sampleOf } from './made-sample';
import { createRuleEngine, type RuleEngine, type RuleEngineOptions } from './rule-engine';
import { namesMade } from './rule-series';

export interface WouldBeAlert {
  readonly fingerprint: string;
  readonly group: string;
  readonly rule: string;
  /** Which of the group's rules of this name and severity has made it, from 0 on. */
  readonly which: number;
  readonly labels: Labels;
  readonly annotations: Labels;
  /** When the expression began to hold, when the alert began to fire, and when it ended: null while it goes on. Milliseconds. */
  readonly activeAt: number;
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** When it began to fire. */
  readonly value: number;
}

export interface BacktestOptions extends Partial<External> {
  readonly groups: readonly RuleGroup[];
  readonly defaultIntervalMs: number;
  /** How many partitions metrics are spread over. */
  readonly partitions: number;
  /** More series of a metric are not kept of one partition, or in one slot. Default: as an evaluator keeps. */
  readonly maxSeriesOfMetric?: number;
  /** Alerts that begin before are not told: there the rules' windows are still filling. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of a metric; milliseconds since 1970. */
export interface OfferedAt {
  /** The one for which it is evaluated. */
  readonly time: number;
  readonly recorded: number;
  readonly partition: number;
  /** A rule has made it. What rules here make is not taken in a second time. */
  readonly isDerived?: boolean;
}

export interface Backtest {
  offer(metric: Metric, at: OfferedAt): void;
  /** How many metrics came after one of their series of the same time or later. */
  unordered(): number;
  /** Evaluates what is left up to this time; default: the last metric's. Alerts in the order in which they began. */
  finish(at?: number): BacktestResult;
}

export interface BacktestResult {
  readonly alerts: readonly WouldBeAlert[];
  readonly rules: readonly RuleName[];
  /** What could not be evaluated at the end. */
  readonly errors: readonly { readonly group: string; readonly rule: string; readonly error: string }[];
  readonly metrics: number;
  /** Of partitions and of slots together. */
  readonly series: number;
  /** Metrics of which some series were left out, as evaluators do: a partition or a slot had too many. */
  readonly refused: readonly string[];
}

interface Evaluated {
  readonly engine: RuleEngine;
  alerts(): readonly WouldBeAlert[];
}

export function createBacktest(options: BacktestOptions): Backtest {
  const { groups, defaultIntervalMs, maxSeriesOfMetric, externalLabels, externalUrl, fromMs, toMs } = options;
  const plan = planGroups(groups, options.partitions);
  const interest = createInterest(plan.slots);
  const ruleNames = namesOf(groups);
  const refused = new Set<string>();
  const slots = new Map(
    plan.slots.map(({ slot, groups: own }) => [slot, evaluated({ groups: own, waits: true })]),
  );
  const partitions = new Map<number, Evaluated>();
  const made = namesMade(groups);
  let last = -Infinity;
  let metrics = 0;
  let unordered = 0;
  let isLate = false;

  function evaluated(more: Pick<RuleEngineOptions, 'groups' | 'waits' | 'onMade'>): Evaluated {
    const follower = createFollower(ruleNames);
    const engine = createRuleEngine({
      ...{ ...more, defaultIntervalMs, maxSeriesOfMetric, onAlert: follower.follow },
      ...{ externalLabels, externalUrl },
      onSeriesRefused: (metric) => refused.add(metric),
      onLate: () => (isLate = true),
    });
    return { engine, alerts: follower.alerts };
  }

  function partitionOf(number: number): Evaluated {
    const known = partitions.get(number);
    if (known !== undefined) return known;
    const begun = evaluated({
      groups: plan.local,
      onMade: (_, labels, time, sample) => {
        const { time: _time, ...shared } = sampleOf(labels, time, sample);
        share({ ...shared, timestamp: '' }, time);
      },
    });
    begun.engine.advance(last);
    partitions.set(number, begun);
    return begun;
  }

  function share(metric: Metric, time: number): void {
    for (const { slot } of interest.slotsFor(metric)) slots.get(slot)!.engine.offer(metric, time);
  }

  /** Slots come after the partitions that give them their samples. */
  const all = (): Evaluated[] => [...partitions.values(), ...slots.values()];

  function advance(time: number): void {
    last = time;
    for (const { engine } of all()) engine.advance(time);
  }

  return {
    offer(metric, { time, recorded, partition, isDerived = false }) {
      if (recorded > toMs || (isDerived && made.has(metric.metric_name))) return;
      metrics += 1;
      // Evaluations up to here are over before the sample is there.
      if (recorded > last) advance(recorded);
      isLate = false;
      partitionOf(partition).engine.offer(metric, time);
      share(metric, time);
      if (isLate) unordered += 1;
    },
    unordered: () => unordered,
    finish(at = last + 1) {
      if (metrics > 0) advance(Math.max(at, last));
      const alerts = all()
        .flatMap((each) => each.alerts())
        .filter(({ startsAt }) => startsAt >= fromMs)
        .sort((a, b) => a.startsAt - b.startsAt || (a.fingerprint < b.fingerprint ? -1 : 1));
      const series = all().reduce((sum, { engine }) => sum + engine.series(), 0);
      const rules = [...ruleNames.values()];
      return { alerts, rules, errors: errorsOf(all()), metrics, series, refused: [...refused] };
    },
  };
}

/** One of each rule: all partitions may have it. */
function errorsOf(all: readonly Evaluated[]): BacktestResult['errors'] {
  const errors = all
    .flatMap(({ engine }) => engine.groups)
    .flatMap(({ group, rules }) =>
      rules().flatMap(({ rule, error }) =>
        error === null ? [] : [{ group: group.name, rule: rule.name, error }],
      ),
    );
  return [...new Map(errors.map((each) => [canonical([each.group, each.rule]), each])).values()];
}

export type RuleName = Pick<WouldBeAlert, 'group' | 'rule' | 'which'>;

/** A group may have several rules of a name, and other groups may have them too. */
function namesOf(groups: readonly RuleGroup[]): ReadonlyMap<GroupRule, RuleName> {
  const seen = new Map<string, number>();
  return new Map(
    groups.flatMap(({ name: group, rules }) =>
      rules.map((rule) => {
        const key = canonical([group, rule.name, rule.labels.severity ?? '']);
        const which = seen.get(key) ?? 0;
        seen.set(key, which + 1);
        return [rule, { group, rule: rule.name, which }];
      }),
    ),
  );
}

/** Follows the alerts of one engine. */
function createFollower(ruleNames: ReadonlyMap<GroupRule, RuleName>) {
  const open = new Map<AlertRule, Map<string, WouldBeAlert>>();
  const ended: WouldBeAlert[] = [];
  return {
    follow({ kind, rule, alert, time }: AlertChange): void {
      const ofRule = open.get(rule) ?? new Map<string, WouldBeAlert>();
      open.set(rule, ofRule);
      const { key } = alert.labels;
      if (kind === 'fires') {
        const labels = alert.labels.toLabels();
        ofRule.set(key, {
          ...{ fingerprint: fingerprint(labels), ...ruleNames.get(rule)!, labels },
          annotations: alert.annotations().toLabels(),
          ...{ activeAt: alert.activeAt, startsAt: time, endsAt: null, value: alert.value },
        });
      } else if (kind === 'ends') {
        ended.push({ ...ofRule.get(key)!, endsAt: time });
        ofRule.delete(key);
      }
    },
    alerts: () => [...ended, ...[...open.values()].flatMap((ofRule) => [...ofRule.values()])],
  };
}

export interface Difference {
  /** Alerts of the one rule set and of the other that the other does not make, or begins or ends at another time. */
  readonly added: readonly WouldBeAlert[];
  readonly removed: readonly WouldBeAlert[];
  readonly moved: readonly { readonly before: WouldBeAlert; readonly after: WouldBeAlert }[];
  readonly same: number;
}

/**
 * The episodes of one alert are compared in their order. An alert is that of its rule; where the other rules do not have that one
 * (files name the groups of short forms), it is compared with what has its labels.
 */
export function difference(
  before: Pick<BacktestResult, 'alerts' | 'rules'>,
  after: Pick<BacktestResult, 'alerts' | 'rules'>,
): Difference {
  const olds = new Set(before.rules.map(idOf));
  const inBoth = new Set(after.rules.map(idOf).filter((id) => olds.has(id)));
  const left = byAlert(before.alerts, inBoth);
  const right = byAlert(after.alerts, inBoth);
  const result = {
    added: [] as WouldBeAlert[],
    removed: [] as WouldBeAlert[],
    moved: [] as Difference['moved'][number][],
  };
  let same = 0;
  for (const id of new Set([...left.keys(), ...right.keys()])) {
    const [olds, news] = [left.get(id) ?? [], right.get(id) ?? []];
    for (let i = 0; i < Math.max(olds.length, news.length); i++) {
      const [old, now] = [olds[i], news[i]];
      if (old === undefined) result.added.push(now!);
      else if (now === undefined) result.removed.push(old);
      else if (old.startsAt === now.startsAt && old.endsAt === now.endsAt) same += 1;
      else result.moved.push({ before: old, after: now });
    }
  }
  return { ...result, same };
}

const idOf = ({ group, rule, which }: RuleName): string => canonical([group, rule, which]);

function byAlert(alerts: readonly WouldBeAlert[], inBoth: ReadonlySet<string>): Map<string, WouldBeAlert[]> {
  const found = new Map<string, WouldBeAlert[]>();
  for (const alert of alerts) {
    const rule = idOf(alert);
    const id = canonical([inBoth.has(rule) ? rule : null, alert.fingerprint]);
    found.set(id, [...(found.get(id) ?? []), alert]);
  }
  return found;
}
