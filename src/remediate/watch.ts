/**
 * Looks at the samples after an act until the rule's recovery condition has held for the soak time. Event time decides;
 * the clock only says when to look again and when to give up. Nothing is kept between calls: whoever resumes reads the
 * samples since the act again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../domain/errors';
import { metricValue, type Point } from '../domain/metric';
import { judgeRecovery } from '../domain/recovery';
import type { Condition } from '../domain/rule';
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

export function createRecoveryWatch({ samples, pollMs, now }: WatchDeps): RecoveryWatch {
  const since = (of: TransitionCondition, sinceMs: number): Promise<Point[]> =>
    samples.since({ metric: of.metric, labels: of.series }, sinceMs);

  return {
    async recent(condition, lookBackMs, soakMs) {
      const from = now().getTime() - lookBackMs;
      const points = await since(condition, from);
      const last = points.reduce<Point | null>(
        (latest, point) => (latest === null || point[0] >= latest[0] ? point : latest),
        null,
      );
      return {
        samples: points.length,
        last: last === null ? null : { at: last[0], value: metricValue(last[1]) },
        recovered: judgeRecovery(conditionOf(condition), points, from, soakMs).kind === 'verified',
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

/** One look; a reader that fails is looked at again later, and is no verdict in favour. */
async function look(
  { condition, actedAt, soakMs }: WatchRequest,
  seen: Map<number, number>,
  since: (of: TransitionCondition, sinceMs: number) => Promise<Point[]>,
  polls: number,
): Promise<WatchVerdict> {
  const last = Math.max(actedAt, ...seen.keys());
  try {
    for (const [time, value] of await since(condition, Math.max(actedAt, last - REREAD_MS)))
      seen.set(time, value);
  } catch (error) {
    return { kind: 'unreadable', error: messageOf(error), polls };
  }
  return { ...judgeRecovery(conditionOf(condition), [...seen], actedAt, soakMs), polls };
}

export function conditionOf(of: TransitionCondition): Condition {
  return { operator: of.operator, threshold: of.threshold, recoveryThreshold: of.recovery_threshold };
}
