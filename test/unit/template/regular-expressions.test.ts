/** `match` looks anywhere in the text; `reReplaceAll` knows groups by number and name, as Go's regexp does. */
import { ruleProblem, ruleText } from './rule';

it.each([
  ['(a)b', 'x$1', 'ab', 'xa'],
  ['a', '[$0]', 'banana', 'b[a]n[a]n[a]'],
  ['(?P<n>a)', '<${n}>', 'cat', 'c<a>t'],
  ['(a)', '$1x', 'cat', 'ct'],
  ['(a)', '${1}x', 'cat', 'caxt'],
  ['(a)', '$01', 'a', ''],
  ['(a)|(b)', '$1-$2;', 'ab', 'a-;-b;'],
  ['a', '$$', 'cat', 'c$t'],
  ['a', '$', 'cat', 'c$t'],
  ['a', '${', 'cat', 'c${t'],
  ['x*', '-', 'axxb', '-a-b-'],
  ['', '-', '日本', '-日-本-'],
  ['.', 'x', 'a\\nb', 'x\nx'],
  ['(?i)A', 'b', 'aAa', 'bbb'],
])('%s to %s in %s', (pattern, replacement, text, expected) => {
  expect(ruleText(`{{ reReplaceAll "${pattern}" "${replacement}" "${text}" }}`)).toBe(expected);
});

it('match', () => {
  expect(ruleText('{{ match "a+" "baab" }} {{ match "a+" "b" }} {{ match "^a" "ba" }}')).toBe(
    'true false false',
  );
});

it.each([
  ['(', 'error parsing regexp: missing closing ): `(`'],
  ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
])('%s is refused', (pattern, message) => {
  expect(ruleProblem(`{{ match "${pattern}" "a" }}`)).toContain(`error calling match: ${message}`);
  expect(ruleProblem(`{{ reReplaceAll "${pattern}" "" "a" }}`)).toContain(
    `error calling reReplaceAll: regexp: Compile(\`${pattern}\`): ${message}`,
  );
});
