/** What a maintenance covers and when: of a target, an environment, of labels; once, and again and again by the wall clock. */
import { compileMaintenance, scopeText, type Maintenance } from '../../../src/domain/maintenance';
import {
  intervalTimes,
  parseTimeOfDay,
  parseWeekdays,
  type TimeInterval,
} from '../../../src/domain/time-interval';

const at = (time: string): number => Date.parse(time);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const maintenance = (change: Partial<Maintenance> = {}): Maintenance => ({
  ...{ id: 'm1', name: 'move', targets: [], environments: [], matchers: [] },
  ...{ startsAt: '2026-05-01T12:00:00Z', endsAt: '2026-05-01T14:00:00Z', intervals: null },
  ...{ createdBy: 'ana', comment: '' },
  ...change,
});

const window = (weekdays: string | null, from: string, to: string, location: string): TimeInterval => ({
  times: [{ startMinute: parseTimeOfDay(from), endMinute: parseTimeOfDay(to) }],
  weekdays: weekdays === null ? null : [parseWeekdays(weekdays)],
  ...{ daysOfMonth: null, months: null, years: null, location },
});
const weekly = (...intervals: TimeInterval[]) =>
  compileMaintenance(maintenance({ targets: ['db-1'], startsAt: null, endsAt: null, intervals }));

describe('what it covers', () => {
  const ofTarget = compileMaintenance(maintenance({ targets: ['db-1', 'db-2'] }));
  const ofEnvironment = compileMaintenance(maintenance({ environments: ['staging'] }));
  const ofLabels = compileMaintenance(maintenance({ matchers: [{ name: 'team', op: '=~', value: 'db.*' }] }));

  it.each([
    [ofTarget, { instance_id: 'db-2' }, true],
    [ofTarget, { instance: 'db-1' }, true],
    // The instance is who collected it where the target is another.
    [ofTarget, { instance_id: 'db-3', instance: 'db-1' }, false],
    [ofTarget, {}, false],
    [ofEnvironment, { environment: 'staging' }, true],
    [ofEnvironment, { environment: 'production' }, false],
    [ofEnvironment, {}, false],
    [ofLabels, { team: 'dba' }, true],
    [ofLabels, { team: 'web' }, false],
  ])('case %#', (compiled, labels: Record<string, string>, covered) =>
    expect(compiled.covers(labels)).toBe(covered),
  );

  it('holds a repair by what the configuration says of its target, whatever the alert says', () => {
    const subject = { target: 'db-1', environment: 'staging', labels: { instance_id: 'db-9' } };
    expect(ofTarget.holds(subject)).toBe(true);
    expect(ofEnvironment.holds({ ...subject, labels: { environment: 'production' } })).toBe(true);
    expect(ofTarget.holds({ ...subject, target: 'db-9' })).toBe(false);
    expect(ofEnvironment.holds({ ...subject, environment: null })).toBe(false);
    expect(ofLabels.holds({ ...subject, labels: { team: 'dba' } })).toBe(true);
  });

  it('is nothing where it names nothing', () => {
    const empty = compileMaintenance(maintenance());
    expect(empty.covers({})).toBe(false);
    expect(empty.holds({ target: '', environment: null, labels: {} })).toBe(false);
  });

  it('is said in words', () => {
    expect(scopeText(maintenance({ targets: ['a', 'b'] }))).toBe('target a, b');
    expect(scopeText(maintenance({ environments: ['staging'] }))).toBe('environment staging');
    expect(scopeText(maintenance({ matchers: [{ name: 'a', op: '!=', value: 'b' }] }))).toBe('a!="b"');
  });
});

