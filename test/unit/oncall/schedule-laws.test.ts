/**
 * What holds of every schedule, in zones and at times where clocks are changed: it is what one finds who sits there with a
 * clock and looks every minute. That reference knows no arithmetic of time zones: it reads the wall clock of Intl, and
 * counts a handoff when the clock has shown its time for the first time.
 */
import fc from 'fast-check';
import { compileTimeInterval } from '../../../src/domain/time-interval';
import type { Layer, Override, Schedule } from '../../../src/oncall/port';
import { compileSchedule } from '../../../src/oncall/schedule';
import { MINUTE, times } from './schedules';

/** Each ends some days after the clocks are changed, or the leap day. */
const PLACES = [
  ['Europe/Berlin', '2026-03-26T00:00Z'],
  ['Europe/Berlin', '2026-10-22T00:00Z'],
  ['America/New_York', '2026-03-05T00:00Z'],
  ['America/New_York', '2026-10-29T00:00Z'],
  ['Australia/Lord_Howe', '2026-04-02T00:00Z'],
  ['Australia/Lord_Howe', '2026-10-01T00:00Z'],
  ['Pacific/Apia', '2011-12-28T00:00Z'],
  ['America/Havana', '2026-10-29T00:00Z'],
  ['Asia/Beirut', '2026-03-26T00:00Z'],
  ['Europe/Berlin', '2028-02-27T00:00Z'],
] as const;
const MINUTES = 6 * 1_440;
const DAY_MS = 1_440 * MINUTE;

interface Place {
  readonly zone: string;
  readonly begin: number;
  /** What the clock shows at each minute, and the most that it has shown until then: digits as if they were UTC. */
  readonly shown: readonly number[];
  readonly most: readonly number[];
  /** What the clock shows just before it is changed, as minutes since midnight; of the leap day, any time. */
  readonly changed: number;
}

function placeOf([zone, from]: (typeof PLACES)[number]): Place {
  const begin = Date.parse(from);
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  const shown = Array.from({ length: MINUTES }, (_, minute) =>
    Date.parse(`${format.format(begin + minute * MINUTE).replace(' ', 'T')}Z`),
  );
  let most = -Infinity;
  const change = shown.findIndex((each, index) => index > 0 && each - shown[index - 1]! !== MINUTE);
  const changed = change < 0 ? 0 : (shown[change - 1]! % DAY_MS) / MINUTE;
  return { zone, begin, shown, most: shown.map((each) => (most = Math.max(most, each))), changed };
}

const places = PLACES.map(placeOf);
const wallTextOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

function naivePerson({ layers, overrides, timeZone }: Schedule, place: Place): (string | null)[] {
  const looks = layers.map(({ only, ...rest }) => ({
    ...rest,
    begin: Date.parse(`${rest.start}Z`),
    until: rest.end === null ? Infinity : Date.parse(`${rest.end}Z`),
    only: only?.map((interval) => compileTimeInterval({ ...interval, location: timeZone })) ?? null,
  }));
  return place.shown.map((_, minute) => {
    const instant = place.begin + minute * MINUTE;
    let person: string | null = null;
    for (const { begin, until, only, people, everyMinutes } of looks) {
      const most = place.most[minute]!;
      if (most < begin || most >= until || only?.some((holds) => holds(instant)) === false) continue;
      person = people[Math.floor((most - begin) / (everyMinutes * MINUTE)) % people.length]!;
    }
    for (const { from, to, person: other } of overrides) if (from <= instant && instant < to) person = other;
    return person;
  });
}

/** Mostly where something happens: shortly before or after the clocks are changed. */
const minuteOfDayIn = ({ changed }: Place): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: -90, max: 90 }).map((by) => (changed + by + 1_440) % 1_440) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 1_439 }) },
  );

const restrictionIn = (place: Place) =>
  fc
    .record({
      hours: fc.option(fc.tuple(minuteOfDayIn(place), minuteOfDayIn(place))),
      weekdays: fc.option(fc.tuple(fc.nat(6), fc.nat(6)), { freq: 2 }),
      day: fc.option(
        fc.integer({ min: -3, max: 31 }).filter((day) => day !== 0),
        { freq: 1 },
      ),
    })
    .map(({ hours, weekdays, day }) =>
      times({
        times: hours && [{ startMinute: Math.min(...hours), endMinute: Math.max(...hours) + 1 }],
        weekdays: weekdays && [{ begin: Math.min(...weekdays), end: Math.max(...weekdays) }],
        daysOfMonth: day === null ? null : [{ begin: day, end: day }],
      }),
    );

