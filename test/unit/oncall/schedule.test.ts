/** Who is on call: turns, layers, restrictions, overrides, gaps, and the days on which clocks are changed. */
import type { Schedule } from '../../../src/oncall/port';
import { compileSchedule } from '../../../src/oncall/schedule';
import { parseWallTime, wallText } from '../../../src/oncall/wall-clock';
import { DAY, HOUR, layer, OFFICE_HOURS, schedule, times, WORKDAYS } from './schedules';

const at = (text: string): number => Date.parse(text);

/** `who from` of every shift, the time as the zone's clock shows it. */
function shown(of: Schedule, from: string, to: string): string[] {
  const shifts = compileSchedule(of).shifts(at(from), at(to));
  return shifts.map(({ person, from: begin }) => `${person ?? 'nobody'} ${wallText(begin, of.timeZone)}`);
}

describe('turns', () => {
  it('come one after the other, each for the length of a turn', () => {
    expect(shown(schedule(), '2026-01-05T08:00:00Z', '2026-01-09T00:00:00Z')).toEqual([
      'ana Mon 2026-01-05 09:00 +01:00',
      'ben Tue 2026-01-06 09:00 +01:00',
      'cem Wed 2026-01-07 09:00 +01:00',
      'ana Thu 2026-01-08 09:00 +01:00',
    ]);
  });

  it('cover nothing before the start and after the end', () => {
    const weekly = schedule({
      layers: [layer({ everyMinutes: 7 * 1_440, end: '2026-01-14T00:00', people: ['ana', 'ben'] })],
    });
    expect(shown(weekly, '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z')).toEqual([
      'nobody Thu 2026-01-01 01:00 +01:00',
      'ana Mon 2026-01-05 09:00 +01:00',
      'ben Mon 2026-01-12 09:00 +01:00',
      'nobody Wed 2026-01-14 00:00 +01:00',
    ]);
  });

  it('of another length: twelve hours', () => {
    const halves = schedule({ layers: [layer({ everyMinutes: 720, people: ['ana', 'ben'] })] });
    expect(shown(halves, '2026-01-05T08:00:00Z', '2026-01-06T08:30:00Z')).toEqual([
      'ana Mon 2026-01-05 09:00 +01:00',
      'ben Mon 2026-01-05 21:00 +01:00',
      'ana Tue 2026-01-06 09:00 +01:00',
    ]);
  });

  it('of one person alone are one shift', () => {
    const alone = schedule({ layers: [layer({ people: ['ana'] })] });
    expect(shown(alone, '2026-03-01T00:00:00Z', '2026-04-10T00:00:00Z')).toHaveLength(1);
  });

  it('go over a leap day as over any other', () => {
    const leap = schedule({ timeZone: 'UTC', layers: [layer({ start: '2028-02-28' })] });
    expect(shown(leap, '2028-02-28T00:00:00Z', '2028-03-02T00:00:00Z')).toEqual([
      'ana Mon 2028-02-28 00:00 +00:00',
      'ben Tue 2028-02-29 00:00 +00:00',
      'cem Wed 2028-03-01 00:00 +00:00',
    ]);
  });
});

describe('when clocks are changed', () => {
  it('a handoff at 09:00 stays at 09:00, in spring and in autumn', () => {
    const spring = shown(schedule(), '2026-03-28T08:00:00Z', '2026-03-31T07:00:00Z');
    expect(spring.map((line) => line.slice(4))).toEqual([
      'Sat 2026-03-28 09:00 +01:00',
      'Sun 2026-03-29 09:00 +02:00',
      'Mon 2026-03-30 09:00 +02:00',
    ]);
    const autumn = shown(schedule(), '2026-10-24T07:00:00Z', '2026-10-26T09:00:00Z');
    expect(autumn.map((line) => line.slice(4))).toEqual([
      'Sat 2026-10-24 09:00 +02:00',
      'Sun 2026-10-25 09:00 +01:00',
      'Mon 2026-10-26 09:00 +01:00',
    ]);
  });

  const nightly = (timeZone: string, start: string): Schedule =>
    schedule({ timeZone, layers: [layer({ start, people: ['ana', 'ben'] })] });

  it('a handoff in the hour that is skipped is at the first instant after', () => {
    const lines = shown(
      nightly('Europe/Berlin', '2026-03-27T02:30'),
      '2026-03-28T12:00:00Z',
      '2026-03-29T12:00:00Z',
    );
    expect(lines[1]).toBe('ana Sun 2026-03-29 03:00 +02:00');
    expect(lines).toHaveLength(2);
  });

  it('a handoff in the hour that comes twice happens once, at the first of the two', () => {
    const lines = shown(
      nightly('America/New_York', '2026-10-30T01:30'),
      '2026-10-31T12:00:00Z',
      '2026-11-01T18:00:00Z',
    );
    expect(lines).toEqual(['ben Sat 2026-10-31 08:00 -04:00', 'ana Sun 2026-11-01 01:30 -04:00']);
  });

  it('half an hour is skipped on Lord Howe Island', () => {
    const lines = shown(
      nightly('Australia/Lord_Howe', '2026-10-01T02:15'),
      '2026-10-03T10:00:00Z',
      '2026-10-04T10:00:00Z',
    );
    expect(lines[1]).toBe('ben Sun 2026-10-04 02:30 +11:00');
  });

  it('whoever had the day that Samoa skipped hands over where it ends', () => {
    const lines = shown(
      nightly('Pacific/Apia', '2011-12-28T09:00'),
      '2011-12-29T19:00:00Z',
      '2011-12-31T20:00:00Z',
    );
    expect(lines).toEqual([
      'ben Thu 2011-12-29 09:00 -10:00',
      'ana Sat 2011-12-31 00:00 +14:00',
      'ben Sat 2011-12-31 09:00 +14:00',
      'ana Sun 2012-01-01 09:00 +14:00',
    ]);
  });

  it('a turn that lies in the skipped hour whole is nobody’s', () => {
    const hourly = schedule({
      layers: [layer({ start: '2026-03-29T00:00', everyMinutes: 60, people: ['a', 'b', 'c', 'd'] })],
    });
    expect(shown(hourly, '2026-03-28T23:00:00Z', '2026-03-29T02:00:00Z')).toEqual([
      'a Sun 2026-03-29 00:00 +01:00',
      'b Sun 2026-03-29 01:00 +01:00',
      'd Sun 2026-03-29 03:00 +02:00',
    ]);
  });
});

