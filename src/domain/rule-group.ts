/** Rules as Prometheus has them: groups of alerting and recording rules over expressions. Times are milliseconds. */
import type { Labels } from './labels';

export interface AlertRule {
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
