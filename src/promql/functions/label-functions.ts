/** Functions that change labels alone. */
import { RE2JS } from 're2js';
import { EvaluationError } from '../errors';
import type { LabelSet } from '../label-set';
import { ascending, descending, inOrder, naturally } from '../ordering';
import type { Budget } from '../ranges';
import { remembered, unique } from '../relabelling';
import type { Vector } from '../values';

export type VectorFunction = (vector: Vector) => Vector;

/** As long as a metric may be. Each of two calls around each other can double a text: thirty would fill the memory. */
const MAX_TEXT = 65_536;
/** Texts up to this length cost nothing beside the series that have them. */
const FREE_TEXT = 1_000;

interface MadeText {
  readonly text: string;
  /** Of how many pieces it was made. */
  readonly pieces: number;
}

/**
 * Sets the label to a text that `make` makes of the others; null leaves it as it is. What long texts cost is spent at each
 * evaluation, also where they are remembered: all that an expression remembers is bounded by its budget.
 */
function setting(
  destination: string,
  budget: Budget,
  make: (labels: LabelSet) => MadeText | null,
): VectorFunction {
  let spent = 0;
  const spend = (cost: number): void => {
    spent += cost;
    budget.spend(cost);
  };
  const relabel = remembered((all) => {
    const made = all.map((labels) => {
      const found = make(labels);
      if (found === null) return labels;
      spend(Math.max(0, found.text.length + found.pieces - FREE_TEXT));
      return labels.with(destination, found.text);
    });
    return { labels: unique(made), cost: spent };
  });
  return ({ labels, values }) => {
    spent = 0;
    const relabelled = relabel(labels);
    spend(relabelled.cost - spent);
    return { labels: relabelled.labels, values };
  };
}

/** Throws an EvaluationError before it is made where it would be too long. */
function textOf(pieces: readonly string[], separator: string, call: string): MadeText {
  const length = pieces.reduce((sum, each) => sum + each.length + separator.length, 0);
  if (length > MAX_TEXT + separator.length)
    throw new EvaluationError(`${call}() makes a label of more than ${MAX_TEXT} characters`);
  return { text: pieces.join(separator), pieces: pieces.length };
}

/** `label_replace(v, destination, replacement, source, regex)`: where the whole of the source's value matches. */
export function labelReplace(
  [destination, replacement, source, regex]: readonly [string, string, string, string],
  budget: Budget,
): VectorFunction {
  checkName(destination, 'destination', 'label_replace');
  const pattern = compiled(regex);
  const expand = template(replacement, pattern);
  return setting(destination, budget, (labels) => {
    const match = pattern.matcher(labels.get(source));
    return match.matches() ? textOf(expand(match), '', 'label_replace') : null;
  });
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
function template(replacement: string, pattern: RE2JS): (match: Match) => string[] {
  const names = pattern.namedGroups();
  const groupOf = (name: string): number => {
    if (/^(?:0|[1-9]\d*)$/.test(name)) return Number(name);
    return Object.hasOwn(names, name) ? names[name]! : -1;
  };
  const parts: (string | number)[] = [];
  let end = 0;
  for (const reference of replacement.matchAll(REFERENCE)) {
    const [whole, braced, plain] = reference;
    if (reference.index > end) parts.push(replacement.slice(end, reference.index));
    parts.push(whole === '$$' ? '$' : groupOf((braced ?? plain)!));
    end = reference.index + whole.length;
  }
  if (end < replacement.length) parts.push(replacement.slice(end));
  return (match) =>
    parts.map((part) => {
      if (typeof part === 'string') return part;
      return part < 0 || part > match.groupCount() ? '' : (match.group(part) ?? '');
    });
}

export function labelJoin(
  [destination, separator, ...sources]: readonly [string, string, ...string[]],
  budget: Budget,
): VectorFunction {
  for (const source of sources) checkName(source, 'source', 'label_join');
  checkName(destination, 'destination', 'label_join');
  return setting(destination, budget, (labels) =>
    textOf(
      sources.map((source) => labels.get(source)),
      separator,
      'label_join',
    ),
  );
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
