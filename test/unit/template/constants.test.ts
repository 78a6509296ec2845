/** Constants are Go's, and have Go's types: an int is no float64, whatever JavaScript thinks. */
import { problem, render } from './render';

it.each([
  ['1', '1', 'int'],
  ['-1', '-1', 'int'],
  ['1_000', '1000', 'int'],
  ['0x1F', '31', 'int'],
  ['0b101', '5', 'int'],
  ['0o17', '15', 'int'],
  ['017', '15', 'int'],
  ['9223372036854775807', '9223372036854775807', 'int'],
  ["'a'", '97', 'int'],
  [String.raw`'\n'`, '10', 'int'],
  [String.raw`'\x41'`, '65', 'int'],
  ["'日'", '26085', 'int'],
  ['1.0', '1', 'float64'],
  ['1e3', '1000', 'float64'],
  ['1e6', '1e+06', 'float64'],
  ['.5', '0.5', 'float64'],
  ['5.', '5', 'float64'],
  ['0x1.8p1', '3', 'float64'],
  ['123456789.0', '1.23456789e+08', 'float64'],
  ['1e-5', '1e-05', 'float64'],
  ['true', 'true', 'bool'],
  [String.raw`"a\tb\x41\u00e9\U0001F600\101\"\\"`, 'a\tbAé😀A"\\', 'string'],
  [String.raw`"\xc3\xa9"`, 'é', 'string'],
  ['`raw\\n"x"`', 'raw\\n"x"', 'string'],
  ['`two\r\nlines`', 'two\nlines', 'string'],
])('%s prints %s and is of type %s', (constant, printed, type) => {
  expect(render(`{{${constant}}}~{{printf "%T" ${constant}}}`)).toBe(`${printed}~${type}`);
});

it.each([
  [String.raw`"\q"`, 'invalid syntax'],
  [String.raw`"\'"`, 'invalid syntax'],
  [String.raw`"\400"`, 'invalid syntax'],
  [String.raw`"\ud800"`, 'invalid syntax'],
  ["''", 'invalid syntax'],
  ["'ab'", "malformed character constant: 'ab'"],
  ['08', 'integer overflow: "08"'],
  ['18446744073709551616', 'integer overflow: "18446744073709551616"'],
  ['1__0', 'illegal number syntax: "1__0"'],
  ['1.2.3', 'unexpected ".3" in operand'],
  ['1a', 'bad number syntax: "1a"'],
  ['1+2', 'bad number syntax: "1+2"'],
  ['1e400', 'illegal number syntax: "1e400"'],
  ['2i', 'complex constants are not supported: "2i"'],
])('%s is refused', (constant, message) => {
  expect(problem(`{{${constant}}}`)).toBe(`template: test:1: ${message}`);
});

it('an integer that only an unsigned one could hold fails where it is used', () => {
  expect(problem('{{9223372036854775808}}')).toBe(
    'template: test:1:2: executing "test" at <9223372036854775808>: 9223372036854775808 overflows int',
  );
});
