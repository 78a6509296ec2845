/**
 * Rule groups over one partition of the stream: evaluates them as samples come and as the partition's time passes, and tells
 * what follows. What is read again after a take-over only fills windows and pending alerts; nothing is told of it. When that
 * is over, alerts that are known to be open and that nothing here has found again go on as known, until they recover.
 */
import { fingerprint } from '../domain/labels';
import type { Metric } from '../domain/metric';
import { ruleHash, type AlertRule, type GroupRule, type RuleGroup } from '../domain/rule-group';
import type { Transition, TransitionRule } from '../domain/transition';
import { LabelSet, METRIC_NAME } from '../promql/label-set';
import type { KnownAlert } from '../stream/port';
import { createAlertFollower, type AlertFollower, type RulePlace } from './alert-follower';
import { saidIn } from './alert-news';
import type { RuleFacts } from './alert-transition';
import type { AlertChange, Alerting } from './alerting';
import type { External } from './label-texts';
import { createPoolRules, identityOf, type PoolRules } from './pool-rules';
import type { EvaluatedGroup } from './rule-group';
import { createRuleEngine, type OnMade, type RuleEngine, type SavedEngine } from './rule-engine';

/** Takes what rules tell, and knows what was told there before. */
export interface Listener {
  /** Alerts of these groups that are open when the partition comes. */
  readonly open: readonly KnownAlert[];
  readonly known: (fingerprint: string) => KnownAlert | undefined;
  readonly tell: (transition: Transition) => void;
}

export interface PartitionRulesOptions extends Listener, Partial<External> {
  readonly groups: readonly RuleGroup[];
  readonly intervalMs: number;
  /** Of what rules on trial would have told. Default: nobody. */
  readonly shadow?: Listener;
  readonly onAdopted?: (fingerprint: string) => void;
  readonly maxSeriesOfMetric?: number;
  /** Its number; absent where the metrics of all partitions meet. */
  readonly partition?: number;
  /** The evaluator pool of the groups; transitions name it. */
  readonly pool?: string;
  /** What the pool evaluates, here and elsewhere. Default: these groups. */
  readonly poolRules?: PoolRules;
  /** Samples may come long before time does. */
  readonly waits?: boolean;
  readonly onSeriesRefused?: (metric: string) => void;
  readonly onError?: (group: RuleGroup, rule: GroupRule, error: string | null) => void;
  readonly onLate?: () => void;
  /** What the rules of this partition knew before, here or elsewhere. */
  readonly saved?: SavedEngine;
  /** Told of each sample of a series that a rule makes. `replayed`: this was done before, by somebody. */
  readonly onMade?: (...made: [...Parameters<OnMade>, replayed: boolean]) => void;
}

export interface PartitionRules {
  /** `replayed`: what follows from it has been told before, by somebody. */
  offer(metric: Metric, time: number, replayed: boolean): void;
  /**
   * Evaluates what is due up to this time, as far as a moment suffices: false when more is due. `replayed`: this was done
   * before, by somebody.
   */
  reached(time: number, replayed: boolean): boolean;
  series(): number;
  read: RuleEngine['read'];
  lacks: RuleEngine['lacks'];
  save(): SavedEngine;
}

/** A process that evaluates for longer at a time is taken for dead by its group, and delays what other partitions have. */
const MOST_MS = 20;

const NOBODY: Listener = { open: [], known: () => undefined, tell: () => undefined };

