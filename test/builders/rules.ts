/** Rules in few words. */
import type { Labels } from '../../src/domain/labels';
import { OPPOSITE, type Operator } from '../../src/domain/rule';
import type { Config } from '../../src/config/config';
import { comparisonOf } from '../../src/evaluate/comparison';
import { NO_EXTENSIONS, type AlertRule, type RuleGroup } from '../../src/domain/rule-group';

/** A comparison of one metric, and what else a rule may say. */
export interface RuleSketch extends Partial<Omit<AlertRule, 'kind' | 'expr' | 'recovery'>> {
  readonly metric?: string;
  /** As they stand in an expression: `role="db"`. */
  readonly matchers?: string;
  readonly operator?: Operator;
  readonly threshold?: number;
  readonly recoveryThreshold?: number | null;
  readonly windowMs?: number;
  readonly consecutiveFailures?: number;
  readonly severity?: string;
  readonly labels?: Labels;
}

export function rule(sketch: RuleSketch = {}): AlertRule {
  const { metric = 'connections_used_percent', matchers = '', operator = '>', ...said } = sketch;
  const { threshold = 90, recoveryThreshold = null, windowMs = 0, severity = 'critical' } = said;
  const { consecutiveFailures: n = 1 } = said;
  const {
    threshold: _,
    recoveryThreshold: _r,
    windowMs: _w,
    severity: _s,
    consecutiveFailures: _c,
    ...more
  } = said;
  const series = `${metric}{${matchers}}`;
  const compared = windowMs === 0 ? series : `avg_over_time(${series}[${windowMs}ms])`;
  return {
    ...{ kind: 'alert', name: 'ConnectionsHigh', forMs: 0, keepFiringForMs: 0, ...NO_EXTENSIONS },
    ...{
      noData: 'keep',
      cooldownMs: 0,
      exportsHidden: true,
      annotations: { summary: 'connections are nearly used up' },
    },
    ...{ occurrences: n === 1 ? null : { count: n, of: n }, ...more },
    expr: `${compared} ${operator} ${threshold}`,
    recovery: recoveryThreshold === null ? null : `${compared} ${OPPOSITE[operator]} ${recoveryThreshold}`,
    labels: { ...more.labels, severity, metric },
  };
}

export const groupOf = (rules: readonly AlertRule[], more: Partial<RuleGroup> = {}): RuleGroup => ({
  ...{ file: null, name: 'postgres', intervalMs: 15_000, queryOffsetMs: null, limit: 0, rules },
  ...more,
});

/** What a rule that compares one metric says, in the words of its short form. */
export function comparisonIn(rule: AlertRule) {
  const { metric, operator, threshold, recoveryThreshold, windowMs, matchers } = comparisonOf(rule)!;
  return {
    ...{ metric, operator, threshold, recoveryThreshold, windowMs, matchers },
    ...{ severity: rule.labels.severity, consecutiveFailures: rule.occurrences?.of ?? 1 },
    ...{ name: rule.name, forMs: rule.forMs, cooldownMs: rule.cooldownMs, inhibitedBy: rule.inhibitedBy },
  };
}

export const alertsIn = ({ ruleGroups }: Pick<Config, 'ruleGroups'>): AlertRule[] =>
  ruleGroups.flatMap(({ rules }) => rules).filter((each) => each.kind === 'alert');
