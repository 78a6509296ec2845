/** Durations as Prometheus' and Go's programs read them. */
import { goDuration, prometheusDuration } from '../../../src/domain/strict-duration';

test.each([
  ['0', 0],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1y1w1d1h1m1s1ms', 32_230_861_001],
  ['15250w', 9_223_200_000_000],
])('Prometheus reads %s', (text, ms) => expect(prometheusDuration(text)).toBe(ms));

test.each([
  ['30', 'has no unit'],
  ['', 'is no duration'],
  ['30m1h', 'is no duration'],
  ['1.5h', 'is no duration'],
  ['-5m', 'is no duration'],
  ['1m1m', 'is no duration'],
  ['15251w', 'is longer than 292 years'],
])('Prometheus refuses %j', (text, reason) => expect(() => prometheusDuration(text)).toThrow(reason));

test.each([
  ['0', 0],
  ['-0', 0],
  ['1.5h', 5_400_000],
  ['-1m30s', -90_000],
  ['.5s', 500],
  ['1us', 0.001],
  ['1s1s', 2_000],
])('Go reads %s', (text, ms) => expect(goDuration(text)).toBeCloseTo(ms, 9));

test.each([
  ['5', 'has no unit'],
  ['1d', 'is no duration'],
  ['', 'is no duration'],
  ['.h', 'is no duration'],
  ['3000000h', 'is longer than 292 years'],
])('Go refuses %j', (text, reason) => expect(() => goDuration(text)).toThrow(reason));
