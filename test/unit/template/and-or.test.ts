/** `and` and `or` answer the value that decides, and evaluate none after it. */
import { problem } from './render';

it.each([
  ['and 1 0 2', '0'],
  ['or 0 "" "x"', 'x'],
  ['or 0', '0'],
  ['and true .s', 'text'],
  ['or .nope nil', '<no value>'],
  ['0 | or 5', '5'],
  ['0 | or 0', '0'],
  ['5 | and 1', '5'],
  ['not 1', 'false'],
  ['or 1 (index .empty 5)', '1'],
  ['and 0 (index .empty 5)', '0'],
])('%s', (call, expected) => {
  expect(problem(`{{${call}}}`, { s: 'text', empty: [] })).toBe(`no problem: ${expected}`);
});

it('what comes before the decision is evaluated', () => {
  expect(problem('{{and 1 (index .empty 5)}}', { empty: [] })).toContain('index out of range: 5');
});