describe('when it is in effect', () => {
  it('from its start until before its end', () => {
    const once = compileMaintenance(maintenance({ targets: ['db-1'] }));
    expect(once.activeUntil(at('2026-05-01T11:59:59.999Z'))).toBeNull();
    expect(iso(once.activeUntil(at('2026-05-01T12:00:00Z')))).toBe('2026-05-01T14:00:00.000Z');
    expect(once.activeUntil(at('2026-05-01T14:00:00Z'))).toBeNull();
    expect(iso(once.nextStart(at('2026-05-01T11:00:00Z')))).toBe('2026-05-01T12:00:00.000Z');
    expect(once.nextStart(at('2026-05-01T12:00:00Z'))).toBeNull();
  });

  it('without an end lasts until somebody ends it, with a time that does not move', () => {
    const endless = compileMaintenance(maintenance({ targets: ['db-1'], endsAt: null }));
    const until = endless.activeUntil(at('2026-05-01T12:00:00Z'));
    expect(endless.activeUntil(at('2027-05-01T12:00:00Z'))).toBe(until);
    expect(until).toBeGreaterThan(at('2036-01-01T00:00:00Z'));
  });

  it('in its intervals only, and only between its start and its end', () => {
    const intervals = [window('sunday', '02:00', '04:00', 'UTC')];
    const bounded = compileMaintenance(
      maintenance({
        ...{ targets: ['db-1'], intervals },
        ...{ startsAt: '2026-05-03T03:00:00Z', endsAt: '2026-05-10T02:30:00Z' },
      }),
    );
    expect(bounded.activeUntil(at('2026-05-03T02:30:00Z'))).toBeNull();
    expect(iso(bounded.activeUntil(at('2026-05-03T03:00:00Z')))).toBe('2026-05-03T04:00:00.000Z');
    expect(iso(bounded.activeUntil(at('2026-05-10T02:00:00Z')))).toBe('2026-05-10T02:30:00.000Z');
    expect(iso(bounded.nextStart(at('2026-05-01T00:00:00Z')))).toBe('2026-05-03T03:00:00.000Z');
    expect(iso(bounded.nextStart(at('2026-05-03T03:30:00Z')))).toBe('2026-05-10T02:00:00.000Z');
    expect(bounded.nextStart(at('2026-05-10T02:10:00Z'))).toBeNull();
  });
});

describe('by the clock of Berlin', () => {
  const sunday = weekly(window('sunday', '02:00', '04:00', 'Europe/Berlin'));
  const lasts = (start: string): string | null => iso(sunday.activeUntil(at(start)));

  it('lasts two hours in winter and in summer, at another time of UTC', () => {
    expect(iso(sunday.nextStart(at('2026-01-04T02:00:00Z')))).toBe('2026-01-11T01:00:00.000Z');
    expect(lasts('2026-01-11T01:00:00Z')).toBe('2026-01-11T03:00:00.000Z');
    expect(iso(sunday.nextStart(at('2026-07-01T00:00:00Z')))).toBe('2026-07-05T00:00:00.000Z');
    expect(lasts('2026-07-05T00:00:00Z')).toBe('2026-07-05T02:00:00.000Z');
  });

  it('lasts an hour in the night in which 02:00 becomes 03:00', () => {
    expect(iso(sunday.nextStart(at('2026-03-28T00:00:00Z')))).toBe('2026-03-29T01:00:00.000Z');
    expect(lasts('2026-03-29T01:00:00Z')).toBe('2026-03-29T02:00:00.000Z');
  });

  it('lasts three hours in the night in which 03:00 becomes 02:00', () => {
    expect(iso(sunday.nextStart(at('2026-10-24T00:00:00Z')))).toBe('2026-10-25T00:00:00.000Z');
    expect(lasts('2026-10-25T00:00:00Z')).toBe('2026-10-25T03:00:00.000Z');
    expect(lasts('2026-10-25T01:30:00Z')).toBe('2026-10-25T03:00:00.000Z');
  });

  it('is left out where its hour is skipped, and comes a week later', () => {
    const skipped = weekly(window('sunday', '02:00', '03:00', 'Europe/Berlin'));
    expect(iso(skipped.nextStart(at('2026-03-28T00:00:00Z')))).toBe('2026-04-05T00:00:00.000Z');
  });

  it('goes over midnight as two ranges that are one window', () => {
    const night = weekly(
      window('saturday', '22:00', '24:00', 'Europe/Berlin'),
      window('sunday', '00:00', '01:30', 'Europe/Berlin'),
    );
    expect(iso(night.nextStart(at('2026-05-01T00:00:00Z')))).toBe('2026-05-02T20:00:00.000Z');
    expect(iso(night.activeUntil(at('2026-05-02T20:00:00Z')))).toBe('2026-05-02T23:30:00.000Z');
  });
});

it.each([
  ['Asia/Kathmandu', '2026-05-02T20:22:00.000Z'],
  ['Australia/Lord_Howe', '2026-05-02T15:37:00.000Z'],
  ['UTC', '2026-05-03T02:07:00.000Z'],
])('finds the very minute in %s', (zone, start) => {
  const times = intervalTimes([window('sunday', '02:07', '02:08', zone)]);
  expect(iso(times.start(at('2026-05-01T00:00:30Z'), at('2026-06-01T00:00:00Z')))).toBe(start);
  expect(times.end(at(start))).toBe(at(start) + 60_000);
});

it('tells that an interval never comes', () => {
  const never = { ...window(null, '00:00', '24:00', 'UTC'), years: [{ begin: 1990, end: 1990 }] };
  expect(weekly(never).nextStart(at('2026-05-01T00:00:00Z'))).toBeNull();
});
