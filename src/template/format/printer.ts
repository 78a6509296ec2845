/** Values as Go's fmt prints them, for one verb at a time. */
import { MAX_OUTPUT } from '../limits';
import { CallError } from '../value/functions';
import {
  type GoList,
  type GoMap,
  GoObject,
  integerOf,
  kindOf,
  toValue,
  typeName,
  type Field,
  type Value,
} from '../value/values';
import { noFlags, padded, type Flags } from './flags';
import { formatFloat, formatInteger } from './numbers';
import { canBackquote, quote } from './quote';

/** Deeper values are no data that anyone prints. */
const MAX_DEPTH = 200;

/** Verbs for which a value's own text stands in. */
const TEXT_VERBS = 'vsxXq';

export class Printer {
  private text = '';
  /** Inside `%!d(…)`, where a value's own text is not asked for. */
  private isComplaining = false;
  flags: Flags = noFlags();

  write(text: string): void {
    this.text += text;
    if (this.text.length > MAX_OUTPUT) throw new CallError(`text is longer than ${MAX_OUTPUT} characters`);
  }

  toString(): string {
    return this.text;
  }

  /** An argument of printf or print. */
  argument(value: Value, verb: string): void {
    if (value == null && (verb === 'v' || verb === 'T')) this.write(padded('<nil>', this.flags));
    else if (verb === 'T') this.string(typeName(value), 's');
    // `%w` is for errors alone: lists and maps are refused as wholes.
    else if (verb === 'w') this.complain(value, verb);
    else this.value(value, verb, 0);
  }

  private value(value: Value, verb: string, depth: number): void {
    if (depth > MAX_DEPTH) throw new CallError(`can't print a value of more than ${MAX_DEPTH} levels`);
    const own = ownText(value);
    if (own && this.takesText(verb)) return this.string(own(), verb);
    switch (kindOf(value)) {
      case 'invalid':
        return this.nothing(value, verb, depth);
      case 'bool':
        return this.formatted(value, verb, 'vt'.includes(verb) ? padded(String(value), this.flags) : null);
      case 'float64':
        return this.formatted(value, verb, formatFloat(value as number, verb, this.flags));
      case 'string':
        return this.string(value as string, verb);
      case 'map':
        return this.map(value as GoMap, verb, depth);
      case 'slice':
        return this.list(value as GoList, verb, depth);
      case 'int':
      case 'struct':
      case 'ptr':
        return this.integerOrObject(value as bigint | GoObject, verb, depth);
    }
  }

  private nothing(value: Value, verb: string, depth: number): void {
    if (depth === 0) this.complain(value, verb);
    else this.write(this.flags.sharpV ? 'interface {}(nil)' : '<nil>');
  }

  private formatted(value: Value, verb: string, text: string | null): void {
    if (text === null) this.complain(value, verb);
    else this.write(text);
  }

  private integerOrObject(value: bigint | GoObject, verb: string, depth: number): void {
    if (value instanceof GoObject && value.underlying === undefined) return this.struct(value, verb, depth);
    return this.formatted(value, verb, formatInteger(integerOf(value), verb, this.flags));
  }

  private takesText(verb: string): boolean {
    return !this.isComplaining && !this.flags.sharpV && TEXT_VERBS.includes(verb);
  }

  private string(text: string, verb: string): void {
    const { sharp, sharpV, plus } = this.flags;
    if (verb === 'v' ? !sharpV : verb === 's') return this.write(padded(this.truncated(text), this.flags));
    if (verb === 'x' || verb === 'X') return this.write(hexadecimal(text, verb, this.flags));
    if (verb !== 'q' && verb !== 'v') return this.complain(text, verb);
    const shown = this.truncated(text);
    this.write(padded(sharp && canBackquote(shown) ? `\`${shown}\`` : quote(shown, plus), this.flags));
  }

  private truncated(text: string): string {
    const { precision } = this.flags;
    return precision === undefined || text.length <= precision
      ? text
      : [...text].slice(0, precision).join('');
  }

  private map(map: GoMap, verb: string, depth: number): void {
    const { sharpV } = this.flags;
    this.write(sharpV ? `${map.type}{` : 'map[');
    map.keys().forEach((key, index) => {
      if (index > 0) this.separator();
      this.value(key, verb, depth + 1);
      this.write(':');
      this.value(map.get(key), verb, depth + 1);
    });
    this.write(sharpV ? '}' : ']');
  }

  private list(list: GoList, verb: string, depth: number): void {
    const { sharpV } = this.flags;
    this.write(sharpV ? `${list.type}{` : '[');
    for (let i = 0; i < list.length; i++) {
      if (i > 0) this.separator();
      this.value(list.at(i), verb, depth + 1);
    }
    this.write(sharpV ? '}' : ']');
  }

  /** A pointer shows what it points to: Go prints an address where it stands inside of something else. */
  private struct(object: GoObject, verb: string, depth: number): void {
    const type = object.type.replace(/^\*/, '');
    this.write(`${object.isPointer ? '&' : ''}${this.flags.sharpV ? type : ''}{`);
    object.fields.forEach((field, index) => {
      if (index > 0) this.separator();
      this.field(field, verb, depth);
    });
    this.write('}');
  }

  private field({ name, value }: Field, verb: string, depth: number): void {
    if (this.flags.plusV || this.flags.sharpV) this.write(`${name}:`);
    this.value(toValue(value) ?? null, verb, depth + 1);
  }

  private separator(): void {
    this.write(this.flags.sharpV ? ', ' : ' ');
  }

  /** A verb that the value does not have. */
  private complain(value: Value, verb: string): void {
    this.isComplaining = true;
    this.write(`%!${verb}(`);
    if (value == null) this.write('<nil>');
    else {
      this.write(`${typeName(value)}=`);
      this.value(value, 'v', 0);
    }
    this.write(')');
    this.isComplaining = false;
  }
}

function ownText(value: Value): (() => string) | undefined {
  return typeof value === 'object' ? value?.text : undefined;
}

/** A text's bytes in hexadecimal; the precision says how many of them. */
function hexadecimal(text: string, verb: 'x' | 'X', flags: Flags): string {
  const all = new TextEncoder().encode(text);
  const bytes = flags.precision === undefined ? all : all.subarray(0, flags.precision);
  const parts = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  const prefix = flags.sharp && parts.length > 0 ? '0x' : '';
  const digits = flags.space ? parts.map((part) => prefix + part).join(' ') : prefix + parts.join('');
  return padded(verb === 'X' ? digits.toUpperCase() : digits, flags);
}

/** `print`: spaces stand between two operands when neither is a text. */
export function sprint(values: readonly Value[]): string {
  const printer = new Printer();
  values.forEach((value, index) => {
    const isApart = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string';
    if (isApart) printer.write(' ');
    printer.argument(value, 'v');
  });
  return printer.toString();
}

/** `println`: spaces stand between all operands. */
export function sprintln(values: readonly Value[]): string {
  const printer = new Printer();
  values.forEach((value, index) => {
    if (index > 0) printer.write(' ');
    printer.argument(value, 'v');
  });
  printer.write('\n');
  return printer.toString();
}
