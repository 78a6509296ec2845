/** Values in the output and in `print` and `println` have Go's default form. */
import { stringMap } from '../../../src/template/value/values';
import { render } from './render';

it.each([
  [0, '0'],
  [-0, '-0'],
  [1, '1'],
  [0.1, '0.1'],
  [100_000, '100000'],
  [1e6, '1e+06'],
  [123_456_789, '1.23456789e+08'],
  [1e-4, '0.0001'],
  [1e-5, '1e-05'],
  [5e-324, '5e-324'],
  [Number.MAX_VALUE, '1.7976931348623157e+308'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [NaN, 'NaN'],
  [1_000_000n, '1000000'],
  ['<b>', '<b>'],
  [true, 'true'],
  [null, '<no value>'],
  [undefined, '<no value>'],
  [[1n, 'two', null], '[1 two <nil>]'],
  [{ b: 1n, a: [2] }, 'map[a:[2] b:1]'],
  [stringMap({ 'x-y': 'z' }), 'map[x-y:z]'],
])('%p prints %s', (value, expected) => {
  expect(render('{{.}}', value)).toBe(expected);
});

it.each([
  ['{{print 1 2}}', '1 2'],
  ['{{print "a" 1 2 "b" 3.5}}', 'a1 2b3.5'],
  ['{{print "a" "b"}}', 'ab'],
  ['{{print nil}}', '<nil>'],
  ['{{print .nope}}', '<nil>'],
  ['{{print}}', ''],
  ['{{println 1 "a"}}', '1 a\n'],
  ['{{println}}', '\n'],
])('%s', (text, expected) => {
  expect(render(text)).toBe(expected);
});
