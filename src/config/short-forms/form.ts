/** What every short form is: keys that a rule is written with, and the conditions that they stand for. */
import type { Severity } from '../../domain/rule';
import type { AlertExtensions } from '../../domain/rule-group';
import type { Finding } from '../problems';
import type { RawRule, RuleKey } from './schema';

export interface ShortForm {
  readonly name: string;
  /** The rule that has one of them is of this form. */
  readonly chosenBy: readonly RuleKey[];
  /** Beside those, and those that every rule may have. */
  readonly takes: readonly RuleKey[];
  /** What an evaluation without samples is, where the rule does not say. */
  readonly noData: AlertExtensions['noData'];
  readonly read: (raw: RawRule, context: FormContext) => Conditions;
}

export interface FormContext {
  /** The unit of a metric where the catalogue knows it: `percent`, `seconds`, `bytes`, `1`, … */
  readonly unitOf: (metric: string) => string | null;
}

/** One condition makes one alert. The more severe come first. */
export interface Condition {
  readonly severity: Severity;
  /** PromQL. */
  readonly expr: string;
  readonly recovery: string | null;
  readonly inhibitedBy: Severity | null;
}

export interface Conditions {
  readonly conditions: readonly Condition[];
  /** Paths are relative to the rule. */
  readonly findings: readonly Finding[];
}

/** Of a rule that has one condition and says nothing of its end. */
export const oneCondition = (severity: Severity, expr: string): Condition[] => [
  { severity, expr, recovery: null, inhibitedBy: null },
];
