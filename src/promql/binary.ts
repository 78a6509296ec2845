/**
 * Operators between two instant vectors: which elements meet, and what labels the result has, follows from the labels alone.
 * Both are worked out when the labels change, and what is left for each evaluation is a loop over pairs of numbers.
 */
import {
  isComparison,
  type ArithmeticOperator,
  type Binary,
  type ComparisonOperator,
  type Matching,
} from './ast';
import { labelsText } from '../domain/labels';
import { EvaluationError } from './errors';
import { type LabelSet, METRIC_NAME } from './label-set';
import { ARITHMETIC, COMPARISONS } from './operators';
import { sameElements, unique } from './relabelling';
import { EMPTY, type Vector } from './values';

type Combine = (left: Vector, right: Vector) => Vector;

/** The labels by which elements meet. */
function inCommon({ on, labels }: Matching): (name: string) => boolean {
  const named = new Set(labels);
  return on ? (name) => named.has(name) : (name) => name !== METRIC_NAME && !named.has(name);
}

/** What two elements must have in common. */
function signatureOf(matching: Matching): (of: LabelSet) => string {
  const known = new WeakMap<LabelSet, string>();
  const keep = inCommon(matching);
  return (of) => {
    let signature = known.get(of);
    if (signature === undefined)
      known.set(of, (signature = (matching.on ? of : of.withoutName()).filter(keep).key));
    return signature;
  };
}

/** Elements that meet: indexes into both vectors, and the result's labels. */
interface Pairs {
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly labels: readonly LabelSet[];
}

/** Arithmetic and comparisons. Throws an EvaluationError where elements would meet more than one. */
export function combineVectors({
  op,
  bool,
  matching,
}: Omit<Binary, 'op'> & { op: ArithmeticOperator | ComparisonOperator }): Combine {
  const pair = rememberedPairs(matching, bool || !isComparison(op));
  if (!isComparison(op)) {
    const compute = ARITHMETIC[op];
    return (left, right) => {
      const pairs = pair(left.labels, right.labels);
      const values = pairs.labels.map((_, i) =>
        compute(left.values[pairs.left[i]!]!, right.values[pairs.right[i]!]!),
      );
      return { labels: pairs.labels, values };
    };
  }
  const holds = COMPARISONS[op];
  return (left, right) => {
    const pairs = pair(left.labels, right.labels);
    return filtered(pairs.labels, bool, (i) => {
      const value = left.values[pairs.left[i]!]!;
      return { value, holds: holds(value, right.values[pairs.right[i]!]!) };
    });
  };
}

/** With `bool` 0 and 1 for all, otherwise the values of those for which it holds. */
export function filtered(
  labels: readonly LabelSet[],
  bool: boolean,
  at: (i: number) => { value: number; holds: boolean },
): Vector {
  if (bool) return { labels, values: labels.map((_, i) => (at(i).holds ? 1 : 0)) };
  const kept: LabelSet[] = [];
  const values: number[] = [];
  for (let i = 0; i < labels.length; i++) {
    const { value, holds } = at(i);
    if (!holds) continue;
    kept.push(labels[i]!);
    values.push(value);
  }
  return { labels: kept, values };
}

function rememberedPairs(
  matching: Matching,
  dropName: boolean,
): (left: readonly LabelSet[], right: readonly LabelSet[]) => Pairs {
  const signature = signatureOf(matching);
  let lastLeft: readonly LabelSet[] | undefined;
  let lastRight: readonly LabelSet[] = [];
  let pairs: Pairs;
  return (left, right) => {
    if (lastLeft === undefined || !sameElements(lastLeft, left) || !sameElements(lastRight, right)) {
      pairs = pairUp(matching, signature, dropName, left, right);
      lastLeft = left;
      lastRight = right;
    }
    return pairs;
  };
}

function pairUp(
  matching: Matching,
  signature: (of: LabelSet) => string,
  dropName: boolean,
  left: readonly LabelSet[],
  right: readonly LabelSet[],
): Pairs {
  const swapped = matching.group === 'one-to-many';
  const [many, one] = swapped ? [right, left] : [left, right];
  if (many.length === 0 || one.length === 0) return { left: [], right: [], labels: [] };
  const ones = indexOnes(one, signature, matching, swapped ? 'left' : 'right');
  const result = { many: [] as number[], one: [] as number[], labels: [] as LabelSet[] };
  const met = new Set<string>();
  many.forEach((labels, i) => {
    const common = signature(labels);
    const other = ones.get(common);
    if (other === undefined) return;
    const made = resultLabels(matching, dropName, labels, one[other]!);
    const place = matching.group === 'one-to-one' ? common : `${common}\0${made.key}`;
    if (met.has(place)) throw new EvaluationError(manyMatches(matching));
    met.add(place);
    result.many.push(i);
    result.one.push(other);
    result.labels.push(made);
  });
  unique(result.labels);
  return {
    left: swapped ? result.one : result.many,
    right: swapped ? result.many : result.one,
    labels: result.labels,
  };
}

const manyMatches = ({ group }: Matching): string =>
  group === 'one-to-one'
    ? 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'
    : 'multiple matches for labels: grouping labels must ensure unique matches';

function indexOnes(
  one: readonly LabelSet[],
  signature: (of: LabelSet) => string,
  matching: Matching,
  side: string,
): Map<string, number> {
  const ones = new Map<string, number>();
  one.forEach((labels, i) => {
    const common = signature(labels);
    const other = ones.get(common);
    if (other !== undefined) {
      const group = labels.filter(inCommon(matching));
      const both = [labels, one[other]!].map(textOf).sort().join(', ');
      throw new EvaluationError(
        `found duplicate series for the match group ${textOf(group)} on the ${side} hand-side of the operation: [${both}];` +
          `many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
    ones.set(common, i);
  });
  return ones;
}

const textOf = (labels: LabelSet): string => labelsText(labels.toLabels());

function resultLabels(matching: Matching, dropName: boolean, many: LabelSet, one: LabelSet): LabelSet {
  let made = dropName ? many.withoutName() : many;
  if (matching.group === 'one-to-one') {
    const named = new Set(matching.labels);
    made = made.filter((name) => named.has(name) === matching.on);
  }
  for (const name of matching.include) made = made.with(name, one.get(name));
  return made;
}

/** `and`, `or`, `unless`. */
export function combineSets(op: 'and' | 'or' | 'unless', matching: Matching): Combine {
  const signature = signatureOf(matching);
  const signatures = (labels: readonly LabelSet[]): ReadonlySet<string> => new Set(labels.map(signature));
  if (op === 'or')
    return (left, right) => {
      if (left.labels.length === 0) return right;
      if (right.labels.length === 0) return left;
      const known = signatures(left.labels);
      return union(
        left,
        kept(right, (labels) => !known.has(signature(labels))),
      );
    };
  const present = op === 'and';
  return (left, right) => {
    if (left.labels.length === 0 || (present && right.labels.length === 0)) return EMPTY;
    const known = signatures(right.labels);
    return kept(left, (labels) => known.has(signature(labels)) === present);
  };
}

function kept({ labels, values }: Vector, keep: (labels: LabelSet) => boolean): Vector {
  return filtered(labels, false, (i) => ({ value: values[i]!, holds: keep(labels[i]!) }));
}

function union(left: Vector, right: Vector): Vector {
  const labels = [...left.labels, ...right.labels];
  unique(labels);
  return { labels, values: [...left.values, ...right.values] };
}
