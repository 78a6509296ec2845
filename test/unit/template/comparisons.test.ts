/** Values of one kind are compared; an int and a float64 are not, and nothing is compared with a map. */
import { problem } from './render';

const DATA = { f: 2.5, i: 42n, t: true, n: null, m: { a: 1n }, l: [1n] };

it.each([
  ['eq 1 1', 'true'],
  ['eq 1 2 3 1', 'true'],
  ['eq 1 2 3', 'false'],
  ['eq .f 2.5', 'true'],
  ['eq .i 42', 'true'],
  ['eq "a" "b"', 'false'],
  ['eq .t true', 'true'],
  ['eq .n nil', 'true'],
  ['eq .n 1', 'false'],
  ['eq nil .nope', 'true'],
  ['eq .m nil', 'false'],
  ['ne 1 2', 'true'],
  ['lt 1 2', 'true'],
  ['lt "a" "b"', 'true'],
  ['lt "\\U0001F600" "\\uffff"', 'false'],
  ['le 1 1', 'true'],
  ['gt 2.5 .f', 'false'],
  ['ge .f 2.5', 'true'],
])('%s is %s', (call, expected) => {
  expect(problem(`{{${call}}}`, DATA)).toBe(`no problem: ${expected}`);
});

it.each([
  ['eq 1 1.0', 'eq', 'incompatible types for comparison: int and float64'],
  ['eq "a" 1', 'eq', 'incompatible types for comparison: string and int'],
  ['eq 1', 'eq', 'missing argument for comparison'],
  ['eq .l .l', 'eq', 'non-comparable type [%!s(int=1)]: []interface {}'],
  ['eq .m .l', 'eq', 'non-comparable types map[a:%!s(int=1)]: map[string]interface {}, []interface {}: [1]'],
  ['lt 1 2.0', 'lt', 'incompatible types for comparison: int and float64'],
  ['lt true false', 'lt', 'invalid type for comparison'],
  ['lt .n 1', 'lt', 'invalid type for comparison'],
  ['gt .m 1', 'gt', 'invalid type for comparison'],
])('%s is refused', (call, name, message) => {
  expect(problem(`{{${call}}}`, DATA)).toBe(
    `template: test:1:2: executing "test" at <${call}>: error calling ${name}: ${message}`,
  );
});