export function createPartitionRules(options: PartitionRulesOptions): PartitionRules {
  const { shadow = NOBODY, partition, pool, onMade, poolRules = createPoolRules(options) } = options;
  const about = (rule: AlertRule): RuleFacts => facts.get(rule)!;
  const following = { about, partition, pool, placeOf, besides };
  const follower = createAlertFollower({
    ...{ ...following, known: options.known, onAdopted: options.onAdopted },
    recentOf: (alert, comparison) => engine.recentOf(alert, comparison),
  });
  /** What rules on trial would tell is told by none of the others. */
  const shadows = createAlertFollower({ ...following, known: shadow.known });
  const engine = createRuleEngine({
    ...options,
    defaultIntervalMs: options.intervalMs,
    onAlert,
    onLate: () => isMuted || options.onLate?.(),
    onMade: onMade && ((...made) => onMade(...made, isMuted)),
    endedAt: (labels, rule) => endedAt(listenerOf(rule).known, labels),
  });
  const facts = factsOf(engine.groups);
  const all = engine.groups.flatMap(({ alerting }) => alerting);
  const byIdentity = new Map(all.map((each) => [about(each.rule).identity, each]));
  const byName = new Map<string, Alerting[]>();
  for (const each of all) byName.set(each.rule.name, []);
  for (const each of all) byName.get(each.rule.name)!.push(each);
  let isMuted = true;
  let hasOffered = false;

  function onAlert(change: AlertChange): void {
    if (isMuted) return;
    const transition = followerOf(change.rule).follow(change);
    if (transition !== null) listenerOf(change.rule).tell(transition);
  }

  function followerOf(rule: AlertRule): AlertFollower {
    return isTrial(rule) ? shadows : follower;
  }

  function listenerOf(rule: AlertRule): Listener {
    return isTrial(rule) ? shadow : options;
  }

  /** A rule of the pool that it does not have any more is evaluated nowhere: what it left open is followed here. */
  function placeOf(rule: TransitionRule): RulePlace {
    if (byIdentity.has(identityOf(rule))) return poolRules.owns(rule) ? 'here' : 'elsewhere';
    return poolRules.owns(rule) && !poolRules.has(rule) ? 'here' : 'elsewhere';
  }

  /** Alerts of the same labels have the same name, and most names are those of one rule. */
  function besides({ rule, alert: { labels }, time }: AlertChange): AlertChange[] {
    return byName.get(rule.name)!.flatMap((each) => {
      const alert = each.rule === rule || isTrial(each.rule) !== isTrial(rule) ? null : each.firing(labels);
      return alert === null
        ? []
        : [{ kind: 'holds', rule: each.rule, alert, time, endValue: null, reason: null }];
    });
  }

  function offer(metric: Metric, time: number, replayed: boolean): void {
    if (!replayed && !hasOffered) adoptOpen();
    hasOffered ||= !replayed;
    isMuted = replayed;
    engine.offer(metric, time);
  }

  function reached(time: number, replayed: boolean): boolean {
    // One topic may be read again while another is not: what has ended there unheard is still open.
    if (!replayed && isMuted) adoptOpen();
    isMuted = replayed;
    return engine.advance(time, MOST_MS);
  }

  function adoptOpen(): void {
    adoptFrom(options, follower);
    adoptFrom(shadow, shadows);
  }

  /** The hash tells a rule on trial from the same one that is not. */
  function adoptFrom({ open }: Listener, { isOpen }: AlertFollower): void {
    for (const { last, episode, eventTime } of open) {
      if (!isOpen(last.fingerprint)) continue;
      const { value, keptSince } = saidIn(last);
      byIdentity.get(last.rule === null ? '' : identityOf(last.rule))?.adopt({
        ...{ labels: last.labels, startsAt: episode, eventTime, correlationId: last.correlation_id },
        ...{ series: seriesOf(last), value, keptSince },
      });
    }
  }

  const { series, read, lacks, save } = engine;
  return { offer, reached, series, read, lacks, save };
}

const isTrial = ({ mode }: AlertRule): boolean => mode === 'shadow';

function factsOf(groups: readonly EvaluatedGroup[]): ReadonlyMap<GroupRule, RuleFacts> {
  return new Map(
    groups.flatMap(({ group: { name: group }, alerting }) =>
      alerting.map(({ rule, comparison }) => {
        const hash = ruleHash(rule);
        return [rule, { group, hash, comparison, identity: identityOf({ group, hash }) }];
      }),
    ),
  );
}

const seriesOf = ({ condition }: Transition): LabelSet | null =>
  condition === undefined ? null : LabelSet.of({ ...condition.series, [METRIC_NAME]: condition.metric });

function endedAt(known: Listener['known'], labels: LabelSet): number | null {
  const last = known(fingerprint(labels.toLabels()));
  return last === undefined || last.firing ? null : last.eventTime;
}
