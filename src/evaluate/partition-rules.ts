/**
 * Rule groups over one partition of the stream: evaluates them as the partition's time passes, and tells what follows. What
 * is read again after a take-over only fills windows and pending alerts; nothing is told of it.
 */
import { canonical } from '../domain/canonical';
import { fnv1a64 } from '../domain/labels';
import type { Metric } from '../domain/metric';
import type { AlertRule, GroupRule, RuleGroup } from '../domain/rule-group';
import type { Transition } from '../domain/transition';
import { createAlertFollower } from './alert-follower';
import type { Known } from './evaluator';
import { createRuleEngine, type OnMade } from './rule-engine';
import { endedTransition } from './transition-of';

export interface PartitionRulesOptions {
  readonly groups: readonly RuleGroup[];
  readonly intervalMs: number;
  /** Alerts of these groups that are open when the partition comes. */
  readonly open: readonly Known[];
  readonly known: (fingerprint: string) => Known | undefined;
  readonly tell: (transition: Transition) => void;
  readonly onAdopted?: (fingerprint: string) => void;
  readonly maxSeriesOfMetric?: number;
  readonly onSeriesRefused?: (metric: string) => void;
  readonly onError?: (group: RuleGroup, rule: GroupRule, error: string | null) => void;
  /** Told of each sample of a series that a rule makes. `replayed`: in an evaluation that was done before. */
  readonly onMade?: (...made: [...Parameters<OnMade>, replayed: boolean]) => void;
}

export interface PartitionRules {
  offer(metric: Metric, time: number): void;
  /**
   * Evaluates what is due up to this time, as far as a moment suffices: false when more is due. `replayed`: this was done
   * before, by somebody.
   */
  reached(time: number, replayed: boolean): boolean;
  series(): number;
}

/** A process that evaluates for longer at a time is taken for dead by its group, and delays what other partitions have. */
const MOST_MS = 20;

/** Identity of a rule's meaning. */
export const ruleHash = (rule: GroupRule): string => fnv1a64(canonical(rule));

export function createPartitionRules(options: PartitionRulesOptions): PartitionRules {
  const { groups, known, tell, onAdopted, onMade } = options;
  const names = new Map<AlertRule, { group: string; hash: string }>();
  for (const { name, rules } of groups)
    for (const rule of rules)
      if (rule.kind === 'alert') names.set(rule, { group: name, hash: ruleHash(rule) });
  const follower = createAlertFollower({
    ...{ known, onAdopted },
    groupOf: (rule) => names.get(rule)!.group,
    hashOf: (rule) => names.get(rule)!.hash,
  });
  const engine = createRuleEngine({
    groups,
    defaultIntervalMs: options.intervalMs,
    maxSeriesOfMetric: options.maxSeriesOfMetric,
    onSeriesRefused: options.onSeriesRefused,
    onError: options.onError,
    onMade: onMade && ((...made) => onMade(...made, replaying)),
    onAlert(change) {
      if (!replaying) {
        const transition = follower.follow(change);
        if (transition !== null) tell(transition);
      }
    },
  });
  /** Open when the partition came, and not seen to fire since. */
  const unconfirmed = new Map(options.open.map((each) => [each.last.fingerprint, each]));
  let replaying = true;
  let replayedUntil = -Infinity;

  function reached(time: number, replayed: boolean): boolean {
    replaying = replayed;
    const isDone = engine.advance(time, MOST_MS);
    if (replayed) replayedUntil = Math.max(replayedUntil, time);
    else if (unconfirmed.size > 0) endUnconfirmed();
    return isDone;
  }

  /** What ended while nobody looked. An alert that is pending may still be the one that is open: its windows were not read far enough. */
  function endUnconfirmed(): void {
    for (const [fingerprint, { last, eventTime }] of unconfirmed) {
      if (follower.isFollowed(fingerprint) || !known(fingerprint)?.firing) unconfirmed.delete(fingerprint);
      else {
        const group = engine.groups.find((each) => each.group.name === last.rule?.group);
        const at = group?.evaluatedAt() ?? -Infinity;
        const isJudged = at > eventTime && at > replayedUntil;
        if (!isJudged || isPending(group!, last)) continue;
        unconfirmed.delete(fingerprint);
        follower.hasEnded(fingerprint, at);
        tell(endedTransition(last, at, 'recovered'));
      }
    }
  }

  return { offer: engine.offer, reached, series: engine.series };
}

function isPending(
  group: ReturnType<typeof createRuleEngine>['groups'][number],
  { labels, rule }: Transition,
): boolean {
  return group
    .rules()
    .filter((each) => each.rule.name === rule?.name)
    .some(
      ({ alerts, error }) =>
        error !== null || alerts.some((alert) => hasLabels(alert.labels.toLabels(), labels)),
    );
}

function hasLabels(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
