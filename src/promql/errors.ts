/** What is wrong with an expression, and where. */
import type { Place } from './ast';

/** A problem may quote what somebody wrote, of any length. */
const MOST_SHOWN = 500;

/** An expression that is not PromQL, or none that is evaluated here. The message begins `LINE:COLUMN: parse error:`. */
export class ParseError extends Error {
  override readonly name = 'ParseError';

  readonly problem: string;

  constructor(
    problem: string,
    text: string,
    readonly place: Place,
  ) {
    const before = text.slice(0, place.from);
    const line = before.split('\n').length;
    const column = place.from - (before.lastIndexOf('\n') + 1) + 1;
    const shown = problem.length > MOST_SHOWN ? `${problem.slice(0, MOST_SHOWN)}…` : problem;
    super(`${line}:${column}: parse error: ${shown}`);
    this.problem = shown;
  }
}

/** An evaluation that has no answer, such as many matches on both sides: PromQL fails rather than guesses. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}
