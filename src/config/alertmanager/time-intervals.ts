/** Named time intervals, as routes refer to them. */
import {
  isTimeZone,
  parseDaysOfMonth,
  parseMonths,
  parseTimeOfDay,
  parseWeekdays,
  parseYears,
  type InclusiveRange,
  type TimeInterval,
} from '../../domain/time-interval';
import { didYouMean, type Finding, type Path } from '../problems';
import { initially, list, optional, text, textual } from './kinds';
import { mapping } from './mappings';
import { type Kind, REFUSED, type ValueOf } from './reading';

/** An instant lies in it when it lies in one of `intervals`. */
export interface NamedTimeInterval {
  readonly name: string;
  readonly intervals: readonly TimeInterval[];
}

/** What null stands for in a list of ranges. */
const NOTHING: InclusiveRange = { begin: 0, end: 0 };

const ranges = (accepted: string, read: (written: string) => InclusiveRange) =>
  optional(list(textual(NOTHING, accepted, read)));

const times = (() => {
  const written = mapping({ start_time: text(), end_time: text() });
  const kind: Kind<{ startMinute: number; endMinute: number }> = {
    zero: { startMinute: 0, endMinute: 0 },
    initial: { startMinute: 0, endMinute: 0 },
    read(node, path, reading) {
      const range = written.read(node, path, reading);
      if (range === REFUSED) return REFUSED;
      const [start, end] = [minuteOf(range.start_time), minuteOf(range.end_time)];
      const findings = [
        ...wrongTime(start, range.start_time, [...path, 'start_time']),
        ...wrongTime(end, range.end_time, [...path, 'end_time']),
      ];
      if (start !== null && end !== null && start >= end) {
        const message =
          'is not after start_time: for a time over midnight write two ranges, up to 24:00 and from 00:00';
        findings.push({ path: [...path, 'end_time'], value: JSON.stringify(range.end_time), message });
      }
      for (const finding of findings) reading.refuse(finding);
      return findings.length > 0 ? REFUSED : { startMinute: start!, endMinute: end! };
    },
  };
  return optional(list(kind));
})();

function minuteOf(written: string): number | null {
  try {
    return parseTimeOfDay(written);
  } catch {
    return null;
  }
}

function wrongTime(minute: number | null, written: string, path: Path): Finding[] {
  if (minute !== null) return [];
  const accepted = 'HH:MM from 00:00 to 24:00';
  if (written === '') return [{ path, message: 'is missing', accepted }];
  return [{ path, value: JSON.stringify(written), message: 'is not accepted', accepted }];
}

const location = optional(
  textual('UTC', 'a name of the time zone database, such as Europe/Berlin', (written) => {
    if (written === '') return 'UTC';
    if (isTimeZone(written)) return written;
    const near = didYouMean(written, Intl.supportedValuesOf('timeZone'));
    throw new RangeError(`is no time zone${near === null ? '' : `; did you mean "${near}"?`}`);
  }),
);

const interval = mapping({
  times,
  weekdays: ranges('days such as monday or monday:friday', parseWeekdays),
  days_of_month: ranges('days such as 1, 1:5 or -3:-1', parseDaysOfMonth),
  months: ranges('months such as may, 5 or may:august', parseMonths),
  years: ranges('years such as 2026 or 2026:2030', parseYears),
  location,
});

/** One that is nothing at all is taken, as Alertmanager takes it; nobody can refer to it. */
const named = () => {
  const kind = mapping(
    { name: text(), time_intervals: list(interval) },
    { check: ({ name }, path) => (name === '' ? [{ path, message: 'has no name' }] : []) },
  );
  return initially(kind.zero, kind);
};

export const rawTimeIntervals = () => list(named());
type RawTimeIntervals = ValueOf<ReturnType<typeof rawTimeIntervals>>;

export function timeIntervalsInEffect(raw: RawTimeIntervals): NamedTimeInterval[] {
  return raw.map(({ name, time_intervals: all }) => ({
    name,
    intervals: all.map(({ days_of_month: daysOfMonth, ...others }) => ({ ...others, daysOfMonth })),
  }));
}

/** Both sections share their names. */
export function repeatedIntervals(old: RawTimeIntervals, own: RawTimeIntervals): Finding[] {
  const all = [
    ...old.map(({ name }, index) => ({ name, path: ['mute_time_intervals', index, 'name'] as Path })),
    ...own.map(({ name }, index) => ({ name, path: ['time_intervals', index, 'name'] as Path })),
  ];
  return all
    .filter(({ name }, index) => all.findIndex((other) => other.name === name) < index)
    .map(({ name, path }) => ({
      path,
      value: JSON.stringify(name),
      message: 'is the name of another one already',
    }));
}
