/**
 * What `gds.alerts` has open of a pool's rules when partitions come: which of it belongs to them, what has to end because no
 * rule makes it any more, and what has to be told as this pool's.
 */
import { ruleHash, type RuleGroup } from '../domain/rule-group';
import type { Transition } from '../domain/transition';
import type { KnownAlert, OpenAlerts } from '../stream/port';
import { endedTransition, RULE_CHANGED, RULE_REMOVED } from './ended-transition';
import { namedTransition, type PoolRules } from './pool-rules';

export interface LeftOpenOptions {
  readonly groups: readonly RuleGroup[];
  readonly poolRules: PoolRules;
  readonly pool?: string;
  /** Where an alert is looked for whose transitions do not say where it was evaluated; null: not here. */
  readonly partitionOf?: (instanceId: string, group: string) => number | null;
  /** The metrics of all partitions meet: what transitions say of one is of no concern. */
  readonly waits?: boolean;
  readonly now: () => number;
}

export interface LeftOpen {
  in(alerts: OpenAlerts, partition: number): KnownAlert[];
  /** The ends of those that no rule makes any more. */
  ended(alerts: OpenAlerts, partitions: ReadonlySet<number>): Transition[];
  /** Those that name no pool, as this pool's: when their rule changes it ends them. */
  named(alerts: OpenAlerts, partitions: ReadonlySet<number>): Transition[];
}

export function createLeftOpen({
  groups,
  poolRules,
  pool,
  waits,
  now,
  ...options
}: LeftOpenOptions): LeftOpen {
  const isOurs = ({ source, rule }: Transition): boolean =>
    source === 'evaluator' && rule !== null && poolRules.owns(rule);

  /** Null where it cannot be told: then nobody ends what is open. */
  function partitionOf({ condition, labels, rule }: Transition): number | null {
    const instanceId = condition?.series.instance_id ?? labels.instance_id ?? '';
    const here = options.partitionOf?.(instanceId, rule?.group ?? '') ?? null;
    return here === null || waits ? here : (rule?.partition ?? here);
  }

  const among = (alerts: OpenAlerts, partitions: ReadonlySet<number>): KnownAlert[] =>
    [...alerts.open()].filter(({ last }) => isOurs(last) && partitions.has(partitionOf(last) ?? -1));

  /** Why no rule makes the alert any more; null where one does. */
  function reasonToEnd({ rule }: Transition): string | null {
    const group = groups.find(({ name }) => name === rule?.group);
    const same = group?.rules.filter(({ kind, name }) => kind === 'alert' && name === rule?.name) ?? [];
    if (same.length === 0) return RULE_REMOVED;
    return same.some((each) => ruleHash(each) === rule?.hash) ? null : RULE_CHANGED;
  }

  return {
    in: (alerts, partition) => among(alerts, new Set([partition])),
    ended: (alerts, partitions) =>
      among(alerts, partitions).flatMap(({ last }) => {
        const reason = reasonToEnd(last);
        return reason === null ? [] : [endedTransition(last, now(), reason)];
      }),
    named: (alerts, partitions) =>
      pool === undefined
        ? []
        : among(alerts, partitions)
            .filter(({ last: { rule } }) => rule!.pool === undefined && poolRules.has(rule!))
            .map(({ last }) => namedTransition(last, pool)),
  };
}
