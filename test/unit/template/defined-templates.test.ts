/** `define` names a template, `template` runs it with its own dot and no variables, `block` does both. */
import { compileTemplate } from '../../../src/template/template';
import { problem, render } from './render';

it.each([
  ['{{define "a"}}[{{.}}]{{end}}{{template "a" .i}}', '[42]'],
  ['{{define "a"}}[{{.}}]{{end}}{{template "a"}}', '[<no value>]'],
  ['{{define `a`}}{{$}}{{end}}{{template `a` .i}}', '42'],
  ['{{template "a" .i}}{{define "a"}}later{{end}}', 'later'],
  ['{{define "a"}}{{end}}{{define "a"}}x{{end}}{{template "a"}}', 'x'],
  ['{{block "b" .i}}<{{.}}>{{end}}', '<42>'],
  ['{{define "test"}}instead of the main one{{end}}', 'instead of the main one'],
])('%s', (text, expected) => {
  expect(render(text, { i: 42n })).toBe(expected);
});

it.each([
  ['{{template "zz"}}', 'test:1:11: executing "test" at <{{template "zz"}}>: template "zz" not defined'],
  ['{{define "a"}}y{{end}}{{define "a"}}x{{end}}', 'test:1: template: multiple definition of template "a"'],
  ['{{if .t}}{{define "a"}}{{end}}{{end}}', 'test:1: unexpected <define> in command'],
  ['{{define "a"}}', 'test:1: unexpected EOF'],
  ['{{define a}}{{end}}', 'test:1: unexpected "a" in define clause'],
  ['{{template .s}}', 'test:1: unexpected ".s" in template clause'],
])('%s is refused', (text, message) => {
  expect(problem(text)).toBe(`template: ${message}`);
});

it('an error inside of one names it, and the line in the source', () => {
  expect(problem('{{define "inner"}}\n  {{.s.t}}{{end}}{{template "inner" .}}', { s: 'x' })).toBe(
    `template: test:2:6: executing "inner" at <.s.t>: can't evaluate field t in type interface {}`,
  );
});

it('a library has definitions for others, which may be replaced', () => {
  const library = [
    { name: 'a.tmpl', text: '{{define "title"}}A{{end}}{{define "body"}}{{template "title"}}!{{end}}' },
  ];
  expect(render('{{template "body"}}', undefined, { library })).toBe('A!');
  expect(render('{{define "title"}}B{{end}}{{template "body"}}', undefined, { library })).toBe('B!');
  expect(compileTemplate('x', { name: 'main', library }).definitions).toEqual([
    'title',
    'body',
    'a.tmpl',
    'main',
  ]);
});
