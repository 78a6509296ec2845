/**
 * Whether a route is muted by the time, with the names of the intervals that mute it: it lies in one of the route's mute
 * intervals, or in none of its active intervals. A route without active intervals is active at all times.
 */
import { compileTimeInterval } from '../domain/time-interval';
import type { TimeIntervalByName } from './port';

export interface RouteTimes {
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
}

export interface MutedByTime {
  readonly reason: 'mute_time_interval' | 'active_time_interval';
  /** Those that it lies in, or all active ones, none of which it lies in. */
  readonly names: readonly string[];
}

/** Null when the route is not muted. `instant`: milliseconds since 1970. */
export type TimeMutes = (times: RouteTimes, instant: number) => MutedByTime | null;

/** Throws a RangeError for a name that no interval has: a configuration with one is refused before. */
export function createTimeMutes(intervals: readonly TimeIntervalByName[]): TimeMutes {
  const byName = new Map(
    intervals.map(({ name, intervals: parts }) => [name, parts.map(compileTimeInterval)] as const),
  );
  const holds = (name: string, instant: number): boolean => {
    const parts = byName.get(name);
    if (parts === undefined) throw new RangeError(`there is no time interval ${JSON.stringify(name)}`);
    return parts.some((isWithin) => isWithin(instant));
  };
  return ({ muteTimeIntervals: mute, activeTimeIntervals: active }, instant) => {
    if (active.length > 0 && !active.some((name) => holds(name, instant)))
      return { reason: 'active_time_interval', names: active };
    const muting = mute.filter((name) => holds(name, instant));
    return muting.length > 0 ? { reason: 'mute_time_interval', names: muting } : null;
  };
}
