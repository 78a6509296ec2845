/**
 * Looks at the samples after an act until the rule's recovery condition has held for the soak time. Event time decides;
 * the clock only says when to look again and when to give up. Nothing is kept between calls: whoever resumes reads the
 * samples since the act again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors';
import { metricValue, type Point } from '../domain/metric';
import { compared, judgeRecovery } from '../domain/recovery';
import { recovers, type Condition } from '../domain/rule';
import type { TransitionCondition } from '../domain/transition';
import type { SampleReader } from '../stream/port';
import type { RecoveryWatch, WatchRequest, WatchVerdict } from './port';

export interface WatchDeps {
  readonly samples: SampleReader;
  readonly pollMs: number;
  readonly now: () => Date;
}

/** How far back each look reads again, for samples that arrive out of order. */
const REREAD_MS = 60_000;
/** Samples come in batches, and take their time on the way. */
const SHORTEST_SILENCE_MS = 60_000;

export function createRecoveryWatch({ samples, pollMs, now }: WatchDeps): RecoveryWatch {
  const since = (of: TransitionCondition, sinceMs: number): Promise<Point[]> =>
    samples.since({ metric: of.metric, labels: of.series }, sinceMs);

  return {
    async recent(condition, lookBackMs) {
      const from = now().getTime() - lookBackMs;
      const windowMs = condition.window_ms ?? 0;
      const read = await since(condition, from - windowMs);
      const points = compared(read, windowMs, from).sort((a, b) => a[0] - b[0]);
      const last = points.at(-1);
      if (last === undefined) return { samples: 0, last: null, recovered: false, stale: true };
      return {
        samples: points.length,
        last: { at: last[0], value: metricValue(last[1]) },
        recovered: recovers(conditionOf(condition), last[1]),
        stale: now().getTime() - last[0] > longestSilence(points, lookBackMs),
      };
    },

    async awaitRecovery(request, onPoll, signal) {
      const seen = new Map<number, number>();
      for (let polls = 1; ; polls++) {
        signal.throwIfAborted();
        const verdict = await look(request, seen, since, polls);
        onPoll(verdict);
        const left = request.deadline - now().getTime();
        if (verdict.kind === 'verified' || left <= 0) return verdict;
        await sleep(Math.min(pollMs, left), undefined, { signal });
      }
    },
  };
}

/** Three times what usually lies between two samples; of a single one that is not known, but it is within the look back. */
function longestSilence(points: readonly Point[], lookBackMs: number): number {
  const gaps = points.slice(1).map(([time], before) => time - points[before]![0]);
  const usual = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? lookBackMs / 3;
  return Math.max(SHORTEST_SILENCE_MS, 3 * usual);
}

/** One look; a reader that fails is looked at again later, and is no verdict in favour. */
async function look(
  { condition, actedAt, soakMs }: WatchRequest,
  seen: Map<number, number>,
  since: (of: TransitionCondition, sinceMs: number) => Promise<Point[]>,
  polls: number,
): Promise<WatchVerdict> {
  const windowMs = condition.window_ms ?? 0;
  const from = actedAt - windowMs;
  try {
    for (const [time, value] of await since(condition, Math.max(from, ...lastOf(seen))))
      seen.set(time, value);
  } catch (error) {
    return { kind: 'unreadable', error: messageOf(error), polls };
  }
  const points = compared([...seen], windowMs, actedAt);
  return { ...judgeRecovery(conditionOf(condition), points, actedAt, soakMs), polls };
}

const lastOf = (seen: ReadonlyMap<number, number>): number[] =>
  seen.size === 0 ? [] : [Math.max(...seen.keys()) - REREAD_MS];

export function conditionOf(of: TransitionCondition): Condition {
  return { operator: of.operator, threshold: of.threshold, recoveryThreshold: of.recovery_threshold };
}
