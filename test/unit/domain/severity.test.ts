import { isWorse, worstOf } from '../../../src/domain/severity';

it.each([
  ['critical', 'high', true],
  ['critical', 'critical', false],
  ['CRITICAL', 'warning', true],
  ['page', 'warning', true],
  ['page', 'high', false],
  ['warning', 'page', false],
  ['warning', 'medium', true],
  ['medium', 'low', true],
  ['low', 'info', true],
  ['info', null, true],
  [null, 'info', false],
])('%s is worse than %s: %s', (one, other, expected) => expect(isWorse(one, other)).toBe(expected));

it('the worst of several', () => {
  expect(worstOf(['warning', null, 'critical', 'info'])).toBe('critical');
  expect(worstOf([])).toBeNull();
});
