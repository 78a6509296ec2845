/**
 * The values of templates. Go's templates see static types, and print, compare and refuse by them; here each type has
 * one JavaScript form:
 *
 * | Go | here |
 * | --- | --- |
 * | int and the other integers | `bigint` |
 * | float64 | `number` |
 * | string, bool | `string`, `boolean` |
 * | map | `GoMap`; a plain object or `Map` with text keys is `map[string]interface {}` |
 * | slice | `GoList`; an array is `[]interface {}` |
 * | struct, pointer, named number | `GoObject` |
 * | nil inside an `interface {}` | `null` |
 * | no value at all (a missing key) | `undefined` |
 *
 * Nothing else of a JavaScript object can be reached: a key is its own or it is missing, and methods are those of a
 * table that its maker has given.
 */
import type { FunctionTable } from './functions';

export type Value = undefined | null | boolean | number | bigint | string | GoMap | GoList | GoObject;

export const INTERFACE = 'interface {}';

const NO_METHODS: FunctionTable = Object.freeze({});

export interface Described {
  /** The type's name as `%T` prints it. */
  readonly type?: string;
  readonly methods?: FunctionTable;
  /** What its `String` method answers: printing takes that, as for each `fmt.Stringer`. */
  readonly text?: () => string;
}

/** A map with text keys. `element` is what its values are declared as: a missing key has that type's zero value. */
export class GoMap {
  readonly type: string;
  readonly methods: FunctionTable;
  readonly text?: () => string;

  constructor(
    private readonly entries: ReadonlyMap<string, unknown>,
    readonly element: string = INTERFACE,
    described: Described = {},
  ) {
    this.type = described.type ?? `map[string]${element}`;
    this.methods = described.methods ?? NO_METHODS;
    this.text = described.text;
  }

  get size(): number {
    return this.entries.size;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  get(key: string): Value {
    return this.entries.has(key) ? (toValue(this.entries.get(key)) ?? null) : undefined;
  }

  /** In the order in which Go ranges over a map and prints it. */
  keys(): string[] {
    return [...this.entries.keys()].sort(compareText);
  }

  zero(): Value {
    return this.element === 'string' ? '' : null;
  }
}

export class GoList {
  readonly type: string;
  readonly methods: FunctionTable;
  readonly text?: () => string;

  constructor(
    readonly items: readonly unknown[],
    described: Described = {},
  ) {
    this.type = described.type ?? `[]${INTERFACE}`;
    this.methods = described.methods ?? NO_METHODS;
    this.text = described.text;
  }

  get length(): number {
    return this.items.length;
  }

  /** Whether its elements are declared as `interface {}`: errors then name that type, and not the element's own. */
  get isOfInterfaces(): boolean {
    return this.type === `[]${INTERFACE}`;
  }

  at(index: number): Value {
    return toValue(this.items[index]) ?? null;
  }
}

export interface Field {
  readonly name: string;
  /** What the field is declared as, where that is less than what it holds. */
  readonly type?: string;
  /** What it is called in JSON, where that is another name. */
  readonly json?: string;
  readonly value: unknown;
}

export interface ObjectParts extends Omit<Described, 'methods'> {
  /** Starts with `*` for a pointer. */
  readonly type: string;
  readonly fields?: readonly Field[];
  /** A table that is large, of an object of which there are many, is made when it is asked for. */
  readonly methods?: FunctionTable | (() => FunctionTable);
  /** The number below a named type such as `time.Duration`: it is compared by it. */
  readonly underlying?: bigint;
  /** What it stands for, for the functions that are made for it: no template can see this. */
  readonly subject?: unknown;
}

export class GoObject {
  readonly type: string;
  private table: FunctionTable | (() => FunctionTable);
  readonly fields: readonly Field[];
  readonly text?: () => string;
  readonly underlying?: bigint;
  readonly subject?: unknown;

  constructor(parts: ObjectParts) {
    this.type = parts.type;
    this.table = parts.methods ?? NO_METHODS;
    this.fields = parts.fields ?? [];
    this.text = parts.text;
    this.underlying = parts.underlying;
    this.subject = parts.subject;
  }

  get methods(): FunctionTable {
    if (typeof this.table === 'function') this.table = this.table();
    return this.table;
  }

  get isPointer(): boolean {
    return this.type.startsWith('*');
  }

  field(name: string): Field | undefined {
    return this.fields.find((field) => field.name === name);
  }

  /** What a pointer points to: a template prints that, and not `&{…}`. */
  pointee(): GoObject {
    return this.isPointer ? new GoObject({ ...this, methods: this.table, type: this.type.slice(1) }) : this;
  }
}

/** A `map[string]string`, such as labels: a missing key is the empty text under `missingkey=zero`. */
export function stringMap(entries: Readonly<Record<string, string>>): GoMap {
  return new GoMap(new Map(Object.entries(entries)), 'string');
}

export function stringList(items: readonly string[]): GoList {
  return new GoList(items, { type: '[]string' });
}

/** The template's view of a JavaScript value; throws a TypeError for what has none. */
export function toValue(data: unknown): Value {
  switch (typeof data) {
    case 'undefined':
    case 'boolean':
    case 'number':
    case 'bigint':
    case 'string':
      return data;
    case 'object':
      return objectValue(data);
    default:
      throw new TypeError(`a template's data can't hold a ${typeof data}`);
  }
}

function objectValue(data: object | null): Value {
  if (data === null || data instanceof GoMap || data instanceof GoList || data instanceof GoObject)
    return data;
  if (Array.isArray(data)) return new GoList(data);
  if (data instanceof Map) return new GoMap(data as ReadonlyMap<string, unknown>);
  const prototype = Object.getPrototypeOf(data) as object | null;
  if (prototype === null || prototype === Object.prototype) return new GoMap(new Map(Object.entries(data)));
  throw new TypeError(
    `a template's data can't hold a ${data.constructor.name}: give its fields as a plain object, or make a GoObject`,
  );
}

export type Kind = 'invalid' | 'bool' | 'int' | 'float64' | 'string' | 'map' | 'slice' | 'struct' | 'ptr';

/** The kind that decides how a value is compared, counted and ranged over. */
export function kindOf(value: Value): Kind {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float64';
    case 'bigint':
      return 'int';
    case 'string':
      return 'string';
    default:
      return value == null ? 'invalid' : compositeKind(value);
  }
}

function compositeKind(value: GoMap | GoList | GoObject): Kind {
  if (value instanceof GoMap) return 'map';
  if (value instanceof GoList) return 'slice';
  if (value.isPointer) return 'ptr';
  return value.underlying === undefined ? 'struct' : 'int';
}

/** The type's name as Go prints it. */
export function typeName(value: Value): string {
  if (value == null) return INTERFACE;
  return typeof value === 'object' ? value.type : kindOf(value);
}

/** The integer that a value of kind `int` has. */
export function integerOf(value: Value): bigint {
  return value instanceof GoObject ? value.underlying! : (value as bigint);
}

/** Empty and zero values count as false, as do nil ones; a struct is always true. */
export function isTrue(value: Value): boolean {
  switch (kindOf(value)) {
    case 'map':
      return (value as GoMap).size > 0;
    case 'slice':
      return (value as GoList).length > 0;
    case 'int':
      return integerOf(value) !== 0n;
    case 'float64':
      return value !== 0;
    case 'struct':
    case 'ptr':
      return true;
    default:
      return Boolean(value);
  }
}

/** Go's order of texts is that of their UTF-8 bytes, which is that of code points; JavaScript's is that of UTF-16 units. */
export function compareText(a: string, b: string): number {
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return codePointRank(left) - codePointRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
