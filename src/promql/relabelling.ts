/**
 * Label sets that follow from others. An expression meets the same series at each evaluation, so what follows is kept with
 * what it followed from, and is looked up by comparing pointers.
 */
import { EvaluationError } from './errors';
import type { LabelSet } from './label-set';

export function sameElements<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `make` of the label sets; called anew only when they are others than the last time. */
export function remembered<R>(make: (labels: readonly LabelSet[]) => R): (labels: readonly LabelSet[]) => R {
  let last: readonly LabelSet[] | undefined;
  let result: R;
  return (labels) => {
    if (last === undefined || !sameElements(last, labels)) {
      result = make(labels);
      last = labels;
    }
    return result;
  };
}

/** `derive` of each, which must stay different from each other. Throws an EvaluationError. */
export function relabelled(derive: (labels: LabelSet) => LabelSet) {
  return remembered((labels) => unique(labels.map(derive)));
}

export const withoutNames = (): ((labels: readonly LabelSet[]) => readonly LabelSet[]) =>
  relabelled((labels) => labels.withoutName());

export function unique(labels: readonly LabelSet[]): readonly LabelSet[] {
  const keys = new Set<string>();
  for (const each of labels) {
    if (keys.has(each.key)) throw new EvaluationError('vector cannot contain metrics with the same labelset');
    keys.add(each.key);
  }
  return labels;
}
