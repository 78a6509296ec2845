/** What on-call values have to mean together: names lead somewhere, times are in order, somebody is told. */
import { isTimeZone } from '../../domain/time-interval';
import { didYouMean, type Finding, type Path } from '../problems';
import { duplicates, unknownName, unknownReceiver, type ReceiverNames } from '../references';
import { routesBySeverity } from './build';
import type { RawTimes } from './fields';
import type { RawEscalation, RawPerson, RawSchedule, RawSeverityRouting } from './schema';

interface Section {
  readonly people: readonly RawPerson[];
  readonly schedules: readonly RawSchedule[];
  readonly escalation: readonly RawEscalation[];
  readonly receivers: readonly { readonly name: string; readonly type: string }[];
  readonly route: { readonly severity_routing: RawSeverityRouting | null };
}

interface Names {
  readonly people: readonly string[];
  readonly schedules: readonly string[];
  readonly receivers: readonly string[];
  /** For levels. */
  readonly all: ReceiverNames;
}

export function onCallFindings(config: Section, all: ReceiverNames): Finding[] {
  const named = (items: readonly { readonly name: string }[]): string[] => items.map(({ name }) => name);
  const names = {
    people: named(config.people),
    schedules: named(config.schedules),
    ...{ receivers: named(config.receivers), all },
  };
  return [
    ...duplicates(['people'], config.people),
    ...duplicates(['schedules'], config.schedules),
    ...config.people.flatMap((person, index) => ways(['people', index], person, names)),
    ...config.schedules.flatMap((schedule, index) => scheduled(['schedules', index], schedule, names)),
    ...config.escalation.flatMap((policy, index) => escalated(['escalation', index], policy, names)),
    ...bySeverity(config),
  ];
}

const unknownNames = (
  path: Path,
  given: readonly string[],
  names: readonly string[],
  what: string,
): Finding[] => given.flatMap((name, index) => unknownName([...path, index], name, names, what));

function ways(path: Path, { notify }: RawPerson, { receivers }: Names): Finding[] {
  return Object.entries(notify).flatMap(([urgency, contacts = []]) =>
    unknownNames(
      [...path, 'notify', urgency],
      contacts.map(({ receiver }) => receiver),
      receivers,
      'receiver',
    ),
  );
}

function scheduled(path: Path, schedule: RawSchedule, { people }: Names): Finding[] {
  const { layers, overrides, time_zone: zone } = schedule;
  return [
    ...unknownZone([...path, 'time_zone'], zone),
    ...duplicates([...path, 'layers'], layers),
    ...layers.flatMap((layer, index) => {
      const at = [...path, 'layers', index];
      return [
        ...unknownNames([...at, 'people'], layer.people, people, 'person'),
        ...notAfter([...at, 'end'], layer.end, layer.start, 'start'),
        ...(layer.only ?? []).flatMap((times, i) => outOfOrder([...at, 'only', i], times)),
      ];
    }),
    ...overrides.flatMap(({ person, from, to }, index) => {
      const at = [...path, 'overrides', index];
      return [
        ...unknownName([...at, 'person'], person, people, 'person'),
        ...notAfter([...at, 'to'], iso(to), iso(from), 'from'),
      ];
    }),
  ];
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Times of one form, which sort as they follow each other. A date stands for its midnight. */
function notAfter(path: Path, end: string | null, begin: string, what: string): Finding[] {
  if (end === null || end > begin) return [];
  return [{ path, value: JSON.stringify(end), message: `is not after ${what}, ${begin}` }];
}

export function outOfOrder(path: Path, { times }: RawTimes): Finding[] {
  return (times ?? []).flatMap((range, index): Finding[] => {
    if (range.end_time > range.start_time) return [];
    const message =
      'is not after start_time: for a time over midnight write two ranges, up to 24:00 and from 00:00';
    return [{ path: [...path, 'times', index, 'end_time'], message }];
  });
}

/** The machine's own zone is another on each machine. */
export function unknownZone(path: Path, zone: string): Finding[] {
  if (zone !== 'Local' && isTimeZone(zone)) return [];
  const suggestion = didYouMean(zone, Intl.supportedValuesOf('timeZone'));
  const accepted = 'a name of the time zone database, such as Europe/Berlin';
  return [{ path, value: JSON.stringify(zone), message: 'is no time zone', suggestion, accepted }];
}

function escalated(path: Path, policy: RawEscalation, names: Names): Finding[] {
  const findings = policy.levels.flatMap((level, index) => {
    const at = [...path, 'levels', index];
    const { receivers, people, schedules, when } = level;
    const hours = Object.entries({ hours: when?.hours ?? [], not_hours: when?.not_hours ?? [] });
    return [
      ...receivers.flatMap((name, i) => unknownReceiver([...at, 'receivers', i], name, names.all)),
      ...unknownNames([...at, 'people'], people, names.people, 'person'),
      ...unknownNames([...at, 'schedules'], schedules, names.schedules, 'schedule'),
      ...(receivers.length + people.length + schedules.length === 0
        ? [{ path: at, message: 'tells nobody', accepted: 'receivers, people or schedules' }]
        : []),
      ...hours.flatMap(([key, all]) =>
        all.flatMap((times, i) => [
          ...unknownZone([...at, 'when', key, i, 'time_zone'], times.time_zone),
          ...outOfOrder([...at, 'when', key, i], times),
        ]),
      ),
    ];
  });
  return [...findings, ...atOnce(path, policy), ...nobodyAtTimes(path, policy)];
}

/** Rounds without a wait would all be told in one moment. */
function atOnce(path: Path, { repeat, levels }: RawEscalation): Finding[] {
  if (repeat === 0 || levels.some(({ timeout }) => timeout > 0)) return [];
  const message = 'tells everybody again in the same moment: no level has a timeout';
  return [{ path: [...path, 'repeat'], value: String(repeat), message }];
}

function nobodyAtTimes(path: Path, { levels }: RawEscalation): Finding[] {
  if (levels.some(({ when }) => when === undefined)) return [];
  const message = 'has a condition on every level: of an alert that meets none, nobody is told';
  return [{ level: 'warning', path: [...path, 'levels'], message }];
}

function bySeverity({ route: { severity_routing: routing }, receivers }: Section): Finding[] {
  if (routing === null) return [];
  const path: Path = ['route', 'severity_routing'];
  const names = receivers.map(({ name }) => name);
  const { missing } = routesBySeverity(routing, receivers);
  return [
    ...Object.entries(routing).flatMap(([each, given = []]) =>
      unknownNames([...path, each], given, names, 'receiver'),
    ),
    ...missing.map(({ class: each, kind }) => ({
      path: [...path, each],
      message: `is missing: there is no receiver of type ${kind}, nor one named ${kind} or ${kind}-…`,
      accepted: names.length === 0 ? 'none is configured' : names.join(', '),
    })),
  ];
}
