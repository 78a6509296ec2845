/** A route is muted within its mute intervals and outside of its active ones. */
import type { TimeInterval } from '../../../src/domain/time-interval';
import { createTimeMutes } from '../../../src/mute/time-intervals';

const always: TimeInterval = {
  ...{ times: null, weekdays: null, daysOfMonth: null, months: null, years: null, location: null },
};
const hours = (start: number, end: number): TimeInterval => ({
  ...always,
  times: [{ startMinute: start * 60, endMinute: end * 60 }],
});
const weekend: TimeInterval = {
  ...always,
  weekdays: [
    { begin: 6, end: 6 },
    { begin: 0, end: 0 },
  ],
};

const mutes = createTimeMutes([
  { name: 'night', intervals: [hours(0, 6), hours(22, 24)] },
  { name: 'office', intervals: [hours(9, 17)] },
  { name: 'weekend', intervals: [weekend] },
  { name: 'never', intervals: [] },
]);
// A Friday, and a Saturday.
const friday = (hour: number): number => Date.parse('2026-05-01T00:00:00Z') + hour * 3_600_000;
const saturday = (hour: number): number => friday(hour + 24);

test.each([
  ['neither', [], [], friday(3), null],
  ['within a mute interval', ['night'], [], friday(3), { reason: 'mute_time_interval', names: ['night'] }],
  ['its second part', ['night'], [], friday(23), { reason: 'mute_time_interval', names: ['night'] }],
  ['outside of it', ['night'], [], friday(6), null],
  [
    'all that it lies in',
    ['night', 'office', 'weekend'],
    [],
    saturday(3),
    { reason: 'mute_time_interval', names: ['night', 'weekend'] },
  ],
  ['within an active interval', [], ['office', 'weekend'], friday(10), null],
  ['within another', [], ['office', 'weekend'], saturday(3), null],
  [
    'in no active interval',
    [],
    ['office', 'weekend'],
    friday(18),
    { reason: 'active_time_interval', names: ['office', 'weekend'] },
  ],
  [
    'an interval that is never',
    [],
    ['never'],
    friday(10),
    { reason: 'active_time_interval', names: ['never'] },
  ],
  [
    'inactive and muted',
    ['night'],
    ['office'],
    friday(3),
    { reason: 'active_time_interval', names: ['office'] },
  ],
  [
    'active and muted',
    ['weekend'],
    ['office'],
    saturday(10),
    { reason: 'mute_time_interval', names: ['weekend'] },
  ],
])('%s', (_name, muteTimeIntervals, activeTimeIntervals, instant, expected) => {
  expect(mutes({ muteTimeIntervals, activeTimeIntervals }, instant)).toEqual(expected);
});

test('a name that no interval has is an error', () => {
  expect(() => mutes({ muteTimeIntervals: ['nigth'], activeTimeIntervals: [] }, 0)).toThrow('"nigth"');
});
