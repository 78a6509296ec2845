/** What other rooms ask of evaluation. */
import type { Labels } from '../domain/labels';
import type { Expr } from '../promql/ast';
import type { LabelSet } from '../promql/label-set';
import type { NotedSample } from '../promql/series-notation';

/** A file of rule tests. Times are milliseconds; those of expectations are from the test's start. */
export interface RuleTestFile {
  /** Paths or patterns, relative to the file. */
  readonly ruleFiles: readonly string[];
  /** Between evaluations. */
  readonly intervalMs: number;
  /** Groups that are evaluated after all others, in this order. */
  readonly groupOrder: readonly string[];
  /** Values that are neighbours as floats are equal. */
  readonly fuzzy: boolean;
  readonly tests: readonly RuleTest[];
}

export interface RuleTest {
  readonly name: string;
  /** Whether the name is the author's. */
  readonly named: boolean;
  /** Between the samples of the series. */
  readonly intervalMs: number;
  /** Time of the first sample and evaluation, since 1970. */
  readonly startMs: number;
  readonly externalLabels: Labels;
  readonly externalUrl: string;
  readonly series: readonly { readonly labels: LabelSet; readonly samples: readonly NotedSample[] }[];
  readonly alerts: readonly AlertExpectation[];
  readonly exprs: readonly ExprExpectation[];
}

/** The alerts of this name that fire. */
export interface AlertExpectation {
  readonly timeMs: number;
  readonly alertname: string;
  readonly expected: readonly ExpectedAlert[];
}

export interface ExpectedAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
}

export interface ExprExpectation {
  readonly timeMs: number;
  readonly expr: string;
  /** Null where the file is refused. */
  readonly parsed: Expr | null;
  readonly expected: readonly ExpectedSample[];
}

export interface ExpectedSample {
  readonly labels: LabelSet;
  readonly value: number;
}

export type TestFailure =
  | { readonly kind: 'evaluation'; readonly rule: string; readonly timeMs: number; readonly error: string }
  | {
      readonly kind: 'alerts';
      readonly alertname: string;
      readonly timeMs: number;
      readonly expected: readonly ExpectedAlert[];
      readonly got: readonly ExpectedAlert[];
    }
  | {
      readonly kind: 'expr';
      readonly expr: string;
      readonly timeMs: number;
      readonly expected: readonly ExpectedSample[];
      readonly got: readonly ExpectedSample[];
    }
  | { readonly kind: 'expr'; readonly expr: string; readonly timeMs: number; readonly error: string };
