/** What is asked of evaluators, and what they answer. */
import type { Labels } from '../domain/labels';
import type { Matcher } from '../domain/matchers';
import type { MetricValue } from '../domain/metric';
import type { Coverage } from '../evaluate/port';
import type { EvaluatorMember, EvaluatorPool } from '../stream/port';

/** The series that a selector finds. */
export interface Question {
  readonly matchers: readonly Matcher[];
  /** Samples after this time, in milliseconds since 1970. */
  readonly sinceMs: number;
}

/** Who answers. */
export interface Answerer {
  /** Of the process. */
  readonly id: string;
  readonly instance: string;
  readonly pool: string;
}

export interface PartClock {
  readonly number: number;
  /** What was recorded before has been read, in milliseconds since 1970; null while nothing has. */
  readonly reached: number | null;
}

export interface AnswerHead extends Answerer {
  /** The partition numbers whose series are in the answer. */
  readonly partitions: readonly PartClock[];
  /** The slots of rules across instances, likewise. */
  readonly slots: readonly PartClock[];
  /** The slots that there are, in whichever process. */
  readonly plannedSlots: readonly number[];
  readonly coverage: Coverage;
  /** Why some of the series may be missing that rules ask for or make, for people: some reasons. */
  readonly lacks: readonly string[];
}

/** Samples of a series, side by side and in time order. A series with many comes in several pieces. */
export interface Piece {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly MetricValue[];
}

export interface Answer {
  readonly head: AnswerHead;
  readonly pieces: readonly Piece[];
}

/** The running evaluators of one pool. */
export interface Evaluators {
  find(): Promise<EvaluatorPool>;
  /** Rejects with the reason, for people, when the member does not answer as it should. */
  ask(member: EvaluatorMember, question: Question): Promise<Answer>;
}

/** What came of asking a member. */
export interface AskedEvaluator {
  readonly member: EvaluatorMember;
  /** One for each selector; null where it has not answered, with the reason. */
  readonly answers: readonly Answer[] | null;
  readonly reason: string | null;
}

/** When an expression is evaluated, and when that was asked for, in milliseconds since 1970. */
export interface At {
  readonly timeMs: number;
  readonly nowMs: number;
}
