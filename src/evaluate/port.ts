/** What other rooms ask of evaluation. */
import type { Labels } from '../domain/labels';
import type { Matcher } from '../domain/matchers';
import type { Expr } from '../promql/ast';
import type { LabelSet } from '../promql/label-set';
import type { NotedSample } from '../promql/series-notation';
import type { StoredSeries } from '../promql/source';

/** What a process keeps of the stream for its rules. */
export interface Kept {
  readonly partitions: readonly KeptPart[];
  /** For rules across instances. */
  readonly slots: readonly KeptPart[];
  /** The slots that there are, in whichever process. */
  readonly plannedSlots: readonly number[];
  coverage(matchers: readonly Matcher[]): Coverage;
}

/** A partition number, or a slot of that number. */
export interface KeptPart {
  readonly number: number;
  /** What was recorded before this time, in milliseconds since 1970, has been read; -Infinity while nothing has. */
  readonly reached: number;
  /** The series that match, as they are: they go on changing. Null now and then, for whoever has to pause. */
  read(matchers: readonly Matcher[]): Iterable<StoredSeries | null>;
  /** What is missing among them since this time, in milliseconds since 1970. Null likewise. */
  lacks(matchers: readonly Matcher[], sinceMs: number): Iterable<Lack | null>;
}

/** Why series are not there that rules ask for or make. */
export type Lack =
  | { readonly kind: 'rule_error'; readonly group: string; readonly rule: string; readonly error: string }
  /** The metric had more series than `most`. */
  | { readonly kind: 'series_refused'; readonly metric: string; readonly most: number };

/** How much of what a selector asks for is kept, by the rules alone. */
export interface Coverage {
  /** All of it is kept by the partitions, for so long, in milliseconds; null: not all of it, as far as the rules say. */
  readonly partitionsMs: number | null;
  /** The same of the slots. */
  readonly slotsMs: number | null;
  /** Rules make series of this name: the last value is there, whoever reads it. */
  readonly madeInPartitions: boolean;
  readonly madeInSlots: boolean;
  /** What rules ask of the metric, where that is not all of it: some of the selectors. */
  readonly asked: readonly string[];
}

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
