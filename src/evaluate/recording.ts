/** A recording rule: what its expression yields, under its name and labels. */
import type { RecordRule } from '../domain/rule-group';
import { EvaluationError } from '../promql/errors';
import { type LabelSet, METRIC_NAME } from '../promql/label-set';
import type { Moment, Prepared, Preparer } from '../promql/prepare';
import { checkLimit, vectorOf, type Made } from './made';
import { exprsOf } from './rule-exprs';

export class Recording {
  private readonly expr: Prepared;
  private readonly names = new WeakMap<LabelSet, LabelSet>();

  constructor(
    private readonly rule: RecordRule,
    preparer: Preparer,
  ) {
    this.expr = preparer.prepare(exprsOf(rule).expr);
  }

  evaluate(moment: Moment, _time: number, limit: number): readonly Made[] {
    const { labels, values } = vectorOf(this.expr.evaluate(moment));
    const named = labels.map((each) => this.named(each));
    if (new Set(named.map(({ key }) => key)).size < named.length)
      throw new EvaluationError('vector contains metrics with the same labelset after applying rule labels');
    checkLimit(limit, named.length, 'series');
    return named.map((each, i) => ({ labels: each, value: values[i]! }));
  }

  private named(labels: LabelSet): LabelSet {
    let made = this.names.get(labels);
    if (made === undefined) {
      const { name, labels: own } = this.rule;
      made = Object.entries(own).reduce(
        (so, [label, value]) => so.with(label, value),
        labels.with(METRIC_NAME, name),
      );
      this.names.set(labels, made);
    }
    return made;
  }
}
