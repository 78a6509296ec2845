/**
 * The alert rules of an evaluator pool, and which open alerts are theirs, by the rule that transitions name. Pools with
 * different rules share `gds.alerts`, and none knows the rules of another.
 *
 * A transition that names no pool was written before pools were named. It is that of the pool that has its rule, and where that
 * has gone meanwhile, of the only pool that there is. Where there are several, nobody can tell whose it was: it stays open, since
 * an end that is told wrongly is one that nobody hears of.
 */
import { ruleHash, type AlertRule, type RuleGroup } from '../domain/rule-group';
import {
  DEFAULT_POOL,
  poolOf,
  transitionId,
  type Transition,
  type TransitionRule,
} from '../domain/transition';

export interface PoolRulesOptions {
  /** All that the pool evaluates, wherever it does. */
  readonly groups: readonly RuleGroup[];
  /** Default: that of transitions which name none. */
  readonly pool?: string;
  /** Nobody else writes alerts of rules. Default: where `pool` is the default one. */
  readonly isOnlyPool?: boolean;
}

export interface PoolRules {
  /** Whether it has the rule, as it is now. */
  has(rule: NamedRule): boolean;
  /** Whether an alert is the pool's whose last transition names this rule. */
  owns(rule: TransitionRule): boolean;
}

/** A rule as transitions name it. */
export type NamedRule = Pick<TransitionRule, 'group' | 'hash'>;

export const identityOf = ({ group, hash }: NamedRule): string => `${hash} ${group}`;

export function createPoolRules(options: PoolRulesOptions): PoolRules {
  const pool = poolOf(options);
  const { groups, isOnlyPool = pool === DEFAULT_POOL } = options;
  const own = new Set(
    groups.flatMap(({ name: group, rules }) =>
      rules.filter(isAlert).map((rule) => identityOf({ group, hash: ruleHash(rule) })),
    ),
  );
  const has = (rule: NamedRule): boolean => own.has(identityOf(rule));
  return {
    has,
    owns: (rule) => (rule.pool === undefined ? isOnlyPool || has(rule) : rule.pool === pool),
  };
}

/** What was told last of an alert of a rule, with the pool whose it is. To people it is no news. */
export function namedTransition(last: Transition, pool: string): Transition {
  const { fingerprint, starts_at, event_time } = last;
  const identity = { kind: 'changed' as const, fingerprint, starts_at, event_time };
  return { ...last, ...identity, transition_id: transitionId(identity), rule: { ...last.rule!, pool } };
}

const isAlert = (rule: RuleGroup['rules'][number]): rule is AlertRule => rule.kind === 'alert';
