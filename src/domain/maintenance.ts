/**
 * Maintenance: a time in which something is worked on, so that nobody is told of its alerts and no runbook acts on it. It is
 * of targets, of environments, or of alerts with certain labels; it lasts from a start to an end, or recurs in time
 * intervals. Who reads it, and what follows for a page or a repair, is decided elsewhere.
 */
import { compileAlertmanagerMatchers } from './alertmanager-matchers';
import type { Labels } from './labels';
import { matcherText, type Matcher } from './matchers';
import { intervalTimes, type IntervalTimes, type TimeInterval } from './time-interval';

/** Of its three parts exactly one names something: what lies in it is worked on. */
export interface MaintenanceScope {
  readonly targets: readonly string[];
  readonly environments: readonly string[];
  readonly matchers: readonly Matcher[];
}

export interface Maintenance extends MaintenanceScope {
  readonly id: string;
  readonly name: string;
  /** ISO 8601; null: since ever, until somebody ends it. */
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  /** It is in effect in these times only; null: from its start to its end. */
  readonly intervals: readonly TimeInterval[] | null;
  readonly createdBy: string;
  readonly comment: string;
}

/** What a runbook is about to act on, by the configuration's word; `labels` are those of the alert that asks. */
export interface RepairSubject {
  readonly target: string;
  readonly environment: string | null;
  readonly labels: Labels;
}

export interface CompiledMaintenance {
  readonly maintenance: Maintenance;
  covers(labels: Labels): boolean;
  holds(subject: RepairSubject): boolean;
  /** Until when it is in effect without a break, in milliseconds since 1970; null where it is not. */
  activeUntil(at: number): number | null;
  /** When it is in effect next, after `at`; null where that is not within the next 400 days. */
  nextStart(at: number): number | null;
}

const DAY_MS = 86_400_000;
/** For what has no end of its own: a time that timers can wait for. */
const NO_END_MS = 3_650 * DAY_MS;
/** How far the next occurrence is looked for: one that comes once a year is seen. */
const AHEAD_MS = 400 * DAY_MS;

/** Throws a RangeError for matchers that cannot be understood. */
export function compileMaintenance(maintenance: Maintenance): CompiledMaintenance {
  const { targets, environments, matchers, intervals } = maintenance;
  const start = maintenance.startsAt === null ? -Infinity : Date.parse(maintenance.startsAt);
  const end = maintenance.endsAt === null ? Infinity : Date.parse(maintenance.endsAt);
  const times = intervals === null ? null : intervalTimes(intervals);
  const holdsFor = compileAlertmanagerMatchers(matchers);
  const matches = (labels: Labels): boolean => matchers.length > 0 && holdsFor(labels);
  return {
    maintenance,
    covers: (labels) =>
      targets.includes(targetOf(labels)) ||
      environments.includes(valueOf(labels, 'environment')) ||
      matches(labels),
    holds: ({ target, environment, labels }) =>
      targets.includes(target) || environments.includes(environment ?? '') || matches(labels),
    activeUntil(at) {
      if (at < start || at >= end) return null;
      if (times === null) return Math.min(end, Math.max(start, 0) + NO_END_MS);
      return times.holds(at) ? Math.min(end, times.end(at)) : null;
    },
    nextStart(at) {
      const from = Math.max(at, start);
      const found = startIn(times, from, at);
      return found === null || found >= end ? null : found;
    },
  };
}

function startIn(times: IntervalTimes | null, from: number, after: number): number | null {
  if (times === null) return from > after ? from : null;
  if (from > after && times.holds(from)) return from;
  // One that is in effect has to end before it begins again.
  const free = times.holds(from) ? times.end(from) : from;
  return times.start(free, free + AHEAD_MS);
}

/** Of an alert: the instance that collects it, or the one that its sender calls so. */
export const targetOf = (labels: Labels): string =>
  valueOf(labels, 'instance_id') || valueOf(labels, 'instance');

const valueOf = (labels: Labels, name: string): string => (Object.hasOwn(labels, name) ? labels[name]! : '');

/** In words: `target db-1`, `environment staging`, `alertname="High"`. */
export function scopeText({ targets, environments, matchers }: MaintenanceScope): string {
  if (targets.length > 0) return `target ${targets.join(', ')}`;
  if (environments.length > 0) return `environment ${environments.join(', ')}`;
  return matchers.map(matcherText).join(', ');
}

/** It lasts until somebody ends it. */
export const isEndless = ({ endsAt, intervals }: Maintenance): boolean =>
  endsAt === null && intervals === null;

/** `maintenance move of ana until …: why`. */
export function maintenanceText(maintenance: Maintenance, until: string): string {
  const { name, createdBy, comment } = maintenance;
  const whose = createdBy === '' ? '' : ` of ${createdBy}`;
  const end = isEndless(maintenance) ? 'somebody ends it' : until;
  return `maintenance ${name}${whose} until ${end}${comment === '' ? '' : `: ${comment}`}`;
}
