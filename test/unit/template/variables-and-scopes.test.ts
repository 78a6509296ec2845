/** `:=` declares a variable up to the end of its control structure, `=` changes the one that is in scope. */
import { problem, render } from './render';

it.each([
  ['{{$x := 1}}{{$x}}', '1'],
  ['{{$x := 1}}{{$x = 2}}{{$x}}', '2'],
  ['{{$x := 1}}{{if true}}{{$x = 5}}{{$x := 7}}{{$x}}{{end}}{{$x}}', '75'],
  ['{{with $x := 5}}{{$x}}{{.}}{{end}}', '55'],
  ['{{if $x := 5}}{{$x}}{{end}}', '5'],
  ['{{range $i, $e := .list}}{{$i}}{{$e}} {{end}}', '0a 1b '],
  ['{{range $e := .list}}{{$e}}{{end}}', 'ab'],
  ['{{$i := 9}}{{range $i = .list}}{{end}}{{$i}}', 'b'],
  ['{{$i := 9}}{{$e := 9}}{{range $i, $e = .list}}{{end}}{{$i}}{{$e}}', '1b'],
  ['{{with .list}}{{index $.list 1}}{{end}}', 'b'],
  ['{{$ := 1}}{{$}}', '1'],
  ['{{$x := .nope}}{{$x}}', '<no value>'],
  ['{{$x := "a" | printf "%s%s" "b"}}{{$x}}', 'ba'],
])('%s', (text, expected) => {
  expect(render(text, { list: ['a', 'b'] })).toBe(expected);
});

it.each([
  ['{{$y}}', 'template: test:1: undefined variable "$y"'],
  ['{{with $x := 1}}{{end}}{{$x}}', 'template: test:1: undefined variable "$x"'],
  ['{{$x := 1}}{{define "b"}}{{$x}}{{end}}', 'template: test:1: undefined variable "$x"'],
  ['{{$x = 1}}', 'template: test:1:7: executing "test" at <1>: undefined variable: $x'],
  ['{{$x, $y := 1}}', 'template: test:1: too many declarations in command'],
  ['{{range $x, $y, $z := .l}}{{end}}', 'template: test:1: too many declarations in range'],
  ['{{range $x, 1 := .l}}{{end}}', 'template: test:1: range can only initialize variables'],
  ['{{$x := 1}}{{$x : 1}}', 'template: test:1: expected :='],
])('%s is refused', (text, message) => {
  expect(problem(text)).toBe(message);
});
