import { needsOf } from '../../../src/promql/needs';
import { parseExpr } from '../../../src/promql/parse';

const options = { lookbackMs: 300_000, defaultStepMs: 60_000 };
const back = (expr: string) => needsOf(parseExpr(expr), options).map(({ backMs }) => backMs / 60_000);

test.each([
  ['1 + time()', []],
  ['up', [5]],
  ['up offset 10m', [15]],
  ['up offset -10m', [0 + 5]],
  ['rate(x[10m])', [10]],
  ['rate(x[10m] offset 1h)', [70]],
  ['max_over_time(rate(x[5m])[30m:1m])', [5 + 30 + 1]],
  ['max_over_time(up[30m:])', [5 + 30 + 1]],
  ['max_over_time(up[30m:5m] offset 1h)', [5 + 30 + 5 + 60]],
  ['sum by (a) (x) / on (a) group_left y offset 1m', [5, 6]],
  ['topk(scalar(k), x)', [5, 5]],
  ['-(x) > 1', [5]],
  ['x @ end()', [5]],
])('%s looks back %j minutes', (expr, minutes) => {
  expect(back(expr)).toEqual(minutes);
});

it('needs everything for a time of its own', () => {
  expect(back('x @ 1000')).toEqual([Infinity]);
});
