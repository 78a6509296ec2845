/** Rules as Prometheus has them: groups of alerting and recording rules over expressions. Times are milliseconds. */
import { canonical } from './canonical';
import { fnv1a64, type Labels } from './labels';
import { onceEach } from './once-each';

export const NO_DATA = ['ok', 'alert', 'keep'] as const;
export const RULE_MODES = ['active', 'shadow', 'off'] as const;

export interface AlertRule extends AlertExtensions {
  readonly kind: 'alert';
  readonly name: string;
  /** PromQL. */
  readonly expr: string;
  /** How long the expression has to hold before the alert fires. */
  readonly forMs: number;
  /** How long the alert goes on firing after the expression has ceased to hold. */
  readonly keepFiringForMs: number;
  /** Their values, as those of annotations, are templates. */
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** What stands beside Prometheus' fields. */
export interface AlertExtensions {
  /** PromQL. An alert that fires ends when this yields its series (hysteresis); null: when `expr` no longer does. */
  readonly recovery: string | null;
  /** How many of an alert's last evaluations have to hold before it fires; null: one. */
  readonly occurrences: Occurrences | null;
  /**
   * After a resolve the alert stays quiet this long; a breach that outlasts it fires then. Null: the rule says nothing, so
   * it fires again at once, and the alert's life takes the configuration's default.
   */
  readonly cooldownMs: number | null;
  readonly flapping: Flapping | null;
  /**
   * What an evaluation is that finds no sample of a series it had: `ok`, the expression does not hold; `alert`, it does;
   * `keep`, no evaluation at all.
   */
  readonly noData: (typeof NO_DATA)[number];
  /** The expression is evaluated as of so long ago, for samples that come late. */
  readonly delayMs: number;
  /** `shadow`: evaluated and recorded, but nobody is told. `off`: not evaluated. */
  readonly mode: (typeof RULE_MODES)[number];
  /** Narrows the choice of runbooks to this one. */
  readonly runbook: string | null;
  /** The receivers that are told; null: those of the route. */
  readonly receivers: readonly string[] | null;
  /** Of the value, for people. */
  readonly unit: string | null;
  /** A label of a series that one of the rule's hides is kept as `exported_…`: Prometheus drops it. */
  readonly exportsHidden: boolean;
  /** The severity of the group's rule of the same name: while that fires for a series, this one does not begin to. */
  readonly inhibitedBy: string | null;
}

/** At least `count` of the last `of`. */
export interface Occurrences {
  readonly count: number;
  readonly of: number;
}

/**
 * An alert flaps from when, of the evaluations within the window, more than `highPercent` found its condition changed, until
 * fewer than `lowPercent` do. While it flaps it goes on firing.
 */
export interface Flapping {
  readonly lowPercent: number;
  readonly highPercent: number;
  readonly windowMs: number;
}

/** A rule as Prometheus means it. */
export const NO_EXTENSIONS: AlertExtensions = {
  recovery: null,
  occurrences: null,
  cooldownMs: null,
  flapping: null,
  noData: 'ok',
  delayMs: 0,
  mode: 'active',
  runbook: null,
  receivers: null,
  unit: null,
  exportsHidden: false,
  inhibitedBy: null,
};

export interface RecordRule {
  readonly kind: 'record';
  /** The name of the series that it makes. */
  readonly name: string;
  readonly expr: string;
  readonly labels: Labels;
}

export type GroupRule = AlertRule | RecordRule;

/** Its rules are evaluated one after the other, each sees what those before it recorded. */
export interface RuleGroup {
  readonly file: string | null;
  readonly name: string;
  /** Null: the default of who evaluates it. */
  readonly intervalMs: number | null;
  /** How far in the past its expressions are evaluated, for samples that come late. Null: the default. */
  readonly queryOffsetMs: number | null;
  /** More alerts, or series, of one rule are an error; 0 for any number. */
  readonly limit: number;
  readonly rules: readonly GroupRule[];
}

/** Identity of what a rule means: what it says to people and to machines about an alert may change while it is open. */
export const ruleHash: (rule: GroupRule) => string = onceEach((rule) => {
  if (rule.kind === 'record') return fnv1a64(canonical(rule));
  const { annotations: _, runbook: _runbook, receivers: _receivers, unit: _unit, ...meaning } = rule;
  return fnv1a64(canonical(meaning));
});
