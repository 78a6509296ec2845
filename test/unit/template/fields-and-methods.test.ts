/** Objects show the fields and methods that their maker has listed, and nothing else that JavaScript gives them. */
import { define } from '../../../src/template/value/functions';
import { GoList, GoMap, GoObject, stringMap } from '../../../src/template/value/values';
import { problem, render } from './render';

const point = new GoObject({
  type: '*geo.Point',
  fields: [
    { name: 'X', value: 1n },
    { name: 'Any', type: 'interface {}', value: 'text' },
  ],
  methods: {
    Plus: define(['int', 'int'], (a, b) => a + b),
    Name: define([], () => 'origin'),
  },
  subject: 'for its maker alone',
});

it.each([
  ['{{.X}}', '1'],
  ['{{.Name}}', 'origin'],
  ['{{.Plus 1 2}}', '3'],
  ['{{2 | .Plus 1}}', '3'],
  ['{{(.Plus 1 2) | printf "%T"}}', 'int'],
  ['{{.}}', '{1 text}'],
  ['{{printf "%+v" .}}', '&{X:1 Any:text}'],
])('%s', (text, expected) => {
  expect(render(text, point)).toBe(expected);
});

it.each([
  ['{{.Nope}}', "can't evaluate field Nope in type *geo.Point"],
  ['{{.subject}}', "can't evaluate field subject in type *geo.Point"],
  ['{{.constructor}}', "can't evaluate field constructor in type *geo.Point"],
  ['{{.X 1}}', 'X has arguments but cannot be invoked as function'],
  ['{{.Plus 1}}', 'wrong number of args for Plus: want 2 got 1'],
  ['{{.Plus 1 "a"}}', 'expected integer; found "a"'],
])('%s is refused', (text, message) => {
  expect(problem(text, point)).toContain(`: ${message}`);
});

it('maps and lists may have methods and a text of their own', () => {
  const methods = { Count: define([], () => 7n) };
  const map = new GoMap(new Map([['a', 'b']]), 'string', { type: 'KV', methods, text: () => 'a is b' });
  const list = new GoList(['x'], { type: 'Names', methods, text: () => 'x alone' });
  expect(render('{{.map}} {{.map.a}} {{.map.Count}} {{printf "%T %q" .map .map}}', { map })).toBe(
    'a is b b 7 KV "a is b"',
  );
  expect(render('{{.list}} {{.list.Count}} {{index .list 0}} {{printf "%#v" .list}}', { list })).toBe(
    'x alone 7 x Names{"x"}',
  );
});

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', '__defineGetter__'])(
  '%s of a map is a key like others',
  (name) => {
    expect(render(`{{.${name}}}`, {})).toBe('<no value>');
    expect(
      render(`{{.map.${name}}}{{index .map "${name}"}}`, { map: stringMap({}) }, { missingKey: 'zero' }),
    ).toBe('');
    expect(render(`{{.${name}}}`, JSON.parse(`{"${name}": "own"}`))).toBe('own');
  },
);

it.each(['constructor', '__proto__', 'toString', 'valueOf'])('%s is no function', (name) => {
  expect(problem(`{{${name}}}`)).toBe(`template: test:1: function "${name}" not defined`);
});

it.each([
  ['a date', new Date(0), 'Date'],
  ['a function', () => 1, 'function'],
  ['a symbol', Symbol('s'), 'symbol'],
])('%s is no data', (_, value, type) => {
  expect(problem('{{.x}}', { x: value })).toContain(`a template's data can't hold a ${type}`);
  expect(problem('{{.}}', value)).toContain(`a template's data can't hold a ${type}`);
});
