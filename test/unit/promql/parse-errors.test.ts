/** What is refused, where, and why: each text with the whole message. */
import { ParseError } from '../../../src/promql/errors';
import { parseExpr, parseSeriesLabels } from '../../../src/promql/parse';

function refusalOf(text: string): string {
  try {
    parseExpr(text);
  } catch (error) {
    if (error instanceof ParseError) return error.message.replace(' parse error:', '');
    throw error;
  }
  return 'accepted';
}

test.each([
  ['', '1:1: no expression found in input'],
  ['  \n ', '1:1: no expression found in input'],
  ['# nothing', '1:10: unexpected end of input'],
  ['up +', '1:5: unexpected end of input'],
  ['1 + * 2', '1:5: unexpected "*"'],
  ['up down', '1:4: unexpected "down"'],
  ['up )', '1:4: unexpected ")"'],
  ['sum by (job', '1:12: unexpected end of input'],
  ['sum(up) by job', '1:12: unexpected "job"'],
  ['sum by (inf) (up)', '1:9: unexpected "inf"'],
  ['atan2', '1:1: unexpected "atan2"'],
  ['up{job=a}', '1:8: unexpected "a"'],
  ['up{job="a}', '1:11: unexpected end of input'],
  ['up{job=="a"}', '1:8: unexpected "="'],
  ['up{$}', '1:4: unexpected "$"'],
  ['up\n  + \n  ☃', '3:3: unexpected "☃"'],
  ['up[5m', '1:6: unexpected end of input'],
  ['up[5x]', '1:5: unexpected "x"'],
  ['up[]', '1:4: unexpected "]"'],
  ['up offset', '1:10: unexpected end of input'],
  ['up @ when', '1:6: unexpected "when"'],
  ['abs (up', '1:8: unexpected end of input'],
  ['foo(up)', '1:1: unknown function with name "foo"'],
  ['  foo (up)', '1:3: unknown function with name "foo"'],
  ['constructor(up)', '1:1: unexpected "constructor"'],
  ['"abc', '1:1: error unquoting string "abc: invalid syntax'],
  ['"\\q"', '1:1: error unquoting string "\\q": invalid syntax'],
  ['"\\400"', '1:1: error unquoting string "\\400": invalid syntax'],
  ['"a\nb"', '2:1: unexpected "b"'],
  ['1e309', '1:1: bad number or duration syntax: "1e309"'],
  ['1offset', '1:8: unexpected end of input'],
  ['vector(0atan2 1)', '1:8: bad number or duration syntax: "0"'],
])('syntax: %j => %s', (text, message) => expect(refusalOf(text)).toBe(message));

test.each([
  ['{}', '1:1: vector selector must contain at least one non-empty matcher'],
  ['{job=~".*"}', '1:1: vector selector must contain at least one non-empty matcher'],
  ['{constructor=""}', '1:1: vector selector must contain at least one non-empty matcher'],
  ['up{__name__="down"}', '1:1: metric name must not be set twice: "up" or "down"'],
  ['up[5m] offset 1m offset 2m', '1:1: offset may not be set multiple times'],
  ['up @ 1 @ 2', '1:1: @ <timestamp> may not be set multiple times'],
  ['up @ inf', '1:1: timestamp out of bounds for @ modifier: inf'],
  ['up @ 1e20', '1:6: timestamp out of bounds for @ modifier: 1e20'],
  ['up offset 300y', '1:11: duration out of range'],
  ['up offset 1m[5m]', '1:1: no offset modifiers allowed before range'],
  ['up @ 1[5m]', '1:1: no @ modifiers allowed before range'],
  ['(up)[5m]', '1:1: ranges only allowed for vector selectors'],
  ['up[0s]', '1:4: duration must be greater than 0'],
  ['up[5m:-1m]', '1:7: duration must be greater than 0'],
  [
    'sum(up) offset 1m',
    '1:1: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery',
  ],
  [
    '1 @ 1',
    '1:1: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery',
  ],
])('selectors: %j => %s', (text, message) => {
  const found = refusalOf(text);
  expect(found.replace(/^\d+:\d+/, '')).toBe(message.replace(/^\d+:\d+/, ''));
});

