/** Matchers as Alertmanager reads and holds them, beyond what test/fixtures/alertmanager/matchers.json has. */
import fc from 'fast-check';
import {
  compileAlertmanagerMatchers,
  isLabelName,
  matcherListText,
  MATCHER_MODES,
  parseMatcherList,
  sortedMatchers,
} from '../../../src/domain/alertmanager-matchers';
import type { Matcher } from '../../../src/domain/matchers';

const holds = (text: string, labels: Record<string, string>): boolean =>
  compileAlertmanagerMatchers(parseMatcherList(text, 'fallback').matchers)(labels);

test('all have to hold; a label that is absent is empty', () => {
  expect(holds('a=b,c!=d', { a: 'b' })).toBe(true);
  expect(holds('a=b,c!=d', { a: 'b', c: 'd' })).toBe(false);
  expect(holds('a=""', {})).toBe(true);
  expect(holds('constructor=""', {})).toBe(true);
});

test('regular expressions are held against the whole value', () => {
  expect(holds('a=~b', { a: 'abc' })).toBe(false);
  expect(holds('a!~b.*', { a: 'bcd' })).toBe(false);
  expect(holds('a=~"x|y"', { a: 'y' })).toBe(true);
});

test('a dot is no line end, which in Prometheus it is', () => {
  expect(holds('a=~"b.c"', { a: 'b\nc' })).toBe(false);
  expect(holds('a=~"(?s)b.c"', { a: 'b\nc' })).toBe(true);
});

test('what a text means with both readings is not warned of', () => {
  expect(parseMatcherList('a="b"', 'fallback').warning).toBeNull();
  expect(parseMatcherList('', 'fallback').warning).toBeNull();
  expect(parseMatcherList('a="b\\d"', 'fallback').warning).toContain('is read in the classic way only');
  expect(parseMatcherList('a="\\x41"', 'fallback').warning).not.toBeNull();
});

test('disagreement is warned of, and read in the classic way', () => {
  const { matchers, warning } = parseMatcherList('a="\\u0041"', 'fallback');
  expect(warning).toBe('means something else in the classic way, in which it is read');
  expect(matchers).toEqual([{ name: 'a', op: '=', value: '\\u0041' }]);
});

test('what is wrong is said with its place', () => {
  expect(() => parseMatcherList('a=b,', 'utf8-strict-mode')).not.toThrow();
  expect(() => parseMatcherList('a=b c', 'fallback')).not.toThrow();
  expect(() => parseMatcherList('a=b c', 'utf8-strict-mode')).toThrow(
    'has c at character 5 where a comma or the end was expected',
  );
  expect(() => parseMatcherList('{a=b', 'utf8-strict-mode')).toThrow(
    'has its end where a comma or } was expected',
  );
  expect(() => parseMatcherList("a='b'", 'utf8-strict-mode')).toThrow(
    "cannot have ' at character 3 outside of double quotes",
  );
});

test('they are ordered by name, value and operator, in code points', () => {
  const matcher = (name: string, value: string, op: Matcher['op'] = '='): Matcher => ({ name, op, value });
  expect(
    sortedMatchers([matcher('b', 'a'), matcher('a', 'c'), matcher('a', 'b', '!='), matcher('a', 'b')]),
  ).toEqual([...[matcher('a', 'b'), matcher('a', 'b', '!='), matcher('a', 'c'), matcher('b', 'a')]]);
  expect(sortedMatchers([matcher('🙂', ''), matcher('\uff5e', '')]).map(({ name }) => name)).toEqual([
    '\uff5e',
    '🙂',
  ]);
});

test('what is written is read back by every mode that can have the name', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,4}$/);
  const value = fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => !/[^\P{Cc}\n]/u.test(text));
  fc.assert(
    fc.property(
      fc.array(fc.record({ name, op: fc.constantFrom('=', '!='), value }), { maxLength: 3 }),
      (matchers) => {
        for (const mode of MATCHER_MODES) {
          expect(parseMatcherList(matcherListText(matchers as Matcher[]), mode).matchers).toEqual(matchers);
        }
      },
    ),
  );
});

test('names of labels are anything, or the classic form', () => {
  expect(['a b', '🙂', '1', ''].map((name) => isLabelName(name, 'fallback'))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(['a_b', 'a b', '1'].map((name) => isLabelName(name, 'classic-mode'))).toEqual([true, false, false]);
});
