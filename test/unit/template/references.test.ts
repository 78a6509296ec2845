/** What a template refers to is known before it runs: a linter looks there for labels and functions that are not. */
import { compileTemplate } from '../../../src/template/template';
import { compileRuleTemplate, RULE_FIELDS } from '../../../src/template/prometheus';

it('variables with their fields, fields of the dot, functions and templates, each with its line', () => {
  const text =
    '{{ $labels.instance }}\n{{ if eq .Value 1 }}{{ printf "%v" (.Labels.job | toUpper) }}{{ end }}\n{{ template "x" $value }}';
  expect(compileRuleTemplate(`${text}{{ define "x" }}{{ .inner }}{{ end }}`, 'test').references).toEqual([
    { kind: 'variable', path: ['$labels', 'instance'], line: 1, isAtTop: true },
    { kind: 'function', path: ['eq'], line: 2, isAtTop: true },
    { kind: 'field', path: ['Value'], line: 2, isAtTop: true },
    { kind: 'function', path: ['printf'], line: 2, isAtTop: true },
    { kind: 'field', path: ['Labels', 'job'], line: 2, isAtTop: true },
    { kind: 'function', path: ['toUpper'], line: 2, isAtTop: true },
    { kind: 'template', path: ['x'], line: 3, isAtTop: true },
    { kind: 'variable', path: ['$value'], line: 3, isAtTop: true },
    { kind: 'field', path: ['inner'], line: 3, isAtTop: false },
  ]);
});

it.each([
  ['{{with .a}}{{.b}}{{else}}{{.c}}{{end}}', ['a', true], ['b', false], ['c', true]],
  ['{{range .a}}{{if .b}}{{.c}}{{end}}{{end}}{{.d}}', ['a', true], ['b', false], ['c', false], ['d', true]],
  ['{{(index .a "x").b}}', ['a', true]],
])('whether the dot is the data: %s', (text, ...expected) => {
  const fields = compileTemplate(text, { name: 'test' }).references.filter(({ kind }) => kind === 'field');
  expect(fields.map(({ path, isAtTop }) => [path.join('.'), isAtTop])).toEqual(expected);
});

it('fields that the data of rules does not have can be told', () => {
  const { references } = compileRuleTemplate(
    '{{ .Labels.a }}{{ .Label.a }}{{ with .Labels }}{{ .a }}{{ end }}',
    'test',
  );
  const known: readonly string[] = RULE_FIELDS;
  const unknown = references.filter(
    ({ kind, path, isAtTop }) => kind === 'field' && isAtTop && !known.includes(path[0]!),
  );
  expect(unknown.map(({ path }) => path)).toEqual([['Label', 'a']]);
});

it.each([
  ['{{ query "up" }}{{ range "a + b" | query }}{{ end }}', ['up', 'a + b']],
  [
    '{{ with (query `up`) | first }}{{ end }}{{ "up" }}{{ printf "x" | query }}{{ query (printf "x") }}',
    ['up'],
  ],
  ['{{ query $value }}{{ toUpper "up" }}', []],
])('queries that stand there word for word: %s', (text, expected) => {
  expect(compileRuleTemplate(text, 'test').queries).toEqual(expected);
});
