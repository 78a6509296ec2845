/** What an evaluation of a rule makes: samples of series. */
import { EvaluationError } from '../promql/errors';
import { LabelSet } from '../promql/label-set';
import type { Value, Vector } from '../promql/values';

export interface Made {
  readonly labels: LabelSet;
  readonly value: number;
}

/** A scalar is one element without labels. */
export function vectorOf(value: Value): Vector {
  if (value.type === 'vector') return value.vector;
  if (value.type === 'scalar') return { labels: [LabelSet.EMPTY], values: [value.value] };
  throw new EvaluationError(`the result is a ${value.type}, not a vector or scalar`);
}

/** 0: no limit. */
export function checkLimit(limit: number, count: number, what: string): void {
  if (limit > 0 && count > limit)
    throw new EvaluationError(`exceeded limit of ${limit} with ${count} ${what}`);
}
