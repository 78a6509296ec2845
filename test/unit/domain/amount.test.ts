import { amountText, unitOf } from '../../../src/domain/amount';
import type { TransitionCondition } from '../../../src/domain/transition';

it.each([
  [93.10000000001, '%', '93.1%'],
  [1_234_567, 'MB', '1234570 MB'],
  [0.25, null, '0.25'],
  [7, '', '7'],
  ['NaN', 'MB', 'NaN'],
  [null, 'MB', '–'],
] as const)('%p with the unit %p is %s', (value, unit, text) => expect(amountText(value, unit)).toBe(text));

const ruleWith = (unit?: string) => ({
  ...{ group: 'g', name: 'A', hash: 'h' },
  ...(unit !== undefined && { unit }),
});
const about = (metric: string): TransitionCondition => ({
  ...{ metric, series: {}, operator: '>', threshold: 1, recovery_threshold: null },
});

it.each([
  ['what the rule says', { rule: ruleWith('sessions'), condition: about('used_percent') }, 'sessions'],
  ['what the metric says', { rule: ruleWith(), condition: about('used_percent') }, '%'],
  ['what the metric says', { rule: null, condition: about('read_bytes_per_second') }, 'bytes/s'],
  ['unknown of another metric', { rule: ruleWith(), condition: about('locks') }, null],
  ['unknown where no metric is compared', { rule: ruleWith(), condition: null }, null],
])('the unit is %s', (_, alert, unit) => expect(unitOf(alert)).toBe(unit));