describe('layers', () => {
  const office = layer({ name: 'office', people: ['dora'], only: [OFFICE_HOURS] });

  it('a later one wins where it covers, an earlier one has the rest', () => {
    const both = schedule({ layers: [layer({ people: ['ana'] }), office] });
    expect(shown(both, '2026-01-09T08:00:00Z', '2026-01-12T12:00:00Z')).toEqual([
      'dora Fri 2026-01-09 09:00 +01:00',
      'ana Fri 2026-01-09 17:00 +01:00',
      'dora Mon 2026-01-12 09:00 +01:00',
    ]);
  });

  it('what none of them covers is a gap', () => {
    expect(shown(schedule({ layers: [office] }), '2026-01-05T12:00:00Z', '2026-01-06T12:00:00Z')).toEqual([
      'dora Mon 2026-01-05 13:00 +01:00',
      'nobody Mon 2026-01-05 17:00 +01:00',
      'dora Tue 2026-01-06 09:00 +01:00',
    ]);
    expect(compileSchedule(schedule({ layers: [] })).onDuty(0)).toEqual({ person: null, layer: null });
  });

  it('the turn goes on behind a restriction', () => {
    const weekdays = layer({ only: [times({ weekdays: WORKDAYS })], start: '2026-01-09T00:00' });
    expect(shown(schedule({ layers: [weekdays] }), '2026-01-09T00:00:00Z', '2026-01-13T00:00:00Z')).toEqual([
      'ana Fri 2026-01-09 01:00 +01:00',
      'nobody Sat 2026-01-10 00:00 +01:00',
      'ana Mon 2026-01-12 00:00 +01:00',
      'ben Tue 2026-01-13 00:00 +01:00',
    ]);
  });
});

describe('overrides', () => {
  const busy = { person: 'eva', from: at('2026-01-05T12:00:00Z'), to: at('2026-01-05T14:00:00Z') };

  it('go before every layer, and also where no layer covers', () => {
    const { shifts } = compileSchedule(schedule({ overrides: [busy] }));
    expect(shifts(busy.from - HOUR, busy.to + HOUR)).toEqual([
      { from: busy.from - HOUR, to: busy.from, person: 'ana', layer: 'primary' },
      { ...busy, layer: null },
      { from: busy.to, to: busy.to + HOUR, person: 'ana', layer: 'primary' },
    ]);
    const bare = compileSchedule(schedule({ layers: [] }), [busy]);
    expect(bare.onDuty(busy.from).person).toBe('eva');
    expect(bare.onDuty(busy.to).person).toBeNull();
  });

  it('a later one wins over an earlier, and one that was made since over the configured', () => {
    const fay = { ...busy, person: 'fay' };
    expect(compileSchedule(schedule({ overrides: [busy, fay] })).onDuty(busy.from).person).toBe('fay');
    const since = compileSchedule(schedule({ overrides: [busy, fay] }), [{ ...busy, person: 'gil' }]);
    expect(since.onDuty(busy.from).person).toBe('gil');
  });
});

describe('the next handoff', () => {
  const { nextHandoff } = compileSchedule(schedule());

  it('is when another person takes over, with who that is', () => {
    const noon = at('2026-01-05T12:00:00Z');
    expect(nextHandoff(noon)).toEqual({ at: at('2026-01-06T08:00:00Z'), person: 'ben' });
  });

  it('may be far away, and at a handoff it is the one that follows', () => {
    const far = layer({ everyMinutes: 60 * 1_440 });
    expect(compileSchedule(schedule({ layers: [far] })).nextHandoff(at('2026-01-05T08:00:00Z'))!.person).toBe(
      'ben',
    );
    expect(nextHandoff(at('2026-01-06T08:00:00Z'))).toEqual({
      at: at('2026-01-07T08:00:00Z'),
      person: 'cem',
    });
  });

  it('is when nobody is left, and none where nothing changes', () => {
    const ends = compileSchedule(schedule({ layers: [layer({ people: ['ana'], end: '2026-02-01' })] }));
    expect(ends.nextHandoff(at('2026-01-06T00:00:00Z'))).toEqual({
      at: at('2026-01-31T23:00:00Z'),
      person: null,
    });
    expect(ends.nextHandoff(at('2026-02-06T00:00:00Z'))).toBeNull();
  });
});

test('no time has no shifts', () => {
  const { shifts } = compileSchedule(schedule());
  expect([shifts(DAY, DAY), shifts(DAY, 0)]).toEqual([[], []]);
});

test.each([
  '2026-13-01',
  '2026-02-30',
  '2026-01-05 09:00',
  '2026-01-05T24:30',
  '2026-01-05T09:00Z',
  'monday',
])('%s is no wall time', (text) => expect(() => parseWallTime(text)).toThrow(RangeError));
