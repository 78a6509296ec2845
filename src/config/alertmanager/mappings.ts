/** Mappings: with names that people choose, with known keys, and whatever YAML can say. `<<` merges as in YAML 1.1. */
import { isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import { didYouMean, type Finding, type Path } from '../problems';
import { shown } from '../schema-problems';
import { list, scalar } from './kinds';
import { REFUSED, type Kind, type Reading, type Refused, type ValueOf } from './reading';
import { isNull, textOf } from './yaml-text';

/** Names that people choose, with a value each. */
export const record = <T>(item: Kind<T>): Kind<Readonly<Record<string, T>>> => ({
  zero: {},
  initial: {},
  read(node, path, reading) {
    const values = new Map<string, T | Refused>();
    const isRead = eachPair(node, path, reading, (key, value) => {
      const name = textOfKey(key);
      const at = [...path, name];
      if (values.has(name)) return void reading.refuse({ path: at, message: 'stands here twice' });
      reading.keep(at, key);
      values.set(name, reading.valueOf(item, value, at));
    });
    if (!isRead || [...values.values()].includes(REFUSED)) return REFUSED;
    return Object.fromEntries(values) as Record<string, T>;
  },
});

/** Whatever YAML can say: scalars, lists and mappings. */
export const anything = (): Kind<unknown> => ({
  zero: null,
  initial: null,
  read(node, path, reading) {
    if (isSeq(node)) return list(anything()).read(node, path, reading);
    if (isMap(node)) return record(anything()).read(node, path, reading);
    return scalar<unknown>(null, 'a value', (_text, value) => value).read(node, path, reading);
  },
});

export type Fields = Readonly<Record<string, Kind<unknown>>>;
export type Values<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

export interface MappingOptions<V> {
  /** What has to hold of the values together. Asked only where each value is right by itself. */
  readonly check?: (values: V, path: Path) => readonly Finding[];
  /** What becomes of values that are right. */
  readonly then?: (values: V) => V;
  /** Keys that people write by mistake → what to write instead. */
  readonly mends?: Readonly<Record<string, string>>;
}

/** A mapping, and what it has where no key is written. */
export interface Mapping<T> extends Kind<T> {
  readonly defaults: T;
}

/** A mapping with known keys. Null stands for all keys being null; one that is left out has what its keys have then. */
export function mapping<F extends Fields>(
  fields: F,
  options: MappingOptions<Values<F>> = {},
): Mapping<Values<F>> {
  const zero = ofEach(fields, (kind) => kind.zero);
  return {
    zero,
    initial: zero,
    defaults: ofEach(fields, (kind) => kind.initial),
    read(node, path, reading) {
      const errors = reading.errors;
      const all = parts(fields, node, path, reading, options.mends);
      if (all === REFUSED || reading.errors > errors) return REFUSED;
      for (const finding of options.check?.(all, path) ?? []) reading.refuse(finding);
      return reading.errors > errors ? REFUSED : (options.then?.(all) ?? all);
    },
  };
}

function ofEach<F extends Fields>(fields: F, take: (kind: Kind<unknown>) => unknown): Values<F> {
  return Object.fromEntries(Object.entries(fields).map(([key, kind]) => [key, take(kind)])) as Values<F>;
}

/** What each key of a mapping has, also where others are wrong: those are REFUSED, whatever their type says. */
export function parts<F extends Fields>(
  fields: F,
  node: Node,
  path: Path,
  reading: Reading,
  mends: Readonly<Record<string, string>> = {},
): Values<F> | Refused {
  const values = { ...ofEach(fields, ({ initial }) => initial) } as Record<string, unknown>;
  return fill(values, fields, node, path, reading, mends) ? (values as Values<F>) : REFUSED;
}

/** A merged mapping is read in its place among the keys: what comes later holds. */
function fill(
  values: Record<string, unknown>,
  fields: Fields,
  node: Node,
  path: Path,
  reading: Reading,
  mends: Readonly<Record<string, string>>,
): boolean {
  const seen = new Set<string>();
  return eachPair(
    node,
    path,
    reading,
    (key, value) => {
      const name = textOfKey(key);
      const at = [...path, name];
      if (seen.has(name)) return void reading.refuse({ path: at, message: 'stands here twice' });
      seen.add(name);
      reading.keep(at, key);
      if (!Object.hasOwn(fields, name)) return void reading.refuse(unknownKey(at, name, fields, mends));
      values[name] = reading.valueOf(fields[name]!, value, at);
    },
    (merged) => fill(values, fields, merged, path, reading, mends),
  );
}

function unknownKey(
  path: Path,
  name: string,
  fields: Fields,
  mends: Readonly<Record<string, string>>,
): Finding {
  const keys = Object.keys(fields);
  if (Object.hasOwn(mends, name)) {
    return { path, message: `is not a key here; write ${mends[name]} instead` };
  }
  return {
    path,
    message: 'is not a key here',
    suggestion: didYouMean(name, keys),
    accepted: keys.join(', '),
  };
}

/** False where the node is no mapping, which is said. */
function eachPair(
  node: Node,
  path: Path,
  reading: Reading,
  visit: (key: Node, value: Node | null) => void,
  merge?: (merged: Node) => boolean,
): boolean {
  if (!isMap(node)) {
    const value = isScalar(node) ? shown(textOf(node)) : 'a list';
    reading.refuse({ path, value, message: 'is not accepted', accepted: 'a mapping of keys to values' });
    return false;
  }
  for (const { key, value } of node.items as Pair<Node, Node | null>[]) {
    if (isMergeKey(key))
      mergeAll(value, path, reading, merge ?? ((from) => eachPair(from, path, reading, visit)));
    else if (isScalar(reading.text.resolved(key))) visit(reading.text.resolved(key), value);
    else reading.refuse({ path, message: 'has a key that is no text' });
  }
  return true;
}

const isMergeKey = (key: Node): boolean =>
  isScalar(key) && textOf(key) === '<<' && (key.type === 'PLAIN' || key.tag === 'tag:yaml.org,2002:merge');

function mergeAll(value: Node | null, path: Path, reading: Reading, merge: (merged: Node) => boolean): void {
  const targets = value !== null && isSeq(value) ? [...(value.items as Node[])].reverse() : [value];
  for (const target of targets.map((each) => (each === null ? null : reading.text.resolved(each)))) {
    if (target !== null && isMap(target)) merge(target);
    else
      reading.refuse({
        path: [...path, '<<'],
        message: 'is not accepted',
        accepted: 'a mapping, or a list of them',
      });
  }
}

const textOfKey = (key: Node): string => (isNull(key) || !isScalar(key) ? '' : textOf(key));
