/** A template that would never end, or fill the memory, is stopped with an error. */
import { ruleProblem } from './rule';

const double = (times: number) => `{{$x := "aaaaaaaaaa"}}{{range ${times}}}{{$x = print $x $x}}{{end}}`;

it.each([
  ['a range over a huge number', '{{range 1000000000000}}{{end}}', 'more than 500000 steps'],
  ['ranges inside each other', '{{range 100000}}{{range 100000}}{{end}}{{end}}', 'more than 500000 steps'],
  ['long output', '{{range 2000}}{{printf "%1000d" 1}}{{end}}', 'output is longer than 1048576 characters'],
  ['a text that doubles', double(100), 'text is longer than 1048576 characters'],
  ['a huge width', '{{printf "%9999999d" 1}}', 'text is longer than 1048576 characters'],
  ['many wide texts', '{{range 100000}}{{$x := printf "%1000000d" 1}}{{end}}', 'more than 500000 steps'],
  [
    'a template that calls itself',
    '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}',
    'exceeded maximum template depth (100)',
  ],
  ['deep parentheses', `{{${'('.repeat(100_000)}1${')'.repeat(100_000)}}}`, 'max expression depth exceeded'],
  [
    'deep control structures',
    '{{if true}}'.repeat(100_000),
    'more than 500 control structures inside each other',
  ],
  [
    'depth that templates add up',
    `{{define "a"}}${'{{if true}}'.repeat(90)}{{template "a"}}${'{{end}}'.repeat(90)}{{end}}{{template "a"}}`,
    'more than 500 levels inside each other',
  ],
  [
    'a value of many levels',
    '{{$x := args 1}}{{range 1000}}{{$x = args $x}}{{end}}{{$x}}',
    "can't print a value of more than 200 levels",
  ],
  [
    'a value that doubles',
    '{{$x := args 1}}{{range 40}}{{$x = args $x $x}}{{end}}{{$x}}',
    'text is longer than 1048576 characters',
  ],
  [
    'many large expressions',
    '{{range 100000}}{{$y := match "((a{100}){10})" "a"}}{{end}}',
    'more than 500000 steps',
  ],
  [
    'an expression over long texts',
    `${double(16)}{{range 1000}}{{$y := reReplaceAll "a*b" "" $x}}{{end}}`,
    'more than 500000 steps',
  ],
  [
    'a replacement that multiplies',
    `${double(16)}{{reReplaceAll "" $x $x}}`,
    'is longer than 1048576 characters',
  ],
])('%s', (_, text, message) => {
  expect(ruleProblem(text)).toContain(message);
});

it('what is nested as far as allowed runs', () => {
  const levels = 240;
  expect(ruleProblem('{{range 1}}'.repeat(levels) + 'x' + '{{end}}'.repeat(levels))).toBe('no problem: x');
  expect(ruleProblem(`{{${'('.repeat(490)}1${')'.repeat(490)}}}`)).toBe('no problem: 1');
});
