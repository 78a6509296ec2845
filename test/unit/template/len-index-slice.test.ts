/** `len`, `index` and `slice` count texts in bytes, as Go does. */
import { stringList, stringMap } from '../../../src/template/value/values';
import { problem } from './render';

const DATA = {
  s: 'héllo',
  m: stringMap({ a: '1' }),
  any: { deep: { er: 'in' } },
  l: [1n, 'two', null],
  sl: stringList(['a', 'b', 'c']),
};

it.each([
  ['len .s', '6'],
  ['len "日本"', '6'],
  ['len .m', '1'],
  ['len .l', '3'],
  ['index .m "a"', '1'],
  ['index .m "nope"', ''],
  ['index .any "nope"', '<no value>'],
  ['index .any "deep" "er"', 'in'],
  ['index .l 1', 'two'],
  ['index .s 1', '195'],
  ['slice .s 1 3', 'é'],
  ['slice .s 3', 'llo'],
  ['slice .sl 1 2', '[b]'],
  ['slice .sl 0 2 3', '[a b]'],
  ['slice .sl', '[a b c]'],
])('%s', (call, expected) => {
  expect(problem(`{{${call}}}`, DATA)).toBe(`no problem: ${expected}`);
});

it.each([
  ['len 1', 'len of type int'],
  ['len nil', 'reflect: call of reflect.Value.Type on zero Value'],
  ['index .l 9', 'index out of range: 9'],
  ['index .l 3', 'reflect: slice index out of range'],
  ['index .l -1', 'index out of range: -1'],
  ['index .l "1"', 'cannot index slice/array with type string'],
  ['index .l 1.0', 'cannot index slice/array with type float64'],
  ['index .l nil', 'cannot index slice/array with nil'],
  ['index .l 2 "q"', 'index of nil pointer'],
  ['index .m 1', 'value has type int; should be string'],
  ['index .nope 1', 'index of untyped nil'],
  ['index 1 1', "can't index item of type int"],
  ['slice .sl 2 1', 'invalid slice index: 2 > 1'],
  ['slice .sl 0 5', 'index out of range: 5'],
  ['slice .sl 0 1 2 3', 'too many slice indexes: 4'],
  ['slice .s 0 1 2', 'cannot 3-index slice a string'],
  ['slice .m', "can't slice item of type map[string]string"],
])('%s is refused', (call, message) => {
  expect(problem(`{{${call}}}`, DATA)).toContain(`: ${message}`);
});
