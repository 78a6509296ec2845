/**
 * Go's Sprintf: reads a format's directives (flags, argument indexes, width, precision, verb), and prints each argument.
 * It never fails for a wrong format: it says in the text what is wrong, as `%!d(string=hi)` or `%!(EXTRA int=1)`.
 */
import { integerOf, kindOf, typeName, type Value } from '../value/values';
import { noFlags, type Flags } from './flags';
import { Printer } from './printer';

/** The widest width and precision. */
const MAX_NUMBER = 1_000_000;

const SWITCHES: Readonly<Record<string, 'minus' | 'plus' | 'sharp' | 'space' | 'zero'>> = {
  '-': 'minus',
  '+': 'plus',
  '#': 'sharp',
  ' ': 'space',
  '0': 'zero',
};

export function sprintf(format: string, values: readonly Value[]): string {
  return new Formatter(format, values).run();
}

class Formatter {
  private readonly printer = new Printer();
  private position = 0;
  private index = 0;
  /** Whether an argument was chosen by its number: then nobody counts what is left over. */
  private isReordered = false;
  private isGoodIndex = true;
  private isAfterIndex = false;

  constructor(
    private readonly format: string,
    private readonly values: readonly Value[],
  ) {}

  run(): string {
    while (this.position < this.format.length) this.textAndDirective();
    if (!this.isReordered && this.index < this.values.length) this.extra();
    return this.printer.toString();
  }

  private textAndDirective(): void {
    const percent = this.format.indexOf('%', this.position);
    const end = percent < 0 ? this.format.length : percent;
    this.printer.write(this.format.slice(this.position, end));
    this.position = end + 1;
    if (percent >= 0) this.directive();
  }

  private directive(): void {
    this.isGoodIndex = true;
    const flags = this.readSwitches();
    this.printer.flags = flags;
    this.readIndex();
    this.readWidth(flags);
    this.readPrecision(flags);
    if (!this.isAfterIndex) this.readIndex();
    if (this.position >= this.format.length) this.printer.write('%!(NOVERB)');
    else this.print(this.readVerb(), flags);
  }

  private readSwitches(): Flags {
    const flags = noFlags();
    for (; Object.hasOwn(SWITCHES, this.current()); this.position++) flags[SWITCHES[this.current()]!] = true;
    return flags;
  }

  private current(): string {
    return this.format[this.position] ?? '';
  }

  private readVerb(): string {
    const verb = String.fromCodePoint(this.format.codePointAt(this.position)!);
    this.position += verb.length;
    return verb;
  }

  private readWidth(flags: Flags): void {
    if (this.current() === '*') {
      this.starWidth(flags);
      return;
    }
    flags.width = this.readNumber();
    if (this.isAfterIndex && flags.width !== undefined) this.isGoodIndex = false;
  }

  private starWidth(flags: Flags): void {
    const width = this.starred();
    if (width === undefined) this.printer.write('%!(BADWIDTH)');
    flags.width = width === undefined ? undefined : Math.abs(width);
    if (width !== undefined && width < 0) Object.assign(flags, { minus: true, zero: false });
  }

  private readPrecision(flags: Flags): void {
    if (this.current() !== '.' || this.position + 1 >= this.format.length) return;
    this.position++;
    if (this.isAfterIndex) this.isGoodIndex = false;
    this.readIndex();
    if (this.current() !== '*') {
      flags.precision = this.readNumber() ?? 0;
      return;
    }
    const precision = this.starred();
    flags.precision = precision === undefined || precision < 0 ? undefined : precision;
    if (flags.precision === undefined) this.printer.write('%!(BADPREC)');
  }

  /** The integer that the next argument has, for `*`. */
  private starred(): number | undefined {
    this.position++;
    this.isAfterIndex = false;
    if (this.index >= this.values.length) return undefined;
    const value = this.values[this.index++];
    if (kindOf(value) !== 'int') return undefined;
    const number = integerOf(value);
    return number > MAX_NUMBER || number < -MAX_NUMBER ? undefined : Number(number);
  }

  /** A number too large swallows the rest of the format, as in Go. */
  private readNumber(): number | undefined {
    const digits = /\d*/y;
    digits.lastIndex = this.position;
    const found = digits.exec(this.format)![0];
    if (found === '') return undefined;
    this.position += found.length;
    const isTooLarge = Number(found.slice(0, -1)) > MAX_NUMBER;
    if (!isTooLarge) return Number(found);
    this.position = this.format.length;
    return undefined;
  }

  /** `[3]`: the next argument is the third. */
  private readIndex(): void {
    this.isAfterIndex = false;
    if (this.current() !== '[') return;
    this.isReordered = true;
    // `[]` at the very end is too short for Go to look for its end.
    const isTooShort = this.format.length - this.position < 3;
    const close = isTooShort ? -1 : this.format.indexOf(']', this.position);
    const digits = this.format.slice(this.position + 1, close);
    const isNumber = close >= 0 && /^\d+$/.test(digits);
    this.position = close < 0 ? this.position + 1 : close + 1;
    const index = Number(digits) - 1;
    this.isAfterIndex = isNumber;
    if (isNumber && index >= 0 && index < this.values.length) this.index = index;
    else this.isGoodIndex = false;
  }

  private print(verb: string, flags: Flags): void {
    if (verb === '%') return this.printer.write('%');
    if (!this.isGoodIndex) return this.printer.write(`%!${verb}(BADINDEX)`);
    if (this.index >= this.values.length) return this.printer.write(`%!${verb}(MISSING)`);
    if (verb === 'v' || verb === 'w') {
      Object.assign(flags, { sharpV: flags.sharp, sharp: false, plusV: flags.plus, plus: false });
    }
    this.printer.argument(this.values[this.index++], verb);
  }

  private extra(): void {
    this.printer.flags = noFlags();
    this.printer.write('%!(EXTRA ');
    this.values.slice(this.index).forEach((value, index) => {
      if (index > 0) this.printer.write(', ');
      if (value != null) this.printer.write(`${typeName(value)}=`);
      this.printer.argument(value, 'v');
    });
    this.printer.write(')');
  }
}
