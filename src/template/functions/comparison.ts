/** `eq`, `lt` and `le`: values of one kind are compared, others refused. */
import { sprintf } from '../format/printf';
import { CallError } from '../value/functions';
import {
  compareText,
  GoList,
  GoMap,
  GoObject,
  integerOf,
  kindOf,
  typeName,
  type Kind,
  type Value,
} from '../value/values';

const BASIC: ReadonlySet<Kind> = new Set<Kind>(['bool', 'int', 'float64', 'string']);

/** Whether the value equals one of the others. */
export function equal(value: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new CallError('missing argument for comparison');
  return others.some((other) => equals(value, other));
}

function equals(a: Value, b: Value): boolean {
  const [left, right] = [basicKind(a), basicKind(b)];
  if (left !== right) {
    if (a != null && b != null) throw incompatible(a, b);
    return false;
  }
  if (left === null) return sameComposite(a, b);
  return left === 'int' ? integerOf(a) === integerOf(b) : a === b;
}

/** Maps and slices are equal to nothing but, as nil, to nil. */
function sameComposite(a: Value, b: Value): boolean {
  if (a == null || b == null) return a == null && b == null;
  if (kindOf(a) !== kindOf(b)) {
    throw new CallError(
      `non-comparable types ${sprintf('%s', [a])}: ${typeName(a)}, ${typeName(b)}: ${sprintf('%v', [b])}`,
    );
  }
  if (!(b instanceof GoObject) || hasComposite(b)) {
    throw new CallError(`non-comparable type ${sprintf('%s', [b])}: ${typeName(b)}`);
  }
  return a === b || sameStruct(a as GoObject, b);
}

/** A struct is comparable unless it holds a map or slice; a pointer always is. */
function hasComposite({ isPointer, fields }: GoObject): boolean {
  return !isPointer && fields.some(({ value }) => value instanceof GoMap || value instanceof GoList);
}

/** Structs are equal when what they stand for is; pointers only when they are one. */
function sameStruct(a: GoObject, b: GoObject): boolean {
  return !a.isPointer && a.type === b.type && a.subject !== undefined && a.subject === b.subject;
}

export function less(a: Value, b: Value): boolean {
  const [left, right] = [basicKind(a), basicKind(b)];
  if (left === null || right === null) throw new CallError('invalid type for comparison');
  if (left !== right) throw incompatible(a, b);
  switch (left) {
    case 'int':
      return integerOf(a) < integerOf(b);
    case 'float64':
      return (a as number) < (b as number);
    case 'string':
      return compareText(a as string, b as string) < 0;
    default:
      throw new CallError('invalid type for comparison');
  }
}

export function lessOrEqual(a: Value, b: Value): boolean {
  return less(a, b) || equal(a, [b]);
}

function basicKind(value: Value): Kind | null {
  const kind = kindOf(value);
  return BASIC.has(kind) ? kind : null;
}

function incompatible(a: Value, b: Value): CallError {
  return new CallError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}
