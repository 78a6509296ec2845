/** The short forms of rules as expressions: what a threshold rule compares, said in PromQL. */
import { OPPOSITE, type Operator, type ThresholdRule } from '../domain/rule';
import type { Expr, VectorSelector } from '../promql/ast';
import { METRIC_NAME } from '../promql/label-set';

const NOWHERE = { from: 0, to: 0 };

export interface RuleExprs {
  /** Yields the series that breach. */
  readonly fires: Expr;
  /** Yields those that have recovered, where that is not the same as no longer breaching. */
  readonly recovers: Expr | null;
}

export function exprsOf(rule: ThresholdRule): RuleExprs {
  const compared = comparedBy(rule);
  const { operator, threshold, recoveryThreshold } = rule;
  return {
    fires: compare(compared, operator, threshold),
    recovers: recoveryThreshold === null ? null : compare(compared, OPPOSITE[operator], recoveryThreshold),
  };
}

/** A sample, or the mean of a window. */
function comparedBy({ metric, matchers, windowMs }: ThresholdRule): Expr {
  // A name that PromQL cannot write outside of braces is a matcher like any other.
  const name = /^[a-zA-Z_:][\w:]*$/.test(metric) ? metric : '';
  const selector: VectorSelector = {
    ...{ kind: 'vector', name, offset: 0, at: null, place: NOWHERE },
    matchers: [...matchers, { name: METRIC_NAME, op: '=', value: metric }],
  };
  if (windowMs === 0) return selector;
  const range = { kind: 'matrix', selector, range: windowMs, place: NOWHERE } as const;
  return { kind: 'call', name: 'avg_over_time', args: [range], place: NOWHERE };
}

function compare(left: Expr, op: Operator, limit: number): Expr {
  return {
    ...{ kind: 'binary', op, left, bool: false, place: NOWHERE, operatorPlace: NOWHERE },
    right: { kind: 'number', value: limit, place: NOWHERE },
    matching: { on: false, labels: [], group: 'one-to-one', include: [] },
  };
}