/** From the first day that can be seen whole on: what was before the reference does not know. */
const wallTimeIn = (place: Place, day: fc.Arbitrary<number>): fc.Arbitrary<string> =>
  fc
    .tuple(day, minuteOfDayIn(place))
    .map(([days, minute]) =>
      wallTextOf(Math.ceil(place.shown[0]! / DAY_MS) * DAY_MS + days * DAY_MS + minute * MINUTE),
    );

const layerIn = (place: Place): fc.Arbitrary<Layer> =>
  fc.record({
    name: fc.constantFrom('one', 'two', 'three'),
    people: fc.uniqueArray(fc.constantFrom('ana', 'ben', 'cem', 'dora'), { minLength: 1, maxLength: 4 }),
    start: wallTimeIn(place, fc.nat(1)),
    end: fc.option(wallTimeIn(place, fc.integer({ min: 2, max: 4 })), { freq: 1 }),
    everyMinutes: fc.oneof(
      fc.constantFrom(30, 45, 60, 90, 720, 1_440, 2 * 1_440, 7 * 1_440),
      fc.integer({ min: 30, max: 3_000 }),
    ),
    only: fc.option(fc.array(restrictionIn(place), { minLength: 1, maxLength: 2 }), { freq: 2 }),
  });

const overrideIn = ({ begin }: Place): fc.Arbitrary<Override> =>
  fc
    .tuple(fc.nat(MINUTES), fc.integer({ min: 1, max: 2_000 }), fc.constantFrom('eva', 'fay'))
    .map(([from, length, person]) => ({
      person,
      from: begin + from * MINUTE,
      to: begin + (from + length) * MINUTE,
    }));

const scene = fc.constantFrom(...places).chain((place) =>
  fc.record({
    place: fc.constant(place),
    schedule: fc.record({
      name: fc.constant('any'),
      timeZone: fc.constant(place.zone),
      layers: fc.array(layerIn(place), { minLength: 1, maxLength: 3 }),
      overrides: fc.array(overrideIn(place), { maxLength: 2 }),
    }),
  }),
);

test('shifts tile the time, and say for every minute who a person with a clock would say it is', () => {
  fc.assert(
    fc.property(scene, ({ place, schedule }) => {
      const end = place.begin + MINUTES * MINUTE;
      const compiled = compileSchedule(schedule);
      const shifts = compiled.shifts(place.begin, end);
      expect(shifts[0]!.from).toBe(place.begin);
      expect(shifts.at(-1)!.to).toBe(end);
      shifts.forEach((shift, index) => {
        expect(shift.to).toBeGreaterThan(shift.from);
        if (index > 0) expect(shift.from).toBe(shifts[index - 1]!.to);
      });
      const expected = naivePerson(schedule, place);
      const said = place.shown.map((_, minute) => {
        const instant = place.begin + minute * MINUTE;
        return shifts.find(({ to }) => instant < to)!.person;
      });
      expect(firstDifference(said, expected, place)).toBeNull();
    }),
    { numRuns: 80 },
  );
});

test('whoever is on call at an instant is whose shift it lies in, and the next handoff is the next other person’s', () => {
  fc.assert(
    fc.property(scene, fc.nat((MINUTES - 1) * MINUTE), ({ place, schedule }, offset) => {
      const compiled = compileSchedule(schedule);
      const instant = place.begin + offset;
      const shifts = compiled.shifts(place.begin, place.begin + MINUTES * MINUTE);
      const at = shifts.findIndex(({ to }) => instant < to);
      expect(compiled.onDuty(instant)).toEqual({ person: shifts[at]!.person, layer: shifts[at]!.layer });
      const next = shifts.slice(at).find(({ person }) => person !== shifts[at]!.person);
      const found = compiled.nextHandoff(instant);
      if (next !== undefined) expect(found).toEqual({ at: next.from, person: next.person });
      else if (found !== null) expect(found.at).toBeGreaterThanOrEqual(shifts.at(-1)!.to);
    }),
    { numRuns: 80 },
  );
});

/** The first minute at which they differ, readably. */
function firstDifference(said: (string | null)[], expected: (string | null)[], place: Place): string | null {
  const minute = said.findIndex((person, index) => person !== expected[index]);
  if (minute < 0) return null;
  return `${wallTextOf(place.shown[minute]!)} in ${place.zone}: ${said[minute]} instead of ${expected[minute]}`;
}
