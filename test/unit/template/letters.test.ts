/** Upper, lower and title case are Go's: letter by letter, and words as Unicode has them. */
import { ruleText } from './rule';

it.each([
  ['aa bb CC', 'Aa Bb CC', 'AA BB CC', 'aa bb cc'],
  ["don't o'neil", "Don't O'neil", "DON'T O'NEIL", "don't o'neil"],
  [
    'foo_bar foo-bar foo.bar',
    'Foo_bar Foo-Bar Foo.bar',
    'FOO_BAR FOO-BAR FOO.BAR',
    'foo_bar foo-bar foo.bar',
  ],
  ['a1b 1abc a..b', 'A1b 1Abc A..B', 'A1B 1ABC A..B', 'a1b 1abc a..b'],
  ['école ßx ﬁx', 'École Ssx Fix', 'ÉCOLE ßX ﬁX', 'école ßx ﬁx'],
  ['ΑΣ İ', 'ΑΣ İ', 'ΑΣ İ', 'ασ i'],
  ['ᾳ ǆ ა', 'ᾼ ǅ ა', 'ᾼ Ǆ Ა', 'ᾳ ǆ ა'],
  ['日本a', '日本A', '日本A', '日本a'],
])('%s', (text, title, upper, lower) => {
  expect(ruleText(`{{ title "${text}" }}`)).toBe(title);
  expect(ruleText(`{{ toUpper "${text}" }}`)).toBe(upper);
  expect(ruleText(`{{ toLower "${text}" }}`)).toBe(lower);
});
