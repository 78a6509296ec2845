/** Schedules for tests: whole, with what the test is about passed in. */
import type { TimeInterval } from '../../../src/domain/time-interval';
import type { Layer, Schedule } from '../../../src/oncall/port';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const layer = (more: Partial<Layer> = {}): Layer => ({
  name: 'primary',
  people: ['ana', 'ben', 'cem'],
  start: '2026-01-05T09:00',
  end: null,
  everyMinutes: 1_440,
  only: null,
  ...more,
});

export const schedule = (more: Partial<Schedule> = {}): Schedule => ({
  name: 'dba',
  timeZone: 'Europe/Berlin',
  layers: [layer()],
  overrides: [],
  ...more,
});

export const times = (more: Partial<TimeInterval> = {}): TimeInterval => ({
  times: null,
  weekdays: null,
  daysOfMonth: null,
  months: null,
  years: null,
  location: null,
  ...more,
});

export const WORKDAYS = [{ begin: 1, end: 5 }];
export const OFFICE_HOURS = times({ weekdays: WORKDAYS, times: [{ startMinute: 540, endMinute: 1_020 }] });
