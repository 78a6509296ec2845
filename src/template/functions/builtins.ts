/** The functions that each template has, as Go's text/template defines them. */
import { sprint, sprintln } from '../format/printer';
import { sprintf } from '../format/printf';
import { byteLength } from '../format/runes';
import { CallError, define, defineVariadic, type FunctionTable, type GoFunction } from '../value/functions';
import { GoList, GoMap, GoObject, isTrue, kindOf, typeName, integerOf, type Value } from '../value/values';
import { equal, less, lessOrEqual } from './comparison';
import { escapeHtml, escapeJs, escapeQuery } from './escaping';

/** What reflection says of a value that is none. */
const NO_TYPE = 'reflect: call of reflect.Value.Type on zero Value';

export const BUILTINS: FunctionTable = {
  and: shortCircuit(false),
  or: shortCircuit(true),
  not: define(['any'], (value) => !isTrue(value)),
  len: define(['any'], length),
  index: defineVariadic(['any'], 'any', index),
  slice: defineVariadic(['any'], 'any', slice),
  call: defineVariadic(['any'], 'any', (fn) => {
    throw new CallError(fn == null ? 'call of nil' : `a value of type ${typeName(fn)} is no function`);
  }),
  print: defineVariadic([], 'any', (...values) => sprint(values)),
  printf: defineVariadic(['string'], 'any', (format, ...values) => sprintf(format, values)),
  println: defineVariadic([], 'any', (...values) => sprintln(values)),
  html: defineVariadic([], 'any', (...values) => escapeHtml(shown(values))),
  js: defineVariadic([], 'any', (...values) => escapeJs(shown(values))),
  urlquery: defineVariadic([], 'any', (...values) => escapeQuery(shown(values))),
  eq: defineVariadic(['any'], 'any', (value, ...others) => equal(value, others)),
  ne: define(['any', 'any'], (a, b) => !equal(a, [b])),
  lt: define(['any', 'any'], less),
  le: define(['any', 'any'], lessOrEqual),
  gt: define(['any', 'any'], (a, b) => !lessOrEqual(a, b)),
  ge: define(['any', 'any'], (a, b) => !less(a, b)),
};

/** The engine itself evaluates these, argument by argument. */
function shortCircuit(stopsAt: boolean): GoFunction {
  return { ...defineVariadic(['any'], 'any', (value) => value), stopsAt };
}

/** Arguments as the template itself would print them. */
function shown(values: readonly Value[]): string {
  return sprint(
    values.map((value) => {
      if (value == null) return '<no value>';
      return value instanceof GoObject ? value.pointee() : value;
    }),
  );
}

function length(value: Value): bigint {
  if (value === null) throw new CallError('len of nil pointer');
  if (value === undefined) throw new CallError(NO_TYPE);
  if (value instanceof GoMap) return BigInt(value.size);
  if (value instanceof GoList) return BigInt(value.length);
  if (typeof value === 'string') return BigInt(byteLength(value));
  throw new CallError(`len of type ${pointeeType(value)}`);
}

/** Go looks through a pointer before it complains. */
function pointeeType(value: Value): string {
  return typeName(value).replace(/^\*/, '');
}

function index(value: Value, ...keys: Value[]): Value {
  if (value == null) throw new CallError('index of untyped nil');
  return keys.reduce<Value>(elementOf, value);
}

function elementOf(value: Value, key: Value): Value {
  if (value == null) throw new CallError('index of nil pointer');
  if (value instanceof GoMap) return valueOfKey(value, key);
  if (value instanceof GoList) return value.at(within(key, value.length, 'slice'));
  if (typeof value !== 'string') throw new CallError(`can't index item of type ${pointeeType(value)}`);
  const bytes = new TextEncoder().encode(value);
  return BigInt(bytes[within(key, bytes.length, 'string')]!);
}

function valueOfKey(map: GoMap, key: Value): Value {
  if (key == null) throw new CallError('value is nil; should be of type string');
  if (typeof key !== 'string') throw new CallError(`value has type ${typeName(key)}; should be string`);
  return map.has(key) ? map.get(key) : map.zero();
}

/** An index of an element that is there. */
function within(key: Value, count: number, what: string): number {
  const position = bound(key, count);
  if (position === count) throw new CallError(`reflect: ${what} index out of range`);
  return position;
}

/** An index up to and with the end. */
function bound(key: Value, count: number): number {
  if (key == null) throw new CallError('cannot index slice/array with nil');
  if (kindOf(key) !== 'int') throw new CallError(`cannot index slice/array with type ${typeName(key)}`);
  const position = integerOf(key);
  if (position < 0n || position > BigInt(count)) throw new CallError(`index out of range: ${position}`);
  return Number(position);
}

function slice(value: Value, ...bounds: Value[]): Value {
  if (value == null) throw new CallError('slice of untyped nil');
  if (bounds.length > 3) throw new CallError(`too many slice indexes: ${bounds.length}`);
  if (typeof value === 'string') return sliceText(value, bounds);
  if (!(value instanceof GoList)) throw new CallError(`can't slice item of type ${pointeeType(value)}`);
  const [start, end] = range(bounds, value.length);
  return new GoList(value.items.slice(start, end), value);
}

/** By bytes: half of a character becomes a replacement character here, where Go keeps the bytes. */
function sliceText(text: string, bounds: readonly Value[]): string {
  if (bounds.length === 3) throw new CallError('cannot 3-index slice a string');
  const bytes = new TextEncoder().encode(text);
  const [start, end] = range(bounds, bytes.length);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, end));
}

function range(bounds: readonly Value[], count: number): readonly [number, number] {
  const given = bounds.map((value) => bound(value, count));
  const [start = 0, end = count, most = Infinity] = given;
  if (start > end) throw new CallError(`invalid slice index: ${start} > ${end}`);
  if (end > most) throw new CallError(`invalid slice index: ${end} > ${most}`);
  return [start, end];
}
