/** Aggregations: which group an element belongs to is worked out when labels change, what is left is arithmetic. */
import { fingerprint } from '../domain/labels';
import type { Aggregation, Aggregator } from './ast';
import { EvaluationError } from './errors';
import { floatText } from './float-text';
import { KahanSum, mean } from './kahan';
import { type LabelSet } from './label-set';
import { ascending, descending } from './ordering';
import { quantile } from './quantile';
import { remembered } from './relabelling';
import { EMPTY, type Vector } from './values';

type Grouping = Pick<Aggregation, 'grouping' | 'without'>;

/** For each element its group's index, and the groups' labels. */
interface Groups {
  readonly of: readonly number[];
  readonly labels: readonly LabelSet[];
}

function groupLabels({ grouping, without }: Grouping): (labels: LabelSet) => LabelSet {
  const named = new Set(grouping);
  return without
    ? (labels) => labels.withoutName().filter((name) => !named.has(name))
    : (labels) => labels.filter((name) => named.has(name));
}

function grouped(grouping: Grouping): (labels: readonly LabelSet[]) => Groups {
  const derive = groupLabels(grouping);
  return remembered((all) => {
    const byKey = new Map<string, number>();
    const labels: LabelSet[] = [];
    const of = all.map((each) => {
      const group = derive(each);
      let at = byKey.get(group.key);
      if (at === undefined) byKey.set(group.key, (at = labels.push(group) - 1));
      return at;
    });
    return { of, labels };
  });
}

/** `param`: the scalar before the vector, where the operator has one. */
export type Aggregate = (vector: Vector, param: number) => Vector;

export function aggregate(op: Exclude<Aggregator, 'count_values'>, grouping: Grouping): Aggregate {
  const groups = grouped(grouping);
  const select = SELECTIONS[op];
  if (select !== undefined)
    return (vector, param) => selected(vector, groups(vector.labels), select(param, vector.labels));
  const fold = FOLDS[op];
  if (fold !== undefined) return (vector) => folded(vector, groups(vector.labels), fold);
  const reduce = REDUCTIONS[op]!;
  return (vector, param) => reduced(vector, groups(vector.labels), (values) => reduce(values, param));
}

/** Counts equal values; the value becomes a label. */
export function countValues(label: string, { grouping, without }: Grouping): (vector: Vector) => Vector {
  if (label === '') throw new EvaluationError('invalid label name ""');
  const groups = grouped({ without, grouping: without ? grouping : [...grouping, label] });
  return (vector) => {
    const labels = vector.labels.map((each, i) => each.with(label, floatText(vector.values[i]!)));
    return folded({ labels, values: vector.values }, groups(labels), FOLDS.count!);
  };
}

/** One number a group, carried from element to element; `begin` makes it from the first. */
interface Fold {
  readonly begin: (value: number) => number;
  readonly next: (so: number, value: number) => number;
}

const FOLDS: Partial<Record<Aggregator, Fold>> = {
  count: { begin: () => 1, next: (so) => so + 1 },
  group: { begin: () => 1, next: () => 1 },
  min: { begin: (value) => value, next: (so, value) => (value < so || Number.isNaN(so) ? value : so) },
  max: { begin: (value) => value, next: (so, value) => (value > so || Number.isNaN(so) ? value : so) },
};

function folded({ values }: Vector, { of, labels }: Groups, { begin, next }: Fold): Vector {
  const result: number[] = new Array<number>(labels.length);
  const begun = new Uint8Array(labels.length);
  for (let i = 0; i < values.length; i++) {
    const group = of[i]!;
    result[group] = begun[group] === 1 ? next(result[group]!, values[i]!) : begin(values[i]!);
    begun[group] = 1;
  }
  return { labels, values: result };
}

const REDUCTIONS: Partial<Record<Aggregator, (values: number[], param: number) => number>> = {
  sum: (values) => {
    const total = new KahanSum();
    for (const value of values) total.add(value);
    return total.sum + total.compensation;
  },
  avg: (values) => mean(values, 0, values.length),
  stdvar: variance,
  stddev: (values) => Math.sqrt(variance(values)),
  quantile: (values, q) => quantile(q, values),
};

function variance(values: number[]): number {
  let average = values[0]!;
  let squares = Number.isFinite(average) ? 0 : NaN;
  for (let i = 1; i < values.length; i++) {
    const delta = values[i]! - average;
    average += delta / (i + 1);
    squares += delta * (values[i]! - average);
  }
  return squares / values.length;
}

function reduced({ values }: Vector, { of, labels }: Groups, reduce: (values: number[]) => number): Vector {
  return { labels, values: byGroup(of, labels.length, (i) => values[i]!).map(reduce) };
}

function byGroup<T>(of: readonly number[], groups: number, at: (i: number) => T): T[][] {
  const members: T[][] = Array.from({ length: groups }, () => []);
  of.forEach((group, i) => members[group]!.push(at(i)));
  return members;
}

/** Which of a group's elements stay, in the order of the result. */
type Select = (members: number[], values: readonly number[]) => number[];

const SELECTIONS: Partial<Record<Aggregator, (param: number, labels: readonly LabelSet[]) => Select>> = {
  topk: (k) => first(k, (members, values) => members.sort((a, b) => descending(values[a]!, values[b]!))),
  bottomk: (k) => first(k, (members, values) => members.sort((a, b) => ascending(values[a]!, values[b]!))),
  limitk: (k) => first(k, (members) => members),
  limit_ratio: (ratio, labels) => {
    if (Number.isNaN(ratio)) throw new EvaluationError('Ratio value is NaN');
    return (members) => members.filter((i) => isSampled(labels[i]!, ratio));
  },
};

/** The greatest number below 2^63. */
const MOST = 2 ** 63 - 1_024;

function first(k: number, order: (members: number[], values: readonly number[]) => number[]): Select {
  if (Number.isNaN(k)) throw new EvaluationError('Parameter value is NaN');
  if (k >= MOST) throw new EvaluationError(`Scalar value ${floatText(k)} overflows int64`);
  const count = Math.max(0, Math.trunc(k));
  return (members, values) => (count === 0 ? [] : order(members, values).slice(0, count));
}

/** The same elements at every evaluation; a negative ratio selects those that 1 + ratio does not. */
function isSampled(labels: LabelSet, ratio: number): boolean {
  const offset = Number.parseInt(fingerprint(labels.toLabels()).slice(0, 13), 16) / 2 ** 52;
  return ratio >= 0 ? offset < ratio : offset >= 1 + ratio;
}

function selected({ labels, values }: Vector, groups: Groups, select: Select): Vector {
  if (values.length === 0) return EMPTY;
  const stay = byGroup(groups.of, groups.labels.length, (i) => i).flatMap((members) =>
    select(members, values),
  );
  return { labels: stay.map((i) => labels[i]!), values: stay.map((i) => values[i]!) };
}
