import { formatExpr } from '../../../src/promql/format';
import { crossesPartitions } from '../../../src/promql/locality';
import { parseExpr } from '../../../src/promql/parse';

const crossing = (expr: string): string | null => {
  const found = crossesPartitions(parseExpr(expr), 'instance_id');
  return found === null ? null : formatExpr(found);
};

test.each([
  'x > 5',
  'avg_over_time(x[5m]) > 5',
  'sum by (instance_id, region) (x) > 5',
  'sum without (region) (x)',
  'x / on (instance_id) y',
  'x * ignoring (region) group_left y',
  'x and on (instance_id, region) y',
  'x unless y',
  'x or y',
  'max_over_time(sum by (instance_id) (rate(x[1m]))[5m:1m])',
  'label_replace(x, "host", "$1", "instance_id", "(.*)") > time()',
  'histogram_quantile(0.9, sum by (instance_id, le) (rate(b[5m])))',
])('%s is the affair of one instance', (expr) => {
  expect(crossing(expr)).toBeNull();
});

test.each([
  ['sum(x) > 5', 'sum(x)'],
  ['sum by (region) (x) > 5', 'sum by (region) (x)'],
  ['avg without (instance_id) (x)', 'avg without (instance_id) (x)'],
  ['x / on (region) y', 'x / on (region) y'],
  ['x / ignoring (instance_id) y', 'x / ignoring (instance_id) y'],
  ['x or on (region) y', 'x or on (region) y'],
  ['x > scalar(sum by (instance_id) (y))', 'scalar(sum by (instance_id) (y))'],
  ['absent(x{instance_id="a"})', 'absent(x{instance_id="a"})'],
  ['topk(3, x)', 'topk(3, x)'],
  ['vector(1)', 'vector(1)'],
  ['topk by (instance_id) (scalar(sum(k)), x)', 'scalar(sum(k))'],
  ['count_values by (instance_id) ("instance_id", x)', 'count_values by (instance_id) ("instance_id", x)'],
  ['x and hour() > 5', 'hour()'],
  ['time() > bool 5', 'time() > bool 5'],
  [
    'label_replace(x, "instance_id", "all", "region", ".*")',
    'label_replace(x, "instance_id", "all", "region", ".*")',
  ],
])('%s needs all series, because of %s', (expr, part) => {
  expect(crossing(expr)).toBe(part);
});
