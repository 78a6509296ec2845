/** From `people`, `schedules` and `escalation` to what the rooms take. Everything has been checked before. */
import type { EscalationCondition, EscalationLevel, EscalationPolicy } from '../../domain/escalation';
import { SEVERITY_CLASSES, type SeverityClass } from '../../domain/severity';
import type { TimeInterval } from '../../domain/time-interval';
import type { Person, Schedule } from '../../oncall/port';
import type { RawTimes } from './fields';
import type { RawEscalation, RawLevel, RawPerson, RawSchedule, RawSeverityRouting } from './schema';

/** Somebody who says nothing of what can wait is told of it as of all else. */
export function toPerson({ name, slack, notify: { high, low = high } }: RawPerson): Person {
  return { name, notify: { high, low }, ...(slack !== null && { slack }) };
}

export function toSchedule({ name, time_zone: timeZone, layers, overrides }: RawSchedule): Schedule {
  return {
    name,
    timeZone,
    layers: layers.map(({ handoff, only, ...layer }) => ({
      ...layer,
      everyMinutes: handoff,
      only: only?.map((times) => toInterval(times, timeZone)) ?? null,
    })),
    overrides,
  };
}

/** A life carries its policy with it: what a policy does not use is left out. */
export function toPolicy(raw: RawEscalation): EscalationPolicy {
  const counts = raw.levels.some(({ when }) => when?.alerts !== undefined);
  return {
    name: raw.name,
    delayMs: raw.delay,
    repeat: raw.repeat,
    levels: raw.levels.map(toLevel),
    ...(counts && { groupBy: raw.group_by }),
  };
}

function toLevel({ name, receivers, people, schedules, urgency, when, timeout }: RawLevel): EscalationLevel {
  return {
    name,
    receivers,
    timeoutMs: timeout,
    ...(people.length > 0 && { people }),
    ...(schedules.length > 0 && { schedules }),
    ...(urgency && { urgency }),
    ...(when && { when: toCondition(when) }),
  };
}

function toCondition({
  hours,
  not_hours: notHours,
  severities,
  alerts,
}: NonNullable<RawLevel['when']>): EscalationCondition {
  return {
    ...(hours && { hours: hours.map((times) => toInterval(times, times.time_zone)) }),
    ...(notHours && { notHours: notHours.map((times) => toInterval(times, times.time_zone)) }),
    ...(severities && { severities }),
    ...(alerts !== undefined && { alerts }),
  };
}

export function toInterval(
  { times, weekdays, days_of_month: daysOfMonth, months, years }: RawTimes,
  location: string,
): TimeInterval {
  return {
    times: times?.map((range) => ({ startMinute: range.start_time, endMinute: range.end_time })) ?? null,
    ...{ weekdays, daysOfMonth, months, years, location },
  };
}

/** Where a class goes that `severity_routing` says nothing of: low alerts are only seen on lists and dashboards. */
const KIND_OF_CLASS: Readonly<Record<SeverityClass, string | null>> = {
  high: 'pagerduty',
  medium: 'slack',
  low: null,
};

/** Receivers of that type, or called so: `pagerduty`, `pagerduty-dba`. */
function ofKind(kind: string | null, receivers: readonly { readonly name: string; readonly type: string }[]) {
  const isOf = ({ name, type }: { readonly name: string; readonly type: string }): boolean =>
    type === kind || name === kind || name.startsWith(`${kind}-`);
  return kind === null ? [] : receivers.filter(isOf).map(({ name }) => name);
}

/** The receivers of each class, by name; a class that finds none of its kind is said to be `missing` it. */
export function routesBySeverity(
  routing: RawSeverityRouting,
  receivers: readonly { readonly name: string; readonly type: string }[],
): { routes: Record<SeverityClass, readonly string[]>; missing: { class: SeverityClass; kind: string }[] } {
  const routes = { high: [], medium: [], low: [] } as Record<SeverityClass, readonly string[]>;
  const missing: { class: SeverityClass; kind: string }[] = [];
  for (const each of SEVERITY_CLASSES) {
    const kind = KIND_OF_CLASS[each];
    routes[each] = routing[each] ?? ofKind(kind, receivers);
    if (routing[each] === undefined && kind !== null && routes[each].length === 0)
      missing.push({ class: each, kind });
  }
  return { routes, missing };
}
