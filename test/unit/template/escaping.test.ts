/** `html`, `js` and `urlquery` write what they are given so that it stays text. */
import { render } from './render';

it.each([
  [String.raw`html "<a href='x'>&\"\x00"`, '&lt;a href=&#39;x&#39;&gt;&amp;&#34;\ufffd'],
  ['html .nope', '&lt;no value&gt;'],
  ['html .map 1', 'map[a:&lt;] 1'],
  [
    String.raw`js "it's \"<>&=\\ \n é\u2028😀"`,
    String.raw`it\'s \"\u003C\u003E\u0026\u003D\\ \u000A é\u2028😀`,
  ],
  ['js 1.5', '1.5'],
  [`urlquery "a b/ü?&=~*()!'"`, 'a+b%2F%C3%BC%3F%26%3D~%2A%28%29%21%27'],
])('%s', (call, expected) => {
  expect(render(`{{${call}}}`, { map: { a: '<' } })).toBe(expected);
});
