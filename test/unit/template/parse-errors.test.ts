/** What is no template is refused before there is any data, with the name and the line, in Go's words. */
import { compileTemplate, TemplateError } from '../../../src/template/template';
import { problem } from './render';

it.each([
  ['{{', 'unclosed action'],
  ['{{\u00a0}}', 'unrecognized character in action: U+00A0'],
  ['{{ nope }}', 'function "nope" not defined'],
  ['{{1 | nope}}', 'function "nope" not defined'],
  ['{{}}', 'missing value for command'],
  ['{{if}}{{end}}', 'missing value for if'],
  ['{{if .t}}', 'unexpected EOF'],
  ['{{else}}', 'unexpected {{else}}'],
  ['{{end}}', 'unexpected {{end}}'],
  ['{{if .t}}{{else}}{{else}}{{end}}', 'expected end; found {{else}}'],
  ['{{if .t}}{{else with .s}}{{end}}{{end}}', 'unexpected <with> in input'],
  ['{{end 1}}', 'unexpected "1" in end'],
  ['{{(1}}', 'unclosed left paren'],
  ['{{1)}}', 'unexpected right paren'],
  ['{{()}}', 'missing value for parenthesized pipeline'],
  ['{{1 | |}}', 'unexpected "|" in command'],
  ['{{1 || 2}}', 'unexpected "|" in command'],
  ['{{| 1}}', 'unexpected "|" in command'],
  ['{{1 | 2}}', 'non executable command in pipeline stage 2'],
  ['{{1 | .}}', 'non executable command in pipeline stage 2'],
  ['{{1.x}}', 'bad number syntax: "1.x"'],
  ['{{"a".x}}', 'unexpected . after term "\\"a\\""'],
  ['{{nil.x}}', 'unexpected . after term "nil"'],
  ['{{.a-b}}', "bad character U+002D '-'"],
  ['{{"unterminated}}', 'unterminated quoted string'],
  ['{{`unterminated}}', 'unterminated raw quoted string'],
  ["{{'x}}", 'unterminated character constant'],
  ['{{/* c}}', 'unclosed comment'],
  ['{{/* c */ 1}}', 'comment ends before closing delimiter'],
  ['{{1 % 2}}', 'unexpected "%" in operand'],
  ['{{template}}', 'unexpected "}}" in template clause'],
  ['{{"a very long text" "b" .x.}}', 'unexpected <.> in operand'],
])('%s', (text, message) => {
  expect(problem(text)).toBe(`template: test:1: ${message}`);
});

it('the line is that of the problem, and a long action names where it began', () => {
  expect(problem('one\n{{if .x}}\n{{nope}}{{end}}')).toBe('template: test:3: function "nope" not defined');
  expect(problem('one\n{{print\n\n1')).toBe('template: test:4: unclosed action started at test:2');
});

it('an error carries the name and the line', () => {
  const compile = () => compileTemplate('\n{{nope}}', { name: 'rule "Down"' });
  expect(compile).toThrow(TemplateError);
  expect(compile).toThrow(expect.objectContaining({ template: 'rule "Down"', line: 2 }));
});
