/** A matcher that stands alone, as in the API's filters: what Alertmanager 0.34 makes of it in each mode. */
import { parseOneMatcher } from '../../../src/domain/alertmanager-matchers';

const equal = (name: string, value: string) => ({ name, op: '=' as const, value });

test.each([
  ['foo=bar', equal('foo', 'bar')],
  ['foo="a,b=c"', equal('foo', 'a,b=c')],
  ['foo!~"b.*"', { name: 'foo', op: '!~' as const, value: 'b.*' }],
])('%s in every mode', (text, expected) => {
  for (const mode of ['fallback', 'classic-mode', 'utf8-strict-mode'] as const)
    expect(parseOneMatcher(text, mode)).toEqual(expected);
});

test('no value at all is the empty one, in the classic way only', () => {
  for (const mode of ['fallback', 'classic-mode'] as const)
    expect(parseOneMatcher('foo=', mode)).toEqual(equal('foo', ''));
  expect(() => parseOneMatcher('foo=', 'utf8-strict-mode')).toThrow(RangeError);
});

test('a comma belongs to the value in the classic way, and ends the matcher in the newer one', () => {
  expect(parseOneMatcher('a=b,c=d', 'fallback')).toEqual(equal('a', 'b,c=d'));
  expect(parseOneMatcher('a=b,c=d', 'classic-mode')).toEqual(equal('a', 'b,c=d'));
  expect(() => parseOneMatcher('a=b,c=d', 'utf8-strict-mode')).toThrow('2 matchers instead of one');
});

test('any name in the newer way', () => {
  expect(parseOneMatcher('"with space"=x', 'fallback')).toEqual(equal('with space', 'x'));
  expect(() => parseOneMatcher('"with space"=x', 'classic-mode')).toThrow(RangeError);
});

test.each(['', 'foo', '{foo=bar}', 'foo=bar}', 'foo=~('])('%j is none', (text) => {
  for (const mode of ['fallback', 'utf8-strict-mode'] as const)
    expect(() => parseOneMatcher(text, mode)).toThrow(RangeError);
});
