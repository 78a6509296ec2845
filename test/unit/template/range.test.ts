/** `range` goes over lists in order, over maps by sorted key, and over the integers below a number. */
import { stringList, stringMap } from '../../../src/template/value/values';
import { problem, render } from './render';

const DATA = {
  list: [1n, 'two', null],
  texts: stringList(['a', 'b', 'c']),
  map: stringMap({ b: '2', a: '1', é: '4', z: '3', '😀': '6', '\uffff': '5' }),
  jsMap: new Map([
    ['y', 2n],
    ['x', 1n],
  ]),
  empty: [],
  none: null,
  three: 3n,
  float: 2.5,
};

it.each([
  ['{{range .list}}[{{.}}]{{end}}', '[1][two][<no value>]'],
  ['{{range $k, $v := .map}}{{$k}}{{$v}} {{end}}', 'a1 b2 z3 é4 \uffff5 😀6 '],
  ['{{range .jsMap}}{{.}}{{end}}', '12'],
  ['{{range .three}}{{.}}{{end}}', '012'],
  ['{{range $i := 3}}{{$i}}{{end}}', '012'],
  ['{{range -1}}x{{else}}none{{end}}', 'none'],
  ['{{range .empty}}x{{else}}none{{end}}', 'none'],
  ['{{range .none}}x{{else}}none{{end}}', 'none'],
  ['{{range .missing}}x{{else}}none{{end}}', 'none'],
  ['{{range .texts}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
  ['{{range .texts}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}}', 'ac'],
  ['{{range .texts}}{{range 2}}{{break}}{{end}}{{.}}{{end}}', 'abc'],
  ['{{range .texts}}{{$x := .}}{{$x}}{{end}}', 'abc'],
])('%s', (text, expected) => {
  expect(render(text, DATA)).toBe(expected);
});

it.each([
  [
    '{{range $i, $e := 3}}{{end}}',
    'test:1:18: executing "test" at <3>: can\'t use 3 to iterate over more than one variable',
  ],
  ['{{range .float}}{{end}}', 'test:1:8: executing "test" at <.float>: range can\'t iterate over 2.5'],
  [
    '{{range .texts}}{{.q}}{{end}}',
    'test:1:18: executing "test" at <.q>: can\'t evaluate field q in type string',
  ],
  [
    '{{range .list}}{{.q}}{{end}}',
    'test:1:17: executing "test" at <.q>: can\'t evaluate field q in type interface {}',
  ],
  ['{{break}}', 'test:1: {{break}} outside {{range}}'],
  ['{{continue}}', 'test:1: {{continue}} outside {{range}}'],
])('%s is refused', (text, message) => {
  expect(problem(text, DATA)).toBe(`template: ${message}`);
});