test.each([
  ['rate(up)', '1:6: expected type range vector in call to function "rate", got instant vector'],
  ['abs(1)', '1:5: expected type instant vector in call to function "abs", got scalar'],
  ['abs("a")', '1:5: expected type instant vector in call to function "abs", got string'],
  ['vector(up)', '1:8: expected type scalar in call to function "vector", got instant vector'],
  ['abs()', '1:1: expected 1 argument(s) in call to "abs", got 0'],
  ['round(up, 1, 2)', '1:1: expected at most 2 argument(s) in call to "round", got 3'],
  ['label_join(up, "a")', '1:1: expected at least 3 argument(s) in call to "label_join", got 2'],
  ['sum(up[5m])', '1:5: expected type instant vector in aggregation expression, got range vector'],
  ['sum(1)', '1:5: expected type instant vector in aggregation expression, got scalar'],
  ['topk("a", up)', '1:6: expected type scalar in aggregation parameter, got string'],
  ['count_values(1, up)', '1:14: expected type string in aggregation parameter, got scalar'],
  ['sum()', '1:1: no arguments for aggregate expression provided'],
  ['topk(up)', '1:1: wrong number of arguments for aggregate expression provided, expected 2, got 1'],
  ['sum(1, up)', '1:1: wrong number of arguments for aggregate expression provided, expected 1, got 2'],
  [
    '-"a"',
    '1:1: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  ],
  [
    '-up[5m]',
    '1:1: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"',
  ],
  ['"a" + "b"', '1:1: binary expression must contain only scalar and instant vector types'],
  ['up + up[5m]', '1:6: binary expression must contain only scalar and instant vector types'],
  ['1 == 1', '1:3: comparisons between scalars must use BOOL modifier'],
  ['up + bool up', '1:4: bool modifier can only be used on comparison operators'],
  ['1 and up', '1:1: set operator "and" not allowed in binary scalar expression'],
  ['1 + on (a) up', '1:1: vector matching only allowed between instant vectors'],
  ['up and on (a) group_left down', '1:1: no grouping allowed for "and" operation'],
  ['up * on (a) group_left (a) down', '1:4: label "a" must not occur in ON and GROUP clause at once'],
  ['up[5m][5m:1m]', '1:1: subquery is only allowed on instant vector, got matrix instead'],
  ['1[5m:1m]', '1:1: subquery is only allowed on instant vector, got scalar instead'],
])('types: %j => %s', (text, message) => expect(refusalOf(text)).toBe(message));

const NATIVE = 'works on native histograms only; the engine evaluates floats and classic histograms';

test.each([
  ['histogram_count(h)', `function "histogram_count": ${NATIVE}`],
  ['histogram_sum(h)', `function "histogram_sum": ${NATIVE}`],
  ['histogram_avg(h)', `function "histogram_avg": ${NATIVE}`],
  ['histogram_stddev(h)', `function "histogram_stddev": ${NATIVE}`],
  ['histogram_stdvar(h)', `function "histogram_stdvar": ${NATIVE}`],
  ['info(up)', 'function "info": joins with info metrics are not supported; use group_left'],
  ['rate(up[5m] anchored)', 'the "anchored" modifier is not supported'],
  ['rate(up[5m] smoothed)', 'the "smoothed" modifier is not supported'],
  ['up + fill (0) down', 'the "fill" modifier is not supported'],
  ['up[5m + 1m]', 'expressions of durations are not supported, only durations such as 5m: "5m + 1m"'],
])('by name: %s is refused', (text, problem) => expect(refusalOf(text)).toContain(problem));

test('says where, as offsets', () => {
  const text = 'up + foo(down)';
  expect(() => parseExpr(text)).toThrow(expect.objectContaining({ place: { from: 5, to: 8 } }));
});

test('quotes no more of a problem than is read', () => {
  expect(refusalOf(`"\\q${'x'.repeat(50_000)}"`).length).toBeLessThan(600);
});

test.each([
  ['up{job="a"}', { __name__: 'up', job: 'a' }],
  ['{"odd name", "other label"="1"}', { __name__: 'odd name', 'other label': '1' }],
  ['up{job=""}', { __name__: 'up' }],
])('a series: %s', (text, labels) => expect(parseSeriesLabels(text).toLabels()).toEqual(labels));

test.each(['up{job=~"a"}', 'up offset 1m', 'up @ 1', 'sum(up)', '1', 'up[5m]'])('no series: %s', (text) =>
  expect(() => parseSeriesLabels(text)).toThrow('a series is a name with labels'),
);
