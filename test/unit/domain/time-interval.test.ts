/** Wall clocks: days on which they change, short months, names of zones. */
import {
  compileTimeInterval,
  isTimeZone,
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  type TimeInterval,
} from '../../../src/domain/time-interval';

const ALWAYS: TimeInterval = {
  times: null,
  weekdays: null,
  daysOfMonth: null,
  months: null,
  years: null,
  location: null,
};

function holdsAt(interval: Partial<TimeInterval>, ...instants: string[]): boolean[] {
  const holds = compileTimeInterval({ ...ALWAYS, ...interval });
  return instants.map((instant) => holds(Date.parse(instant)));
}

const hours = (start: string, end: string): TimeInterval['times'] => [
  { startMinute: parseTimeOfDay(start), endMinute: parseTimeOfDay(end) },
];

describe('days on which clocks change', () => {
  const night = { times: hours('02:00', '03:00'), location: 'Europe/Berlin' };

  it('skip the hour that there is not', () => {
    expect(holdsAt(night, '2026-03-29T00:59:59Z', '2026-03-29T01:00:00Z', '2026-03-30T00:30:00Z')).toEqual([
      ...[false, false, true],
    ]);
  });

  it('have the hour twice that there is twice', () => {
    const instants = [
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:59:59Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T02:00:00Z',
    ];
    expect(holdsAt(night, ...instants)).toEqual([true, true, true, false]);
  });

  it('do not shorten their month: the last of March is the 31st', () => {
    const last = { daysOfMonth: [parseDaysOfMonth('-1')], location: 'Europe/Berlin' };
    expect(holdsAt(last, '2026-03-30T12:00:00Z', '2026-03-31T12:00:00Z')).toEqual([false, true]);
    expect(holdsAt({ ...last, daysOfMonth: [parseDaysOfMonth('31')] }, '2026-03-31T12:00:00Z')).toEqual([
      true,
    ]);
  });
});

describe('days of a month', () => {
  it('count from its end, leap years included', () => {
    const daysOfMonth = [parseDaysOfMonth('-2:-1')];
    const days = ['2024-02-27', '2024-02-28', '2024-02-29', '2025-02-27', '2025-02-28', '2026-04-29'];
    expect(holdsAt({ daysOfMonth }, ...days.map((day) => `${day}T00:00:00Z`))).toEqual([
      ...[false, true, true, true, true, true],
    ]);
  });

  it('that a short month does not have are not moved into it', () => {
    const instants = ['2025-02-28T00:00:00Z', '2025-02-01T00:00:00Z', '2025-03-30T00:00:00Z'];
    expect(holdsAt({ daysOfMonth: [parseDaysOfMonth('29:31')] }, ...instants)).toEqual([false, false, true]);
    expect(holdsAt({ daysOfMonth: [parseDaysOfMonth('-31:-30')] }, ...instants)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('begin where the zone is', () => {
    const interval = { daysOfMonth: [parseDaysOfMonth('1')], location: 'Pacific/Kiritimati' };
    expect(holdsAt(interval, '2025-12-31T09:59:59Z', '2025-12-31T10:00:00Z')).toEqual([false, true]);
  });
});

test('weekdays, months and times have to hold together, one range of each', () => {
  const interval = {
    weekdays: [parseWeekdays('monday:friday')],
    months: [parseMonths('may'), parseMonths('11')],
    times: hours('09:00', '24:00'),
  };
  expect(
    holdsAt(
      interval,
      '2026-11-20T23:59:59Z',
      '2026-11-20T08:59:59Z',
      '2026-11-21T12:00:00Z',
      '2026-10-20T12:00:00Z',
    ),
  ).toEqual([true, false, false, false]);
});

test('a part without ranges never holds, no part at all always', () => {
  expect(holdsAt({ weekdays: [] }, '2026-11-20T12:00:00Z')).toEqual([false]);
  expect(holdsAt({}, '2026-11-20T12:00:00Z')).toEqual([true]);
});

test('Local is the machine’s own zone', () => {
  const hour = new Date('2026-11-20T12:00:00Z').getHours();
  const text = (value: number): string => `${String(value).padStart(2, '0')}:00`;
  expect(
    holdsAt({ times: hours(text(hour), text(hour + 1)), location: 'Local' }, '2026-11-20T12:00:00Z'),
  ).toEqual([true]);
});

test.each([
  'UTC',
  'Local',
  'Europe/Berlin',
  'US/Eastern',
  'GB',
  'EST5EDT',
  'Etc/GMT+5',
  'America/Port-au-Prince',
  'Africa/Dar_es_Salaam',
  'Asia/Calcutta',
])('%s is a time zone', (name) => expect(isTimeZone(name)).toBe(true));

test.each([
  '',
  'utc',
  'europe/berlin',
  'Europe/berlin',
  'EUROPE/BERLIN',
  'Mars/Base',
  'PST',
  'IST',
  '+02:00',
  '../etc/passwd',
  'SystemV/PST8',
])('%j is none', (name) => expect(isTimeZone(name)).toBe(false));
