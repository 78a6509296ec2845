/**
 * One target under watch: its session, its breaker and the way from samples to messages. A collection never throws; a
 * target that cannot be reached is itself a metric.
 *
 * - `up` is decided by the availability group alone, so that a missing grant on one view does not make a target look
 *   dead. Every other group reports `collection_success`.
 * - The breaker counts what says that the target cannot be reached: any failure of the availability group, and dns, tcp
 *   and auth failures of the others. A group that alone runs into its timeout says nothing about the target.
 * - While the breaker is open the target is left alone, and `up` stays 0 with the last reason.
 *
 * Does not decide when to collect (`shard.ts`).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { admit, CLOSED, settle, type BreakerPolicy, type BreakerState } from '../domain/breaker';
import { messageOf } from '../domain/errors';
import { metricValue, type Metric, type MetricMetadata } from '../domain/metric';
import { AVAILABILITY, probeSamples, successSamples } from './availability';
import { withDeadline } from './deadline';
import type { Collector, Limits, Sample, Session, Target, UpReason } from './port';
import { redacted } from './reasons';
import { createVanished } from './vanished';

export const COLLECTOR_VERSION = '1.0';
/** How long a target may take to say goodbye. */
const CLOSE_MS = 2_000;

/** How one collection went. */
export interface Collected {
  readonly metrics: readonly Metric[];
  /** `ok`, why it failed, `open` when the breaker refused it, `aborted` when nobody wanted it any more. */
  readonly outcome: 'ok' | 'open' | 'aborted' | UpReason;
  readonly durationMs: number;
  readonly error: unknown;
}

export interface TargetSession {
  readonly target: Target;
  readonly collector: Collector;
  /** Reads one group and answers its messages. Rejects never; answers no messages once `signal` has aborted. */
  collect(group: string, signal: AbortSignal): Promise<Collected>;
  close(): Promise<void>;
}

interface Failure {
  readonly reason: UpReason;
  readonly error: string;
}

/** `now` answers milliseconds since 1970. Opens nothing before the first collection. */
export function openTarget(
  target: Target,
  collector: Collector,
  limits: Limits,
  now: () => number,
): TargetSession {
  const policy: BreakerPolicy = { ...limits, successThreshold: 1 };
  const vanished = createVanished();
  let breaker: BreakerState = CLOSED;
  let session: Session | null = null;
  let lastFailure: Failure = { reason: 'query', error: '' };

  const read = (group: string, signal: AbortSignal): Promise<readonly Sample[]> => {
    const budget = group === AVAILABILITY ? limits.acquireMs : limits.acquireMs + limits.statementMs;
    return withDeadline(`${target.name}: ${group}`, budget, signal, async (inner) => {
      session ??= collector.open(target.connection, limits);
      return await session.collect(group, inner);
    });
  };

  const settleWith = (group: string, reason: UpReason | null, callOff: () => void): void => {
    if (group !== AVAILABILITY && reason === 'timeout') return callOff();
    const reached = reason === null || (group !== AVAILABILITY && reason === 'query');
    breaker = settle(policy, breaker, reached, now());
  };

  const collect = async (group: string, signal: AbortSignal): Promise<Collected> => {
    const startedAt = now();
    const before = breaker;
    const admission = admit(policy, breaker, startedAt);
    if (!admission.allowed) return refused(group, startedAt);
    breaker = admission.state;
    // Nobody knows how a call that was called off would have gone: its probe leaves the breaker as it was.
    const callOff = (): void => {
      if (breaker === admission.state) breaker = before;
    };
    try {
      const samples = await read(group, signal);
      settleWith(group, null, callOff);
      return succeeded(group, samples, startedAt);
    } catch (error) {
      if (signal.aborted) {
        callOff();
        return { metrics: [], outcome: 'aborted', durationMs: now() - startedAt, error };
      }
      lastFailure = {
        reason: collector.classify(error),
        error: redacted(messageOf(error), target.connection),
      };
      settleWith(group, lastFailure.reason, callOff);
      return failed(group, lastFailure, startedAt, error);
    }
  };

  const succeeded = (group: string, samples: readonly Sample[], startedAt: number): Collected => {
    const durationMs = now() - startedAt;
    const own = group === AVAILABILITY ? probeSamples(null, durationMs / 1_000) : successSamples(group, true);
    const metadata = metadataOf(durationMs);
    const metrics = [...own, ...samples].map((sample) => message(target, sample, startedAt, metadata));
    metrics.push(...vanished.after(group, metrics));
    return { metrics, outcome: 'ok', durationMs, error: null };
  };

  /** A failure is known when it is over; so is its event time, or `up` 0 would date from before the target hung. */
  const failed = (group: string, failure: Failure, startedAt: number, error: unknown): Collected => {
    const endedAt = now();
    const metadata = { ...metadataOf(endedAt - startedAt), ...failure };
    const samples = group === AVAILABILITY ? probeSamples(failure.reason, 0) : successSamples(group, false);
    const metrics = samples.map((sample) => message(target, sample, endedAt, metadata));
    return { metrics, outcome: failure.reason, durationMs: endedAt - startedAt, error };
  };

  const refused = (group: string, at: number): Collected => {
    const metadata = { ...metadataOf(0), ...lastFailure, breaker: 'open' };
    const samples =
      group === AVAILABILITY ? probeSamples(lastFailure.reason, 0) : successSamples(group, false);
    const metrics = samples.map((sample) => message(target, sample, at, metadata));
    return { metrics, outcome: 'open', durationMs: 0, error: null };
  };

  return {
    target,
    collector,
    collect,
    close: async () => {
      const open = session;
      session = null;
      if (open !== null) await within(CLOSE_MS, open.close());
    },
  };
}

/** Waits for `work`, but not for a target that hangs; how it ends is nobody's concern any more. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const given = new AbortController();
  await Promise.race([
    work.catch(() => undefined),
    sleep(ms, undefined, { signal: given.signal, ref: false }).catch(() => undefined),
  ]);
  given.abort();
}

const metadataOf = (durationMs: number): MetricMetadata => ({
  collection_duration_ms: Math.round(durationMs),
  version: COLLECTOR_VERSION,
  correlation_id: randomUUID(),
});

/** A metric's own labels win over the target's tags of the same name. */
function message(target: Target, sample: Sample, at: number, metadata: MetricMetadata): Metric {
  return {
    timestamp: new Date(at).toISOString(),
    database_type: target.type,
    instance_id: target.name,
    metric_name: sample.name,
    value: metricValue(sample.value),
    tags: sample.labels === undefined ? target.tags : { ...target.tags, ...sample.labels },
    metadata,
    collection_method: 'poll',
    collector_version: COLLECTOR_VERSION,
  };
}
