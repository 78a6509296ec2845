/** Verification: do the samples after an act show that the rule's recovery condition holds for the soak time? */
import type { Point } from './metric';
import { recovers, type Condition } from './rule';

export type RecoveryVerdict =
  | { readonly kind: 'verified'; readonly since: number; readonly samples: number }
  | { readonly kind: 'soaking'; readonly since: number; readonly samples: number }
  | { readonly kind: 'breaching'; readonly at: number; readonly value: number }
  | { readonly kind: 'no_sample' };

/**
 * What the rule compares at each point with an event time after `afterMs`: its value, or the mean of the points in
 * (time - window, time]. As in evaluation, the mean of what is not a number is none.
 */
export function compared(points: readonly Point[], windowMs: number, afterMs: number): Point[] {
  if (windowMs === 0) return points.filter(([time]) => time > afterMs);
  const sorted = [...points].sort((a, b) => a[0] - b[0]);
  const meanAt = (now: number): number => {
    const values = sorted.filter(([time]) => time > now - windowMs && time <= now);
    return values.reduce((sum, [, value]) => sum + value, 0) / values.length;
  };
  const after = points.filter(([time]) => time > afterMs);
  return after.map(([time]) => [time, meanAt(time)]);
}

/**
 * Judges the points with an event time after `actedAt` (milliseconds), in any order. The last run of points that meet
 * the recovery condition has to span `soakMs` from its first to its last point; with a soak of 0 one good point is enough. No sample is
 * not verified.
 */
export function judgeRecovery(
  condition: Condition,
  points: readonly Point[],
  actedAt: number,
  soakMs: number,
): RecoveryVerdict {
  const after = points.filter(([time]) => time > actedAt).sort((a, b) => a[0] - b[0]);
  const last = after.at(-1);
  if (last === undefined) return { kind: 'no_sample' };
  if (!recovers(condition, last[1])) return { kind: 'breaching', at: last[0], value: last[1] };
  let first = after.length - 1;
  while (first > 0 && recovers(condition, after[first - 1]![1])) first--;
  const since = after[first]![0];
  const samples = after.length - first;
  return { kind: last[0] - since >= soakMs ? 'verified' : 'soaking', since, samples };
}
