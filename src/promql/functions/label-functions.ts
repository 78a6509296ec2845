/** Functions that change labels alone. */
import { RE2JS } from 're2js';
import { EvaluationError } from '../errors';
import type { LabelSet } from '../label-set';
import { ascending, descending, inOrder, naturally } from '../ordering';
import { relabelled } from '../relabelling';
import type { Vector } from '../values';

export type VectorFunction = (vector: Vector) => Vector;

/** `label_replace(v, destination, replacement, source, regex)`: where the whole of the source's value matches. */
export function labelReplace(
  destination: string,
  replacement: string,
  source: string,
  regex: string,
): VectorFunction {
  checkName(destination, 'destination', 'label_replace');
  const pattern = compiled(regex);
  const expand = template(replacement, pattern);
  const relabel = relabelled((labels) => {
    const match = pattern.matcher(labels.get(source));
    return match.matches() ? labels.with(destination, expand(match)) : labels;
  });
  return ({ labels, values }) => ({ labels: relabel(labels), values });
}

function compiled(regex: string): RE2JS {
  try {
    return RE2JS.compile(regex, RE2JS.DOTALL);
  } catch {
    throw new EvaluationError(`invalid regular expression in label_replace(): ${regex}`);
  }
}

type Match = ReturnType<RE2JS['matcher']>;

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

/** Go's `$1`, `${1}`, `$name`: the longest name counts, and one that there is not is empty. */
function template(replacement: string, pattern: RE2JS): (match: Match) => string {
  const names = pattern.namedGroups();
  return (match) =>
    replacement.replace(REFERENCE, (whole, braced?: string, plain?: string) => {
      if (whole === '$$') return '$';
      const name = (braced ?? plain)!;
      const group = /^(?:0|[1-9]\d*)$/.test(name)
        ? Number(name)
        : Object.hasOwn(names, name)
          ? names[name]!
          : -1;
      return group < 0 || group > match.groupCount() ? '' : (match.group(group) ?? '');
    });
}

export function labelJoin(
  destination: string,
  separator: string,
  sources: readonly string[],
): VectorFunction {
  for (const source of sources) checkName(source, 'source', 'label_join');
  checkName(destination, 'destination', 'label_join');
  const relabel = relabelled((labels) =>
    labels.with(destination, sources.map((source) => labels.get(source)).join(separator)),
  );
  return ({ labels, values }) => ({ labels: relabel(labels), values });
}

/** Any text can be a label's name but the empty one. */
function checkName(name: string, role: string, call: string): void {
  if (name === '') throw new EvaluationError(`invalid ${role} label name in ${call}(): ${name}`);
}

function sorted({ labels, values }: Vector, compare: (a: number, b: number) => number): Vector {
  const order = labels.map((_, i) => i).sort(compare);
  return { labels: order.map((i) => labels[i]!), values: order.map((i) => values[i]!) };
}

export const sortByValue =
  (down: boolean): VectorFunction =>
  (vector) => {
    const compare = down ? descending : ascending;
    return sorted(vector, (a, b) => compare(vector.values[a]!, vector.values[b]!));
  };

/** By the labels in turn, and where they agree by all labels. */
export function sortByLabel(down: boolean, names: readonly string[]): VectorFunction {
  const sign = down ? -1 : 1;
  return (vector) =>
    sorted(vector, (a, b) => sign * compareLabels(vector.labels[a]!, vector.labels[b]!, names));
}

function compareLabels(a: LabelSet, b: LabelSet, names: readonly string[]): number {
  for (const name of names) {
    const order = naturally(a.get(name), b.get(name));
    if (order !== 0) return order;
  }
  return inTurn(a, b);
}

/** By the first label in which they differ, its name before its value. */
function inTurn(a: LabelSet, b: LabelSet): number {
  for (let i = 0; i < Math.min(a.size, b.size); i++) {
    const order = inOrder(a.names[i]!, b.names[i]!) || inOrder(a.values[i]!, b.values[i]!);
    if (order !== 0) return order;
  }
  return a.size - b.size;
}
