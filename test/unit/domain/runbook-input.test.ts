/** Inputs of runbooks: what each kind accepts, what it makes of it, and how it refuses the rest. */
import { input } from '../../../src/domain/runbook';

const description = 'what it is for';
const integer = input.integer({ description, default: 10, min: 1, max: 50 });
const duration = input.duration({ description, default: 60_000, min: 1_000 });
const states = input.oneOf({ description, default: ['idle'], of: ['idle', 'idle in transaction'] });
const flag = input.flag({ description, default: false });
const texts = input.texts({ description, default: [] });

test.each([
  ['a whole number', integer, 1, 1],
  ['a whole number at its upper bound', integer, 50, 50],
  ['a duration as text, in milliseconds', duration, '1m30s', 90_000],
  ['a bare number of seconds', duration, 5, 5_000],
  ['a duration at its lower bound', duration, '1000ms', 1_000],
  ['a list of the allowed words', states, ['idle in transaction'], ['idle in transaction']],
  ['true', flag, true, true],
  ['false', flag, false, false],
  ['a list of texts', texts, ['app', 'report'], ['app', 'report']],
  ['an empty list of texts', texts, [], []],
] as const)('accepts %s', (_what, spec, value, accepted) => {
  expect(spec.parse(value)).toEqual(accepted);
});

test.each([
  ['a number below its bounds', integer, 0, '0 is not a whole number from 1 to 50'],
  ['a number above its bounds', integer, 51, '51 is not a whole number from 1 to 50'],
  ['a fraction', integer, 1.5, '1.5 is not a whole number from 1 to 50'],
  ['a number as text', integer, '5', '"5" is not a whole number from 1 to 50'],
  ['no number', integer, NaN, 'null is not a whole number from 1 to 50'],
  ['a duration that is too short', duration, '999ms', 'at least 1 s'],
  ['a text that is no duration', duration, 'soon', '"soon" is not a duration such as'],
  ['a duration as an object', duration, { seconds: 1 }, '{"seconds":1} is not a duration such as'],
  ['another word', states, ['active'], '["active"] is not a list of "idle", "idle in transaction"'],
  ['no word at all', states, [], '[] is not a list of "idle", "idle in transaction"'],
  ['a word alone', states, 'idle', '"idle" is not a list of'],
  ['a word for a flag', flag, 'yes', '"yes" is not true or false'],
  ['null', flag, null, 'null is not true or false'],
  ['a text alone', texts, 'app', '"app" is not a list of texts'],
  ['a list of numbers', texts, [1], '[1] is not a list of texts'],
] as const)('refuses %s and names the accepted form', (_what, spec, value, words) => {
  expect(() => spec.parse(value)).toThrow(RangeError);
  expect(() => spec.parse(value)).toThrow(words);
});

test.each([
  [integer, 10],
  [duration, 60_000],
  [states, ['idle']],
  [flag, false],
  [texts, []],
] as const)('%j keeps its default and its description', (spec, expected) => {
  expect(spec.default).toEqual(expected);
  expect(spec.description).toBe(description);
  expect(spec.kind).not.toBe('');
});
