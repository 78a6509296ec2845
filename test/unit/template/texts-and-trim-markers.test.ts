/** What stands outside of actions is copied; a minus sign next to a delimiter takes the spaces with it. */
import { render } from './render';

it.each([
  ['plain text', 'plain text'],
  ['', ''],
  ['a {{1}} b', 'a 1 b'],
  ['a  {{- 1 -}} \n\t b', 'a1b'],
  ['a {{- "x" }} b', 'ax b'],
  ['{{1 -}} \n z', '1z'],
  ['{{- -1}}', '-1'],
  ['a{{/* said once */}}b', 'ab'],
  ['a {{- /* said\nonce */ -}} b', 'ab'],
  ['{{ "{{" }}', '{{'],
  ['}} { }', '}} { }'],
  ['{{1}}}', '1}'],
])('%j', (text, expected) => {
  expect(render(text)).toBe(expected);
});
