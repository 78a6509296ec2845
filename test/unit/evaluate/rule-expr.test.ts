import { loadConfig } from '../../../src/config/load';
import { exprsOf } from '../../../src/evaluate/rule-expr';
import { formatExpr } from '../../../src/promql/format';
import { parseExpr } from '../../../src/promql/parse';

const textsOf = (rule: string): (string | null)[] => {
  const [first] = loadConfig({ text: `rules: [{ name: R, ${rule} }]`, path: null }, {}).rules;
  const { fires, recovers } = exprsOf(first!);
  return [formatExpr(fires), recovers === null ? null : formatExpr(recovers)];
};

test.each([
  ['metric: locks, threshold: 10', 'locks > 10', null],
  ['metric: up, operator: "==", threshold: 0', 'up == 0', null],
  [
    'metric: cpu_percent, threshold: 90%, recovery_threshold: 80%, window: 5m, matchers: [env=~"prod|test"]',
    'avg_over_time(cpu_percent{env=~"prod|test"}[5m]) > 90',
    'avg_over_time(cpu_percent{env=~"prod|test"}[5m]) <= 80',
  ],
  [
    'metric: disk_free, operator: "<=", threshold: 5, recovery_threshold: 9',
    'disk_free <= 5',
    'disk_free > 9',
  ],
  ['metric: a.b, threshold: 1', '{__name__="a.b"} > 1', null],
])('%s', (rule, fires, recovers) => {
  expect(textsOf(rule)).toEqual([fires, recovers]);
  for (const text of [fires, recovers]) if (text !== null) expect(formatExpr(parseExpr(text))).toBe(text);
});
