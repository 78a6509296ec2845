/**
 * A metric's event time against the broker's record time, never against now: a backlog, a replay and the first reading
 * judge alike. An event cannot lie after its record, so an event time that does comes from a clock that is ahead:
 * the record time stands in for it. How far ahead, or how late, is still to be believed is the operator's to say.
 *
 * Topics that others made may bear their senders' record times. One that is no time at all stands in for nothing. One from
 * before anything that a topic may still hold, in seconds or none at all, does not say when its record came: of its metric is known
 * only that it came by now.
 */
import type { Metric } from '../domain/metric';
import type { OnStreamEvent } from './events';
import { eventTimeMs, looksLikeMetric, YEAR_10000_MS } from './metric-message';

export interface EventTiming {
  /** An event time that is further than this after the record time is no small difference of clocks. */
  readonly maxSkewMs: number;
  readonly skewPolicy: 'correct' | 'reject';
  /** An event time that is further than this before the record time comes too late to decide anything. */
  readonly maxLateMs: number;
}

export const DEFAULT_TIMING: EventTiming = {
  maxSkewMs: 300_000,
  skewPolicy: 'correct',
  maxLateMs: 3_600_000,
};

export type TimeVerdict = 'in_time' | 'corrected' | 'rejected' | 'late';

export interface JudgedMetric {
  readonly metric: Metric;
  readonly verdict: TimeVerdict;
  /** By its sender's clock. */
  readonly sentAt: number;
  /** The one for which it is evaluated; NaN where it is not. */
  readonly time: number;
}

/**
 * What a record's value is to whoever evaluates it, tries rules out on it or verifies by it; null where it is no metric. A metric
 * is evaluated when it is in time or corrected.
 */
export function judgeMetric(
  value: unknown,
  recorded: number,
  timing: EventTiming,
  isDerived: boolean,
): JudgedMetric | null {
  const sentAt = looksLikeMetric(value) ? eventTimeMs(value.timestamp) : NaN;
  if (!looksLikeMetric(value) || Number.isNaN(sentAt)) return null;
  const verdict = judgeTime(sentAt, recorded, timing, isDerived);
  const isEvaluated = verdict === 'in_time' || verdict === 'corrected';
  return { metric: value, verdict, sentAt, time: isEvaluated ? notAfter(recorded, sentAt) : NaN };
}

/**
 * Kafka keeps metrics for a week and deletes them by segments, which may be another week long; who has made a topic may keep it for
 * longer. The first record time of a partition is where its evaluation begins: what this says is the most that it costs.
 */
export const OLDEST_RECORD_MS = 30 * 86_400_000;

/** Records that came together bear the same time. */
let lastText = '';
let lastTime = NaN;

/** When a record came, milliseconds since 1970: not after `now`, and null where its time does not say it. */
export function recordTimeOf(timestamp: string, now: number): number | null {
  if (timestamp !== lastText) {
    lastText = timestamp;
    lastTime = Number(timestamp);
  }
  const time = lastTime;
  return time >= now - OLDEST_RECORD_MS ? Math.min(time, now) : null;
}

/** For metrics of which nobody can say how late they came; held against now. */
export const undated = (timing: EventTiming): EventTiming => ({
  ...timing,
  maxLateMs: Math.max(timing.maxLateMs, OLDEST_RECORD_MS),
});

/** A rule that works off a backlog makes samples of the backlog's times: they are as good as what they are made of, and never late. */
export function judgeTime(
  time: number,
  recorded: number,
  timing: EventTiming,
  isDerived = false,
): TimeVerdict {
  const ahead = time - recorded;
  if (ahead > timing.maxSkewMs)
    return timing.skewPolicy === 'correct' && isTime(recorded) ? 'corrected' : 'rejected';
  return -ahead > timing.maxLateMs && !isDerived ? 'late' : 'in_time';
}

/** The time for which a metric is evaluated. */
export function notAfter(recorded: number, time: number): number {
  return time > recorded && isTime(recorded) ? recorded : time;
}

const isTime = (ms: number): boolean => ms >= 0 && ms < YEAR_10000_MS;

export function skewProblem(time: number, recorded: number, { maxSkewMs }: EventTiming): string {
  const ahead = Math.round((time - recorded) / 1_000);
  return `timestamp: is ${ahead} s after the broker's record time, more than ${maxSkewMs / 1_000} s`;
}

export interface SkewTally {
  add(instanceId: string, action: 'corrected' | 'rejected', aheadMs: number): void;
  /** One event for each instance. */
  tell(place: { topic: string; partition: number }, onEvent: OnStreamEvent): void;
}

/** A clock that is ahead is so with each sample: told of one by one they would drown the rest. */
export function createSkewTally(): SkewTally {
  const found = new Map<string, { action: 'corrected' | 'rejected'; samples: number; aheadMs: number }>();
  return {
    add(instanceId, action, aheadMs) {
      const key = `${action} ${instanceId}`;
      const known = found.get(key);
      found.set(key, {
        action,
        samples: (known?.samples ?? 0) + 1,
        aheadMs: Math.max(known?.aheadMs ?? 0, aheadMs),
      });
    },
    tell({ topic, partition }, onEvent) {
      for (const [key, { action, samples, aheadMs }] of found) {
        const instanceId = key.slice(action.length + 1);
        onEvent({ kind: 'clock_skew', action, topic, partition, instanceId, samples, aheadMs });
      }
    },
  };
}
